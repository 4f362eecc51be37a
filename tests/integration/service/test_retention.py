"""Rule 18 on the running service: what is due goes, with a receipt, and nothing else; database and objects agree both ways."""

import dataclasses
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from app.evidence import retention_repository, retention_run
from app.evidence.retention import RetentionClass, Rule
from app.evidence.retention_run import LEASE_S, Retention
from app.evidence.storage import Storage
from app.kit.clock import now
from app.kit.errors import ConflictError, SetupError
from app.kit.ids import new_id
from app.kit.objects.files import FileStore
from app.kit.postgres import Pool, TenantScope, connect_pool, tenant_transaction
from tests.integration.conftest import Database
from tests.integration.service.conftest import Product
from tests.integration.service.people import person
from tests.integration.service.test_evidence import beat, stored


@pytest.fixture
async def pool(database: Database) -> AsyncIterator["Pool[asyncpg.Record]"]:
    """A pool of retention's own role."""
    made = await connect_pool(database.url("retention"), role="test", largest=2)
    yield made
    await made.close()


async def clips(product: Product, count: int) -> list[str]:
    """Stored clips of as many alerts."""
    camera = await product.camera()
    for _ in range(count):
        await product.alert(camera)
    found = [each for each in (await beat(product))["recordings"] if each["type"] == "clip"]
    for each in found:
        await stored(product, each)
    return [str(each["evidence_id"]) for each in found]


async def states(product: Product, ids: list[str]) -> list[str]:
    return [(await product.ask("GET", f"/api/v1/evidence/{each}"))[1]["state"] for each in ids]


async def test_rule_18_what_is_due_goes_with_a_receipt_and_nothing_else(product: Product, pool: "Pool[asyncpg.Record]") -> None:
    due, held, cased, late, gone = await clips(product, 5)
    store = FileStore(product.settings.home / "objects")
    alert = (await product.ask("GET", f"/api/v1/evidence/{cased}"))[1]["alert_id"]
    body = {"store_id": await product.store(), "kind": "theft", "title": "t", "alert_ids": [alert]}
    incident = (await product.ask("POST", "/api/v1/incidents", body))[1]["id"]
    assert (await product.ask("POST", f"/api/v1/evidence/{held}/hold", {"held": True, "reason": "police"}))[0] == 200
    assert (await product.ask("PUT", "/api/v1/retention", {"class": "alert", "days": 10}))[0] == 200
    await product.sql("UPDATE evidence SET present_at = now() - interval '11 days' WHERE id <> $1", uuid.UUID(late))
    keys = {row["id"]: row["s3_key"] for row in await product.sql("SELECT id, s3_key FROM evidence WHERE s3_key IS NOT NULL")}
    (product.settings.home / "objects" / keys[uuid.UUID(gone)]).unlink()
    await product.sql("UPDATE evidence SET present_at = now() WHERE id = $1", uuid.UUID(gone))
    chain = (await product.sql("SELECT id FROM chains"))[0]["id"]
    await store.put(f"evidence/{chain}/x/2020/01/02/orphan.mp4", b"nobody's")
    await store.put(f"evidence/{chain}/x/{now():%Y/%m/%d}/young.mp4", b"on its way")
    retention = Retention(pool, Storage(product.settings))
    tally = await retention.once(now())
    assert (tally.deleted, tally.orphans_removed, tally.missing_found) == (1, 1, 1)
    assert await states(product, [due, held, cased, late, gone]) == ["deleted", "present", "present", "present", "lost"]
    assert sorted([key async for key in store.keys("evidence/")]) == sorted(
        [*(keys[uuid.UUID(each)] for each in (held, cased, late)), f"evidence/{chain}/x/{now():%Y/%m/%d}/young.mp4"]
    )
    again = await retention.once(now())
    assert (again.deleted, again.orphans_removed, again.missing_found) == (0, 0, 0)
    receipts = (await product.ask("GET", "/api/v1/retention/receipts"))[1]["items"]
    assert {(each["evidence_id"], each["kind"]) for each in receipts} == {(due, "alert"), (None, "orphan")}
    custody = (await product.ask("GET", f"/api/v1/evidence/{due}/custody"))[1]
    assert (custody["whole"], custody["items"][-1]["act"]) == (True, "deleted")
    assert (await product.ask("GET", f"/api/v1/evidence/{due}/content"))[0] == 409

    assert (await product.ask("POST", f"/api/v1/incidents/{incident}/close", {"conclusion": "done"}))[0] == 200
    assert (await retention.once(now() + timedelta(days=300))).deleted == 1, "the late one; the case's stays a year"
    assert (await retention.once(now() + timedelta(days=366))).deleted == 1
    assert await states(product, [held, cased, late]) == ["present", "deleted", "deleted"]


