"""Hand-crafted gait of `bench gait`: what is compared without a network. Features of `app.inference.gait.features` and the
ratios of limbs in the picture, each brought to its own mean and spread over the walks compared."""

from dataclasses import astuple

import numpy as np
import numpy.typing as npt

from app.inference.gait.features import features
from app.inference.gait.sequence import SEEN_SCORE

Floats = npt.NDArray[np.float64]
_BONES = [(5, 7), (7, 9), (6, 8), (8, 10), (11, 13), (13, 15), (12, 14), (14, 16), (5, 6), (11, 12)]


def raw(keypoints: Floats, times_s: Floats) -> Floats:
    """(d,) of one sequence; NaN for what was not seen."""
    found = [np.nan if value is None else float(value) for value in astuple(features(keypoints, times_s))]
    points = np.where(keypoints[..., 2:] >= SEEN_SCORE, keypoints[..., :2], np.nan)
    trunk = _median(np.linalg.norm(points[:, 5:7].mean(1) - points[:, 11:13].mean(1), axis=1))
    ratios = [_median(np.linalg.norm(points[:, a] - points[:, b], axis=1)) / trunk for a, b in _BONES]
    return np.array([*found, *ratios])


def _median(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")


def compared(rows: Floats) -> Floats:
    """(m, d) of length 1: standardised by themselves, which favours them; what is unknown is taken as the mean."""
    rows = rows[:, ~np.isnan(rows).all(axis=0)]
    scaled = np.clip(np.nan_to_num((rows - np.nanmean(rows, axis=0)) / (np.nanstd(rows, axis=0) + 1e-9)), -3, 3)
    unit: Floats = scaled / np.maximum(np.linalg.norm(scaled, axis=1, keepdims=True), 1e-9)
    return unit
