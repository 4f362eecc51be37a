"""Workers that stand in stores and join a region: a key opens its stores' cameras alone, and all they say goes by HTTPS."""

import asyncio
import itertools
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.contracts.live import picture_channel, watch_key
from app.contracts.tracked import decode_frame, decode_health, frames_stream, health_stream
from app.kit.ids import new_id, shard_of
from app.settings import Settings
from app.workers.cpu import worker
from tests.integration.conftest import Database
from tests.integration.service.conftest import WORKER_KEY, Product
from tests.integration.service.test_commands import command, document
from tests.integration.service.test_evidence import wish


async def second_store(product: Product) -> str:
    (row,) = await product.sql(
        "INSERT INTO stores (id, chain_id, name) SELECT $1, chain_id, 'Harbour' FROM stores LIMIT 1 RETURNING id", new_id()
    )
    await product.sql(
        "INSERT INTO site_policies (store_id, chain_id, revision) SELECT id, chain_id, 1 FROM stores WHERE id = $1", row[0]
    )
    return str(row[0])


async def camera_in(product: Product, store: str, url: str = "rtsp://user:hunter2@127.0.0.1:9/x") -> dict[str, Any]:
    status, made = await product.ask("POST", "/api/v1/cameras", {"store_id": store, "name": "Till", "url": url})
    assert status == 201, made
    return dict(made)


async def cameras_of(product: Product, key: str, worker_id: str) -> set[str]:
    said = {"worker_id": worker_id, "host": "h", "kind": "cpu", "capacity": 9, "running": [], "revision": ""}
    status, answer = await product.ask("POST", "/api/v1/workers/heartbeat", said, token=key)
    assert status == 200, answer
    return {each["camera_id"] for each in answer["cameras"]}


async def test_a_store_s_key_gets_its_own_cameras_and_nobody_else_does(product: Product, database: Database) -> None:
    owner = database.url("owner")
    harbour = await second_store(product)
    here, there = await product.camera(), await camera_in(product, harbour)
    central, local = str(uuid.uuid4()), str(uuid.uuid4())
    both = {here["id"], there["id"]}
    assert await cameras_of(product, WORKER_KEY, central) >= both
    assert {each["name"] for each in await document(product, owner, "workers", "stores")} >= {"Harbour"}
    made = await document(product, owner, "workers", "create", "harbour", "--store", "Harbour")
    key = made["worker_key"]
    assert made["store_ids"] == [harbour]
    # From now on the camera waits for the store's own worker, which gets that one and no password more.
    assert await cameras_of(product, WORKER_KEY, central) & both == {here["id"]}
    assert await cameras_of(product, key, local) == {there["id"]}
    assert await cameras_of(product, WORKER_KEY, central) & both == {here["id"]}
    # Nor does it speak for another's worker: it would take that one's cameras away.
    said = {"worker_id": central, "host": "h", "kind": "cpu", "capacity": 9, "running": [], "revision": ""}
    assert (await product.ask("POST", "/api/v1/workers/heartbeat", said, token=key))[0] == 409
    assert await cameras_of(product, WORKER_KEY, central) & both == {here["id"]}
    streams = [(await product.ask("GET", "/api/v1/workers/streams", token=each))[1]["streams"] for each in (key, WORKER_KEY)]
    assert [{each["camera_id"] for each in found} & both for found in streams] == [{there["id"]}, {here["id"]}]
    # Neither does it touch evidence of another store, nor anything that is no worker's.
    alert = await product.alert(here)
    (piece,) = await product.sql("SELECT id FROM evidence WHERE alert_id = $1 AND type = 'clip'", uuid.UUID(alert))
    for path, body in (("upload", wish()), ("uploaded", {}), ("lost", {"reason": "no"})):
        assert (await product.ask("POST", f"/api/v1/workers/evidence/{piece[0]}/{path}", body, token=key))[0] == 404
    assert (await product.ask("GET", "/api/v1/cameras", token=key))[0] == 403
    # Another key of the same stores shares with it; one of some of them and others could not.
    same = await document(product, owner, "workers", "create", "second", "--store", harbour)
    code, _, said = await command(product, owner, "workers", "create", "both", "--store", harbour, "--store", here["store_id"])
    assert (code, "could not share" in said) == (1, True)
    assert (await command(product, owner, "workers", "revoke", same["id"]))[0] == 0
    # The same name twice, a store that is not there, an end.
    assert (await command(product, owner, "workers", "create", "harbour", "--store", harbour))[0] == 1
    code, _, said = await command(product, owner, "workers", "create", "x", "--store", "Nowhere")
    assert (code, "pennyprotect workers stores" in said) == (1, True)
    code, out, said = await command(product, owner, "workers", "revoke", made["id"])
    assert (code, out, said) == (0, "", "")
    acts = await product.sql("SELECT act FROM audit_unsealed WHERE subject_id = $1", uuid.UUID(made["id"]))
    acts += await product.sql("SELECT act FROM audit_log WHERE subject_id = $1", uuid.UUID(made["id"]))
    assert {row[0] for row in acts} == {"api-key-created", "api-key-revoked"}
    (listed,) = [each for each in await document(product, owner, "workers", "list") if each["id"] == made["id"]]
    assert (listed["name"], listed["stores"], bool(listed["revoked_at"])) == ("harbour", ["Harbour"], True)
    await until(lambda: _refused(product, key, local))
    await product.sql("UPDATE camera_leases SET expires_at = now() - interval '1 s' WHERE worker_id = $1", uuid.UUID(local))
    assert await cameras_of(product, WORKER_KEY, central) >= both


