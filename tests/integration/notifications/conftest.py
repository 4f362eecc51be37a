"""A store with channels, and a sender in this process at the real database."""

import base64
import contextlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from app.kit.ids import new_id
from app.kit.keys.choice import by_pool, open_vault
from app.kit.keys.models import CHANNEL_ADDRESS, CHANNEL_SECRET
from app.kit.postgres import connect_pool
from app.kit.redis import connect_redis
from app.notifications.opening import open_sender
from app.notifications.sender import Sender
from app.pipeline.dispatcher import Dispatcher
from app.settings import Settings
from tests.integration.pipeline.conftest import Site, pipeline_servers, site  # noqa: F401 - fixtures

KEY = base64.b64encode(b"k" * 32).decode()


@dataclass
class Desk:
    """What tests of notifications do."""

    site: Site
    pool: Any

    async def channel(self, kind: str, address: str, *, secret: str | None = None, **values: Any) -> uuid.UUID:
        """A channel of the chain, or as `values` say."""
        vault, channel_id = open_vault(KEY, None, "", by_pool(self.site.pool)), new_id()
        async with self.site.pool.acquire() as connection, connection.transaction():
            given = {
                "id": channel_id, "chain_id": self.site.chain, "kind": kind, "name": f"A {kind}", "hint": "h",
                "address": await vault.seal(connection, self.site.chain, CHANNEL_ADDRESS, channel_id, address),
                "secret": secret and await vault.seal(connection, self.site.chain, CHANNEL_SECRET, channel_id, secret),
                "occasions": ["alert-raised", "alert-escalated"], "lowest_threat": "low", **values,
            }  # fmt: skip
            places = ", ".join(f"${n + 1}" for n in range(len(given)))
            await connection.execute(f"INSERT INTO notification_channels ({', '.join(given)}) VALUES ({places})", *given.values())
        return channel_id

    async def raised(self, number: int = 1, threat: str = "high") -> list[str]:
        """Alerts that the outbox tells of."""
        ids = [new_id() for _ in range(number)]
        for each in ids:
            alert = {"id": str(each), "kind": "floor", "threat": threat, "state": "raised", "started_at": "2026-11-25T12:00:00Z"}
            await self.site.pool.execute(
                "INSERT INTO outbox (id, chain_id, store_id, kind, payload) VALUES ($1, $2, $3, 'alert-raised', $4)",
                new_id(), self.site.chain, self.site.store, {"store_id": str(self.site.store), "alert": alert},
            )  # fmt: skip
        return [str(each) for each in ids]

    async def dispatch(self) -> None:
        """Empty the outbox, as the dispatcher does."""
        bus = connect_redis(self.site.servers.bus.url, role="dispatcher")
        while await Dispatcher(self.pool, bus).send_batch():
            pass
        await bus.aclose()

    async def rows(self) -> list[Any]:
        return list(await self.site.pool.fetch("SELECT * FROM notifications ORDER BY created_at, id"))

    async def row(self) -> Any:
        (row,) = await self.rows()
        return row

    async def hurry(self) -> None:
        """Let what waits for a time be due."""
        await self.site.pool.execute(
            "UPDATE notifications SET next_at = now() - interval '1 second' WHERE next_at < 'infinity' AND state <> 'sending'"
        )

    @contextlib.asynccontextmanager
    async def sender(self, **settings: Any) -> AsyncIterator[Sender]:
        given = {
            "PENNYPROTECT_SECRET_KEY": KEY, "PENNYPROTECT_HOME": self.site.home, "PENNYPROTECT_PUBLIC_URL": "https://penny.test",
            "PENNYPROTECT_WEBHOOK_NETWORKS": "127.0.0.0/8",
        }  # fmt: skip
        async with open_sender(Settings(_env_file=None, **given | settings), self.pool) as sender:
            yield sender


@pytest.fixture
async def desk(site: Site) -> AsyncIterator[Desk]:  # noqa: F811 - a fixture
    await site.pool.execute("TRUNCATE tenant_keys CASCADE")
    pool = await connect_pool(site.servers.postgres.url("pennyprotect_dispatcher"), role="dispatcher")
    yield Desk(site, pool)
    await pool.close()
