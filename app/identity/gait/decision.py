"""What a walk says of a lead: the entry's own template must be the best of the list, and above what strangers reach. Pure.

The threshold is of one search among so many templates: one stranger in a hundred passes it, by a tail that was measured on
identities whose motion the model never saw (`calibration.json` beside it). Those are synthetic, so that it is no promise about
people; for another model version nobody measured anything, and nothing is supported.
"""

import json
import uuid
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from app.identity.decision.tail import Calibration, threshold_for
from app.identity.decision.thresholds import calibration_of
from app.identity.gait.models import Verdict
from app.inference.contract import SERVED
from app.inference.gait.placing import GAIT_MODEL, GAIT_VERSION

WANTED_FPIR: Final = 1e-2
SMALLEST_LIST: Final = 10
"""Shorter lists are taken for so long: the figures are of synthetic people."""
LEAST_QUALITY: Final = 0.5
"""Of a sequence, 0..1 (`inference.gait.quality`): a second and a half of walking with every joint seen is 0.4."""
CALIBRATION: Final = SERVED / GAIT_MODEL / "calibration.json"

NOT_CALIBRATED: Final = "not calibrated"
POOR: Final = "poorly seen"
STANDS: Final = "no walk"
BELOW: Final = "below the threshold"
OTHER_NEARER: Final = "another entry is nearer"


@cache
def read_calibration(file: Path = CALIBRATION) -> Mapping[tuple[str, str], Calibration]:
    """By model and version; none without the file, so that nothing is supported. BadInputError when it is damaged."""
    if not file.is_file():
        return {}
    details = json.loads(file.read_text("utf-8"))
    found = calibration_of(details)
    return {} if found is None else {(GAIT_MODEL, str(details["model_version"])): found}


def threshold_of(model: str, version: str, templates: int) -> float | None:
    """From which score one of so many templates is a support; None for a version that nobody measured."""
    known = read_calibration().get((model, version)) if version == GAIT_VERSION else None
    return None if known is None else threshold_for(known, max(SMALLEST_LIST, templates), WANTED_FPIR).high


def judge(
    own: uuid.UUID, scores: Mapping[uuid.UUID, float], threshold: float | None, quality: float, *, walking: bool
) -> tuple[Verdict, str]:
    """The verdict, and why where it is not a support.

    Args:
        own: the lead's enrolment; one of `scores`.
        scores: cosine of each enrolment that was compared.
    """
    if threshold is None:
        return Verdict.UNKNOWN, NOT_CALIBRATED
    if not walking:
        return Verdict.UNKNOWN, STANDS
    if not quality >= LEAST_QUALITY:
        return Verdict.UNKNOWN, POOR
    if not scores[own] >= threshold:
        return Verdict.UNKNOWN, BELOW
    if any(not score < scores[own] for each, score in scores.items() if each != own):
        return Verdict.UNKNOWN, OTHER_NEARER
    return Verdict.SUPPORTS, ""
