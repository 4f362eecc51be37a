"""Motion capture and models of `bench gait`: which model is tried on whose motion; none is tried on what it learned from."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from app.inference.contract import SERVED
from app.inference.gait.placing import GAIT_MODEL, GAIT_VERSION
from app.kit.errors import BadInputError
from benchmarks.behaviour_bodies import Trial, load
from benchmarks.document import CHECKOUT

DATA: Final = CHECKOUT.parent / "shared" / "data" / "mocap"
FOLDS: Final = CHECKOUT / "training" / "gait" / "folds"
RETARGETED: Final = "deepmimic"
"""One drawn body with other people's motion: nobody's gait. It serves as other motion only."""


@dataclass(frozen=True, slots=True)
class Trialled:
    """A model and the subjects it is tried on, none of which it learned from."""

    model: Path
    name: str
    subjects: list[str]
    learned_from: list[str]


def learned_from() -> list[str]:
    """Subjects whose motion the committed model knows."""
    with (SERVED / GAIT_MODEL / "contract.toml").open("rb") as file:
        return [str(name) for name in tomllib.load(file)["learned_from"]]


def captures(data: Path | None) -> list[Trial]:
    """Trials of a `.npz` or a folder of them. BadInputError when there are none."""
    if data is None and not DATA.is_dir():
        raise BadInputError("There is no motion capture beside the checkout; give a .npz file or a folder of them by --data.")
    place_of = data or DATA
    paths = sorted(place_of.glob("*.npz")) if place_of.is_dir() else [place_of]
    if not paths:
        raise BadInputError(f"{place_of} holds no .npz file.")
    return [trial for path in paths for trial in _labelled(path)]


def _labelled(path: Path) -> list[Trial]:
    """Where a file has no labels, the description of a trial says whether somebody walks."""
    trials = load(path)
    with np.load(path) as file:
        if "label" in file or "meta" not in file:
            return trials
        texts = {str(row[0]): str(row[2]).lower() for row in file["meta"] if len(row) > 2}
    return [
        replace(trial, label=next((word for word in ("walk", "run", "jog") if word in texts.get(trial.name, "")), trial.label))
        for trial in trials
    ]


def tried(trials: Sequence[Trial]) -> list[Trialled]:
    """The committed model on walkers it does not know; else each model of a fold on those that it was trained without."""
    walkers = sorted({trial.subject for trial in trials if is_walk(trial) and trial.subject != RETARGETED})
    known = learned_from()
    if new := [name for name in walkers if name not in known]:
        return [Trialled(SERVED / GAIT_MODEL / GAIT_VERSION / "model.onnx", GAIT_MODEL, new, known)]
    found = []
    for path in sorted(FOLDS.glob("without_*.onnx")):
        left = path.stem.split("_")[1:]
        if here := [name for name in walkers if name in left]:
            found.append(Trialled(path, f"gait_{path.stem}", here, [name for name in known if name not in left]))
    if not found:
        raise BadInputError(
            f"The gait model learned from every walker in these data ({', '.join(walkers)}); give others by --data."
        )
    return found


def published(fold: Trialled) -> Trialled | None:
    """A model of a published architecture that did not learn from the subjects of the fold either; None where there is none."""
    for path in sorted(FOLDS.glob("gaitgraph_without_*.onnx")):
        left = path.stem.split("_")[2:]
        learned = [name for name in learned_from() if name not in left]
        if not set(fold.subjects) & set(learned):
            return Trialled(path, f"gait_{path.stem}", fold.subjects, learned)
    return None


def familiar(trials: Sequence[Trial]) -> list[Trialled]:
    """The committed model on the walkers of these data whose motion it does know, where there are any."""
    known = learned_from()
    here = sorted({trial.subject for trial in trials if is_walk(trial) and trial.subject in known})
    return [Trialled(SERVED / GAIT_MODEL / GAIT_VERSION / "model.onnx", GAIT_MODEL, here, known)] if here else []


def is_walk(trial: Trial) -> bool:
    """Whether somebody walks as people do, long enough for a stride."""
    return trial.label.startswith("walk") and len(trial.body) >= 30
