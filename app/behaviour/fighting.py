"""Fighting: people within reach of each other, limbs moving at the speed of blows towards the other, again and again.

A hand that walks, points or hands something over moves at up to 1.2 body heights a second against its own shoulders, a punch
or a kick at 3-5 (Whiting et al. 1988). Seen at 4-30 frames a second, with a blow of 0.2 s, less of it remains: `blow_speed`.
One blow is no fight: blows must come in `blows` separate moments within `window_s`.
"""

from typing import Annotated

import numpy as np

from app.behaviour.acts import ActParameters, Acts, Evidence, HowUrgent, follow
from app.behaviour.blows import DEPTH, LIKE_SIZE, NO_BLOW, blows_of, limbs_of
from app.behaviour.bodies import BOX_BOTTOM, BOX_X, HIPS, STATURE, Floats
from app.behaviour.declared import BODY_HEIGHTS, BODY_HEIGHTS_PER_S, SECONDS, setting
from app.behaviour.findings import Explanation, Finding, Threat
from app.behaviour.posture import mean
from app.behaviour.sight import US, Measure, Sight

KIND = "fighting"
LOOK_EVERY_S = 0.45


class FightingParameters(ActParameters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What counts as fighting."""

    near_body_heights: Annotated[
        float, setting("How close two people stand; an arm reaches 0.45, a leg 0.55.", BODY_HEIGHTS, 0.2, 3)
    ] = 0.8
    blow_body_heights_per_s: Annotated[
        float,
        setting(
            "Speed of a hand or foot against its own body that is as likely a blow as a gesture.", BODY_HEIGHTS_PER_S, 0.5, 8
        ),
    ] = 1.55
    blows: Annotated[float, setting("Separate moments with a blow of either person.", "blows", 1, 20)] = 2.0
    window_s: Annotated[float, setting("The blows come within that time.", SECONDS, 1, 4)] = 4.0
    threat: HowUrgent = Threat.HIGH


class Fights(Acts):
    """Acts, and when pairs were last looked at."""

    looked_us: int = 0


def step(state: Fights, sight: Sight, parameters: FightingParameters) -> tuple[Fights, list[Finding]]:
    """Take one frame in; the given state is used up."""
    measured = sight.measured.get(KIND)
    if measured is None:
        measured = sight.measured[KIND] = _measure(state, sight, parameters)
    found = [evidence for each in measured if (evidence := _fights(sight, each, parameters)) is not None]
    return state, follow(KIND, state, sight, found, parameters)


def _measure(state: Fights, sight: Sight, parameters: FightingParameters) -> list[Measure]:
    """Of pairs that strike: the other's place in `seen`; weight, moments and fastest of their blows; over how long."""
    due = not 0 <= sight.at_us - state.looked_us < LOOK_EVERY_S * US
    if not due or len(sight.seen) < 2 or len(sight.motion.rows) != len(sight.seen):
        return []
    state.looked_us = sight.at_us
    pairs = near_pairs(sight.motion.now(), parameters.near_body_heights)
    return _look(sight, pairs, parameters) if pairs else []


def _fights(sight: Sight, measure: Measure, parameters: FightingParameters) -> Evidence | None:
    one, _, (other, weight, blows, fastest, window_s) = measure
    score = weight / (weight + parameters.blows)
    if score < parameters.threshold:
        return None
    explanation: Explanation = {
        "blows": blows,
        "blows_threshold": parameters.blows,
        "fastest_body_heights_per_s": round(fastest, 1),
        "window_s": round(window_s, 1),
    }
    return Evidence([sight.seen[one], sight.seen[int(other)]], sight.at_us - int(window_s * US), score, explanation)


def near_pairs(now: Floats, near: float) -> list[tuple[int, int]]:
    """Pairs of people of like size whose bodies are within `near` body heights, feet at a like depth. `now` is (n, features)."""
    x = np.where(np.isnan(now[:, HIPS.start]), now[:, BOX_X], now[:, HIPS.start])
    size, feet = now[:, STATURE], now[:, BOX_BOTTOM]
    mutual = np.minimum(size[:, None], size[None])
    close = np.abs(x[:, None] - x[None]) <= near * mutual
    close &= np.abs(feet[:, None] - feet[None]) <= 1.2 * DEPTH * mutual
    close &= np.maximum(size[:, None], size[None]) <= 1.2 * LIKE_SIZE * mutual
    return [(one, other) for one, other in np.argwhere(close).tolist() if one < other]


def _look(sight: Sight, pairs: list[tuple[int, int]], parameters: FightingParameters) -> list[Measure]:
    times = sight.motion.times()
    start = int(times.searchsorted(-parameters.window_s))
    times, window = times[start:], sight.motion.window(slice(0, BOX_BOTTOM + 1), start)
    if len(times) < 4:
        return []
    stature, blow = mean(window[:, :, STATURE]), parameters.blow_body_heights_per_s
    limbs = limbs_of(times, window, stature, NO_BLOW * blow)
    if limbs is None:
        return []
    found = blows_of(times, window, stature, limbs, pairs, parameters.near_body_heights, blow)
    return [
        (one, "", (float(other), blows.weight, float(blows.moments), blows.fastest, float(-times[0])))
        for (one, other), blows in found.items()
    ]
