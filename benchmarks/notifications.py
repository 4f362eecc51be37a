"""Notifications: how fast a queue of signed webhooks drains to a receiver on this machine that takes each at once.

The receiver is a process of its own, the database a real PostgreSQL with fsync; the sender is the dispatcher's.
"""

import asyncio
import base64
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import asyncpg
import uvloop
from aiohttp import web

from app.kit.ids import new_id
from app.kit.keys.choice import by_pool, open_vault
from app.kit.keys.models import CHANNEL_ADDRESS, CHANNEL_SECRET
from app.kit.postgres import Pool, connect_pool
from app.notifications.opening import open_sender
from app.notifications.signing import make_secret
from app.settings import Settings
from benchmarks.document import BenchArguments
from benchmarks.own_servers import OwnServers, own_servers

QUEUED = 1_000
ROUNDS = 3
KEY = base64.b64encode(b"b" * 32).decode()


async def run(arguments: BenchArguments) -> dict[str, Any]:
    """The document's parts."""
    return await asyncio.to_thread(_with_servers)


def _with_servers() -> dict[str, Any]:
    with own_servers() as servers, tempfile.TemporaryDirectory() as folder:
        return uvloop.run(_measure(servers, Path(folder)))


async def _measure(servers: OwnServers, home: Path) -> dict[str, Any]:
    receiver = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.notifications", stdout=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.PIPE
    )
    assert receiver.stdout is not None
    url = (await receiver.stdout.readline()).decode().strip()
    admin = await connect_pool(servers.postgres.url("admin"), role="bench", largest=2)
    pool = await connect_pool(servers.postgres.url("pennyprotect_dispatcher"), role="bench", largest=8)
    given = {"PENNYPROTECT_SECRET_KEY": KEY, "PENNYPROTECT_HOME": home, "PENNYPROTECT_WEBHOOK_NETWORKS": "127.0.0.0/8"}
    try:
        channel, chain, store = await _channel(admin, url)
        rates = []
        async with open_sender(Settings(_env_file=None, **given), pool) as sender:  # type: ignore[arg-type,call-arg]
            for _ in range(ROUNDS):
                await _queue(admin, channel, chain, store)
                began = time.perf_counter()
                await sender.send_all()
                rates.append(QUEUED / (time.perf_counter() - began))
        states = await admin.fetch("SELECT state, count(*) AS number FROM notifications GROUP BY state")
        assert [(row["state"], row["number"]) for row in states] == [("sent", QUEUED * ROUNDS)], states
    finally:
        receiver.terminate()
        await receiver.wait()
        await pool.close()
        await admin.close()
    return {
        "what": "Queued webhooks sent to a receiver on this machine and marked, by one dispatcher.",
        "headline": {"drained_per_s": round(sorted(rates)[ROUNDS // 2]), "slowest_round_per_s": round(min(rates))},
        "data_set": f"{QUEUED} notifications of one channel a round, signed, fsync on",
        "samples": {"rounds": ROUNDS, "notifications": QUEUED * ROUNDS},
    }


async def _channel(admin: "Pool[asyncpg.Record]", url: str) -> tuple[uuid.UUID, uuid.UUID, uuid.UUID]:
    channel, chain, store = new_id(), new_id(), new_id()
    await admin.execute("INSERT INTO chains (id, name) VALUES ($1, 'Bench')", chain)
    await admin.execute("INSERT INTO stores (id, chain_id, name) VALUES ($1, $2, 'Bench')", store, chain)
    vault = open_vault(KEY, None, "", by_pool(admin))
    async with admin.acquire() as connection, connection.transaction():
        address = await vault.seal(connection, chain, CHANNEL_ADDRESS, channel, url)
        secret = await vault.seal(connection, chain, CHANNEL_SECRET, channel, make_secret())
        await connection.execute(
            "INSERT INTO notification_channels (id, chain_id, kind, name, hint, address, secret, occasions, lowest_threat)"
            " VALUES ($1, $2, 'webhook', 'Bench', 'h', $3, $4, '{alert-raised}', 'low')",
            channel,
            chain,
            address,
            secret,
        )
    return channel, chain, store


async def _queue(admin: "Pool[asyncpg.Record]", channel: uuid.UUID, chain: uuid.UUID, store: uuid.UUID) -> None:
    await admin.execute(
        "INSERT INTO notifications (id, chain_id, store_id, channel_id, cause, occasion, threat, subject_id, message)"
        " SELECT gen_random_uuid(), $1, $2, $3, gen_random_uuid(), 'alert-raised', 'high', gen_random_uuid(), $4"
        " FROM generate_series(1, $5::integer)",
        chain,
        store,
        channel,
        {"kind": "floor"},
        QUEUED,
    )


async def _receive() -> None:
    """Answer 204 to everything until ended; prints its address."""

    async def take(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}/hook", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_receive())
