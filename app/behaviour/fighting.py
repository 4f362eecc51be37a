"""Fighting: people within reach of each other, limbs moving at the speed of blows towards the other, again and again.

A hand that walks, points or hands something over moves at up to 1.2 body heights a second against its own shoulders, a punch
or a kick at 3-5 (Whiting et al. 1988). Seen at 4-30 frames a second, with a blow of 0.2 s, less of it remains: `blow_speed`.
One blow is no fight: blows must come in `blows` separate moments within `window_s`.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt

from app.behaviour.acts import ActParameters, Acts, Evidence, HowUrgent, follow
from app.behaviour.bodies import BOX_BOTTOM, BOX_X, FEET, HIPS, SHOULDERS, STATURE, WRISTS, Floats
from app.behaviour.declared import BODY_HEIGHTS, BODY_HEIGHTS_PER_S, SECONDS, setting
from app.behaviour.findings import Explanation, Finding, Threat
from app.behaviour.posture import mean
from app.behaviour.sight import US, Measure, Sight

KIND = "fighting"
SAME_MOMENT_S = 0.3
LONGEST_STEP_S = 0.35
LOOK_EVERY_S = 0.45
ARM = 0.5
"""Body heights from the shoulders beyond which a hand is somebody else's."""
LEAST_TOGETHER_S = 2.0
"""Within reach for less is passing by; where bodies cover each other the model mixes their hands up."""
DEPTH = 0.37
"""Body heights that the feet of two people within reach differ in the picture at most: more, and they stand behind each other."""
LIKE_SIZE = 1.3
"""Times that one looks taller than the other at most: more is a step or two nearer to the camera."""
REACH = 0.6
"""Body heights from the other's trunk within which a blow ends."""
JUMP = 0.25
"""Body heights of a step of the shoulders that no body makes: a cut of the film, or another person's points."""
BLOW_S = 0.2
NO_BLOW = 5 / 6
"""Of the speed of a blow, what weighs nothing."""
GAIT_SHARE = 0.5
"""Hands swing faster the faster somebody walks: that much is no blow."""
KICK_HEIGHT = 0.22
"""Body heights over the ground that a foot has in a kick and not in a step."""


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
    """Of pairs near each other with a limb that is fast: the other's place in `seen`, and what `count_blows` says."""
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
    stature = mean(window[:, :, STATURE])
    least = NO_BLOW * parameters.blow_body_heights_per_s
    limbs = limbs_of(times, window, stature, least)
    if limbs is None:
        return []
    least *= float(limbs.share.min())
    fast = (limbs.speed.max(axis=(0, 2)) >= least).tolist()
    found: list[Measure] = []
    for one, other in pairs:
        if not (fast[one] or fast[other]):
            continue
        weight, blows, fastest = count_blows(times, window, stature, limbs, (one, other), parameters)
        if weight > 0:
            found.append((one, "", (float(other), weight, float(blows), fastest, float(-times[0]))))
    return found


Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Limbs:
    """Hands and feet of all people in v steps of a window, each step ending at one of its last v times.

    Attributes:
        speed: (v, n, 4) against their own shoulders and hips, body heights a second.
        way: (v, n, 4, 2) of the step, body heights.
        ends: (v, n, 4, 2) where they are then, picture heights.
        share: (v,) of the speed of a blow that a step of that length shows: a blow lasts 0.2 s, a gesture longer.
    """

    speed: Doubles
    way: Doubles
    ends: Doubles
    share: Doubles


def limbs_of(times: Doubles, window: Floats, stature: Doubles, blow: float) -> Limbs | None:
    """Over 0.12-0.25 s each. None where no limb moves at `blow` body heights a second, or the share of it that a step shows."""
    count = window.shape[1]
    hands = window[:, :, WRISTS].reshape(-1, count, 2, 2) - window[:, :, None, SHOULDERS]
    feet = window[:, :, FEET].reshape(-1, count, 2, 2) - window[:, :, None, HIPS]
    limbs = np.concatenate([hands, feet], axis=2)
    step = 2 if len(times) > 4 and (times[-1] - times[0]) / (len(times) - 1) < 0.11 else 1
    took = np.maximum(times[step:] - times[:-step], 0.12)
    share = np.sqrt(BLOW_S / took)
    way = limbs[step:] - limbs[:-step]
    way /= stature.astype(np.float32)[None, :, None, None]
    speed = np.hypot(way[..., 0], way[..., 1])
    speed /= took.astype(np.float32)[:, None, None]
    if not np.fmax.reduce(speed, axis=None) >= 0.999 * blow * share.min():
        return None  # what is left out below makes nobody faster
    off = np.hypot(hands[..., 0], hands[..., 1]) > ARM * stature[None, :, None]
    somebodys = off[step:] | off[:-step]
    speed[:, :, :2][somebodys] = np.nan
    way[:, :, :2][somebodys] = np.nan
    speed[took > LONGEST_STEP_S] = np.nan
    trunk = window[step:, :, SHOULDERS] - window[:-step, :, SHOULDERS]
    speed[np.hypot(trunk[..., 0], trunk[..., 1]) > JUMP * stature] = np.nan
    raised = window[step:, :, None, BOX_BOTTOM] - window[step:, :, FEET].reshape(-1, count, 2, 2)[..., 1]
    speed[:, :, 2:][raised < KICK_HEIGHT * stature[None, :, None]] = 0.0
    places = window[step:, :, WRISTS.start : FEET.stop].reshape(-1, count, 4, 2).astype(np.float64)
    return Limbs(np.nan_to_num(speed.astype(np.float64)), np.nan_to_num(way.astype(np.float64)), places, share)


