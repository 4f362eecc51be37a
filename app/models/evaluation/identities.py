"""A folder `identity/image.jpg` of faces: what it holds, and how often embeddings of it err. Pure but for the listing."""

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from app.kit.errors import BadInputError

Float = npt.NDArray[np.float64]
MOST_PICTURES: Final = 6_000
"""18 million pairs: some hundred MB."""


def pictures(folder: Path) -> list[tuple[str, Path]]:
    """(identity, file) of each picture. BadInputError when there are not two identities, or too many pictures to compare."""
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
    if len(found) > MOST_PICTURES:
        raise BadInputError(f"{folder} holds {len(found)} pictures; at most {MOST_PICTURES} are compared, each with each.")
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
    names = np.array(people)
    mated, unmated = [], []
    for number, name in enumerate(names):
        own, foreign, scores = names == name, names != name, vectors @ vectors[number]
        own[number] = False
        stranger = float(scores[foreign].max())
        unmated.append(stranger)
        if own.any():
            score = float(scores[own].max())
            mated.append(score if score > stranger else -1.0)
    return np.array(mated), np.array(unmated)


def fnir(mated: Float, unmated: Float, fpir: float) -> float:
    """Share of mated searches missed at the threshold that lets `fpir` of the unmated ones through."""
    ranked = np.sort(unmated)[::-1]
    limit = ranked[int(np.floor(fpir * len(ranked)))]
    return float((mated <= limit).mean())


def rates(vectors: Float, people: list[str]) -> dict[str, float]:
    """EER of all pairs; FNIR at two FPIR. Empty unless there are two pictures of one person, and two people."""
    names = np.array(people)
    scores = np.concatenate([np.empty(0), *(vectors[place + 1 :] @ vectors[place] for place in range(len(names)))])
    same = np.concatenate([np.empty(0, bool), *(names[place + 1 :] == names[place] for place in range(len(names)))])
    if same.all() or not same.any():
        return {}
    mated, unmated = searches(vectors, people)
    return {
        "eer": eer(scores[same], scores[~same]),
        "fnir_at_fpir_1e_2": fnir(mated, unmated, 1e-2),
        "fnir_at_fpir_1e_3": fnir(mated, unmated, 1e-3),
    }