async def test_a_run_that_died_between_mark_and_removal_is_finished_by_the_next(
    product: Product, pool: "Pool[asyncpg.Record]", monkeypatch: Any
) -> None:
    (clip,) = await clips(product, 1)

    async def dies(_self: FileStore, _key: str) -> None:
        raise ConnectionError("killed")

    retention, later = Retention(pool, Storage(product.settings)), now() + timedelta(days=31)
    with monkeypatch.context() as patch:
        patch.setattr(FileStore, "erase", dies)
        with pytest.raises(ConnectionError):
            await retention.once(later)
    assert (await product.ask("GET", "/api/v1/retention/receipts"))[1]["items"] == []
    assert (await retention.once(later)).deleted == 1
    assert [each["evidence_id"] for each in (await product.ask("GET", "/api/v1/retention/receipts"))[1]["items"]] == [clip]


async def test_what_is_held_or_joins_a_case_between_look_and_deletion_stays(
    product: Product, pool: "Pool[asyncpg.Record]", monkeypatch: Any
) -> None:
    """Rule 18: everything about a piece is looked at again under its lock."""
    held, cased, complained, due = await clips(product, 4)
    alerts = {each: (await product.ask("GET", f"/api/v1/evidence/{each}"))[1]["alert_id"] for each in (cased, complained)}
    store, later = await product.store(), now() + timedelta(days=31)
    first, looks = retention_repository.stored, 0

    async def meanwhile(connection: Any, only: uuid.UUID | None = None) -> Any:
        nonlocal looks
        found = await first(connection, only)
        looks += 1
        if looks == 1:
            assert (await product.ask("POST", f"/api/v1/evidence/{held}/hold", {"held": True, "reason": "police"}))[0] == 200
            case = {"store_id": store, "kind": "theft", "title": "t", "alert_ids": [alerts[cased]]}
            assert (await product.ask("POST", "/api/v1/incidents", case))[0] == 201
            said = {"store_id": store, "alert_id": alerts[complained], "happened_at": "2020-01-01T00:00:00Z", "summary": "s"}
            assert (await product.ask("POST", "/api/v1/complaints", said))[0] == 201
        return found

    monkeypatch.setattr(retention_repository, "stored", meanwhile)
    assert (await Retention(pool, Storage(product.settings)).once(later)).deleted == 1
    assert await states(product, [held, cased, complained, due]) == ["present", "present", "present", "deleted"]


async def test_an_empty_store_is_taken_for_the_wrong_one_and_nothing_is_touched(
    product: Product, pool: "Pool[asyncpg.Record]", monkeypatch: Any
) -> None:
    monkeypatch.setattr(retention_run, "MANY", 2)
    ids, retention = await clips(product, 2), Retention(pool, Storage(product.settings))
    keys = [row["s3_key"] for row in await product.sql("SELECT s3_key FROM evidence WHERE state = 'present'")]
    files = [product.settings.home / "objects" / key for key in keys]
    bodies = [file.read_bytes() for file in files]
    for file in files:
        file.unlink()
    for at in (now(), now() + timedelta(days=400)):
        with pytest.raises(SetupError, match="None of the 2 recordings"):
            await retention.once(at)
    assert await states(product, ids) == ["present", "present"]
    files[1].write_bytes(bodies[1])
    assert (await retention.once(now())).missing_found == 1, "one of two may be lost"


