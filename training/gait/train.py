"""`python -m training.gait.train CACHE --out OUT`: trains on what `training.gait.cache` made; writes `OUT/model.onnx`.

One thread, seeded; the same cache, seed and steps give the same network on the same build of torch. It can be stopped at any
moment: the last checkpoint in OUT goes on from there, or is exported as it is by `--export`.
"""

import argparse
import copy
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnx.numpy_helper
import torch
from torch import Tensor, nn

from training.gait.export import write
from training.gait.gaitgraph import GaitGraph
from training.gait.network import Embedder, GaitNetwork, Guess, contrast
from training.gait.scenes import EACH, Shard
from training.gait.strides import MADE

NETWORKS = {"ours": GaitNetwork, "gaitgraph": GaitGraph}
WARM, LAST = 100, 0.35
TEMPERATURE, GUESS_WEIGHT, SMOOTH, RATE = 0.08, 0.6, 0.995, 2e-3


def pace(step: int, steps: int) -> float:
    """Share of the learning rate: warm up (over a tenth of a short training), hold, then fall over the last third."""
    return min(1.0, (step + 1) / min(WARM, max(steps // 10, 1)), max((steps - step) / (LAST * steps), 0.01))


class Training:
    """The networks, their running average, and where the training stands."""

    def __init__(self, kind: str, seed: int, rate: float) -> None:
        torch.manual_seed(seed)
        self.network, self.guess = NETWORKS[kind](), Guess()
        self.average = copy.deepcopy(self.network)
        self.rate = rate
        self.optimiser = torch.optim.AdamW([*self.network.parameters(), *self.guess.parameters()], rate, weight_decay=1e-3)
        self.step = 0

    def learn(
        self, moments: Tensor, sequence: Tensor | None, who: Tensor, latent: Tensor, pace_now: float
    ) -> tuple[float, float]:
        """One step; both losses. Without the sequences only what follows the moments is learned."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * pace_now
        raw = self.network.embed(moments, None if sequence is None else self.network.watched(sequence))
        told = contrast(nn.functional.normalize(raw, dim=1), who, TEMPERATURE)
        guessed = nn.functional.mse_loss(self.guess(raw), latent)
        self.optimiser.zero_grad()
        (told + GUESS_WEIGHT * guessed).backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        smooth = min(SMOOTH, self.step / (self.step + 20))
        with torch.no_grad():
            for kept, new in zip(self.average.state_dict().values(), self.network.state_dict().values(), strict=True):
                if kept.dtype.is_floating_point:
                    kept.lerp_(new, 1 - smooth)
                else:
                    kept.copy_(new)
        return float(told.detach()), float(guessed.detach())

    def save(self, path: Path) -> None:
        """Whole or not at all."""
        parts = {name: getattr(self, name).state_dict() for name in ("network", "guess", "average", "optimiser")}
        torch.save({"step": self.step, **parts}, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)

    def restore(self, path: Path) -> None:
        """Go on from a checkpoint."""
        kept = torch.load(path, weights_only=True)
        self.step = kept.pop("step")
        for name, state in kept.items():
            getattr(self, name).load_state_dict(state)

    def begin_from(self, path: Path) -> None:
        """Learn on from a model that was written before, at step 0. Convolutions begin anew: in it they are folded."""
        state = self.network.state_dict()
        for each in onnx.load(path).graph.initializer:
            if each.name in state and not each.name.startswith(("join", "attention")):
                state[each.name] = torch.from_numpy(onnx.numpy_helper.to_array(each).copy())
        self.network.load_state_dict(state)
        self.average.load_state_dict(state)


class Walks:
    """Shards in memory, without the subjects left out; half of the walks are cut short.

    Args:
        whole: sequences are kept beside their moments.
    """

    def __init__(self, folder: Path, leave: list[str], network: Embedder, *, whole: bool) -> None:
        self.shards: dict[int, list[tuple[Shard, Tensor]]] = {}
        chance, everyone = np.random.default_rng(0), set()
        for path in sorted(folder.glob("????.npz")):
            with np.load(path) as file:
                kept = ~np.isin(file["subject"], leave)
                if kept.sum() < 16 * EACH:
                    continue
                found = Shard(*(file[name][kept] for name in ("sequence", "who", "latent", "subject")))
            for row in np.flatnonzero(chance.random(len(found.sequence)) < 0.5):
                used = int(found.sequence[row, :, -1].sum())
                found.sequence[row, int(used * chance.uniform(0.5, 1)) :] = 0
            with torch.no_grad():
                moments = network.known(torch.from_numpy(found.sequence.astype(np.float32))).half()
            slots = found.sequence.shape[1]
            everyone |= set(found.subject)
            self.shards.setdefault(slots, []).append((found if whole else replace(found, sequence=found.sequence[:0]), moments))
        self.subjects = sorted(name for name in everyone if not name.startswith(MADE))

    def batch(self, chance: np.random.Generator, people: int, whole: bool) -> tuple[Tensor, Tensor | None, Tensor, Tensor]:
        """Moments, sequences (if `whole`), identity and its latent, of `people` of one shard or of four, 4 walks each."""
        sizes = {slots: len(group) for slots, group in self.shards.items()}
        slots = int(chance.choice(list(sizes), p=np.array(list(sizes.values())) / sum(sizes.values())))
        count = min(1 if chance.random() < 0.5 else 4, sizes[slots])
        parts = []
        for index in chance.choice(sizes[slots], count, replace=False):
            shard, moments = self.shards[slots][index]
            there = np.unique(shard.who)
            some = chance.choice(there, min(people // count, len(there)), replace=False)
            rows = np.concatenate([chance.choice(np.flatnonzero(shard.who == who), 4, replace=False) for who in some])
            sequence = torch.from_numpy(shard.sequence[rows].astype(np.float32)) if whole else None
            parts.append(
                (moments[rows].float(), sequence, torch.from_numpy(shard.who[rows]), torch.from_numpy(shard.latent[rows]))
            )
        moments, who, latent = (torch.cat([part[index] for part in parts]) for index in (0, 2, 3))
        return moments, torch.cat([part[1] for part in parts]) if whole else None, who, latent


def train(
    kind: str, cache: Path, out: Path, leave: list[str], stages: tuple[int, int], people: int, seed: int, begin: Path | None
) -> None:
    """Moments alone for `stages[0]` steps, then everything for `stages[1]`; a checkpoint about each half minute."""
    torch.set_num_threads(1)
    out.mkdir(parents=True, exist_ok=True)
    training, checkpoint = Training(kind, seed, RATE), out / "checkpoint.pt"
    walks = Walks(cache, leave, training.network, whole=stages[1] > 0)
    if checkpoint.is_file():
        training.restore(checkpoint)
    elif begin is not None:
        training.begin_from(begin)
    saved, begun, losses, steps = time.monotonic(), time.monotonic(), [], sum(stages)
    while training.step < steps:
        chance, whole = np.random.default_rng([seed, training.step]), training.step >= stages[0]
        batch = walks.batch(chance, people, whole)
        # Each stage has a rate of its own: convolutions that begin when the rate of the moments ends would never leave 0.
        now = pace(training.step - stages[0], stages[1]) if whole else pace(training.step, stages[0])
        losses.append(training.learn(*batch, now))
        if training.step % 100 == 0:
            told, guessed = np.mean(losses[-100:], axis=0)
            line = {"step": training.step, "contrast": round(float(told), 3), "guess": round(float(guessed), 3),
                    "seconds": round(time.monotonic() - begun), "cpu_seconds": round(time.process_time())}  # fmt: skip
            with (out / "log.jsonl").open("a") as log:
                log.write(json.dumps(line) + "\n")
        if time.monotonic() - saved > 30 or training.step == steps:
            training.save(checkpoint)
            saved = time.monotonic()
    write(training.average, out / "model.onnx", walks.subjects, training.step, seed)


def main() -> None:
    """Command line."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("cache", type=Path)
    words.add_argument("--out", type=Path, required=True)
    words.add_argument(
        "--network", choices=[*NETWORKS], default="ours", help="gaitgraph learns everything from the start: 0 steps of moments"
    )
    words.add_argument("--people", type=int, default=64, help="of a batch, four walks each")
    words.add_argument("--leave", nargs="*", default=[], help="subjects that are not learned from")
    words.add_argument("--begin", type=Path, help="a model.onnx to learn on from")
    words.add_argument("--steps", type=int, nargs=2, default=[5000, 1000], help="with moments alone, and with everything")
    words.add_argument("--seed", type=int, default=9)
    words.add_argument("--export", action="store_true", help="write the checkpoint as it is")
    given = words.parse_args()
    if given.export:
        training = Training(given.network, given.seed, 0.0)
        training.restore(given.out / "checkpoint.pt")
        walks = Walks(given.cache, given.leave, training.network, whole=False)
        write(training.average, given.out / "model.onnx", walks.subjects, training.step, given.seed)
        return
    stages = (given.steps[0], given.steps[1])
    train(given.network, given.cache, given.out, given.leave, stages, given.people, given.seed, given.begin)


if __name__ == "__main__":
    main()
