"""What is done to the product and when. Pure: the same seed gives the same faults."""

import enum
import random
from dataclasses import dataclass
from typing import Final

PARTS: Final = (
    "postgres", "bus", "memory", "triton", "service", "pipeline", "dispatcher", "sealer", "retention", "worker-cpu", "live",
)  # fmt: skip
LONGEST_PAUSE_S: Final = 12.0
"""Longer than a shard's lease: somebody takes over, and the sleeper wakes into a world that went on."""


class Kind(enum.StrEnum):
    """`kill`: SIGKILL. `pause`: SIGSTOP for a while. `full`: no file of theirs may grow. `poison`: bytes in every stream.
    `off`: the site policy is switched off, and on again. `clock`: a store's clock leaps by `part` seconds, and back.
    `cut`, `hole`, `slow`: a store's line to its region breaks, swallows everything, or takes long."""

    KILL = "kill"
    PAUSE = "pause"
    FULL = "full"
    POISON = "poison"
    OFF = "off"
    CLOCK = "clock"
    CUT = "cut"
    HOLE = "hole"
    SLOW = "slow"


WRITERS: Final = ("postgres", "bus", "service", "worker-cpu", "retention")
"""Parts whose disk becomes full."""
LEAPS: Final = ("+3600", "-3600", "-20")
"""Seconds by which a store's clock is wrong for a while."""
OFF_S: Final = 9.0
"""At least, after the five seconds in which it must be obeyed and some looks have passed."""
LINE: Final = (Kind.CUT, Kind.HOLE, Kind.SLOW)


@dataclass(frozen=True, slots=True)
class Fault:
    """One of them.

    Attributes:
        at_s: since the beginning.
        part: of the product; seconds of a leap; "" for what concerns none.
        for_s: how long it lasts; 0 for what is over at once.
    """

    at_s: float
    kind: Kind
    part: str
    for_s: float

    def __str__(self) -> str:
        lasting = f" for {self.for_s:.1f} s" if self.for_s else ""
        return f"{self.at_s:6.1f} s  {self.kind} {self.part}{lasting}"


def schedule(seed: int, seconds: float, every_s: float) -> list[Fault]:
    """Faults about `every_s` apart, in an order by the seed; each kind of each part comes once before any comes again."""
    chance = random.Random(seed)
    deck: list[tuple[Kind, str]] = []
    found, at_s = [], every_s
    while at_s < seconds:
        if not deck:
            deck = [(kind, part) for kind in (Kind.KILL, Kind.PAUSE) for part in PARTS]
            deck += [(Kind.FULL, part) for part in WRITERS]
            deck += [(Kind.CLOCK, leap) for leap in LEAPS] + [(Kind.OFF, "")] * 2
            deck += [(kind, "") for kind in (Kind.POISON, *LINE)]
            chance.shuffle(deck)
        kind, part = deck.pop()
        for_s = 0.0 if kind in (Kind.KILL, Kind.POISON) else chance.uniform(1.0, LONGEST_PAUSE_S)
        for_s += OFF_S if kind is Kind.OFF else 0.0
        found.append(Fault(at_s, kind, part, for_s))
        at_s += every_s * chance.uniform(0.6, 1.4)
    return found
