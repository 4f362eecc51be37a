"""What rules about bodies look at, of all people of many frames at once: middles of the body, limbs, box, standing height.

Lengths are picture heights (x is multiplied by the aspect, y points down), so that both directions compare. One call takes
every frame of a batch, because a call of numpy on eight people costs as much as on eight hundred. Pure.
"""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from app.contracts.tracked import TrackedFrame
from app.contracts.wire import as_floats

Floats = npt.NDArray[np.float32]
KEYPOINT_SCORE = 0.3

HEAD, SHOULDERS, HIPS, KNEES, ANKLES = (slice(start, start + 2) for start in range(0, 10, 2))
WRISTS, FEET = slice(10, 14), slice(14, 18)
"""x y of one and of the other limb. Which is left is not kept: the model mixes them up, continuity is restored here."""
STATURE, BOX_X, BOX_TOP, BOX_BOTTOM, BOX_WIDTH, CUT = 18, 19, 20, 21, 22, 23
"""Standing height now as the parts tell it; CUT is 1 where the box ends at the picture's border."""
FEATURES = 24
_LEG_STARTS, _LEG_ENDS = [11, 12, 13, 14], [13, 14, 15, 16]
_GROUPS: Floats = np.zeros((5, 17), np.float32)
"""Which points make head, shoulders, hips, knees and ankles."""
for _group, _members in enumerate((range(5), (5, 6), (11, 12), (13, 14), (15, 16))):
    _GROUPS[_group, list(_members)] = 1.0
_FARTHEST = 1e4
"""Picture heights: a point beyond is no point."""


def features_of(frames: Sequence[TrackedFrame]) -> list[Floats]:
    """(n, FEATURES) of every frame's people, in the order of its track ids.

    Raises:
        WireError: the arrays of a frame do not fit its track ids.
    """
    ends = list(accumulate(len(frame.track_ids) for frame in frames))
    if not ends:
        return []
    counts = [len(frame.track_ids) for frame in frames]
    points = as_floats(b"".join([frame.keypoints for frame in frames]), ends[-1], 17, 3)
    boxes = as_floats(b"".join([frame.boxes for frame in frames]), ends[-1], 4)
    scales = np.repeat(np.array([1.0 / frame.height for frame in frames], np.float32), counts)
    rights = np.repeat(np.array([frame.width / frame.height for frame in frames], np.float32), counts)
    values = _features(points, boxes, scales, rights)
    return [values[end - count : end] for end, count in zip(ends, counts, strict=True)]


def heights(people: Floats) -> Floats:
    """(n,) of the shoulders, or of what of the box is highest, over the bottom of the box. `people` is (n, FEATURES)."""
    top = people[:, SHOULDERS.start + 1]
    unknown = np.isnan(top)
    if np.count_nonzero(unknown):  # faster than any()
        top = np.where(unknown, people[:, BOX_TOP], top)
    return people[:, BOX_BOTTOM] - top


def _features(points: Floats, boxes: Floats, scales: Floats, rights: Floats) -> Floats:
    """(n, FEATURES) of people whose frame is `rights` wide, `scales` being one over its height in pixels."""
    boxes = boxes * scales[:, None]
    count = len(points)
    # x, y and one of each believed point, 0 of any other: sums over groups of points are one product of matrices.
    given = np.empty((count, 17, 3), np.float32)
    np.multiply(points[:, :, :2], scales[:, None, None], out=given[:, :, :2])
    given[:, :, 2] = 1.0
    believed = points[:, :, 2] >= KEYPOINT_SCORE
    if not np.abs(given[:, :, :2]).max(initial=0.0) < _FARTHEST:  # false for a NaN too
        believed &= (np.abs(given[:, :, :2]) < _FARTHEST).all(axis=2)
    given[~believed] = 0.0
    sums = _GROUPS @ given
    middles = np.full((count, 5, 2), np.nan, np.float32)
    np.divide(sums[:, :, :2], sums[:, :, 2:], out=middles, where=sums[:, :, 2:] > 0)
    given[~believed] = np.nan
    out = np.empty((count, FEATURES), np.float32)
    out[:, : ANKLES.stop] = middles.reshape(count, 10)
    out[:, WRISTS] = given[:, 9:11, :2].reshape(-1, 4)
    out[:, FEET] = given[:, 15:17, :2].reshape(-1, 4)
    out[:, BOX_X] = (boxes[:, 0] + boxes[:, 2]) * 0.5
    out[:, BOX_TOP], out[:, BOX_BOTTOM] = boxes[:, 1], boxes[:, 3]
    out[:, BOX_WIDTH] = boxes[:, 2] - boxes[:, 0]
    out[:, CUT] = (boxes[:, 1] < 0.01) | (boxes[:, 3] > 0.99) | (boxes[:, 0] < 0.01) | (boxes[:, 2] > rights - 0.01)
    out[:, STATURE] = _stature(middles[:, 1:], given[:, :, :2], boxes)
    return out


def _stature(middles: Floats, points: Floats, boxes: Floats) -> Floats:
    """(n,) standing height from the box and from the parts, whichever is more: parts tell it bent, cut off or lying too.

    Torso 0.29, thigh 0.245, shin 0.246 of the height (Drillis and Contini 1966); shortened by perspective they tell less.
    """
    torso = np.hypot(*(middles[:, 0] - middles[:, 1]).T)
    parts = points[:, _LEG_ENDS] - points[:, _LEG_STARTS]  # thighs, then shins, left and right
    legs = np.sqrt((parts * parts).sum(axis=2))
    thigh_and_shin = np.fmax(legs[:, 0], legs[:, 1]) + np.fmax(legs[:, 2], legs[:, 3])
    whole = np.fmax((torso + thigh_and_shin) / np.float32(0.78), torso / np.float32(0.32))
    stature: Floats = np.fmax(boxes[:, 3] - boxes[:, 1], whole)
    return stature
