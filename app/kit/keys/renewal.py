"""`pennyprotect keys rotate`: new keys for every tenant while the product runs, with the owner's role.

First a new data key a chain, so that from then on everything is sealed with it; then what older keys sealed is sealed anew, a
few rows a transaction; then older keys go, once the foreign keys say that nothing needs them. It can be broken off and
begun again at any point. Running services follow by themselves: a sealed value names its key, and keys are looked up by name.
"""

import uuid
from dataclasses import dataclass
from typing import Any

import asyncpg

from app.kit.errors import UnavailableError
from app.kit.keys import repository
from app.kit.keys.models import PROTECTED, Protected
from app.kit.keys.provider import KeyLostError
from app.kit.keys.vault import Vault
from app.kit.logs import logger

ROWS_AT_ONCE = 100
MOST_ROUNDS = 50

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Renewed:
    """What a rotation did.

    Attributes:
        unreadable: values that no key at hand opens; they stay as they are.
    """

    chains: int
    values: int
    unreadable: int


@dataclass(frozen=True, slots=True)
class ChainKeys:
    """A chain's keys: versions with the provider's key that wraps each, and how many values each sealed (None: from before)."""

    chain_id: uuid.UUID
    versions: dict[int, str]
    destroyed: bool
    values: dict[int | None, int]


async def renew(connection: "asyncpg.Connection[asyncpg.Record]", vault: Vault) -> Renewed:
    """Give every chain a new data key and seal all it has with that."""
    renewed = unreadable = count = 0
    for chain_id in await repository.chains(connection):
        async with connection.transaction():
            newest = await repository.current_key(connection, chain_id)
            if newest is not None and newest.wrapped is None:
                continue  # destroyed: there is nothing to rotate
            version = 1 if newest is None else newest.version + 1
            await vault.add_version(connection, chain_id, version)
            details = {"version": version, "provider_key": vault.provider.current()}
            await repository.append_system_audit(connection, chain_id, "key-rotated", details)
        count += 1
        for what in PROTECTED:
            done, lost = await _seal_anew(connection, vault, what, chain_id, version)
            renewed, unreadable = renewed + done, unreadable + lost
        await _drop_older(connection, vault, chain_id, version)
    return Renewed(count, renewed, unreadable)


async def statuses(connection: "asyncpg.Connection[asyncpg.Record]") -> list[ChainKeys]:
    """The keys of every chain, without any key."""
    found = []
    for chain_id in await repository.chains(connection):
        keys = await repository.keys_of(connection, chain_id)
        values: dict[int | None, int] = {}
        for what in PROTECTED:
            for version, count in (await repository.count_values(connection, what, chain_id)).items():
                values[version] = values.get(version, 0) + count
        destroyed = bool(keys) and keys[-1].wrapped is None
        found.append(ChainKeys(chain_id, {key.version: key.provider_key for key in keys}, destroyed, values))
    return found


async def _seal_anew(connection: Any, vault: Vault, what: Protected, chain_id: uuid.UUID, version: int) -> tuple[int, int]:
    done, lost = 0, set[uuid.UUID]()
    while True:
        async with connection.transaction():
            limit = ROWS_AT_ONCE + len(lost)
            rows = await repository.values_to_renew(connection, what, chain_id, version, limit)
            rows = [(row_id, sealed) for row_id, sealed in rows if row_id not in lost]
            for row_id, sealed in rows:
                try:
                    plain = await vault.open_bytes(what.context, row_id, sealed)
                except KeyLostError:
                    lost.add(row_id)
                    log.error("a stored secret cannot be read with any key", table=what.table, row=str(row_id))
                    continue
                fresh = await vault.seal_bytes(connection, chain_id, what.context, row_id, plain)
                await repository.put_value(connection, what, row_id, fresh)
                done += 1
        if not rows:
            return done, len(lost)


async def _drop_older(connection: Any, vault: Vault, chain_id: uuid.UUID, version: int) -> None:
    """Remove versions that nothing needs. One that a transaction still used a moment ago is renewed and tried again."""
    for _ in range(MOST_ROUNDS):
        older = [key for key in await repository.keys_of(connection, chain_id) if key.version < version]
        held = False
        for key in older:
            try:
                async with connection.transaction():
                    await repository.drop_key(connection, chain_id, key.version)
            except asyncpg.ForeignKeyViolationError:
                held = True
        if not held:
            return
        if any([(await _seal_anew(connection, vault, what, chain_id, version))[1] for what in PROTECTED]):
            return  # unreadable values keep their version; `keys status` shows them
    raise UnavailableError("Older keys are still in use; run `pennyprotect keys rotate` again.")
