"""Walkers for `bench gait` and `training/gait`: captured motion on bodies of other build, walked in another style.

A captured trial becomes a loop of limb vectors in the walker's own frame (x ahead, y up, z to the right), 30 frames a second.
An identity is whose motion it is, a build (factors of the limbs' lengths) and a style (how far and how the limbs swing).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.behaviour_bodies import FPS, Trial

Float32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

BUILD: Final = {
    "stature": 0.045, "thigh": 0.04, "shank": 0.04, "upper_arm": 0.045, "forearm": 0.045, "shoulders": 0.06, "hips": 0.08,
    "trunk": 0.04, "neck": 0.05, "head": 0.04,
}  # fmt: skip
"""Coefficient of variation of each length between adults, the limbs' over that of the stature; of the order of ANSUR's."""
STYLE: Final = {
    "cadence": 0.07, "leg_swing": 0.12, "arm_swing_left": 0.35, "arm_swing_right": 0.35, "lean": 0.05, "sway": 0.4, "twist": 0.35,
    "step_width": 0.035, "elbow": 0.22, "head": 0.12, "bounce": 0.3, "uneven": 0.06, "knee": 0.12, "arms_out": 0.06,
}  # fmt: skip
"""Standard deviation of each between walkers: a share of what was captured, or radians (lean, widths, elbow, head)."""
DAY: Final = 0.25
"""How much the style of one walker differs from walk to walk, of what it differs between walkers."""
LATENT: Final = len(BUILD) + len(STYLE)
_MIRROR = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]
_LONGEST_LOOP = 400
WALKS: Final = ("walk", "walk_irregular", "ball")


@dataclass(frozen=True, slots=True)
class Loop:
    """One trial that goes round without a seam.

    Attributes:
        body: (frames, 17, 3) metres, in the walker's frame, the hips' middle at x = z = 0.
        velocity: (frames, 2) metres a frame ahead and to the right.
    """

    name: str
    subject: str
    label: str
    body: Float32
    velocity: Float32


def loop_of(trial: Trial) -> Loop:
    """The trial in the walker's own frame, from the two moments that look most alike, far apart."""
    body = trial.body[:_LONGEST_LOOP]
    across = (body[:, 5] - body[:, 6] + body[:, 11] - body[:, 12]) * [1, 0, 1]
    ahead = np.cross(across, [0, 1, 0])
    heading = np.unwrap(np.arctan2(ahead[:, 2], ahead[:, 0]))
    heading = _smooth(heading, 12.0)
    hips = body[:, 11:13].mean(axis=1)
    c, s = np.cos(heading), np.sin(heading)
    local = body - hips[:, None] * [1, 0, 1]
    local = np.stack(
        [local[..., 0] * c[:, None] + local[..., 2] * s[:, None], local[..., 1],
         -local[..., 0] * s[:, None] + local[..., 2] * c[:, None]], axis=-1,
    )  # fmt: skip
    step = np.gradient(hips, axis=0)
    velocity = np.stack([step[:, 0] * c + step[:, 2] * s, -step[:, 0] * s + step[:, 2] * c], axis=1)
    start, end = _alike(local)
    share = np.linspace(0, 1, end - start, endpoint=False)
    local = local[start:end] + share[:, None, None] * (local[start] - local[end])
    return Loop(trial.name, trial.subject, trial.label, local.astype(np.float32), velocity[start:end].astype(np.float32))


def _smooth(values: npt.NDArray[np.float64], sigma: float) -> npt.NDArray[np.float64]:
    at = np.arange(len(values))
    kernel = np.exp(-0.5 * ((at[:, None] - at) / sigma) ** 2)
    smooth: npt.NDArray[np.float64] = kernel @ values / kernel.sum(axis=1)
    return smooth


