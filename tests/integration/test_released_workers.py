"""An upgrade without a pause: workers of every recorded release go on working with this service and this pipeline.

What they send is in tests/contract/released, byte by byte; only its times are moved to now and its key to one that exists.
"""

import asyncio
import base64
import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from app.kit.clock import now_us
from tests.integration.conftest import CHECKOUT, Database, Valkey
from tests.integration.service.conftest import WORKER_KEY, Product, more_settings, product  # noqa: F401 - fixtures

RECORDED = sorted((CHECKOUT / "tests" / "contract" / "released").glob("*.json"))
pytestmark = pytest.mark.matrix
NEAR_US = 3_600_000_000
FAST_RULE = {"zone_dwell_s": 2.0, "spot_dwell_s": 2.0, "report_every_s": 1.0}


@pytest.fixture(params=RECORDED, ids=lambda path: path.stem)
def release(request: pytest.FixtureRequest) -> dict[str, Any]:
    """One release's recording."""
    return dict(json.loads(request.param.read_text()))


@pytest.fixture
def pipeline(database: Database, bus: Valkey, memory: Valkey, tmp_path: Path) -> Iterator[Path]:
    """This version's pipeline as a process of its own; its log."""
    urls = {
        "DATABASE_URL": database.url("pipeline"),
        "REDIS_URL": bus.url("pipeline"),
        "MEMORY_REDIS_URL": memory.url("pipeline"),
    }
    log = tmp_path / "pipeline.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "pipeline"], cwd=CHECKOUT, stdout=out, stderr=out,
            env={**os.environ, **urls, "PENNYPROTECT_HOME": str(tmp_path / "home")},
        )  # fmt: skip
    yield log
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=10)


def words_of(message: dict[str, Any], start_us: int, now: int) -> tuple[list[bytes], float]:
    """(the command with its times moved from `start_us` to `now`, seconds after the start at which it was meant)."""
    words = [base64.b64decode(word) for word in message["command"]]
    latest = 0

    def moved(found: "re.Match[bytes]") -> bytes:
        nonlocal latest
        said = int.from_bytes(found[1], "big")
        if abs(said - start_us) > NEAR_US:
            return found[0]
        latest = max(latest, said - start_us)
        return b"\xcf" + (said - start_us + now).to_bytes(8, "big")

    words[-1] = re.sub(rb"\xcf(.{8})", moved, words[-1], flags=re.DOTALL)
    if b"MINID" in words:
        words[words.index(b"MINID") + 2] = str(now // 1000 - 60_000).encode()
    return words, latest / 1e6


async def know(product: Product, camera: uuid.UUID) -> None:  # noqa: F811
    """The recording's camera, in the first store, with a rule that does not make the test wait."""
    await product.sql(
        "INSERT INTO cameras (id, chain_id, store_id, name, url) SELECT $1, chain_id, id, 'Aisle',"
        " 'rtsp://127.0.0.1/x' FROM stores",
        camera,
    )
    await product.sql(
        "INSERT INTO rules (id, chain_id, store_id, kind, parameters)"
        " SELECT gen_random_uuid(), chain_id, id, 'loitering', $1::text::jsonb FROM stores"
        " ON CONFLICT (store_id, camera_id, zone_id, kind) DO UPDATE SET parameters = excluded.parameters",
        json.dumps(FAST_RULE),
    )


async def until(product: Product, query: str, log: Path, limit_s: float = 30.0) -> Any:  # noqa: F811
    """The query's first value once it is true."""
    for _ in range(round(limit_s / 0.1)):
        rows = await product.sql(query)
        if rows and rows[0][0]:
            return rows[0][0]
        await asyncio.sleep(0.1)
    said = await asyncio.to_thread(log.read_text)
    raise AssertionError(f"never: {query}\n{said[-3000:]}")


def understood(schema: dict[str, Any], answer: Any, definitions: dict[str, Any]) -> None:
    """Everything that the old reader wants is there, of the type that it wants; what it does not know it passes over."""
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[1]]
    kinds = {"object": dict, "array": list, "string": str, "number": (int, float), "integer": int, "boolean": bool}
    assert isinstance(answer, kinds[schema["type"]]), (schema, answer)
    if schema["type"] == "array":
        for each in answer:
            understood(schema["items"], each, definitions)
    for name in schema.get("required", ()):
        understood(schema["properties"][name], answer[name], definitions)


async def test_the_desired_state_is_one_that_an_old_worker_reads(product: Product, release: dict[str, Any]) -> None:  # noqa: F811
    await know(product, uuid.UUID(release["camera"]))
    wanted = release["understands"]
    for beat in release["heartbeats"]:
        headers = {**beat["headers"], "Authorization": beat["headers"]["Authorization"].replace(release["key"], WORKER_KEY)}
        async with product.session.request(
            beat["method"], product.base + beat["path"], data=beat["body"], headers=headers
        ) as reply:
            assert reply.status == 200, await reply.text()
            answer = json.loads(await reply.read())
        understood(wanted, answer, wanted["$defs"])
        assert release["camera"] in {camera["camera_id"] for camera in answer["cameras"]}


def test_a_reader_notices_what_is_missing_or_of_another_type(release: dict[str, Any]) -> None:
    wanted = release["understands"]
    for wrong in ({"revision": "r", "lease_s": 1.0}, {"revision": 1, "lease_s": 1.0, "cameras": []}):
        with pytest.raises((AssertionError, KeyError)):
            understood(wanted, wrong, wanted["$defs"])


async def test_what_an_old_worker_sends_raises_an_alert(
    product: Product, pipeline: Path, release: dict[str, Any], bus: Valkey, memory: Valkey  # noqa: F811
) -> None:  # fmt: skip
    await know(product, uuid.UUID(release["camera"]))
    await until(product, "SELECT count(*) = 64 FROM shard_leases WHERE owner IS NOT NULL AND expires_at > now()", pipeline)
    # With the worker's own user of today's servers: the commands of old must still be permitted.
    clients = {
        "memory": redis.asyncio.Redis.from_url(memory.url("worker")),
        "bus": redis.asyncio.Redis.from_url(bus.url("worker")),
    }
    began = now_us()
    planned = [(words_of(each, release["start_us"], began), each["server"]) for each in release["messages"]]
    try:
        for (words, at_s), server in sorted(planned, key=lambda each: each[0][1]):
            await asyncio.sleep(max(0.0, began / 1e6 + at_s - now_us() / 1e6))
            await clients[server].execute_command(*words)
        await until(product, "SELECT count(*) = 1 FROM alerts WHERE kind = 'loitering' AND track_ids = '{7}'", pipeline)
        await until(product, "SELECT count(*) FROM outbox WHERE kind = 'alert-raised'", pipeline)
        await until(product, "SELECT count(*) FROM ai_detections WHERE track_id = 7", pipeline)
        await until(product, "SELECT count(*) FROM camera_status WHERE state = 'live'", pipeline)
    finally:
        for client in clients.values():
            await client.aclose()
    status, page = await product.ask("GET", "/api/v1/alerts")
    assert status == 200
    assert [alert["camera_id"] for alert in page["items"]] == [release["camera"]]
