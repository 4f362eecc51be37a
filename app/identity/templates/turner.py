"""Moves templates to their chain's newest rotation while the product runs: after `keys rotate-templates`, after an update."""

import asyncio
import contextlib
from typing import Final

import asyncpg

from app.identity.templates import repository
from app.identity.templates.protection import current_rotation, turn_anew
from app.kit.errors import PennyError
from app.kit.keys.vault import Vault
from app.kit.logs import logger
from app.kit.postgres import DATABASE_ERRORS, Pool, TenantScope, tenant_transaction

EVERY_S: Final = 5.0
FAILURES: Final = (*DATABASE_ERRORS, PennyError)

log = logger(__name__)


async def turn_once(pool: "Pool[asyncpg.Record]", vault: Vault) -> int:
    """One round, a few templates of each chain that has any to move; how many. A chain whose key is gone keeps no other one."""
    done = 0
    for chain_id in await repository.chains_to_turn(pool):
        try:
            async with tenant_transaction(pool, TenantScope(chain_id)) as connection:
                rotation = await current_rotation(connection, vault, chain_id)
                done += await turn_anew(connection, vault, chain_id, rotation)
        except FAILURES as error:
            log.warning("templates could not be turned anew", chain=str(chain_id), error=_said(error))
    return done


async def keep_turning(pool: "Pool[asyncpg.Record]", vault: Vault, stop: asyncio.Event) -> None:
    """Rounds until `stop`, one after the other while there is something to move."""
    while not stop.is_set():
        moved = 0
        try:
            if moved := await turn_once(pool, vault):
                log.info("templates turned anew", count=moved)
        except FAILURES as error:
            log.warning("templates to turn could not be looked for", error=_said(error))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 0.05 if moved else EVERY_S)


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__
