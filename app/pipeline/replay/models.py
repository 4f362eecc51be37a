"""Replay as pure steps: kept frames of cameras through the rules, once as they are set and once as asked. No I/O."""

import enum
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.alerts.grouping import PLAIN, Earlier, place
from app.alerts.models import AlertState
from app.behaviour import falling, fighting, floor, running
from app.behaviour.findings import Finding, Phase
from app.behaviour.hours import with_those
from app.kit.clock import from_us
from app.pipeline.camera import Camera
from app.pipeline.configuration import CameraSetup
from app.pipeline.series import MEASURED, ReplayFrame
from app.pipeline.timetable import Timetable

HOUR_US = 3_600_000_000
SAME_US = 60_000_000
"""Occurrences of one place that begin within that time, or overlap, are the same before and after."""
ASKS: Mapping[str, tuple[str, ...]] = {floor.KIND: (falling.KIND,)}
"""Rules whose acts another rule asks about."""
BAKED: Mapping[str, tuple[str, ...]] = {
    running.KIND: ("over_s", "focal_picture_heights"),
    falling.KIND: ("within_s", "descent_body_heights_per_s"),
    fighting.KIND: ("near_body_heights", "blow_body_heights_per_s", "window_s"),
}
"""Parameters that went into what was measured: with another value of these, replay says what the old measures say."""


class Accuracy(enum.StrEnum):
    """How far a replay can be believed."""

    EXACT = "exact"
    APPROXIMATE = "approximate"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """What a rule would have found; `alert` False: it joins the alert before it."""

    camera_id: uuid.UUID
    zone_id: str
    presence: str
    began_us: int
    started_us: int
    ended_us: int
    score: float
    alert: bool


@dataclass(slots=True)
class Side:
    """One camera under one setting."""

    setup: CameraSetup
    kind: str
    camera: Camera = field(default_factory=Camera)
    found: dict[tuple[str, str], Occurrence] = field(default_factory=dict)
    last: dict[str, Earlier] = field(default_factory=dict)

    def take(self, kept: ReplayFrame) -> None:
        """Move on by one frame."""
        for finding in self.camera.replay(kept, self.setup):
            if finding.kind == self.kind:
                self._note(finding, kept.frame.captured_at_us)

    def _note(self, finding: Finding, at_us: int) -> None:
        key, area = (finding.zone_id, finding.presence), finding.zone_id
        known, earlier = self.found.get(key), self.last.get(area)
        if known is not None:
            ended_us, score = max(known.ended_us, finding.ended_at_us), max(known.score, finding.score)
            self.found[key] = replace(known, ended_us=ended_us, score=score)
        elif finding.phase is Phase.BEGINS:
            handling = self.setup.handling.get((finding.kind, area), PLAIN)
            joins = place(earlier, from_us(finding.started_at_us), handling).joins is not None
            self.found[key] = Occurrence(
                self.setup.camera_id, area, finding.presence, at_us, finding.started_at_us, finding.ended_at_us, finding.score,
                not joins,
            )  # fmt: skip
        ended = from_us(finding.ended_at_us)
        if earlier is None or ended > earlier.ended_at:
            self.last[area] = Earlier(uuid.UUID(int=0), uuid.UUID(int=0), AlertState.RAISED, ended)


@dataclass(slots=True)
class Pair:
    """One camera, before and after. `left_out`: kinds of which something was measured in a form of an earlier version."""

    before: Side
    after: Side
    left_out: set[str] = field(default_factory=set)

    def take(self, frames: Iterable[ReplayFrame]) -> int:
        """Move both on; how many frames."""
        count = 0
        for kept in frames:
            self.before.take(kept)
            self.after.take(kept)
            self.left_out |= kept.left_out
            count += 1
        return count


@dataclass(frozen=True, slots=True)
class Cell:
    """One hour of one camera: alerts as set and as asked."""

    camera_id: uuid.UUID
    hour_us: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Compared:
    """One alert and on which sides it is."""

    occurrence: Occurrence
    before: bool
    after: bool


