"""Hand-over from a decoder thread to the event loop: one place, the newest value wins."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class LatestSlot(Generic[T]):
    """Holds at most one value. Putting replaces what was not taken, and counts it as dropped.

    `on_value` runs in the putting thread: it must only wake the taker.
    """

    def __init__(self, on_value: Callable[[], None] | None = None) -> None:
        self._lock = threading.Lock()
        self._value: T | None = None
        self._on_value = on_value
        self._dropped = 0

    def put(self, value: T) -> None:
        """Offer the newest value."""
        with self._lock:
            self._dropped += self._value is not None
            self._value = value
        if self._on_value is not None:
            self._on_value()

    def take(self) -> T | None:
        """The newest value, once; None when there is none since the last take."""
        with self._lock:
            value, self._value = self._value, None
            return value

    def clear(self) -> None:
        """Forget a waiting value without counting it: its connection is gone."""
        with self._lock:
            self._value = None

    @property
    def is_full(self) -> bool:
        """Whether a value waits."""
        return self._value is not None

    @property
    def dropped(self) -> int:
        """Values replaced before anybody took them, since the beginning."""
        return self._dropped
