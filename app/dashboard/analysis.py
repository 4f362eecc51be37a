"""TrackedFrame to `analysis-result`: once for each frame, however many look on."""

from collections.abc import Mapping

import numpy as np

from app.contracts.sockets import AnalysisResult, FrameSize, PersonSeen, to_text
from app.contracts.tracked import TrackedFrame
from app.kit.clock import from_us


def captured_at_text(captured_at_us: int) -> str:
    """RFC 3339 UTC with six digits of the second: equal text for equal microseconds."""
    return from_us(captured_at_us).isoformat(timespec="microseconds").replace("+00:00", "Z")


NO_LABELS: Mapping[int, list[str]] = {}


def analysis_result(frame: TrackedFrame, labels: Mapping[int, list[str]] = NO_LABELS) -> AnalysisResult:
    """The result of one frame; pixels to a hundredth, scores to a ten-thousandth. WireError when its arrays do not fit.

    `labels` by track id, for those that have any.
    """
    # In float64: a float32 rounded to 0.1 prints as 0.10000000149.
    boxes = np.round(frame.box_array().astype(np.float64), 2).tolist()
    scores = np.round(frame.score_array().astype(np.float64), 4).tolist()
    keypoints = frame.keypoint_array().astype(np.float64)
    places, sure = np.round(keypoints[:, :, :2], 2), np.round(keypoints[:, :, 2:], 4)
    points = np.concatenate([places, sure], axis=2).tolist()
    persons = [
        PersonSeen(str(track_id), tuple(box), score, person_points, labels.get(track_id, []))
        for track_id, box, score, person_points in zip(frame.track_ids, boxes, scores, points, strict=True)
    ]
    return AnalysisResult(frame.camera_id, captured_at_text(frame.captured_at_us), FrameSize(frame.width, frame.height), persons)


def analysis_text(frame: TrackedFrame, labels: Mapping[int, list[str]] = NO_LABELS) -> str:
    """The text frame to send."""
    return to_text(analysis_result(frame, labels))
