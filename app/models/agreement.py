"""Whether two answers of pose models say the same: pure."""

from typing import Final

import numpy as np

from app.models.comparison import CERTAIN, SEEN, overlaps
from app.perception.detections import Detections

LEAST_OVERLAP: Final = 0.8


def differs(golden: Detections, found: Detections, keypoint_px: float, score: float) -> str:
    """ "" where `found` says what `golden` says, within the tolerance; else one sentence.

    Args:
        keypoint_px: pixels that the keypoints of a person that are seen may be off on average.
        score: that a person's score may be off.
    """
    for person in np.flatnonzero(golden.scores >= CERTAIN):
        shared = overlaps(golden.boxes[person, None], found.boxes)[0]
        if not len(shared) or shared.max() < LEAST_OVERLAP:
            return "it does not find a person of the golden outputs"
        match = int(shared.argmax())
        if abs(found.scores[match] - golden.scores[person]) > score:
            return f"a score is {abs(found.scores[match] - golden.scores[person]):.3f} off, {score:g} are allowed"
        seen = golden.keypoints[person, :, 2] >= SEEN
        if seen.any():
            off = np.linalg.norm(found.keypoints[match, seen, :2] - golden.keypoints[person, seen, :2], axis=1).mean()
            if not off <= keypoint_px:
                return f"keypoints are {off:.1f} px off on average, {keypoint_px:g} are allowed"
    for person in np.flatnonzero(found.scores >= CERTAIN + score):
        shared = overlaps(found.boxes[person, None], golden.boxes)[0]
        if not len(shared) or shared.max() < LEAST_OVERLAP:
            return "it finds a person that the golden outputs do not have"
    return ""
