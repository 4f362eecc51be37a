"""Scores of different people on a folder of faces, as one served version gives them, and the threshold they lead to."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.identity.decision.tail import Calibration, calibrate
from app.identity.decision.thresholds import WANTED_FPIR, details_of
from app.kit.errors import BadInputError
from app.models.evaluation.faces import ask_versions
from app.models.evaluation.identities import pictures


async def measure(url: str, version: str, folder: Path, tell: Callable[[int, int], None]) -> dict[str, Any]:
    """What is sent to the service: numbers of curves; no embedding and no score is kept.

    Raises:
        BadInputError: too few people, a folder that cannot be read, or a version that is not served.
    """
    named = pictures(folder)
    answers, _ = await ask_versions(url, [version], [path for _, path in named], tell)
    seen = [(person, answer.embeddings[0]) for (person, _), answer in zip(named, answers[version], strict=True) if len(answer)]
    if not seen:
        raise BadInputError(f"Version {version} finds no face in the pictures of {folder}.")
    found = calibrated_on([person for person, _ in seen], np.array([vector for _, vector in seen], np.float64))
    return {**details_of(found, WANTED_FPIR), "pictures": len(seen), "data_set": folder.name[:200]}


def calibrated_on(people: Sequence[str], vectors: npt.NDArray[np.float64]) -> Calibration:
    """Of (n, d) embeddings of length 1 and whose each is: each person against all others' pictures. BadInputError for few."""
    names, scores = np.array(people), vectors @ vectors.T
    by_person = []
    for name in sorted(set(people)):
        own = names == name
        by_person.append(scores[np.ix_(own, ~own)].ravel())
    return calibrate(by_person)
