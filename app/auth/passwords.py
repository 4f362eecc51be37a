"""Passwords: argon2id in a thread, a bound on how many wait, and the back-off after wrong ones."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from app.kit.errors import TooManyRequestsError

AT_ONCE = 2
MOST_WAITING = 16
FREE_FAILURES = 4
LONGEST_LOCK = timedelta(seconds=60)

Result = TypeVar("Result")

_hasher = argon2.PasswordHasher()  # RFC 9106's low-memory profile: argon2id, 64 MiB, 3 passes


def lock_after(failures: int) -> timedelta:
    """How long log-in waits after this many failures in a row: nothing at first, then 1 s, 2 s, 4 s ... 60 s."""
    if failures < FREE_FAILURES:
        return timedelta(0)
    return min(LONGEST_LOCK, timedelta(seconds=2 ** min(failures - FREE_FAILURES, 10)))


class PasswordChecker:
    """Verifies passwords off the event loop. An unknown user costs the same work as a known one."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._nobody = hash_password("no user has this password")

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether `password` is the one of `password_hash`; always False, after the same work, for None or "" (no password).

        Raises:
            TooManyRequestsError: too many log-ins wait already.
        """
        matches = await self._in_turn(_matches, password_hash or self._nobody, password)
        return matches and bool(password_hash)

    async def hash(self, password: str) -> str:
        """The argon2id hash to store; TooManyRequestsError as `verify`."""
        return await self._in_turn(hash_password, password)

    async def _in_turn(self, work: Callable[..., Result], *given: str) -> Result:
        if self._waiting >= MOST_WAITING:
            raise TooManyRequestsError("Too many people sign in at once. Try again in a few seconds.", retry_after_s=3)
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(work, *given)
        finally:
            self._waiting -= 1


def hasher_of(connection: Any) -> PasswordChecker:
    """The application's, with its bound on how many wait."""
    found = connection.app.state.checker
    assert isinstance(found, PasswordChecker)  # noqa: S101 - set once by main
    return found


def hash_password(password: str) -> str:
    """The argon2id hash to store. Takes tens of milliseconds."""
    return _hasher.hash(password)


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
