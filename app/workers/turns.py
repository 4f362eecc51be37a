"""When a version that no camera uses may be asked: in moments that cameras leave. Pure."""

import enum
from typing import Final

LOOK_S: Final = 0.02
"""Between two looks for such a moment."""
LONGEST_WAIT_S: Final = 1.0
"""After that the camera's next frame is due for a comparison."""
RARELY_S: Final = 10.0
"""Where cameras leave no moment at all, one frame in this time is asked all the same: else there were no report. It costs them
what one frame takes in ten seconds: 1 % where that is 0.1 s, more on a machine that is slower."""


class Turn(enum.Enum):
    """What to do with a frame that waits for its comparison."""

    ASK = enum.auto()
    WAIT = enum.auto()
    PASS = enum.auto()


def turn_of(has_room: bool, waited_s: float, since_asked_s: float) -> Turn:
    """Now.

    Args:
        has_room: whether no camera's frame waits, and one that came now would be sent at once.
        waited_s: how long this frame has waited for room.
        since_asked_s: since the version was last asked; infinite before the first time.
    """
    if has_room or since_asked_s >= RARELY_S:
        return Turn.ASK
    return Turn.WAIT if waited_s < LONGEST_WAIT_S else Turn.PASS
