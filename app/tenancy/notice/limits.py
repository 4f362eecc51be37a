"""Keeps a page without a log-in cheap: what was answered is kept a few seconds, and one address asks so often a minute."""

import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """The newest few values, each for `seconds`; the one not asked for longest goes first."""

    def __init__(self, seconds: float, most: int = 1024) -> None:
        self._seconds, self._most = seconds, most
        self._held: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def get(self, key: K, now: float | None = None) -> V | None:
        """What was put under `key` a short while ago."""
        found = self._held.get(key)
        if found is None or found[0] <= (time.monotonic() if now is None else now):
            return None
        self._held.move_to_end(key)
        return found[1]

    def put(self, key: K, value: V, now: float | None = None) -> V:
        """Keep `value`."""
        self._held[key] = ((time.monotonic() if now is None else now) + self._seconds, value)
        self._held.move_to_end(key)
        while len(self._held) > self._most:
            self._held.popitem(last=False)
        return value


class Allowance:
    """So many requests a minute for each address, refilled steadily; the addresses heard of longest ago are forgotten."""

    def __init__(self, a_minute: int, most: int = 4096) -> None:
        self._rate, self._most = a_minute / 60.0, most
        self._full = float(a_minute)
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str, now: float | None = None) -> bool:
        """Whether one more request of `address` is allowed."""
        at = time.monotonic() if now is None else now
        left, since = self._left.get(address, (self._full, at))
        left = min(self._full, left + (at - since) * self._rate)
        self._left[address] = (left - 1.0 if left >= 1.0 else left, at)
        self._left.move_to_end(address)
        while len(self._left) > self._most:
            self._left.popitem(last=False)
        return left >= 1.0
