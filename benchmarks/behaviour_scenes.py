"""Scenes for `bench behaviour`: what happens, who does it, and which rule must tell it when."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.behaviour_bodies import (
    FPS,
    Floats,
    Trial,
    centred,
    held,
    lasting,
    load,
    lying,
    moved,
    posture,
    stand,
    topple,
    turned,
)

__all__ = ["Scene", "Stage", "load"]
RATES = (4.0, 5.0, 6.0, 8.0, 10.0, 12.5, 15.0, 25.0, 30.0)


@dataclass(frozen=True, slots=True)
class Scene:
    """Bodies of one scene, and its one act.

    Attributes:
        name: what happens. `source`: the captures it is made of.
        bodies: (frames, 17, 3) metres each, equally long.
        kind: the rule that must tell it, "" for none. `also`: kinds that would be right too and count for nothing.
        start_s, end_s: when the act goes on.
        made: captured, composed or simulated.
    """

    name: str
    source: str
    bodies: list[Floats]
    kind: str
    start_s: float
    end_s: float
    made: str
    also: tuple[str, ...] = ()


class Stage:
    """Makes scenes of captures. Draws everything from its generator, so that a seed gives the same scenes."""

    def __init__(self, trials: Sequence[Trial], strikes: Sequence[Trial], chance: np.random.Generator) -> None:
        self.chance = chance
        self.trials = trials
        self.walks = [trial for trial in trials if trial.label.startswith("walk") and len(trial.body) >= 30] or list(trials)
        self.strikes = strikes

    def captured(self, trial: Trial) -> Scene:
        """A capture as it is, its cycle repeated if it is a walk or a run."""
        looped = trial.label in ("walk", "run") or trial.label.startswith("walk")
        body = lasting(trial.body, 4.0) if looped else trial.body
        made = "captured, cycle repeated" if looped else "captured"
        start = self.chance.integers(0, max(1, len(body) - 20 * FPS))
        body = self.placed(body[start : start + 20 * FPS])
        kind = "running" if trial.label == "run" else {"fall": "falling"}.get(trial.label, "")
        also = ("floor", "running") if trial.label in ("other", "roll", "jump", "climb") else ()
        also = ("running", *also) if trial.label == "ball" else also
        also = ("falling", *also) if trial.label == "roll" else also
        return Scene(
            trial.label,
            trial.name,
            [body],
            kind,
            0.0,
            len(body) / FPS,
            made,
            also,
        )

    def placed(self, body: Floats, spread: float = 0.5) -> Floats:
        """Turned at random, its middle near the origin."""
        body = turned(body, self.chance.uniform(0, 2 * np.pi))
        middle = body[:, 11:13].mean(axis=(0, 1)) * [1, 0, 1]
        out: Floats = body - middle + np.array([self.chance.normal(0, spread), 0, self.chance.normal(0, spread)])
        return out

    def upright(self) -> tuple[Floats, str]:
        """A standing pose and whose."""
        trial = self.walks[self.chance.integers(len(self.walks))]
        return stand(trial.body), trial.name

    def fall(self) -> Scene:
        """Standing, or a few steps of a walk; then a topple or a collapse; then lying."""
        chance, (pose, source) = self.chance, self.upright()
        before = held(pose, chance.uniform(1.5, 3.0), chance)
        if chance.random() < 0.6:
            walk = self.walks[chance.integers(len(self.walks))]
            before, source = self._walked(walk), walk.name
        last = before[-1]
        hips = last[11:13].mean(axis=0) * [1, 0, 1]
        if chance.random() < 0.6:
            local = last - hips
            fall = topple(local, chance)
            slip = np.linspace(0, chance.uniform(0, 0.5), len(fall))[:, None, None] * np.array([1.0, 0, 0])
            fall = fall + slip
        else:
            fall = moved(last - hips, lying(pose, chance), chance.uniform(0.5, 0.9), falling=True)
        after = held(fall[-1], chance.uniform(4.0, 6.0), chance, 0.03)
        body = np.concatenate([before, fall + hips, after + hips])
        start = len(before) / FPS
        return Scene("fall", source, [self.placed(body)], "falling", start, len(body) / FPS, "simulated")

    def _walked(self, trial: Trial) -> Floats:
        body = lasting(trial.body, 3.0)
        length = int(self.chance.uniform(1.5, 2.5) * FPS)
        start = self.chance.integers(0, max(1, len(body) - length))
        return body[start : start + length]

    def posed(self, name: str) -> Scene:
        """Standing, another posture, standing again."""
        chance, (pose, source) = self.chance, self.upright()
        other, taken = posture(pose, name), chance.uniform(0.7, 1.6)
        parts = [held(pose, 1.5, chance), moved(pose, other, taken), held(other, chance.uniform(3.0, 5.0), chance),
                 moved(other, pose, 1.2), held(pose, 1.0, chance)]  # fmt: skip
        return Scene(name, source, [self.placed(np.concatenate(parts))], "", 0, 0, "simulated")

    def lie_down(self) -> Scene:
        """To the knees or the seat, then down, slowly: somebody on the floor, and no fall."""
        chance, (pose, source) = self.chance, self.upright()
        low = posture(pose, "kneel" if chance.random() < 0.5 else "floor seat")
        flat = lying(pose, chance)
        parts = [held(pose, 1.5, chance), moved(pose, low, chance.uniform(1.2, 2.0)), held(low, 0.7, chance),
                 moved(low, flat, chance.uniform(1.5, 2.5))]  # fmt: skip
        start = sum(map(len, parts)) / FPS
        body = np.concatenate([*parts, held(flat, 12.0, chance, 0.03)])
        return Scene("lie down", source, [self.placed(body)], "floor", start, len(body) / FPS, "simulated")

    def fight(self) -> Scene:
        """Two face each other within reach; one or both strike, again and again."""
        chance, length = self.chance, 7 * FPS
        one, source = self._striking(length)
        gap, phase = chance.uniform(0.55, 1.0), chance.uniform(0, 2 * np.pi)
        if chance.random() < 0.5:
            other, more = self._striking(length)
            source = f"{source}, {more}"
        else:
            pose, _ = self.upright()
            at = np.arange(length) / FPS
            other = held(pose, 7, chance, 0.04)[:length]
            recoil = np.maximum(0, np.sin(2 * np.pi * at / 1.1 + phase)) ** 3 * 0.2
            other = other - recoil[:, None, None] * np.array([1.0, 0, 0]) * (np.arange(17) < 13)[:, None]
        other = turned(other, np.pi) + np.array([gap, 0, chance.normal(0, 0.1)])
        scene = turned(np.stack([one, other]), chance.uniform(0, 2 * np.pi))
        scene = scene + np.array([chance.normal(0, 0.4), 0, chance.normal(0, 0.4)])
        return Scene("fight", source, list(scene), "fighting", 0.0, 7.0, "composed", ("running",))

    def _striking(self, length: int) -> tuple[Floats, str]:
        trial = self.strikes[int(self.chance.integers(len(self.strikes)))]
        body = centred(trial.body)
        first = body[0]
        across = first[5] - first[6]
        body = turned(body, np.arctan2(across[0], across[2]) + np.pi)
        pause = moved(body[-1], body[0], self.chance.uniform(0.2, 0.6))
        cycle = np.concatenate([body, pause])
        return np.resize(np.roll(cycle, self.chance.integers(len(cycle)), axis=0), (length, 17, 3)), trial.name

    def strike_alone(self) -> Scene:
        """One who boxes the air, somebody else standing 2-3 m off."""
        chance, length = self.chance, 7 * FPS
        one, source = self._striking(length)
        pose, _ = self.upright()
        other = held(pose, 7, chance)[:length] + np.array([chance.uniform(2.0, 3.0), 0, 0])
        scene = turned(np.stack([one, other]), chance.uniform(0, 2 * np.pi))
        return Scene("strikes in the air", source, list(scene), "", 0, 0, "composed", ("running",))

    def together(self, label: str) -> Scene:
        """Two people close: walking side by side, one playing beside another, or talking with their hands."""
        chance = self.chance
        if label == "talk":
            return self._talk()
        pool = [trial for trial in self.trials if trial.label.startswith(label)] or self.walks
        trial = pool[chance.integers(len(pool))]
        body = lasting(trial.body, 6.0)[: 8 * FPS]
        pose, _ = self.upright()
        gap = chance.uniform(0.5, 0.9)
        if label == "walk":
            other = lasting(trial.body, 6.3)[9 : 9 + len(body)]
            count = min(len(body), len(other))
            across = body[0, 5] - body[0, 6]
            side = across * [1, 0, 1] / np.linalg.norm(across * [1, 0, 1])
            pair = np.stack([body[:count], other[:count] + side * gap])
        else:
            hips = body[:, 11:13].mean(axis=(0, 1)) * [1, 0, 1]
            pair = np.stack([body - hips, held(pose, len(body) / FPS, chance)[: len(body)] + np.array([gap, 0, 0])])
        pair = turned(pair, chance.uniform(0, 2 * np.pi))
        pair = pair - pair[:, :, 11:13].mean(axis=(0, 1, 2)) * [1, 0, 1]
        also = ("running",) if label != "walk" else ()
        return Scene(
            f"two: {label}", trial.name, list(pair), "", 0, 0, "composed", (*also, "floor") if label == "climb" else also
        )

    def _talk(self) -> Scene:
        chance, length = self.chance, 7 * FPS
        pair = []
        for _ in range(2):
            pose, source = self.upright()
            body, at = held(pose, 7, chance)[:length], np.arange(length) / FPS
            for wrist in (9, 10):
                amplitude, rate = chance.uniform(0.05, 0.22, 3), chance.uniform(0.5, 1.3)
                body[:, wrist] += [0.25, 0.25, 0] + amplitude * np.sin(2 * np.pi * rate * at[:, None] + chance.uniform(0, 6, 3))
                body[:, wrist - 2] = (body[:, wrist] + body[:, wrist - 4]) / 2
            pair.append(body)
        pair[1] = turned(pair[1], np.pi) + np.array([chance.uniform(0.6, 0.95), 0, 0])
        return Scene("two: talk", source, list(turned(np.stack(pair), chance.uniform(0, 2 * np.pi))), "", 0, 0, "simulated")

    def cast(self, each: int) -> list[Scene]:
        """`each` of every composed or simulated scene, and each capture in as many views as make about `each` a label."""
        made: list[tuple[Callable[[], Scene], int]] = [
            (self.fall, 3 * each),
            (self.lie_down, each),
            (self.strike_alone, each // 2),
        ]
        if self.strikes:
            made.append((self.fight, 3 * each))
        for name in ("seat", "squat", "bend", "low shelf", "kneel", "floor seat", "reach"):
            made.append((lambda name=name: self.posed(name), each))  # type: ignore[misc]
        for label in ("walk", "ball", "jump", "talk"):
            if label == "talk" or any(trial.label.startswith(label) for trial in self.trials):
                made.append((lambda label=label: self.together(label), each))  # type: ignore[misc]
        scenes = [make() for make, count in made for _ in range(count)]
        for label in sorted({trial.label for trial in self.trials} - {"strike"}):
            pool = [trial for trial in self.trials if trial.label == label]
            count = max(len(pool), 3 * each if label == "run" else 2 * each)
            scenes += [self.captured(pool[index % len(pool)]) for index in range(count)]
        return scenes
