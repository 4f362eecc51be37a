"""Which threshold a list of a size has for a model version: calibrated where that was measured, else a careful default. Pure."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any, Final

from app.identity.decision.tail import Calibration, Tail, threshold_for
from app.kit.errors import BadInputError

UNCALIBRATED: Final = {"face_embedding": 0.96}
"""Cosines of the default model before anybody calibrated it; dlib's own advice (a distance of 0.6) is far too lax for a list."""

STRICTEST: Final = 0.99
"""For a model nobody knows anything about."""

WANTED_FPIR: Final = 1e-3
DRAWN_KEPT: Final = 100


def details_of(calibration: Calibration, fpir: float) -> dict[str, Any]:
    """What is stored of a calibration: numbers of curves, no score of anybody."""
    drawn = [[each.start, each.share, each.scale, each.shape] for each in calibration.drawn[:DRAWN_KEPT]]
    return {
        "tail": asdict(calibration.tail),
        "drawn": drawn,
        "scores": calibration.scores,
        "people": calibration.people,
        "fpir": fpir,
    }


def calibration_of(details: Mapping[str, Any]) -> Calibration | None:
    """The stored calibration; None where these details hold none.

    Raises:
        BadInputError: they are damaged.
    """
    if "tail" not in details:
        return None
    try:
        drawn = tuple(Tail(*map(float, each)) for each in details["drawn"])
        tail = Tail(**{name: float(value) for name, value in details["tail"].items()})
        return Calibration(tail, drawn or (tail,), int(details["scores"]), int(details["people"]))
    except (TypeError, ValueError, KeyError) as error:
        raise BadInputError("A stored calibration is damaged; calibrate again.") from error


class Thresholds:
    """The measured thresholds of every model version, by list size."""

    def __init__(self, calibrated: Mapping[tuple[str, str], tuple[float, Mapping[str, Any]]]) -> None:
        self._stored: dict[tuple[str, str], tuple[float, float, Calibration | None]] = {}
        for key, (threshold, details) in calibrated.items():
            try:
                found = calibration_of(details)
            except BadInputError:
                found = None
            self._stored[key] = (threshold, float(details.get("fpir", WANTED_FPIR)), found)
        self._for_size = lru_cache(maxsize=4096)(self._compute)

    def measured(self, model: str, version: str, templates: int) -> float:
        """From which score a template of a list of that size is a lead; never below what the calibration stored."""
        # In steps of two, upwards: a threshold must not move with every enrolment.
        return self._for_size(model, version, 1 << max(0, (max(1, templates) - 1).bit_length()))

    def _compute(self, model: str, version: str, templates: int) -> float:
        stored = self._stored.get((model, version))
        if stored is None:
            return UNCALIBRATED.get(model, STRICTEST)
        threshold, fpir, calibration = stored
        if calibration is None:
            return threshold
        return max(threshold, threshold_for(calibration, templates, fpir).high)
