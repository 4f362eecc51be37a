"""Audit: rows appended a second by the service's role while a sealer keeps up, its lag, and rows verified a second.

Every append is a transaction of its own through `tenant_transaction` and `audit.append`, as an endpoint does it, on a server
with fsync and synchronous commits as they are by default.
"""

import asyncio
import os
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import uvloop

from app.audit.anchors import FileAnchors
from app.audit.ledger_repository import open_ledgers
from app.audit.models import Act, ActorKind, AuditEntry
from app.audit.repository import append
from app.audit.sealer import Sealer, Times
from app.audit.verify import verify_all
from app.kit.ids import new_id
from app.kit.postgres import Pool, TenantScope, connect_pool, tenant_transaction
from benchmarks.aside import aside
from benchmarks.document import BenchArguments
from benchmarks.own_servers import OwnServers, own_servers

WRITERS = 16
CHAINS = 4
VERIFIED = 200_000


async def run(arguments: BenchArguments) -> dict[str, Any]:
    """The document's parts."""
    return await asyncio.to_thread(_with_servers, arguments)


def _with_servers(arguments: BenchArguments) -> dict[str, Any]:
    with own_servers() as servers, tempfile.TemporaryDirectory() as folder:
        return uvloop.run(_measure(arguments, servers, Path(folder)))  # as every role does


async def _measure(arguments: BenchArguments, servers: OwnServers, folder: Path) -> dict[str, Any]:
    admin = await connect_pool(servers.postgres.url("admin"), role="bench", largest=1)
    chains = [new_id() for _ in range(CHAINS)]
    await admin.executemany("INSERT INTO chains (id, name) VALUES ($1, 'Bench')", [(chain,) for chain in chains])
    url, anchors = servers.postgres.url("pennyprotect_sealer"), folder / "anchors.jsonl"
    with _sealing(url, anchors) as other:
        while not await admin.fetchval("SELECT owner IS NOT NULL FROM audit_lease"):
            await asyncio.sleep(0.05)
        spent, sealed_s = _cpu(), _cpu_of(other)
        appended, seconds = await _append(servers, chains, arguments.seconds)
        while await admin.fetchval("SELECT EXISTS (SELECT FROM audit_unsealed)"):
            await asyncio.sleep(0.05)
        appending, sealing_s = _since(spent), _cpu_of(other) - sealed_s
    await admin.execute("UPDATE audit_lease SET owner = NULL, expires_at = '-infinity'")
    ledgers = await open_ledgers(url, largest=3)
    sealer = Sealer(ledgers, FileAnchors(anchors), Times())
    await sealer.anchor()
    lags = await _lags(admin)
    await _fill(admin, sealer, chains)
    began, spent = time.perf_counter(), _cpu()
    findings = await verify_all(ledgers, sealer.anchors)
    took, verifying = time.perf_counter() - began, _since(spent)
    assert all(finding.broken is None for finding in findings)
    verified = sum(finding.rows for finding in findings)
    size = await admin.fetchval("SELECT pg_total_relation_size('audit_log')")
    await ledgers.close()
    await admin.close()
    return {
        "what": "Acts appended by the application's role while a sealer runs in its own process, then all of it verified.",
        "headline": {
            "appended_rows_per_s": round(appended / seconds),
            "seal_lag_p50_ms": lags[0],
            "seal_lag_p99_ms": lags[1],
            "verified_rows_per_s": round(verified / took),
            "bytes_per_sealed_row": round(size / verified),
            "append_client_cpu_us": round(appending[0] * 1e6 / appended),
            "append_and_seal_server_cpu_us": round(appending[1] * 1e6 / appended),
            "seal_client_cpu_us": round(sealing_s * 1e6 / appended),
            "verify_client_cpu_us": round(verifying[0] * 1e6 / verified, 1),
            "verify_server_cpu_us": round(verifying[1] * 1e6 / verified, 1),
        },
        "data_set": f"{CHAINS} chains, {WRITERS} writers, one transaction a row, fsync on",
        "samples": {"appended": appended, "verified": verified, "seconds": round(seconds, 1)},
    }


def _seal(url: str, anchors: Path) -> None:
    """The sealer, as a role of its own runs it; until it is ended."""

    async def forever() -> None:
        await Sealer(await open_ledgers(url, largest=3), FileAnchors(anchors), Times()).run(asyncio.Event())

    uvloop.run(forever())


@contextmanager
def _sealing(url: str, anchors: Path) -> Iterator[psutil.Process]:
    process = aside(_seal, url, anchors)
    process.start()
    try:
        yield psutil.Process(process.pid)
    finally:
        process.kill()
        process.join(10)


def _cpu_of(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _cpu() -> tuple[float, float]:
    """CPU seconds so far of this process, and of its PostgreSQL; a machine loaded by others does not change them."""
    own, servers = time.process_time(), 0.0
    for each in psutil.process_iter(("name", "cpu_times")):
        if each.info["name"] == "postgres" and _is_ours(each):
            times = each.info["cpu_times"]  # with those of sessions that have ended
            servers += times.user + times.system + times.children_user + times.children_system
    return own, servers


def _is_ours(process: psutil.Process) -> bool:
    """Whether this process started it."""
    try:
        return any(parent.pid == os.getpid() for parent in process.parents())
    except psutil.Error:
        return False


def _since(before: tuple[float, float]) -> tuple[float, float]:
    after = _cpu()
    return after[0] - before[0], after[1] - before[1]


async def _append(servers: OwnServers, chains: list[uuid.UUID], seconds: float) -> tuple[int, float]:
    pool = await connect_pool(servers.postgres.url("pennyprotect_app"), role="bench", smallest=WRITERS, largest=WRITERS)
    end = time.perf_counter() + seconds

    async def write(chain: uuid.UUID) -> int:
        count, who, camera = 0, new_id(), new_id()
        entry = AuditEntry(Act.LIVE_VIEW, ActorKind.USER, who, chain, new_id(), "camera", camera, {"reason": "measurement"})
        while time.perf_counter() < end:
            async with tenant_transaction(pool, TenantScope(chain)) as connection:
                await append(connection, entry)
            count += 1
        return count

    began = time.perf_counter()
    counts = await asyncio.gather(*(write(chains[number % CHAINS]) for number in range(WRITERS)))
    took = time.perf_counter() - began
    await pool.close()
    return sum(counts), took


async def _lags(admin: "Pool[asyncpg.Record]") -> list[float]:
    """p50 and p99 of act to seal, by the database's clock, milliseconds."""
    found = await admin.fetchval(
        "SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM sealed_at - at)) FROM audit_log"
    )
    return [round(float(lag) * 1000, 1) for lag in found]


async def _fill(admin: "Pool[asyncpg.Record]", sealer: Sealer, chains: list[uuid.UUID]) -> None:
    """Enough rows to time a verification."""
    await admin.execute(
        "INSERT INTO audit_unsealed (id, chain_id, store_id, actor_kind, actor_id, act, subject_kind, subject_id, details)"
        " SELECT gen_random_uuid(), $1, gen_random_uuid(), 'user', gen_random_uuid(), 'live-view', 'camera', gen_random_uuid(),"
        ' \'{"reason": "measurement"}\' FROM generate_series(1, $2::integer)',
        chains[0],
        VERIFIED,
        timeout=120,
    )
    while await sealer.seal():
        pass
