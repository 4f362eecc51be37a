"""A folder `identity/image.jpg` of faces: what it holds, and how often embeddings of it err. Pure but for the listing."""

import itertools
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.kit.errors import BadInputError

Float = npt.NDArray[np.float64]


def pictures(folder: Path) -> list[tuple[str, Path]]:
    """(identity, file) of each picture. BadInputError when there are not two identities."""
    root = folder / "enrol" if (folder / "enrol").is_dir() else folder
    found = [
        (person.name, path)
        for person in sorted(root.iterdir() if root.is_dir() else ())
        if person.is_dir()
        for path in sorted(person.iterdir())
        if path.suffix.lower() in (".jpg", ".jpeg", ".png")
    ]
    if len({person for person, _ in found}) < 2:
        raise BadInputError(f"{folder} holds no pictures of two people or more; give a folder of identity/image.jpg.")
    return found


def eer(mates: Float, others: Float) -> float:
    """Equal error rate: where as many mates lie below a threshold as others lie at or above it."""
    limits = np.unique(np.concatenate([mates, others]))
    misses = np.searchsorted(np.sort(mates), limits, side="left") / len(mates)
    alarms = 1 - np.searchsorted(np.sort(others), limits, side="left") / len(others)
    best = int(np.argmin(np.abs(misses - alarms)))
    return float((misses[best] + alarms[best]) / 2)


def searches(vectors: Float, people: list[str]) -> tuple[Float, Float]:
    """Leave-one-out searches of a gallery of all other pictures.

    Returns:
        mated: best score of the own identity of each picture whose person is enrolled otherwise, -1 when another ranks first.
        unmated: best score of each picture when its own person is not in the gallery.
    """
    names, scores = np.array(people), vectors @ vectors.T
    mated, unmated = [], []
    for number, name in enumerate(names):
        own, foreign = names == name, names != name
        own[number] = False
        stranger = float(scores[number, foreign].max())
        unmated.append(stranger)
        if own.any():
            score = float(scores[number, own].max())
            mated.append(score if score > stranger else -1.0)
    return np.array(mated), np.array(unmated)


def fnir(mated: Float, unmated: Float, fpir: float) -> float:
    """Share of mated searches missed at the threshold that lets `fpir` of the unmated ones through."""
    ranked = np.sort(unmated)[::-1]
    limit = ranked[int(np.floor(fpir * len(ranked)))]
    return float((mated <= limit).mean())


def rates(vectors: Float, people: list[str]) -> dict[str, float]:
    """EER of all pairs; FNIR at two FPIR. NaN where there is nothing to count."""
    pairs = list(itertools.combinations(range(len(people)), 2))
    scores = np.array([vectors[a] @ vectors[b] for a, b in pairs])
    same = np.array([people[a] == people[b] for a, b in pairs], bool)
    if same.all() or not same.any():
        return {}
    mated, unmated = searches(vectors, people)
    return {
        "eer": eer(scores[same], scores[~same]),
        "fnir_at_fpir_1e_2": fnir(mated, unmated, 1e-2),
        "fnir_at_fpir_1e_3": fnir(mated, unmated, 1e-3),
    }
