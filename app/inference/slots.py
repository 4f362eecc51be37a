"""Shared memory that a local Triton reads frames from and writes results to: a bounded pool of regions."""

import contextlib
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from tritonclient.utils import shared_memory

from app.inference.pose import Letterbox
from app.kit.errors import UnavailableError

REST_S = 15.0
"""A region whose request was abandoned rests this long: the server may still be writing to it."""


@dataclass(slots=True)
class Slot:
    """Memory of one request: the input first, then each output.

    Attributes:
        name: the region's name, at Triton and (as a key) in /dev/shm; "" when requests travel inline.
        size: bytes.
        memory: uint8 view of all of it.
        painted: letterboxes whose padding lies in the input already, by row.
        laid_out: shape of the last input; another one overwrites rows and padding of this one.
        registered: number of the server connection that knows this region; -1 none.
    """

    name: str
    size: int
    memory: npt.NDArray[np.uint8]
    painted: dict[int, Letterbox] = field(default_factory=dict)
    laid_out: tuple[int, ...] = ()
    registered: int = -1
    handle: Any = None

    def frames(self, count: int, box: Letterbox) -> npt.NDArray[np.uint8]:
        """The input as (count, height, width, 3)."""
        shape = (count, box.height, box.width, 3)
        if shape != self.laid_out:
            self.painted.clear()
            self.laid_out = shape
        return self.memory[: count * box.height * box.width * 3].reshape(shape)

    def output(self, offset: int, shape: Sequence[int]) -> npt.NDArray[np.float32]:
        """One float32 output at a byte offset; a view that lives until the slot's next request."""
        end = offset + 4 * int(np.prod(shape))
        return self.memory[offset:end].view(np.float32).reshape(shape)


def hide(slot: Slot) -> None:
    """Remove the region's name, now that the server has mapped it: a killed process then leaves nothing behind."""
    with contextlib.suppress(OSError):
        slot.handle._mpsm_handle.unlink()


class SlotPool:
    """At most `bound` slots in use; abandoned ones are replaced, up to as many again, until they have rested.

    The random prefix is this process's own: nothing else's regions are ever looked at or removed.
    """

    def __init__(self, bound: int, size: int, *, shared: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._bound, self._size, self._shared, self._clock = bound, size, shared, clock
        self._prefix = f"penny-{secrets.token_hex(6)}"
        self._made = self._named = 0
        self._old: list[Any] = []
        self._idle: list[Slot] = []
        self._resting: list[tuple[float, Slot]] = []

    @property
    def slots(self) -> list[Slot]:
        """Slots that are not in use."""
        return [*self._idle, *(slot for _, slot in self._resting)]

    def take(self) -> Slot:
        """A slot nobody uses. UnavailableError when too many rest: the server accepts requests and never answers."""
        if self._idle:
            return self._idle.pop()
        if self._resting and self._resting[0][0] <= self._clock():
            return self._resting.pop(0)[1]
        if self._made >= 2 * self._bound:
            raise UnavailableError("Triton accepts requests but does not answer them; restart it.")
        return self._make()

    def give_back(self, slot: Slot, *, abandoned: bool = False) -> None:
        """Return a slot; `abandoned` when its request may still be running on the server."""
        if abandoned:
            self._resting.append((self._clock() + REST_S, slot))
        else:
            self._idle.append(slot)

    def wake(self) -> None:
        """End the rest of abandoned slots: the server that may have written to them is gone."""
        self._idle += [slot for _, slot in self._resting]
        self._resting = []

    def renew(self, slot: Slot) -> None:
        """Give a slot a new region, with its contents, for a server that has not mapped the nameless old one."""
        fresh = self._make()
        self._made -= 1
        fresh.memory[:] = slot.memory
        self._close_old()
        self._old.append(slot.handle)
        slot.name, slot.memory, slot.handle, slot.registered = fresh.name, fresh.memory, fresh.handle, -1

    def _close_old(self) -> None:
        """Let go of replaced regions; their last reader has returned since."""
        for handle in self._old:
            _destroy(handle)
        self._old = []

    def close(self) -> None:
        """Remove the regions of all slots that are not in use."""
        for slot in self.slots:
            slot.memory = np.empty(0, np.uint8)
            if slot.handle is not None:
                _destroy(slot.handle)
        self._close_old()
        self._idle, self._resting, self._made = [], [], 0

    def _make(self) -> Slot:
        name = f"{self._prefix}-{self._named}"
        self._named += 1
        self._made += 1
        if not self._shared:
            return Slot("", self._size, np.zeros(self._size, np.uint8))
        try:
            handle = shared_memory.create_shared_memory_region(name, name, self._size, create_only=True)
        except shared_memory.SharedMemoryException as error:
            self._made -= 1
            raise UnavailableError(f"No shared memory of {self._size} bytes can be had in /dev/shm; free some.") from error
        memory = shared_memory.get_contents_as_numpy(handle, np.uint8, [self._size])
        return Slot(name, self._size, memory, handle=handle)


def _destroy(handle: Any) -> None:
    """Unmap a region, and remove its name where it still has one."""
    with contextlib.suppress(OSError, BufferError, shared_memory.SharedMemoryException):
        shared_memory.destroy_shared_memory_region(handle)
