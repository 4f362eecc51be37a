"""Batches of observed walks: identities nobody has, in random cameras."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.inference.gait.sequence import SEEN_SCORE, network_input
from benchmarks.gait_camera import HIDDEN, Bools, frame_times, observed, routed, watched
from benchmarks.gait_people import Float32, Ints, People, Studio, draw
from training.gait.strides import loops

SPREAD = 1.15
"""Builds and styles a little wider than adults', so that those at the edge are not new to the network."""


EACH = 8
"""Sequences of one identity."""
PEOPLE = 64
"""Identities of one shard."""
HIDDEN_SHARE = 0.15
MADE_WALKERS, MADE_WALKS = 12, 5
"""Of one shard whose motion was made, and walks of each."""


@dataclass(frozen=True, slots=True)
class Shard:
    """(b, slots, CHANNELS) input; (b,) identity; (b, LATENT) what was drawn for it; (b,) whose motion."""

    sequence: Float32
    who: Ints
    latent: Float32
    subject: npt.NDArray[np.str_]


def shard(captured: Studio, number: int, seed: int, made: float = 0.0) -> Shard:
    """The `number`th shard of the set that `seed` names; its identities move like one subject or like any of them.

    `made`: share of the shards whose motion was made, not captured.
    """
    chance, other = np.random.default_rng([seed, number]), np.random.default_rng([seed, number, 1])
    studio = _made(number, other) if other.random() < made else captured
    few = [studio.subjects[chance.integers(len(studio.subjects))]] if chance.random() < 0.5 else studio.subjects
    people = draw([few[chance.integers(len(few))] for _ in range(PEOPLE)], PEOPLE, chance, SPREAD)
    who = np.repeat(np.arange(PEOPLE), EACH)
    trials = np.array([_trial(studio, people.subjects[index], chance) for index in who])
    frames, long = int(chance.choice([40, 56, 80])), number % 10 < 3
    fps = np.exp(chance.uniform(np.log(4), np.log(30), len(who))).astype(np.float32)
    fps = np.maximum(fps, frames / (8.5 if long else 5.2)).astype(np.float32)
    azimuth = chance.uniform(0, 2 * np.pi, len(who)).astype(np.float32)
    keypoints, times, present = shot(studio, people, who, trials, fps, frames, azimuth, chance)
    hide(keypoints, HIDDEN_SHARE, chance)
    last = chance.integers(32, frames + 1, len(who))
    present &= np.arange(frames) < last[:, None]
    present[:, 0] |= ~present.any(axis=1)
    sequence = network_input(keypoints, times, present, 96 if long else 64)
    return Shard(sequence, who + PEOPLE * number, people.latent[who], np.array([people.subjects[index] for index in who]))


def _made(number: int, chance: np.random.Generator) -> Studio:
    """Walkers of this shard alone."""
    return Studio([], made=[loop for name in range(MADE_WALKERS) for loop in loops(f"{number} {name}", MADE_WALKS, chance)])


def _trial(studio: Studio, subject: str, chance: np.random.Generator) -> int:
    labels = {studio.loops[index].label for index in studio.trials_of(subject)}
    return studio.choose(subject, chance, "walk" if "walk" in labels and chance.random() < 0.6 else None)


def shot(
    studio: Studio, people: People, who: Ints, trials: Ints, fps: Float32, frames: int, azimuth: Float32,
    chance: np.random.Generator,
) -> tuple[Float32, Float32, Bools]:  # fmt: skip
    """(b, frames, 17, 3) keypoints, (b, frames) seconds, (b, frames) whether the person was found."""
    times = frame_times(fps, frames, chance)
    walks = studio.walk(people, who, trials, times, chance)
    bodies = routed(walks, azimuth, times, chance.normal(0, 0.06, len(who)).astype(np.float32))
    views, _ = watched(bodies, chance)
    keypoints, present = observed(views.project(bodies), views, chance)
    return keypoints, times, present


def hide(keypoints: Float32, share: float, chance: np.random.Generator) -> None:
    """Take what a shelf or a trolley hides from that share of the sequences."""
    names = list(HIDDEN)
    for row in np.flatnonzero(chance.random(len(keypoints)) < share):
        gone = HIDDEN[names[chance.integers(len(names))]]
        keypoints[row][:, gone, 2] = np.minimum(keypoints[row][:, gone, 2], SEEN_SCORE / 2)
