"""`pennyprotect keys rotate-templates`: a new secret rotation for every chain, with the owner's role at the database."""

import uuid
from collections.abc import Callable
from typing import Any

import asyncpg

from app.identity.templates.protection import Rotation, new_rotation, turn_anew
from app.kit.keys import repository as keys
from app.kit.keys.choice import by_pool
from app.kit.keys.vault import LookUp, Vault

OpenVault = Callable[[LookUp], Vault]


async def rotate_templates(url: str, open_vault: OpenVault) -> dict[str, Any]:
    """Give every chain a new rotation and move its templates; what was done. Galleries in memory follow within a second.

    What stays behind (a store whose face switch is off) is moved by the service once it may be written.
    """
    connection = await asyncpg.connect(url, timeout=10, command_timeout=30, statement_cache_size=0)
    try:
        vault, chains, moved = open_vault(by_pool(connection)), 0, 0
        for chain_id in await keys.chains(connection):
            newest = await keys.current_key(connection, chain_id)
            if newest is None or newest.wrapped is None:
                continue  # nothing was ever sealed for it, or its key was destroyed
            async with connection.transaction():
                rotation = await new_rotation(connection, vault, chain_id)
                details = {"rotation": rotation.version}
                await keys.append_system_audit(connection, chain_id, "templates-turned", details)
            moved += await _move(connection, vault, chain_id, rotation)
            chains += 1
        return {"chains": chains, "templates": moved}
    finally:
        await connection.close(timeout=5)


async def _move(connection: Any, vault: Vault, chain_id: uuid.UUID, rotation: Rotation) -> int:
    moved = 0
    while True:
        async with connection.transaction():
            done = await turn_anew(connection, vault, chain_id, rotation)
        if not done:
            return moved
        moved += done
