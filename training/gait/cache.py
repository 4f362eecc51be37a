"""`python -m training.gait.cache DATA --out FOLDER`: makes the training set once, so that training only reads it."""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.behaviour_bodies import load
from benchmarks.gait_people import Studio
from training.gait.scenes import shard


def make(data: list[Path], out: Path, shards: int, seed: int) -> None:
    """Shards that are there are left alone."""
    out.mkdir(parents=True, exist_ok=True)
    studio = Studio([trial for path in data for trial in load(path)])
    for number in range(shards):
        path = out / f"{number:04d}.npz"
        if path.is_file():
            continue
        made = shard(studio, number, seed)
        part = path.with_suffix(".part.npz")
        np.savez(part, sequence=made.sequence.astype(np.float16), who=made.who, latent=made.latent, subject=made.subject)
        part.replace(path)


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("data", type=Path, nargs="+", help="motion capture, .npz")
    words.add_argument("--out", type=Path, required=True)
    words.add_argument("--shards", type=int, default=128)
    words.add_argument("--seed", type=int, default=9)
    given = words.parse_args()
    make(given.data, given.out, given.shards, given.seed)
