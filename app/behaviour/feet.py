"""Feet of a frame's people, straight from its arrays: what continuity and the rules about zones look at. Pure."""

import struct

from app.behaviour.bodies import KEYPOINT_SCORE
from app.contracts.tracked import TrackedFrame
from app.contracts.wire import WireError

_KEYPOINT_BYTES = 17 * 3 * 4
_boxes = struct.Struct("<4f").iter_unpack
_ankles = struct.Struct(f"<{15 * 3 * 4}x6f").iter_unpack
"""The last two of each person's 17 keypoints."""

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
    scores = struct.unpack(f"<{len(frame.track_ids)}f", frame.scores)
    per_x, per_y, least, least_of_person = 1.0 / frame.width, 1.0 / frame.height, KEYPOINT_SCORE, PERSON_SCORE
    found: list[Feet] = []
    people = zip(frame.track_ids, scores, _boxes(frame.boxes), _ankles(frame.keypoints), strict=True)
    for track, score, (left, top, right, bottom), (x1, y1, s1, x2, y2, s2) in people:
        if not score >= least_of_person:
            continue
        if s1 >= least and s2 >= least:
            x, y = (x1 + x2) * 0.5, (y1 + y2) * 0.5
        elif s1 >= least:
            x, y = x1, y1
        elif s2 >= least:
            x, y = x2, y2
        else:
            x, y = (left + right) * 0.5, bottom
        x, y, body = x * per_x, y * per_y, (bottom - top) * per_y
        if -0.5 <= x <= 1.5 and -0.5 <= y <= 1.5 and 0.0 < body <= 2.0:  # false for a NaN too
            found.append((track, x, y, body))
    return found
