"""What a rule sees of one frame: who is there, where their feet are, how they moved, and what was measured of that. Pure."""

from dataclasses import dataclass, field

import msgspec

from app.behaviour.motion import Motion
from app.perception.ground import Ground

US = 1_000_000

_UNKNOWN = Motion()
"""Of nobody, for whoever looks at feet alone; nothing is ever taken into it."""

Measure = tuple[int, str, tuple[float, ...]]
"""What a rule measured about one person of a frame: place in `Sight.seen`, area, and the rule's own scalars. No keypoints."""


class Person(msgspec.Struct):
    """Somebody on this camera.

    Attributes:
        number: rises per camera, never used twice.
        track_id: the latest of the tracker's ids.
        x, y: foot point as a share of the picture; vx, vy: its smoothed change a second.
        body: body height as a share of the picture's height; shrinks slowly, so that a half-hidden person keeps their height.
        box: height of the latest box, likewise: of somebody who lies or is half hidden, what they will look like next.
        seen_us: last sighting; counted_s: observed time that this sighting added (0 after a gap).
        adopted_us: when the present track id took over from another.
    """

    number: int
    track_id: int
    x: float
    y: float
    body: float
    seen_us: int
    vx: float = 0.0
    vy: float = 0.0
    counted_s: float = 0.0
    adopted_us: int = 0
    box: float = 0.0


@dataclass(slots=True)
class Sight:
    """One frame's people, foot points in the same order. `aspect`: width over height of the frame.

    `forgotten` are the numbers of people that no rule needs to remember any more. `motion`: how they moved, its people in
    the order of `seen`. `acts`: who is in an act of which kind, as told by the rules that stepped before. `measured`: what each
    rule about motion measured, by kind; a rule that finds its kind there decides on that and looks at no motion, which is how
    stored scalars are replayed. `ground`: the camera's floor in metres, where it was told. `pause_s`: since the camera's frame
    before, in which nobody could be missed; 0 where that says nothing, after a restart or a long silence.
    """

    at_us: int
    epoch: int
    aspect: float
    seen: list[Person]
    x: list[float]
    y: list[float]
    forgotten: list[int] = field(default_factory=list)
    shifted_us: int = 0
    motion: Motion = _UNKNOWN
    measured: dict[str, list[Measure]] = field(default_factory=dict)
    acts: dict[str, set[int]] = field(default_factory=dict)
    ground: Ground | None = None
    pause_s: float = 0.0
