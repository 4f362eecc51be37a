"""Walks that `bench gait` compares: identities of subjects that the network did not learn from, in 8 views."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from app.inference.gait.client import PoseSequence
from app.inference.gait.quality import LONGEST_GAP_S
from app.inference.gait.sequence import SEEN_SCORE
from benchmarks.gait_camera import HIDDEN, Bools, frame_times, observed, routed, watched
from benchmarks.gait_people import Float32, Ints, People, Studio, draw

IDENTITIES: Final = 60
VIEWS: Final = 8
RATES: Final = (5.0, 6.0, 8.0, 10.0, 12.5, 15.0, 25.0, 30.0)
MOST_FRAMES: Final = 160
FEWEST_SEEN: Final = 30
_TRIES: Final = 8


@dataclass(frozen=True, slots=True)
class Conditions:
    """How walks are seen; by default as tracks in a store are: any rate, 3 to 8 s.

    Attributes:
        frames: exactly so many instead of so many seconds.
        hidden: a name in `gait_camera.HIDDEN`, taken from every walk. `dropped`: share of points lost at random besides.
        label: only trials of this label.
    """

    rates: Sequence[float] = RATES
    seconds: tuple[float, float] = (3.0, 8.0)
    frames: int | None = None
    hidden: str | None = None
    dropped: float = 0.0
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Walks:
    """m sequences, of identity `who` from `views` x 45 degrees (0: away from the camera, 4: towards it)."""

    sequences: list[PoseSequence]
    who: Ints
    views: Ints
    rates: Float32


_Casting = tuple[People, Ints, Ints, Float32, Ints, Ints]


@dataclass(frozen=True, slots=True)
class _Takes:
    keypoints: Float32
    times: Float32
    present: Bools


def identities(subjects: Sequence[str], seed: int) -> People:
    """60 nobody has seen: builds and styles from a seed of the benchmark's own, the subjects in turn."""
    return draw(subjects, IDENTITIES, np.random.default_rng([seed, 60]))


def as_captured(subjects: Sequence[str]) -> People:
    """The subjects themselves, in their own build and style."""
    none = draw(subjects, len(subjects), np.random.default_rng(0))
    return replace(none, latent=np.zeros_like(none.latent), mirrored=np.zeros_like(none.mirrored))


def film(studio: Studio, people: People, wanted: Conditions, seed: int) -> Walks:
    """One sequence of each identity in each view; one that shows fewer than 30 frames is filmed again."""
    chance = np.random.default_rng([seed, 8])
    who = np.repeat(np.arange(len(people)), VIEWS)
    views = np.tile(np.arange(VIEWS), len(people))
    trials = np.array([studio.choose(people.subjects[index], chance, wanted.label) for index in who])
    rates = chance.choice(np.asarray(wanted.rates, np.float32), len(who))
    seconds = chance.uniform(*wanted.seconds, len(who))
    # One in twelve frames shows nobody.
    frames = np.ceil(seconds * rates) if wanted.frames is None else np.full(len(who), wanted.frames * 1.25)
    frames = np.clip(frames, 38, MOST_FRAMES).astype(np.int64)
    sequences: list[PoseSequence | None] = [None] * len(who)
    for _ in range(_TRIES):
        missing = np.array([row for row, each in enumerate(sequences) if each is None])
        if not len(missing):
            break
        casting = (people, who[missing], trials[missing], rates[missing], views[missing], frames[missing])
        takes = _shot(studio, casting, wanted, chance)
        for place, row in enumerate(missing):
            sequences[row] = _cut(takes, place, wanted.frames)
    kept = np.array([row for row, each in enumerate(sequences) if each is not None])
    found = [each for each in sequences if each is not None]
    return Walks(found, who[kept], views[kept], rates[kept])


def _shot(studio: Studio, casting: _Casting, wanted: Conditions, chance: np.random.Generator) -> _Takes:
    people, who, trials, rates, views, frames = casting
    times = frame_times(rates, MOST_FRAMES, chance)
    during = np.abs(np.arange(MOST_FRAMES) - MOST_FRAMES // 2) <= frames[:, None] // 2
    walks = studio.walk(people, who, trials, times, chance)
    azimuth = (views * np.pi / 4 + chance.normal(0, 0.1, len(who))).astype(np.float32)
    bodies = routed(walks, azimuth, times, chance.normal(0, 0.06, len(who)).astype(np.float32))
    cameras, _ = watched(bodies, chance, during)
    keypoints, present = observed(cameras.project(bodies), cameras, chance)
    if wanted.hidden:
        points = HIDDEN[wanted.hidden]
        keypoints[:, :, points, 2] = np.minimum(keypoints[:, :, points, 2], SEEN_SCORE / 2)
    keypoints[..., 2] = np.where(chance.random(keypoints.shape[:-1]) < wanted.dropped, 0.0, keypoints[..., 2])
    return _Takes(keypoints, times, present & during)


def _cut(takes: _Takes, row: int, exactly: int | None) -> PoseSequence | None:
    """The frames that show the walker. None when too little of it was seen."""
    seen = np.flatnonzero(takes.present[row])[:exactly]
    if len(seen) < (exactly or FEWEST_SEEN) or np.diff(takes.times[row, seen]).max() > LONGEST_GAP_S:
        return None
    return PoseSequence(takes.keypoints[row, seen], takes.times[row, seen].astype(np.float64))
