"""Whether a process grows: the slope of each of its figures with an interval, and what counts as a rise. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final

from benchmarks.memory import T_95, slope

FIGURES: Final = ("memory_mb", "files", "threads")
LEAST_RISE: Final = {"memory_mb": 3.0, "files": 1.0, "threads": 0.5}
"""An hour. What is surely slower than this is no leak that matters within weeks."""
FILLING: Final = {
    ("bus", "memory_mb"): (15.0, "its streams fill up to their bounds (closed tracks, health)"),
    ("postgres", "memory_mb"): (40.0, "backends fill their caches, and shared buffers are touched for the first time"),
    ("postgres", "files"): (300.0, "a backend keeps open what it read, up to 1,000 files each"),
}
"""Figures that rise by design for hours: how fast at most, and why."""
FEWEST_LOOKS: Final = 8
FAMILY_ERROR: Final = 0.05
"""How often a run in which nothing grows may say that something does, over all figures of all parts together."""


@dataclass(frozen=True, slots=True)
class Look:
    """All parts at one moment.

    Attributes:
        at_s: since the beginning.
        parts: figures of each part with everything below it, by name.
        pids: the part's own process, by name; another one later means that it was started again.
    """

    at_s: float
    parts: Mapping[str, Mapping[str, float]]
    pids: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Growth:
    """One figure of one part.

    Attributes:
        an_hour: slope, and `half_width` of its interval at the family's error.
        allowed: what the lower end of the interval may be at most.
        why: of an allowance; else "".
    """

    part: str
    figure: str
    first: float
    last: float
    an_hour: float
    half_width: float
    allowed: float
    why: str

    @property
    def rises(self) -> bool:
        """Whether it grows, beyond chance and beyond what is allowed."""
        return self.an_hour - self.half_width > self.allowed

    def said(self) -> str:
        """That it grows."""
        slope = f"{self.an_hour:.1f} +- {self.half_width:.1f}"
        return f"{self.figure} of {self.part} rises by {slope} an hour ({self.allowed:g} allowed)"

    def row(self) -> dict[str, Any]:
        """For the report."""
        half = round(self.half_width, 2) if math.isfinite(self.half_width) else None
        return {
            "part": self.part, "figure": self.figure, "first": round(self.first, 1), "last": round(self.last, 1),
            "an_hour": round(self.an_hour, 2), "half_width": half,
            "allowed": self.allowed, "rises": self.rises, "why_allowed": self.why,
        }  # fmt: skip


def growths(looks: Sequence[Look]) -> list[Growth]:
    """Every figure of every part that was there all the time, the surest rise first."""
    parts = [name for name in looks[0].parts if all(name in look.parts for look in looks)]
    several = max(1, len(parts) * len(FIGURES))
    wider = NormalDist().inv_cdf(1 - FAMILY_ERROR / (2 * several)) / T_95
    found = []
    for part in parts:
        for figure in FIGURES:
            values = [look.parts[part][figure] for look in looks]
            an_hour, half = slope([look.at_s for look in looks], values)
            allowed, why = FILLING.get((part, figure), (LEAST_RISE[figure], ""))
            half = half * wider if len(looks) >= FEWEST_LOOKS else math.inf
            found.append(Growth(part, figure, values[0], values[-1], an_hour, half, allowed, why))
    return sorted(found, key=lambda each: each.allowed + each.half_width - each.an_hour)


def started_again(looks: Sequence[Look]) -> list[str]:
    """Parts whose process is another one than at the beginning."""
    return sorted({name for look in looks for name, pid in look.pids.items() if looks[0].pids.get(name, pid) != pid})


def ended(looks: Sequence[Look]) -> list[str]:
    """Parts that were there at the beginning, and are not at the end."""
    return sorted(looks[0].pids.keys() - looks[-1].pids.keys())


def table(found: Sequence[Growth]) -> str:
    """For people."""
    lines = [f"{'part':<12} {'figure':<10} {'first':>9} {'last':>9} {'an hour':>9} {'+-':>9}  "]
    for each in sorted(found, key=lambda one: (one.part, FIGURES.index(one.figure))):
        half = f"{each.half_width:9.2f}" if math.isfinite(each.half_width) else "        -"
        said = "RISES" if each.rises else f"(up to {each.allowed:g}: {each.why})" if each.why else ""
        lines.append(
            f"{each.part:<12} {each.figure:<10} {each.first:9.1f} {each.last:9.1f} {each.an_hour:9.2f} {half}  {said}".rstrip()
        )
    return "\n".join(lines)
