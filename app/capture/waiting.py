"""Hand-over from a decoder thread to the event loop: the newest values wait, overload drops the oldest."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

DEPTH: Final = 2
"""Two frames at 5 a second ride out a hiccup of 0.2 s without a loss."""
CALM: Final = 25
"""Values in a row that found room, 5 s at 5 a second: the taker keeps up again."""


class NewestFew(Generic[T]):
    """Holds at most `depth` values. One that finds no room takes the place of all that wait, and these are counted.

    From then on only the newest waits, until `CALM` values in a row found room: under lasting overload a second one that waits
    adds its age to every result and saves none.

    `on_value` runs in the putting thread: it must only wake the taker.
    """

    def __init__(self, on_value: Callable[[], None] | None = None, depth: int = DEPTH) -> None:
        self._lock = threading.Lock()
        self._values: deque[T] = deque()
        self._on_value = on_value
        self._dropped = 0
        self._depth = self._room = depth
        self._calm = 0

    def put(self, value: T) -> None:
        """Offer the newest value."""
        with self._lock:
            if len(self._values) >= self._room:
                self._dropped += len(self._values)
                self._values.clear()
                self._room, self._calm = 1, 0
            elif self._room < self._depth:
                self._calm += 1
                if self._calm >= CALM:
                    self._room = self._depth
            self._values.append(value)
        if self._on_value is not None:
            self._on_value()

    def take(self) -> T | None:
        """The oldest value that waits, once; None when there is none."""
        with self._lock:
            return self._values.popleft() if self._values else None

    def clear(self) -> None:
        """Forget what waits without counting it: its connection is gone."""
        with self._lock:
            self._values.clear()

    @property
    def first(self) -> T | None:
        """The value that `take` would give; it goes on waiting."""
        with self._lock:
            return self._values[0] if self._values else None

    @property
    def has_value(self) -> bool:
        """Whether a value waits."""
        return bool(self._values)

    @property
    def overloaded(self) -> bool:
        """Whether values were dropped a while ago, so that only the newest waits."""
        return self._room < self._depth

    @property
    def dropped(self) -> int:
        """Values dropped before anybody took them, since the beginning."""
        return self._dropped
