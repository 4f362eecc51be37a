"""Whose frame is analysed next: pure."""

from collections.abc import Iterable
from typing import Protocol, TypeVar


class Waiting(Protocol):
    """What the choice looks at."""

    @property
    def has_frame(self) -> bool:
        """Whether a frame waits."""

    @property
    def busy(self) -> bool:
        """Whether one of this camera's frames is being analysed; a camera's frames must stay in order."""

    @property
    def served_at(self) -> float:
        """Monotonic seconds when its last frame was taken, 0.0 at first."""


W = TypeVar("W", bound=Waiting)


def longest_waiting(lanes: Iterable[W]) -> W | None:
    """The camera served longest ago among those with a frame; None when there is none.

    Each camera holds only its newest few frames, in order, and this is fair between cameras: under
    overload all of them slow down alike, and none starves.
    """
    ready = [lane for lane in lanes if lane.has_frame and not lane.busy]
    return min(ready, key=lambda lane: lane.served_at, default=None)
