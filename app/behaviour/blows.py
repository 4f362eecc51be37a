"""Blows: which limb went at the speed of one, towards whom, and how often. Pure; called by the rule about fights.

Limbs as fast as a blow are rare, also among people who stand close: only those are looked at, of all pairs at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.behaviour.bodies import BOX_BOTTOM, FEET, HIPS, SHOULDERS, WRISTS, Floats

SAME_MOMENT_S = 0.3
LONGEST_STEP_S = 0.35
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
_HAIR = 0.999

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


def limbs_of(times: Doubles, window: Floats, stature: Doubles, least: float) -> Limbs | None:
    """Over 0.12-0.25 s each. None where no limb moves at `least` body heights a second, or at what its step shows of that."""
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
    if not np.count_nonzero(speed >= (_HAIR * least * share).astype(np.float32)[:, None, None]):
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


@dataclass(frozen=True, slots=True)
class Blows:
    """What two people struck at each other.

    Attributes:
        weight: of all separate moments with a blow; `moments`: how many; `fastest`: body heights a second.
    """

    weight: float
    moments: int
    fastest: float


Pair = tuple[int, int]


def blows_of(
    times: Doubles, window: Floats, stature: Doubles, limbs: Limbs, pairs: Sequence[Pair], near: float, blow: float
) -> dict[Pair, Blows]:
    """Of those of the pairs that strike.

    Args:
        times: (w,) seconds, rising to 0; `window`: (w, n, features), `stature`: (n,), people as `pairs` name them.
        near: body heights within which they strike; `blow`: the speed that is as likely a blow as a gesture.
    """
    late = len(times) - len(limbs.speed)
    body, (one, other) = window[late:], np.array(pairs).T
    tall = np.maximum(stature[one], stature[other]) > LIKE_SIZE * np.minimum(stature[one], stature[other])
    size = (stature[one] + stature[other]) / 2
    fast = limbs.speed >= _HAIR * NO_BLOW * blow * limbs.share[:, None, None]
    step, row, limb = np.nonzero(fast[:, np.concatenate([one, other])])
    pair = row % len(one)
    striker, struck = np.where(row < len(one), one[pair], other[pair]), np.where(row < len(one), other[pair], one[pair])
    apart, close = _apart(body[step, striker], body[step, struck], size[pair], near)
    way = limbs.way[step, striker, limb]
    # Seen from the side a blow goes along the picture; with the two behind each other its direction says nothing.
    aimed = way[:, 0] * np.sign(apart) > 0.4 * np.hypot(way[:, 0], way[:, 1])
    aimed |= np.abs(apart) < 0.25 * size[pair]
    told = np.flatnonzero(aimed & close & ~tall[pair])
    step, pair, striker, struck, limb = (each[told] for each in (step, pair, striker, struck, limb))
    reaches = off_trunk(limbs.ends[step, striker, limb], body[step, struck], size[pair]) <= REACH * size[pair]
    best = np.zeros((len(one), len(body)))
    np.maximum.at(best, (pair[reaches], step[reaches]), limbs.speed[step, striker, limb][reaches])
    found: dict[Pair, Blows] = {}
    for index in np.flatnonzero(best.any(axis=1)).tolist():
        blows = _count(times, window, limbs, best[index], pairs[index], (size[index], near, blow))
        if blows is not None:
            found[pairs[index]] = blows
    return found


def _apart(one: Floats, other: Floats, size: Doubles | np.float64, near: float) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """(m,) picture heights from the shoulders of one to those of the other, to the right; whether they are within reach."""
    apart: Floats = other[:, SHOULDERS.start] - one[:, SHOULDERS.start]
    level = np.abs(other[:, BOX_BOTTOM] - one[:, BOX_BOTTOM])
    return apart, (np.abs(apart) <= near * size * 1.2) & (level <= DEPTH * size)


def _count(
    times: Doubles, window: Floats, limbs: Limbs, best: Doubles, pair: Pair, by: tuple[np.float64, float, float]
) -> Blows | None:
    """The separate moments among the fastest blows of one pair's steps, `best`. `by`: their size, and `near` and `blow` as given.

    A moment weighs 1 at the speed of a blow, nothing at `NO_BLOW` of it, at most 1.5.
    """
    size, near, blow = by
    late = len(times) - len(best)
    ends = times[late:]
    _, close = _apart(window[late:, pair[0]], window[late:, pair[1]], size, near)
    if (np.diff(times, prepend=times[0])[late:] * close).sum() < LEAST_TOGETHER_S:
        return None
    gait = max(walking(times, window[:, index], size) for index in pair)
    weights = (best / (blow * limbs.share + GAIT_SHARE * gait) - NO_BLOW) / (1 - NO_BLOW)
    taken: list[int] = []
    for at in np.argsort(-weights).tolist():
        if weights[at] <= 0:
            break
        if not taken or np.abs(ends[taken] - ends[at]).min() > SAME_MOMENT_S:
            taken.append(at)
    if not taken:
        return None
    return Blows(float(np.minimum(weights[taken], 1.5).sum()), len(taken), float(best[taken].max()))


def off_trunk(points: Doubles, body: Floats, size: Doubles) -> Doubles:
    """(m,) picture heights from limbs (m, 2) to a body's line, from the hips over the shoulders to the head's top.

    `body` is (m, features), `size` (m,) standing heights.
    """
    low = body[:, HIPS].astype(np.float64)
    neck = body[:, SHOULDERS].astype(np.float64)
    up = neck - low
    down = np.array([0.0, 1.0]) * size[:, None]
    low = np.where(np.isnan(low), neck + 0.29 * down, low)
    length = np.maximum(np.hypot(up[:, 0], up[:, 1]), 1e-6)
    top = np.where(np.isnan(up), neck - 0.2 * down, neck + up / length[:, None] * 0.2 * size[:, None])
    along = top - low
    share = ((points - low) * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-9)
    nearest = low + np.clip(share, 0.0, 1.0)[:, None] * along
    off = np.hypot(points[:, 0] - nearest[:, 0], points[:, 1] - nearest[:, 1])
    return np.where(np.isnan(off), np.inf, off)


def walking(times: npt.NDArray[np.float64], person: Floats, size: np.float64) -> float:
    """Body heights a second across the picture of one person's hips, over the window."""
    there = np.flatnonzero(~np.isnan(person[:, HIPS.start]))
    if len(there) < 2 or times[there[-1]] - times[there[0]] < 0.5:
        return 0.0
    return float(abs(person[there[-1], HIPS.start] - person[there[0], HIPS.start]) / size / (times[there[-1]] - times[there[0]]))
