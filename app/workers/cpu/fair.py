"""Whose frame is analysed next: pure."""

from collections.abc import Iterable
from typing import Final, Protocol, TypeVar

CHOSEN_AMONG: Final = 3
"""The cameras served longest ago, of which the one with the youngest frame is taken."""
MOST_AHEAD: Final = 2
"""By how many turns another camera may be preferred to the one served longest ago; then all get as many frames."""


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

    @property
    def waits_since(self) -> float:
        """When the frame that would be taken came, in seconds of any clock that all share."""

    @property
    def overloaded(self) -> bool:
        """Whether frames of it were dropped a while ago."""

    yielded: int
    """Turns it gave to cameras with younger frames, less those it was given."""


W = TypeVar("W", bound=Waiting)


def whose_turn(lanes: Iterable[W]) -> tuple[W, W] | None:
    """(the camera to serve, the one served longest ago); None when no frame waits.

    Each camera holds only its newest few frames, in order. Under overload the frame of the camera served longest ago may be
    almost replaced by its next one, so then of a few such cameras the youngest frame is taken. Turns are counted, and nobody gets
    ahead by more than `MOST_AHEAD`: all slow down alike, and none starves.
    """
    ready = sorted((lane for lane in lanes if lane.has_frame and not lane.busy), key=lambda lane: lane.served_at)
    if not ready:
        return None
    first = ready[0]
    if not first.overloaded:
        return first, first
    able = [lane for lane in ready[:CHOSEN_AMONG] if lane is first or first.yielded - lane.yielded < MOST_AHEAD]
    return max(able, key=lambda lane: lane.waits_since), first


def note_turn(served: Waiting, first: Waiting) -> None:
    """Count a turn that `first` gave to `served`; nothing where they are one."""
    if served is not first:
        served.yielded -= 1
        first.yielded += 1
