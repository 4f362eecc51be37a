"""Error rates by group, where whoever gathered the pictures says which person is of which group. Nothing here infers one.

`groups.csv` in the data folder: columns `identity` and `group`, a line for each group a person is of. The names of groups are the
operator's own.
"""

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.kit.errors import BadInputError

Float = npt.NDArray[np.float64]
LEAST_PEOPLE: Final = 10
DRAWS: Final = 400


def groups_of(folder: Path) -> dict[str, set[str]]:
    """Group -> identities, of `groups.csv`; empty without one. BadInputError when it cannot be read."""
    path = folder / "groups.csv"
    if not path.is_file():
        return {}
    found: dict[str, set[str]] = defaultdict(set)
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            for row in csv.DictReader(lines):
                found[row["group"].strip()].add(row["identity"].strip())
    except (OSError, KeyError, AttributeError, UnicodeDecodeError, csv.Error) as error:
        raise BadInputError(f"{path} needs the columns identity and group, with a value in each line.") from error
    return dict(found)


def by_group(vectors: Float, people: list[str], groups: dict[str, set[str]], threshold: float) -> dict[str, dict[str, Any]]:
    """FNIR and FPIR of each group at one threshold, with 95 % intervals over people; searched among everybody's pictures.

    A group of fewer than `LEAST_PEOPLE` people is named with its number and has no rate.
    """
    names, scores = np.array(people), vectors @ vectors.T
    missed: dict[str, list[float]] = defaultdict(list)
    false: dict[str, list[float]] = defaultdict(list)
    for number, name in enumerate(people):
        own, foreign = names == name, names != name
        own[number] = False
        stranger = float(scores[number, foreign].max(initial=-1.0))
        false[name].append(float(stranger >= threshold))
        if own.any():
            best = float(scores[number, own].max())
            missed[name].append(float(best < threshold or best <= stranger))
    return {group: _rates(sorted(members & set(people)), missed, false) for group, members in sorted(groups.items())}


def _rates(members: list[str], missed: dict[str, list[float]], false: dict[str, list[float]]) -> dict[str, Any]:
    if len(members) < LEAST_PEOPLE:
        return {"people": len(members), "why_no_rate": f"needs {LEAST_PEOPLE} people at least"}
    return {
        "people": len(members),
        "fnir": _interval([missed[each] for each in members if missed[each]]),
        "fpir": _interval([false[each] for each in members]),
    }


def _interval(by_person: list[list[float]]) -> dict[str, float] | None:
    """The rate over all searches; the interval draws people, for those of one are not independent."""
    if not by_person:
        return None
    random = np.random.default_rng(1)
    wrong, searched = np.array([sum(each) for each in by_person]), np.array([len(each) for each in by_person], float)
    chosen = random.integers(0, len(wrong), (DRAWS, len(wrong)))
    low, high = np.percentile(wrong[chosen].sum(axis=1) / searched[chosen].sum(axis=1), [2.5, 97.5])
    return {"rate": round(float(wrong.sum() / searched.sum()), 4), "low": round(float(low), 4), "high": round(float(high), 4)}