async def test_a_hold_that_was_released_but_stayed_in_the_store_is_lifted_and_another_is_not(
    product: Product, pool: "Pool[asyncpg.Record]"
) -> None:
    released, foreign = await clips(product, 2)
    for held in (True, False):
        body = {"held": held, "reason": "police"}
        assert (await product.ask("POST", f"/api/v1/evidence/{released}/hold", body))[0] == 200
    keys = {row["id"]: row["s3_key"] for row in await product.sql("SELECT id, s3_key FROM evidence WHERE s3_key IS NOT NULL")}
    for each in (released, foreign):
        file = product.settings.home / "objects" / keys[uuid.UUID(each)]
        file.with_name(file.name + ".hold").touch()
    retention, later = Retention(pool, Storage(product.settings)), now() + timedelta(days=31)
    for deleted in (1, 0):
        tally = await retention.once(later)
        assert (tally.deleted, tally.kept_by_store) == (deleted, 1)
    receipts = (await product.ask("GET", "/api/v1/retention/receipts"))[1]["items"]
    assert [each["evidence_id"] for each in receipts] == [released]
    query = "SELECT reason, locked_at_store, deletion_class FROM evidence WHERE id = $1"
    said = ("Its 30 days were over.", True, "alert")
    assert [tuple(row) for row in await product.sql(query, uuid.UUID(foreign))] == [said]
    shown = (await product.ask("GET", f"/api/v1/evidence/{foreign}"))[1]
    assert (shown["state"], shown["locked_at_store"]) == ("deleted", True)
    (product.settings.home / "objects" / f"{keys[uuid.UUID(foreign)]}.hold").unlink()
    assert (await retention.once(later)).deleted == 1, "it goes once its store lets go"
    receipts = (await product.ask("GET", "/api/v1/retention/receipts"))[1]["items"]
    assert [(each["evidence_id"], each["kind"], each["reason"]) for each in receipts] == [
        (each, "alert", "Its 30 days were over.") for each in (foreign, released)
    ]
    assert not (await product.ask("GET", f"/api/v1/evidence/{foreign}"))[1]["locked_at_store"]


async def test_a_rule_of_the_chain_is_not_made_by_an_administrator_of_one_store(product: Product) -> None:
    store = await product.store()
    token = await person(product, "chain-administrator", store)
    body: dict[str, Any] = {"class": "alert", "days": 1}
    assert (await product.ask("PUT", "/api/v1/retention", body, token=token))[0] == 403
    assert (await product.ask("PUT", "/api/v1/retention", body | {"store_id": store}, token=token))[0] == 200
    items = (await product.ask("GET", "/api/v1/retention"))[1]["items"]
    assert [each["store_id"] for each in items] == [store]


async def test_the_database_lets_people_of_a_store_read_the_chains_rule_and_write_their_own_only(product: Product) -> None:
    chain = (await product.sql("SELECT id FROM chains"))[0]["id"]
    store, at = uuid.UUID(await product.store()), now()
    ours, theirs = Rule(None, RetentionClass.ALERT, 30), Rule(store, RetentionClass.ALERT, 5)
    whole, one_store = TenantScope(chain), TenantScope(chain, frozenset({store}))
    pool = await connect_pool(product.settings.database_dsn, role="test", largest=1)

    async def set_rule(scope: TenantScope, rule: Rule) -> None:
        async with tenant_transaction(pool, scope) as connection:
            await retention_repository.set_rule(connection, chain, rule, at)

    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await set_rule(one_store, ours)
        await set_rule(whole, ours)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await set_rule(one_store, dataclasses.replace(ours, days=1))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with tenant_transaction(pool, one_store) as connection:
                await connection.execute("UPDATE retention_rules SET days = 1")
        await set_rule(one_store, theirs)
        async with tenant_transaction(pool, one_store) as connection:
            assert await retention_repository.rules_of(connection) == [ours, theirs]
    finally:
        await pool.close()


async def test_one_run_at_a_time_and_a_run_that_lost_its_lease_stops(product: Product, pool: "Pool[asyncpg.Record]") -> None:
    retention, other = Retention(pool, Storage(product.settings)), new_id()
    assert await retention_repository.lead(pool, other, LEASE_S)
    with pytest.raises(ConflictError):
        await retention.once(now())
    assert await retention_repository.lead(pool, other, LEASE_S), "the refused run took nothing away"
    await retention_repository.leave(pool, other)
    await retention.once(now())
    assert await retention_repository.lead(pool, other, LEASE_S), "a run lets go of its lease"


async def test_rule_18_the_application_cannot_end_evidence(product: Product) -> None:
    (clip,) = await clips(product, 1)
    chain = (await product.sql("SELECT id FROM chains"))[0]["id"]
    pool = await connect_pool(product.settings.database_dsn, role="test", largest=1)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with tenant_transaction(pool, TenantScope(chain)) as connection:
                await connection.execute("UPDATE evidence SET state = 'deleted' WHERE id = $1", uuid.UUID(clip))
    finally:
        await pool.close()
