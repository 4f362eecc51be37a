"""Seals and opens stored secrets with the data key of their tenant.

An open data key is used for `REMEMBER_S` without asking the database whether it still stands, so a destroyed one stops
opening anything that soon; the provider is asked again only where the wrapping changed.
"""

import asyncio
import contextvars
import os
import time
import uuid
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, TypeVar

from app.kit.errors import ConflictError
from app.kit.keys.envelope import LOST, KeyName, key_of, seal, unseal, unseal_first
from app.kit.keys.models import StoredKey
from app.kit.keys.provider import KEY_BYTES, KeyLostError, KeyProvider
from app.kit.keys.repository import Connection, add_key, current_key

T = TypeVar("T")

REMEMBER_S: Final = 2.0
MOST_REMEMBERED: Final = 4096
PROVIDER_S: Final = 12.0
PROVIDER_THREADS: Final = 8
"""Of each vault's own, begun when needed: a provider that hangs takes no thread from matching, or from anybody else."""

DESTROYED = "The key of this chain was destroyed, so nothing of it can be protected any more."

LookUp = Callable[[KeyName], Awaitable[StoredKey | None]]
"""A stored key of any chain, whatever the scope."""


@dataclass(frozen=True, slots=True)
class _Opened:
    data_key: bytes = field(repr=False)
    wrapped: bytes = field(repr=False)
    until_s: float


class Vault:
    """The secrets of every tenant.

    Args:
        provider: wraps the data keys.
        look_up: finds a stored key for values that are opened across tenants.
        first_key: opens values from before data keys; None where there is none.
    """

    def __init__(self, provider: KeyProvider, look_up: LookUp, first_key: Callable[[], bytes | None] = lambda: None) -> None:
        self.provider = provider
        self._look_up = look_up
        self._first_key = first_key
        self._open: dict[KeyName, _Opened] = {}
        self._threads = ThreadPoolExecutor(PROVIDER_THREADS, "keys")

    async def seal(self, connection: Connection, chain_id: uuid.UUID, context: bytes, subject: uuid.UUID, plain: str) -> bytes:
        """The sealed form, under the chain's current key; to be stored in the same transaction, which keeps that key alive.

        Raises:
            ConflictError: the chain's key was destroyed.
            UnavailableError: the provider does not answer.
        """
        return await self.seal_bytes(connection, chain_id, context, subject, plain.encode())

    async def seal_bytes(
        self, connection: Connection, chain_id: uuid.UUID, context: bytes, subject: uuid.UUID, plain: bytes
    ) -> bytes:
        """The same for bytes: pictures, templates."""
        name, data_key = await self.current(connection, chain_id)
        return seal(name, data_key, plain, context + subject.bytes)

    async def open(self, context: bytes, subject: uuid.UUID, sealed: bytes) -> str:
        """What was sealed; KeyLostError when its key is gone or the bytes were moved or changed."""
        return (await self.open_bytes(context, subject, sealed)).decode()

    async def open_left(self, context: bytes, subject: uuid.UUID, sealed: bytes | None) -> str | None:
        """What was sealed; None where nothing was, or its key is gone."""
        try:
            return None if sealed is None else await self.open(context, subject, sealed)
        except KeyLostError:
            return None

    async def open_bytes(self, context: bytes, subject: uuid.UUID, sealed: bytes) -> bytes:
        """The same for bytes."""
        name = key_of(sealed)
        if name is None:
            first = self._first_key()
            if first is None:
                raise KeyLostError(LOST)
            return unseal_first(first, sealed, subject.bytes)
        data_key = self._recall(name) or await self._fetch(name, await self._look_up(name))
        return unseal(data_key, sealed, context + subject.bytes)

    async def current(self, connection: Connection, chain_id: uuid.UUID) -> tuple[KeyName, bytes]:
        """The chain's current key; the first one is made here."""
        stored = await current_key(connection, chain_id)
        if stored is None:
            await self.add_version(connection, chain_id, 1)
            stored = await current_key(connection, chain_id)
        if stored is None or stored.wrapped is None:
            raise ConflictError(DESTROYED)
        name = KeyName(chain_id, stored.version)
        return name, await self._fetch(name, stored)

    async def add_version(self, connection: Connection, chain_id: uuid.UUID, version: int) -> None:
        """A new data key, wrapped; the current one once this transaction commits. Nothing happens where the version is there."""
        key_id, wrapped = await self._ask(self.provider.wrap, os.urandom(KEY_BYTES), _context(KeyName(chain_id, version)))
        await add_key(connection, chain_id, StoredKey(version, key_id, wrapped))

    async def rewrapped(self, chain_id: uuid.UUID, stored: StoredKey) -> StoredKey:
        """The same data key under the provider's current key."""
        context = _context(KeyName(chain_id, stored.version))
        data_key = await self._ask(self.provider.unwrap, stored.provider_key, stored.wrapped or b"", context)
        return StoredKey(stored.version, *await self._ask(self.provider.wrap, data_key, context))

    def forget(self, chain_id: uuid.UUID) -> None:
        """Drop the open keys of a chain from this process's memory."""
        for name in [name for name in self._open if name.chain_id == chain_id]:
            del self._open[name]

    async def _fetch(self, name: KeyName, stored: StoredKey | None) -> bytes:
        if stored is None or stored.wrapped is None:
            self._open.pop(name, None)
            raise KeyLostError(LOST)
        known = self._open.get(name)
        if known is not None and known.wrapped == stored.wrapped:
            data_key = known.data_key
        else:
            data_key = await self._ask(self.provider.unwrap, stored.provider_key, stored.wrapped, _context(name))
        if len(self._open) >= MOST_REMEMBERED:
            self._open.clear()
        self._open[name] = _Opened(data_key, stored.wrapped, time.monotonic() + REMEMBER_S)
        return data_key

    def _recall(self, name: KeyName) -> bytes | None:
        found = self._open.get(name)
        return found.data_key if found is not None and found.until_s > time.monotonic() else None

    async def _ask(self, call: Callable[..., T], *arguments: object) -> T:
        async with asyncio.timeout(PROVIDER_S):
            work = contextvars.copy_context().run
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, call, *arguments)


def _context(name: KeyName) -> bytes:
    return b"data key" + name.chain_id.bytes + name.version.to_bytes(4, "big")