def _alike(local: npt.NDArray[np.float64]) -> tuple[int, int]:
    flat = np.concatenate([local.reshape(len(local), -1), 4 * np.gradient(local, axis=0).reshape(len(local), -1)], axis=1)
    best, found = np.inf, (0, len(local) - 1)
    for i in range(0, max(1, len(local) * 2 // 3)):
        later = np.arange(i + 22, len(local))
        if not len(later):
            break
        off = np.abs(flat[later] - flat[i]).mean(axis=1) + 0.6 / (later - i)
        if off.min() < best:
            best, found = float(off.min()), (i, int(later[off.argmin()]))
    return found


@dataclass(frozen=True, slots=True)
class People:
    """n identities.

    Attributes:
        subjects: whose motion each has.
        latent: (n, LATENT) standard normal: build, then style.
        mirrored: (n,) left and right exchanged.
    """

    subjects: list[str]
    latent: Float32
    mirrored: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.subjects)


def draw(subjects: Sequence[str], count: int, chance: np.random.Generator, spread: float = 1.0) -> People:
    """`count` identities, the subjects in turn. `spread` widens build and style, for training."""
    latent = np.clip(chance.normal(0, spread, (count, LATENT)), -2.7, 2.7).astype(np.float32)
    return People([subjects[index % len(subjects)] for index in range(count)], latent, chance.random(count) < 0.5)


class Studio:
    """Loops of trials in one array, so that many walks are computed at once."""

    def __init__(self, trials: Sequence[Trial], labels: Sequence[str] = WALKS, made: Sequence[Loop] = ()) -> None:
        self.loops = [*(loop_of(trial) for trial in trials if trial.label in labels and len(trial.body) >= 30), *made]
        self.subjects = sorted({loop.subject for loop in self.loops})
        lengths = np.array([len(loop.body) for loop in self.loops])
        self._length = lengths
        self._start = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
        self._body = np.concatenate([loop.body for loop in self.loops])
        self._mirror = self._body[:, _MIRROR] * np.array([1, 1, -1], np.float32)
        self._velocity = np.concatenate([loop.velocity for loop in self.loops])
        self._of = {name: np.array([i for i, each in enumerate(self.loops) if each.subject == name]) for name in self.subjects}

    def trials_of(self, subject: str) -> Ints:
        """Indices of a subject's loops."""
        return self._of[subject]

    def choose(self, subject: str, chance: np.random.Generator, label: str | None = None) -> int:
        """A trial of that subject."""
        pool = self._of[subject]
        if label:
            pool = np.array([index for index in pool if self.loops[index].label == label])
        return int(pool[chance.integers(len(pool))])

    def walk(self, people: People, who: Ints, trials: Ints, times: Float32, chance: np.random.Generator) -> Float32:
        """(b, t, 17, 3) metres: walks of `who` in the captured motion of `trials`, at `times` (b, t) seconds.

        x is ahead, y up over the ground, z to the right; the walk passes x = z = 0 in its middle.
        """
        latent = people.latent[who].copy()
        latent[:, len(BUILD) :] += DAY * chance.normal(0, 1, (len(who), len(STYLE))).astype(np.float32)
        style = {name: latent[:, len(BUILD) + i] * sd for i, (name, sd) in enumerate(STYLE.items())}
        build = {name: np.exp(latent[:, i] * sd) for i, (name, sd) in enumerate(BUILD.items())}
        phase = chance.uniform(0, self._length[trials]).astype(np.float32)
        at = phase[:, None] + times * np.float32(FPS) * np.exp(style["cadence"])[:, None]
        mirrored = people.mirrored[who]
        body, velocity = self._look_up(trials, at, mirrored)
        legs = build["stature"] * (build["thigh"] + build["shank"]) / 2
        ahead = np.cumsum(velocity, axis=1, dtype=np.float32) * legs[:, None, None]
        ahead *= (1 + style["leg_swing"] * 0.8)[:, None, None]
        ahead -= ahead[:, ahead.shape[1] // 2][:, None]
        shaped = _shaped(_styled(body, style), build)
        ground = np.percentile(shaped[..., 15:, 1].min(axis=-1), 5, axis=1).astype(np.float32)
        shaped[..., 1] -= (ground - 0.08)[:, None, None]
        shaped[..., 0] += ahead[..., 0][..., None]
        shaped[..., 2] += ahead[..., 1][..., None]
        return shaped

    def _look_up(self, trials: Ints, at: Float32, mirrored: npt.NDArray[np.bool_]) -> tuple[Float32, Float32]:
        length, start = self._length[trials][:, None], self._start[trials][:, None]
        low = np.floor(at).astype(np.int64)
        share = (at - low).astype(np.float32)[..., None, None]
        one, two = start + low % length, start + (low + 1) % length
        body = np.empty((*at.shape, 17, 3), np.float32)
        for side, source in ((False, self._body), (True, self._mirror)):
            rows = np.flatnonzero(mirrored == side)
            body[rows] = source[one[rows]] * (1 - share[rows]) + source[two[rows]] * share[rows]
        velocity = self._velocity[one] * np.where(mirrored[:, None, None], np.array([1, -1], np.float32), np.float32(1))
        # The velocity is per captured frame; the walk's own frames lie further apart or closer.
        passed = np.diff(at, axis=1, prepend=at[:, :1])[..., None]
        return body, (velocity * passed).astype(np.float32)


def _turn(vectors: Float32, angle: Any, one: int, two: int) -> Float32:
    """Turned in the plane of two axes, by radians that broadcast over the vectors."""
    c, s = np.cos(angle), np.sin(angle)
    out = vectors.copy()
    out[..., one] = vectors[..., one] * c - vectors[..., two] * s
    out[..., two] = vectors[..., one] * s + vectors[..., two] * c
    return out


def _swing(vector: Float32) -> tuple[Float32, Float32]:
    """Angle of a hanging limb ahead of the vertical, and what it is on average over the walk."""
    angle = np.arctan2(vector[..., 0], -vector[..., 1])
    return angle, angle.mean(axis=1, keepdims=True)


def _styled(body: Float32, style: dict[str, Float32]) -> Float32:
    """(b, t, 17, 3) with the style; lengths stay."""
    each = {name: value[:, None] for name, value in style.items()}
    out = body.copy()
    hips = body[..., 11:13, :].mean(axis=-2)
    middle = hips[..., 1].mean(axis=1, keepdims=True)
    for side, sign in ((0, -1.0), (1, 1.0)):
        hip, knee, ankle = body[..., 11 + side, :], body[..., 13 + side, :], body[..., 15 + side, :]
        thigh, shank = knee - hip, ankle - knee
        angle, mean = _swing(thigh)
        more = (angle - mean) * (each["leg_swing"] - sign * each["uneven"])
        bend = _swing(shank)[0] - angle
        thigh = _turn(_turn(thigh, more, 0, 1), sign * each["step_width"], 2, 1)
        shank = _turn(_turn(shank, more + bend * each["knee"], 0, 1), sign * each["step_width"], 2, 1)
        out[..., 13 + side, :] = hip + thigh
        out[..., 15 + side, :] = hip + thigh + shank
    top = _torso(body, hips, each)
    out[..., :11, :] = top + hips[..., None, :]
    rise = (hips[..., 1] - middle) * each["bounce"]
    out[..., 1] += rise[..., None]
    return out


def _torso(body: Float32, hips: Float32, each: dict[str, Float32]) -> Float32:
    top = body[..., :11, :] - hips[..., None, :]
    shoulders = (top[..., 5, :] + top[..., 6, :]) / 2
    line = top[..., 6, :] - top[..., 5, :]
    twist = np.arctan2(line[..., 0], line[..., 2])
    more = (twist - twist.mean(axis=1, keepdims=True)) * each["twist"]
    top = _turn(top, more[..., None], 0, 2)
    lean = np.arctan2(shoulders[..., 2], shoulders[..., 1])
    roll = (lean - lean.mean(axis=1, keepdims=True)) * each["sway"]
    top = _turn(_turn(top, roll[..., None], 2, 1), -each["lean"][..., None], 0, 1)
    for side, sign in ((0, -1.0), (1, 1.0)):
        shoulder, elbow, wrist = top[..., 5 + side, :].copy(), top[..., 7 + side, :].copy(), top[..., 9 + side, :].copy()
        upper, fore = elbow - shoulder, wrist - elbow
        angle, mean = _swing(upper)
        more = (angle - mean) * each["arm_swing_left" if side == 0 else "arm_swing_right"]
        upper = _turn(_turn(upper, more, 0, 1), sign * each["arms_out"], 2, 1)
        bend: Float32 = more + np.maximum(each["elbow"], np.float32(-0.2))
        fore = _turn(_turn(fore, bend, 0, 1), sign * each["arms_out"], 2, 1)
        top[..., 7 + side, :] = shoulder + upper
        top[..., 9 + side, :] = shoulder + upper + fore
    neck: Float32 = ((top[..., 5, :] + top[..., 6, :]) / 2)[..., None, :].astype(np.float32)
    head: Float32 = (top[..., :5, :] - neck).astype(np.float32)
    top[..., :5, :] = neck + _turn(head, -each["head"][..., None], 0, 1)
    return top


def _shaped(body: Float32, build: dict[str, Float32]) -> Float32:
    """(b, t, 17, 3) with the limbs' lengths of the build; angles stay. The hips' middle scales with the legs."""
    factor = {name: value[:, None, None] for name, value in build.items()}
    out = np.empty_like(body)
    hips = (body[..., 11, :] + body[..., 12, :]) / 2
    neck = (body[..., 5, :] + body[..., 6, :]) / 2
    centre = (body[..., 3, :] + body[..., 4, :]) / 2
    for side in (0, 1):
        hip, knee, ankle = body[..., 11 + side, :], body[..., 13 + side, :], body[..., 15 + side, :]
        out[..., 11 + side, :] = hips + (hip - hips) * factor["hips"]
        out[..., 13 + side, :] = out[..., 11 + side, :] + (knee - hip) * factor["thigh"]
        out[..., 15 + side, :] = out[..., 13 + side, :] + (ankle - knee) * factor["shank"]
    top = hips + (neck - hips) * factor["trunk"]
    for side in (0, 1):
        shoulder, elbow, wrist = body[..., 5 + side, :], body[..., 7 + side, :], body[..., 9 + side, :]
        out[..., 5 + side, :] = top + (shoulder - neck) * factor["shoulders"]
        out[..., 7 + side, :] = out[..., 5 + side, :] + (elbow - shoulder) * factor["upper_arm"]
        out[..., 9 + side, :] = out[..., 7 + side, :] + (wrist - elbow) * factor["forearm"]
    head = top + (centre - neck) * factor["neck"]
    out[..., :5, :] = head[..., None, :] + (body[..., :5, :] - centre[..., None, :]) * factor["head"][..., None]
    scaled: Float32 = out * factor["stature"][..., None]
    return scaled