def count_blows(
    times: Doubles, window: Floats, stature: Doubles, limbs: Limbs, pair: tuple[int, int], parameters: FightingParameters
) -> tuple[float, int, float]:
    """(weight, number) of separate moments in which one of the two strikes towards the other while near, and the fastest speed.

    A moment weighs 1 at the speed of a blow, nothing at `NO_BLOW` of it, at most 1.5.
    """
    one, other = pair
    size = (stature[one] + stature[other]) / 2
    steps = len(limbs.speed)
    ends, body = times[len(times) - steps :], window[len(times) - steps :]
    apart = body[:, other, SHOULDERS] - body[:, one, SHOULDERS]
    level = np.abs(body[:, other, BOX_BOTTOM] - body[:, one, BOX_BOTTOM])
    near = (np.abs(apart[:, 0]) <= parameters.near_body_heights * size * 1.2) & (level <= DEPTH * size)
    if max(stature[one], stature[other]) > LIKE_SIZE * min(stature[one], stature[other]):
        return 0.0, 0, 0.0
    if (np.diff(times, prepend=times[0])[len(times) - steps :] * near).sum() < LEAST_TOGETHER_S:
        return 0.0, 0, 0.0
    best = np.zeros(steps)
    for striker, struck, sign in ((one, other, 1.0), (other, one, -1.0)):
        way = limbs.way[:, striker]
        towards = way[..., 0] * np.sign(apart[:, None, 0]) * sign
        length = np.hypot(way[..., 0], way[..., 1])
        # Seen from the side a blow goes along the picture; with the two behind each other its direction says nothing.
        aimed = (towards > 0.4 * length) | (np.abs(apart[:, None, 0]) < 0.25 * size)
        reaches = off_trunk(limbs.ends[:, striker], body[:, struck], size) <= REACH * size
        best = np.maximum(best, np.where(aimed & reaches & near[:, None], limbs.speed[:, striker], 0.0).max(axis=1))
    gait = max(walking(times, window[:, index], size) for index in pair)
    weights = (best / (parameters.blow_body_heights_per_s * limbs.share + GAIT_SHARE * gait) - NO_BLOW) / (1 - NO_BLOW)
    taken: list[int] = []
    for at in np.argsort(-weights).tolist():
        if weights[at] <= 0:
            break
        if not taken or np.abs(ends[taken] - ends[at]).min() > SAME_MOMENT_S:
            taken.append(at)
    weight = float(np.minimum(weights[taken], 1.5).sum())
    return weight, len(taken), float(best[taken].max()) if taken else 0.0


def off_trunk(points: Doubles, body: Floats, size: float) -> Doubles:
    """(v, 4) picture heights from limbs (v, 4, 2) to somebody's line from the hips over the shoulders to the head's top."""
    low = body[:, HIPS].astype(np.float64)
    neck = body[:, SHOULDERS].astype(np.float64)
    up = neck - low
    low = np.where(np.isnan(low), neck + np.array([0.0, 0.29 * size]), low)
    length = np.maximum(np.hypot(up[:, 0], up[:, 1]), 1e-6)
    top = np.where(np.isnan(up), neck - np.array([0.0, 0.2 * size]), neck + up / length[:, None] * 0.2 * size)
    along = top - low
    share = ((points - low[:, None]) * along[:, None]).sum(axis=2) / np.maximum((along**2).sum(axis=1), 1e-9)[:, None]
    nearest = low[:, None] + np.clip(share, 0.0, 1.0)[..., None] * along[:, None]
    off = np.hypot(*np.moveaxis(points - nearest, -1, 0))
    return np.where(np.isnan(off), np.inf, off)


def walking(times: npt.NDArray[np.float64], person: Floats, size: float) -> float:
    """Body heights a second across the picture of one person's hips, over the window."""
    there = np.flatnonzero(~np.isnan(person[:, HIPS.start]))
    if len(there) < 2 or times[there[-1]] - times[there[0]] < 0.5:
        return 0.0
    return float(abs(person[there[-1], HIPS.start] - person[there[0], HIPS.start]) / size / (times[there[-1]] - times[there[0]]))
