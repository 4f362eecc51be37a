"""COMPLIANCE rule 20: stored secrets are under a key of their tenant; rotated under load, destroyed to erase."""

import asyncio
import base64
import json
import os
import uuid
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.auth.passwords import hash_password
from app.embedded.secrets import write_private
from app.first_run import first_run, open_vault_of
from app.kit.ids import new_id
from app.kit.keys import vault
from app.kit.keys.ring import FileRing, text_of, with_current, with_new_key, without_key
from app.tenancy.keys import command
from tests.integration.service.conftest import WORKER_KEY, Product

WORKER = "0198f000-0000-7000-8000-00000000000a"


async def _rotate(product: Product) -> dict[str, Any]:
    return await command.rotate(product.owner_url, partial(open_vault_of, product.settings), grace_s=0.2)


async def _status(product: Product) -> dict[str, Any]:
    return await command.status(product.owner_url, partial(open_vault_of, product.settings))


async def _urls(product: Product) -> dict[str, str]:
    beat = {"worker_id": WORKER, "host": "h", "kind": "cpu", "capacity": 500, "running": [], "revision": ""}
    status, desired = await product.ask("POST", "/api/v1/workers/heartbeat", beat, token=WORKER_KEY)
    assert status == 200, desired
    return {camera["camera_id"]: camera["url"] for camera in desired["cameras"]}


async def _add(product: Product, store: str, number: int) -> str:
    url = f"rtsp://user:pass-{number}@10.0.0.{number % 250 + 1}/x"
    status, made = await product.ask("POST", "/api/v1/cameras", {"store_id": store, "name": f"C{number}", "url": url})
    assert status == 201, made
    return str(made["id"])


async def test_rule_20_values_of_before_the_key_ring_open_and_are_renewed(product: Product) -> None:
    camera = uuid.UUID((await product.camera())["id"])
    nonce = os.urandom(12)
    old = nonce + AESGCM(b"k" * 32).encrypt(nonce, b"admin:older", camera.bytes)
    await product.sql("UPDATE cameras SET credentials = $2 WHERE id = $1", camera, old)
    assert (await product.sql("SELECT credentials_key FROM cameras WHERE id = $1", camera))[0][0] is None
    assert "admin:older@" in (await _urls(product))[str(camera)]
    done = await _rotate(product)
    assert (done["values"], done["unreadable"], len(done["retired"])) == (1, 0, 1)
    assert (await product.sql("SELECT credentials_key FROM cameras WHERE id = $1", camera))[0][0] == 2
    assert "admin:older@" in (await _urls(product))[str(camera)]
    # The old setting opens nothing any more: its key was taken out of the ring, and a second set-up still works.
    assert base64.b64encode(b"k" * 32).decode() not in (product.settings.home / "keys.json").read_text()
    await first_run(product.settings, product.owner_url)


