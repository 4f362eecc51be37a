"""A tracklet as stored: boxes at 1 Hz, never keypoints."""

import uuid
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Tracklet:
    """One person's track on one camera.

    Attributes:
        width, height: of the frame the boxes are in, pixels.
        boxes: (m, 5) float32: seconds since started_at, x1, y1, x2, y2.
    """

    id: uuid.UUID
    store_id: uuid.UUID
    camera_id: uuid.UUID
    epoch: int
    track_id: int
    started_at: datetime
    ended_at: datetime
    frames: int
    mean_score: float
    width: int
    height: int
    boxes: npt.NDArray[np.float32]
