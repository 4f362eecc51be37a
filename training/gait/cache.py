"""`python -m training.gait.cache DATA --out FOLDER`: makes the training set once, so that training only reads it."""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.behaviour_bodies import load
from benchmarks.gait_people import Studio
from training.gait.scenes import shard


def make(data: list[Path], out: Path, shards: int, seed: int, made: float) -> None:
    """Shards that are there are left alone."""
    out.mkdir(parents=True, exist_ok=True)
    studio = Studio([trial for path in data for trial in load(path)])
    for number in range(shards):
        path = out / f"{number:04d}.npz"
        if path.is_file():
            continue
        new = shard(studio, number, seed, made)
        part = path.with_suffix(".part.npz")
        np.savez(part, sequence=new.sequence.astype(np.float16), who=new.who, latent=new.latent, subject=new.subject)
        part.replace(path)


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("data", type=Path, nargs="+", help="motion capture, .npz")
    words.add_argument("--out", type=Path, required=True)
    words.add_argument("--shards", type=int, default=128)
    words.add_argument("--seed", type=int, default=9)
    words.add_argument("--made", type=float, default=0.0, help="share of the shards whose motion was made (strides.py)")
    given = words.parse_args()
    make(given.data, given.out, given.shards, given.seed, given.made)
