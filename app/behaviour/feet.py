"""Feet of a frame's people, straight from its arrays: what continuity and the rules about zones look at. Pure."""

import struct

from app.behaviour.bodies import KEYPOINT_SCORE
from app.contracts.tracked import TrackedFrame
from app.contracts.wire import WireError

_LEFT_ANKLE_AT = 15 * 3 * 4  # byte offset of the first ankle's x in one person's keypoints
_KEYPOINT_BYTES = 17 * 3 * 4
_ankles = struct.Struct("<6f").unpack_from

PERSON_SCORE = 0.3
"""What a detection needs to be believed."""
Feet = tuple[int, float, float, float]
"""track id, foot x, foot y, box height; shares of the picture."""


def check_arrays(frame: TrackedFrame) -> None:
    """Raises WireError where the arrays do not fit the number of track ids, or the frame has no size."""
    count = len(frame.track_ids)
    if len(frame.boxes) != 16 * count or len(frame.scores) != 4 * count or len(frame.keypoints) != _KEYPOINT_BYTES * count:
        raise WireError("the arrays of a tracked frame do not fit its track ids")
    if frame.width <= 0 or frame.height <= 0:
        raise WireError("a tracked frame has no size")


def feet_of(frame: TrackedFrame) -> list[Feet]:
    """Foot points: the mean of the believable ankles, else the bottom centre of the box.

    People whose score is low or whose box is no number or wildly off the picture are left out.

    Raises:
        WireError: the arrays do not fit the number of track ids, or the frame has no size.
    """
    check_arrays(frame)
    count = len(frame.track_ids)
    boxes = struct.unpack(f"<{4 * count}f", frame.boxes)
    scores = struct.unpack(f"<{count}f", frame.scores)
    keypoints, least = frame.keypoints, KEYPOINT_SCORE
    per_x, per_y = 1.0 / frame.width, 1.0 / frame.height
    found: list[Feet] = []
    for index, track in enumerate(frame.track_ids):
        if not scores[index] >= PERSON_SCORE:
            continue
        left, top, right, bottom = boxes[4 * index : 4 * index + 4]
        x, y = (left + right) * 0.5, bottom
        x1, y1, s1, x2, y2, s2 = _ankles(keypoints, index * _KEYPOINT_BYTES + _LEFT_ANKLE_AT)
        if s1 >= least and s2 >= least:
            x, y = (x1 + x2) * 0.5, (y1 + y2) * 0.5
        elif s1 >= least:
            x, y = x1, y1
        elif s2 >= least:
            x, y = x2, y2
        x, y, body = x * per_x, y * per_y, (bottom - top) * per_y
        if -0.5 <= x <= 1.5 and -0.5 <= y <= 1.5 and 0.0 < body <= 2.0:  # false for a NaN too
            found.append((track, x, y, body))
    return found