async def test_rule_20_a_ring_that_a_cluster_mounts_is_rotated_step_by_step(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As docs/deploy.md says: a key that opens, then wraps, all sealed anew, the older one taken out; nothing is written here."""
    monkeypatch.setattr(vault, "REMEMBER_S", 0.0)
    camera = await _add(product, await product.store(), 7)
    monkeypatch.setattr(FileRing, "writable", property(lambda _: False))
    file = product.settings.key_ring_file
    ring = FileRing(file, product.settings.secret_key.get_secret_value()).ring()
    first = ring.current
    added, key_id = with_new_key(ring)
    for step in (added, with_current(added, key_id)):
        write_private(file, text_of(step))
        assert (await _urls(product))[camera].startswith("rtsp://user:pass-7@")
    written = file.read_bytes()
    done = await _rotate(product)
    assert (done["unreadable"], done["retired"], done["unneeded"], done["provider_key"]) == (0, [], [first], key_id)
    assert file.read_bytes() == written
    write_private(file, text_of(without_key(with_current(added, key_id), first)))
    assert (await _urls(product))[camera].startswith("rtsp://user:pass-7@")
    assert (await _status(product))["known"] == [key_id]


async def test_rule_20_keys_rotate_under_load_without_one_failure(product: Product) -> None:
    store = await product.store()
    passwords = {await _add(product, store, number): number for number in range(12)}
    stop = asyncio.Event()
    failures: list[Any] = []
    asked = 0

    async def read() -> None:
        nonlocal asked
        while not stop.is_set():
            known = dict(passwords)
            urls = await _urls(product)
            asked += 1
            failures.extend(c for c, n in known.items() if f"user:pass-{n}@" not in urls.get(c, ""))

    async def write(first: int) -> None:
        number = first
        while not stop.is_set():
            camera = await _add(product, store, number)
            passwords[camera] = number
            url = f"rtsp://user:pass-{number}@10.1.0.1/y{number}"
            status, answer = await product.ask("PATCH", f"/api/v1/cameras/{camera}", {"url": url})
            if status != 200:
                failures.append(answer)
            number += 1
            await asyncio.sleep(0.02)

    load = [asyncio.create_task(each) for each in (read(), read(), write(1000), write(5000))]
    rotations = [await _rotate(product) for _ in range(4)]
    stop.set()
    await asyncio.gather(*load)
    assert failures == []
    assert asked > 10
    assert sum(done["values"] for done in rotations) >= 48
    assert all(done["unreadable"] == 0 for done in rotations)
    urls = await _urls(product)
    assert all(f"user:pass-{number}@" in urls[camera] for camera, number in passwords.items())
    found = await _status(product)
    assert list(found["chains"][0]["versions"]) == [str(max(map(int, found["chains"][0]["versions"])))]
    acts = await product.sql("SELECT count(*) FROM audit_unsealed WHERE act = 'key-rotated'")
    assert acts[0][0] == 4


async def _second_administrator(product: Product, role: str = "chain-administrator") -> str:
    user, name = new_id(), f"second-{role}"
    chain = (await product.sql("SELECT id FROM chains"))[0][0]
    await product.sql(
        "INSERT INTO users (id, chain_id, username, password_hash) VALUES ($1, $2, $3, $4)",
        user,
        chain,
        name,
        hash_password("another-good-password"),
    )
    await product.sql(
        "INSERT INTO memberships (id, chain_id, user_id, role) VALUES ($1, $2, $3, $4)", new_id(), chain, user, role
    )
    return str((await product.sign_in(name, "another-good-password"))[1]["access_token"])


async def test_rule_20_destroying_the_key_takes_two_people_and_erases(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault, "REMEMBER_S", 0.0)
    camera = (await product.camera())["id"]
    legacy = uuid.UUID((await product.camera("Legacy"))["id"])
    nonce = os.urandom(12)
    old = nonce + AESGCM(b"k" * 32).encrypt(nonce, b"admin:older", legacy.bytes)
    await product.sql("UPDATE cameras SET credentials = $2 WHERE id = $1", legacy, old)
    assert "user:hunter2@" in (await _urls(product))[camera]
    name = (await product.sql("SELECT name FROM chains"))[0][0]
    other, manager = await _second_administrator(product), await _second_administrator(product, "store-manager")

    assert (await product.ask("POST", "/api/v1/keys/destructions", {}, token=manager))[0] == 403
    status, wish = await product.ask("POST", "/api/v1/keys/destructions", {})
    assert status == 201
    path = f"/api/v1/keys/destructions/{wish['id']}/confirm"
    assert (await product.ask("POST", path, {"chain_name": name}))[0] == 403  # the same person
    assert (await product.ask("POST", path, {"chain_name": "wrong"}, token=other))[0] == 422
    assert "user:hunter2@" in (await _urls(product))[camera]
    before = await product.sql("SELECT wrapped FROM tenant_keys")
    status, done = await product.ask("POST", path, {"chain_name": name}, token=other)
    assert (status, done) == (200, {"versions": 1})
    assert (await product.ask("POST", path, {"chain_name": name}, token=other))[0] == 409

    assert await _urls(product) == {c: u for c, u in (await _urls(product)).items() if "@" not in u}
    assert camera not in await _urls(product)
    assert [row[0] for row in await product.sql("SELECT wrapped FROM tenant_keys")] == [None]
    # Nothing stored opens it: not the provider, whatever it is asked with, and the value of before is gone.
    dump = str([dict(row) for table in await _tables(product) for row in await product.sql(f"SELECT * FROM {table}")])
    assert before[0][0].hex() not in dump
    assert str(before[0][0]) not in dump
    assert (await product.sql("SELECT credentials FROM cameras WHERE id = $1", legacy))[0][0] is None
    assert (await _rotate(product))["chains"] == 0  # and no rotation brings it back
    body = {"store_id": await product.store(), "name": "New", "url": "rtsp://user:x@10.0.0.1/x"}
    status, problem = await product.ask("POST", "/api/v1/cameras", body)
    assert (status, "destroyed" in problem["detail"]) == (409, True)
    acts = [row["act"] for row in await product.sql("SELECT act FROM audit_unsealed WHERE act LIKE 'key-%' ORDER BY at")]
    assert acts == ["key-destruction-requested", "key-destroyed"]


async def _tables(product: Product) -> list[str]:
    rows = await product.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return [row[0] for row in rows]


async def test_rule_20_no_answer_holds_a_key_or_a_password(product: Product) -> None:
    camera = await product.camera()
    await _rotate(product)
    stored = json.loads((product.settings.home / "keys.json").read_text())["keys"].values()
    wrapped = (await product.sql("SELECT wrapped FROM tenant_keys"))[0][0]
    sealed = (await product.sql("SELECT credentials FROM cameras WHERE credentials IS NOT NULL"))[0][0]
    secrets = [*stored, "hunter2"]
    for raw in (wrapped, sealed):
        secrets += [raw.hex(), base64.b64encode(raw).decode().rstrip("=")]
    document = (await product.ask("GET", "/openapi.json"))[1]
    answers = []
    for path, operations in document["paths"].items():
        if "get" in operations and "stream" not in path and "pictures" not in path:
            address = path.replace("{camera_id}", camera["id"]).replace("{store_id}", await product.store())
            if "{" not in address:
                answers.append((address, str((await product.ask("GET", address))[1])))
    assert len(answers) >= 10
    assert [(address, secret) for address, answer in answers for secret in secrets if secret in answer] == []
    # No schema of an answer has a place for one, but the workers' own.
    asked_in = {"LoginForm", "CameraIn", "CameraChange", "ProbeIn"}
    names = {
        (schema, name)
        for schema, shape in document["components"]["schemas"].items()
        for name in shape.get("properties", {})
        if schema.endswith("Out") and schema not in asked_in
    }
    forbidden = {"credentials", "password", "secret", "wrapped", "data_key", "key_ring", "provider_key", "sealed", "totp_secret"}
    # Shown once: a second factor to the person who enrols it, a new API key or webhook to the person who makes it.
    assert {(schema, name) for schema, name in names if name in forbidden} == {
        ("EnrolmentOut", "secret"),
        ("ApiKeySecretOut", "secret"),
        ("ChannelSecretOut", "secret"),
    }


async def test_every_sealed_column_of_the_schema_is_rotated(product: Product) -> None:
    from app.kit.keys.models import PROTECTED

    rows = await product.sql(
        "SELECT conrelid::regclass::text AS t FROM pg_constraint JOIN pg_class c ON c.oid = conrelid"
        " WHERE confrelid = 'tenant_keys'::regclass AND contype = 'f' AND NOT c.relispartition"
    )
    assert {row["t"] for row in rows} == {what.table for what in PROTECTED}
    columns = await product.sql(
        "SELECT table_name, column_name FROM information_schema.columns WHERE column_name LIKE '%\\_key'"
        " AND is_generated = 'ALWAYS' AND table_schema = 'public'"
        " AND NOT (SELECT relispartition FROM pg_class WHERE oid = format('%I', table_name)::regclass)"
    )
    assert {(row[0], row[1]) for row in columns} == {(what.table, f"{what.column}_key") for what in PROTECTED}