def only(setup: CameraSetup, kind: str, timezone: str) -> CameraSetup:
    """The set-up with the one rule, and those that it asks."""
    kinds = (kind, *ASKS.get(kind, ()))
    rules = tuple((rule, areas) for rule, areas in setup.rules.all if rule.kind in kinds)
    return replace(setup, rules=Timetable(rules, timezone))


def limits_of(kind: str, before: Any, after: Any) -> list[str]:
    """Sentences about why a replay of this change is approximate; none: it is exact. None stands for switched off."""
    if kind not in MEASURED or after is None:
        return []
    if before is None:
        return ["The rule was switched off and measured nothing then: only what others have measured is known."]
    changed = [name for name in BAKED.get(kind, ()) if _values(before, name) != _values(after, name)]
    found = [
        f"{name.replace('_', ' ')} went into what was measured; the measures stay those of the setting then." for name in changed
    ]
    if kind == running.KIND:
        least, asked = (max(_speeds(before)), min(_speeds(after)))
        if asked < least / 2:
            found.append("Speeds below half of what counted as running then were not kept.")
    return found


def left_out_of(kind: str, pairs: Iterable[Pair]) -> list[str]:
    """Sentences about what was measured in a form of an earlier version: of the kind, and of those that it asks."""
    left_out = set[str]().union(*(pair.left_out for pair in pairs))
    return [
        f"A part of this time was measured for {each} by an earlier version in another form: nothing of that kind is found there."
        for each in (kind, *ASKS.get(kind, ()))
        if each in left_out
    ]


def _values(parameters: Any, name: str) -> list[Any]:
    """What a parameter is, and what otherwise in which hours."""
    others = [(each.hours, each.parameters[name]) for each in parameters.other_hours if name in each.parameters]
    return [getattr(parameters, name), *others]


def _speeds(parameters: Any) -> list[float]:
    """What counts as running, in any hours."""
    held = [parameters, *(with_those(parameters, each) for each in parameters.other_hours)]
    return [2 * each.speed_body_heights_per_s * each.threshold for each in held]


def cells_of(pairs: Iterable[Pair], since_us: int, until_us: int) -> list[Cell]:
    """Alerts by camera and hour, hours without any left out."""
    counts: dict[tuple[uuid.UUID, int], list[int]] = {}
    for pair in pairs:
        for index, side in enumerate((pair.before, pair.after)):
            for each in _alerts(side, since_us, until_us):
                hour = each.began_us // HOUR_US * HOUR_US
                counts.setdefault((each.camera_id, hour), [0, 0])[index] += 1
    return [
        Cell(camera_id, hour, *counts[camera_id, hour]) for camera_id, hour in sorted(counts, key=lambda key: (key[1], key[0]))
    ]


def compare(pairs: Iterable[Pair], since_us: int, until_us: int) -> list[Compared]:
    """Every alert of either side, in time."""
    found: list[Compared] = []
    for pair in pairs:
        after = list(_alerts(pair.after, since_us, until_us))
        for one in _alerts(pair.before, since_us, until_us):
            same = next((each for each in after if _same(one, each)), None)
            if same is not None:
                after.remove(same)
            found.append(Compared(one, before=True, after=same is not None))
        found += [Compared(each, before=False, after=True) for each in after]
    return sorted(found, key=lambda each: (each.occurrence.began_us, each.occurrence.presence))


def count(pairs: Iterable[Pair], since_us: int, until_us: int) -> tuple[int, int]:
    """Occurrences before and after, those that join an alert too."""
    sides = [(pair.before, pair.after) for pair in pairs]
    before, after = (
        sum(since_us <= each.began_us < until_us for pair in sides for each in pair[index].found.values()) for index in (0, 1)
    )
    return before, after


def _alerts(side: Side, since_us: int, until_us: int) -> Iterable[Occurrence]:
    return (each for each in side.found.values() if each.alert and since_us <= each.began_us < until_us)


def _same(one: Occurrence, other: Occurrence) -> bool:
    if one.zone_id != other.zone_id:
        return False
    overlap = one.started_us <= other.ended_us and other.started_us <= one.ended_us
    return overlap or abs(one.began_us - other.began_us) <= SAME_US
