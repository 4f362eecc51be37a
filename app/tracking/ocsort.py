"""OC-SORT (Cao et al., CVPR 2023) by Roboflow's `trackers`, behind our own protocol."""

from typing import Final

import numpy as np
import supervision as sv
from trackers import OCSORTTracker

from app.perception.detections import Detections, TrackedDetections
from app.tracking.limits import LOST_S, MIN_IOU, MIN_SCORE

LONGEST_PAUSE_S: Final = 5.0
"""Where a camera's frames come farther apart than `LOST_S`, nobody was looked for meanwhile: up to this pause a track goes on if
its person is found in the next frame. Without it whoever overloads a worker below one frame in two seconds sees nobody at all,
for a track is told from its second frame on."""

STAYED_IOU: Final = 0.3
"""Instead of `MIN_IOU` after a pause longer than `LOST_S`: of who walks nothing is where it was, so only who stayed is known
again. Two who pass one place seconds apart overlap by `MIN_IOU` easily. 0.3 is what OC-SORT's authors ask for between frames."""

_NOMINAL_FPS: Final = 30.0
_HAIR_S: Final = 0.001


class OcSort:
    """One camera's tracker. Not thread-safe."""

    def __init__(self, fps: float) -> None:
        self._tracker = OCSORTTracker(
            lost_track_buffer=round(LOST_S * _NOMINAL_FPS),
            frame_rate=fps,
            minimum_consecutive_frames=1,
            minimum_iou_threshold=MIN_IOU,
            high_conf_det_threshold=MIN_SCORE,
        )
        self._last_us = 0
        self._time_s = 0.0

    def update(self, detections: Detections, at_us: int) -> TrackedDetections:
        """See `Tracker.update`."""
        self._tracker.minimum_iou_threshold = least_overlap(self._pass_time(at_us))
        index = np.arange(len(detections))
        given = sv.Detections(xyxy=detections.boxes.copy(), confidence=detections.scores, data={"index": index})
        tracked = self._tracker.update(given, timestamp=self._time_s)
        if len(tracked) == 0 or tracked.tracker_id is None:
            return TrackedDetections(Detections.empty(), np.zeros(0, np.uint64))
        ids = np.asarray(tracked.tracker_id, np.int64)
        where = np.asarray(tracked.data["index"], np.intp)
        order = np.argsort(where, kind="stable")
        order = order[ids[order] >= 0]
        return TrackedDetections(detections.take(where[order]), (ids[order] + 1).astype(np.uint64))

    def _pass_time(self, at_us: int) -> float:
        """Move the library's clock on; seconds since the last frame. A pause is at most a hair less than what ends a track."""
        at_us = max(at_us, self._last_us + 1)
        passed_s = (at_us - self._last_us) / 1e6
        self._last_us = at_us
        self._time_s += min(passed_s, LOST_S - _HAIR_S) if passed_s <= LONGEST_PAUSE_S else passed_s
        return passed_s


def least_overlap(pause_s: float) -> float:
    """The overlap (IoU) of two boxes from which they may be one person, by the time between their frames."""
    return MIN_IOU if pause_s <= LOST_S else STAYED_IOU
