"""Person on the floor: somebody lies, for whatever reason, for longer than tying a shoe takes.

Whoever fell is told by the rule about falls, not a second time here, as long as that act goes on.
"""

from typing import Annotated

import msgspec

from app.behaviour import falling
from app.behaviour.acts import ActParameters, Acts, Evidence, HowUrgent, follow
from app.behaviour.declared import SECONDS, setting
from app.behaviour.findings import Explanation, Finding, Threat
from app.behaviour.posture import maybe_low, posture, statures
from app.behaviour.sight import US, Measure, Sight

KIND = "floor"


class FloorParameters(ActParameters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What counts as a person on the floor."""

    lies_s: Annotated[float, setting("Observed time lying. Reaching under a shelf takes a few seconds.", SECONDS, 1, 600)] = 6.0
    gap_s: Annotated[float, setting("Not lying, or not seen, for that long starts the time anew.", SECONDS, 0.5, 30)] = 2.0
    threat: HowUrgent = Threat.HIGH


class Lying(msgspec.Struct):
    """Somebody who may lie: since when, last seen so (us), observed time and standing height (picture heights)."""

    since_us: int
    last_us: int
    observed_s: float
    score: float
    stature: float


class Floor(Acts):
    """Acts, and who lies or may lie by person number."""

    lying: dict[int, Lying] = msgspec.field(default_factory=dict)


def step(state: Floor, sight: Sight, parameters: FloorParameters) -> tuple[Floor, list[Finding]]:
    """Take one frame in; the given state is used up."""
    for each in state.lying.values() if sight.shifted_us else ():
        each.since_us += sight.shifted_us
        each.last_us += sight.shifted_us
    found: list[Evidence] = []
    measured = sight.measured.get(KIND)
    if measured is None:
        measured = sight.measured[KIND] = _measure(state, sight)
    fallen = sight.acts.get(falling.KIND, set())
    for index, _, (score, stature) in measured:
        evidence = _lies(state, sight, index, score, stature, parameters)
        if evidence is not None and sight.seen[index].number not in fallen:
            found.append(evidence)
    for number in [number for number, each in state.lying.items() if sight.at_us - each.last_us > parameters.gap_s * US]:
        del state.lying[number]
    return state, follow(KIND, state, sight, found, parameters)


def _measure(state: Floor, sight: Sight) -> list[Measure]:
    """Of whoever may lie: lying and standing height."""
    if not sight.seen or len(sight.motion.rows) != len(sight.seen) or not (sight.motion.low or state.lying):
        return []
    stature = statures(sight.motion)
    for index, person in enumerate(sight.seen):
        known = state.lying.get(person.number)
        if known is not None:
            stature[index] = max(stature[index], known.stature)
    scores = posture(sight.motion, stature).lying.tolist() if maybe_low(sight.motion, stature) else []
    return [(index, "", (score, float(stature[index]))) for index, score in enumerate(scores) if score >= falling.STILL_DOWN]


def _lies(state: Floor, sight: Sight, index: int, score: float, stature: float, parameters: FloorParameters) -> Evidence | None:
    person = sight.seen[index]
    known = state.lying.get(person.number)
    if known is None:
        state.lying[person.number] = Lying(sight.at_us, sight.at_us, 0.0, score, stature)
        return None
    gap = (sight.at_us - known.last_us) / US
    known.last_us, known.stature = sight.at_us, stature
    if gap <= 1.0:
        known.observed_s += gap
    known.score += (score - known.score) * min(1.0, gap)
    act = state.of(person.number)
    if act is None and (known.observed_s < parameters.lies_s or known.score < parameters.threshold):
        return None
    explanation: Explanation = {
        "lies_s": round(known.observed_s, 1),
        "lies_threshold_s": parameters.lies_s,
        "lying_share": round(known.score, 2),
    }
    return Evidence([person], known.since_us, known.score, explanation)