async def _refused(product: Product, key: str, worker_id: str) -> bool:
    with suppress(AssertionError):
        await cameras_of(product, key, worker_id)
        return False
    return True


async def until(true: Callable[[], Any], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not await true():
            await asyncio.sleep(0.1)


async def test_a_real_worker_without_redis_works_by_its_region_s_address(
    product: Product, database: Database, tmp_path: Path
) -> None:
    harbour = await second_store(product)
    made = await document(product, database.url("owner"), "workers", "create", "harbour", "--store", harbour)
    camera = (await camera_in(product, harbour))["id"]
    await product.sql("UPDATE cameras SET url = 'simulated://fall', credentials = NULL WHERE id = $1", uuid.UUID(camera))
    given: dict[str, Any] = {
        "TRITON_URL": "127.0.0.1:1", "PENNYPROTECT_HOME": tmp_path / "worker", "PENNYPROTECT_SERVICE_URL": product.base,
        "PENNYPROTECT_WORKER_KEY": made["worker_key"],
    }  # fmt: skip
    (tmp_path / "worker").mkdir()
    stop, shard = asyncio.Event(), shard_of(uuid.UUID(camera))
    task = asyncio.create_task(worker.run(Settings(_env_file=None, **given), stop))
    pubsub = product.memory.pubsub()
    await pubsub.subscribe(picture_channel(uuid.UUID(camera)))
    try:

        async def seen() -> bool:
            frames = [decode_frame(fields[b"m"]) for _, fields in await product.memory.xrange(frames_stream(shard))]
            mine = [(frame.epoch, frame.sequence) for frame in frames if str(frame.camera_id) == camera]
            # A lease that lapsed begins an epoch anew; within one nothing is missing.
            for _, group in itertools.groupby(sorted(set(mine)), key=lambda place: place[0]):
                numbers = [sequence for _, sequence in group]
                assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
            states = [decode_health(fields[b"m"]) for _, fields in await product.bus.xrange(health_stream(shard))]
            return len(mine) > 10 and any(str(each.camera_id) == camera for each in states)

        await until(seen, 60)
        await product.memory.set(watch_key(uuid.UUID(camera)), b"1", ex=120)

        async def pictured() -> bool:
            return await pubsub.get_message(ignore_subscribe_messages=True, timeout=0.5) is not None

        await until(pictured, 60)
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)
        await pubsub.aclose()
    assert made["worker_key"] not in str(await product.sql("SELECT * FROM api_keys"))
