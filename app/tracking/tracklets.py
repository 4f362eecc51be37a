"""From tracked frames to tracklets: what is kept of a track once it has ended. Holds boxes at 1 Hz, never keypoints."""

import uuid
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from app.contracts.tracked import TrackletClosed
from app.contracts.wire import floats
from app.perception.detections import TrackedDetections

LOST_US: Final = 2_500_000
"""A track unseen for this long is closed; a little more than the tracker's own memory, so that it cannot come back."""

BOX_EVERY_US: Final = 1_000_000
LONGEST_US: Final = 600_000_000
"""A track is reported in pieces of ten minutes at most, so that neither memory nor a message grows without end."""


@dataclass(slots=True)
class _OpenTrack:
    started_us: int
    seen_us: int
    frames: int = 0
    score_sum: float = 0.0
    boxes: list[tuple[float, ...]] = field(default_factory=list)
    box_due_us: int = 0


class Tracklets:
    """The open tracks of one epoch of one camera; frame size is constant within an epoch."""

    def __init__(self, camera: uuid.UUID, epoch: int, width: int, height: int) -> None:
        self._camera, self._epoch = camera, epoch
        self._width, self._height = width, height
        self._open: dict[int, _OpenTrack] = {}

    def __len__(self) -> int:
        return len(self._open)

    def update(self, tracked: TrackedDetections, at_us: int) -> list[TrackletClosed]:
        """Take in one frame; the tracklets that ended or grew too long."""
        boxes, scores = tracked.detections.boxes, tracked.detections.scores
        for track_id, box, score in zip(tracked.track_ids.tolist(), boxes, scores.tolist(), strict=True):
            track = self._open.setdefault(track_id, _OpenTrack(at_us, at_us))
            track.seen_us = at_us
            track.frames += 1
            track.score_sum += score
            if at_us >= track.box_due_us:
                track.boxes.append(((at_us - track.started_us) / 1e6, *box.tolist()))
                track.box_due_us = at_us + BOX_EVERY_US
        over = [
            track_id
            for track_id, track in self._open.items()
            if at_us - track.seen_us >= LOST_US or at_us - track.started_us >= LONGEST_US
        ]
        return [self._close(track_id) for track_id in over]

    def close(self) -> list[TrackletClosed]:
        """End every open track: the stream is gone."""
        return [self._close(track_id) for track_id in list(self._open)]

    def _close(self, track_id: int) -> TrackletClosed:
        track = self._open.pop(track_id)
        return TrackletClosed(
            camera_id=self._camera,
            epoch=self._epoch,
            track_id=track_id,
            started_at_us=track.started_us,
            ended_at_us=track.seen_us,
            frames=track.frames,
            mean_score=track.score_sum / track.frames,
            width=self._width,
            height=self._height,
            boxes=floats(np.array(track.boxes, np.float32)),
        )
