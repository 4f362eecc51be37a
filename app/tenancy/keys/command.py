"""`pennyprotect keys rotate|status`, with the owner's role at the database."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import asyncpg

from app.kit.keys import renewal, repository
from app.kit.keys.choice import by_pool
from app.kit.keys.ring import FileRing
from app.kit.keys.vault import LookUp, Vault

GRACE_S = 5.0
"""Requests that began with an older key have ended by then."""
OpenVault = Callable[[LookUp], Vault]


async def rotate(url: str, open_vault: OpenVault, grace_s: float = GRACE_S) -> dict[str, Any]:
    """New provider key (where it is a ring of ours), new data keys, everything sealed anew, older keys removed. What was done.

    A ring mounted from a Secret is not written: its current key is used, and `unneeded` names what may be taken out.
    """
    connection = await _connect(url)
    try:
        vault = open_vault(by_pool(connection))
        ring = vault.provider if isinstance(vault.provider, FileRing) else None
        ours = ring if ring is not None and ring.writable else None
        if ours is not None:
            ours.add_key()
        done = await renewal.renew(connection, vault)
        unneeded = [] if ring is None else await _unneeded(connection, ring, grace_s)
        if ours is not None:
            for key_id in unneeded:
                ours.retire(key_id)
        told = {"retired": unneeded} if ours is not None or ring is None else {"retired": [], "unneeded": unneeded}
        return {**asdict(done), "provider_key": vault.provider.current(), **told}
    finally:
        await connection.close(timeout=5)


async def status(url: str, open_vault: OpenVault) -> dict[str, Any]:
    """The keys that wrap, and each chain's versions with what they protect."""
    connection = await _connect(url)
    try:
        vault = open_vault(by_pool(connection))
        chains = [
            {
                "chain": str(each.chain_id),
                "destroyed": each.destroyed,
                "versions": {str(version): key for version, key in each.versions.items()},
                "values": {"before" if version is None else str(version): count for version, count in each.values.items()},
            }
            for each in await renewal.statuses(connection)
        ]
        return {"current": vault.provider.current(), "known": sorted(vault.provider.known()), "chains": chains}
    finally:
        await connection.close(timeout=5)


async def _unneeded(connection: "asyncpg.Connection[asyncpg.Record]", ring: FileRing, grace_s: float) -> list[str]:
    """Keys of the ring that nothing needs any more."""
    await asyncio.sleep(grace_s)
    needed = await repository.provider_keys(connection) | {ring.current()}
    first = ring.first_key_id()
    if any(None in each.values for each in await renewal.statuses(connection)):
        needed.add(first)
    return sorted(ring.known() - needed)


async def _connect(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    return await asyncpg.connect(url, timeout=10, command_timeout=30, statement_cache_size=0)
