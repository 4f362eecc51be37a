"""How people moved over the last seconds: a window of body points for each, in memory only.

Points are in picture heights (x is multiplied by the aspect, y points down), so that lengths in both directions compare.
Frames nearer than `CELL_US` to each other share a column, which is their mean: at 30 frames a second the model's jitter
shrinks, at 4 every frame has a column of its own. Columns belong to the camera, not to a person: one time axis for all.

Nothing in here is ever checkpointed. After a restart the window is filled again from the frames of the last 30 s.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from app.contracts.tracked import TrackedFrame

Floats = npt.NDArray[np.float32]
CELL_US = 80_000
COLUMNS = 60
"""4.8 s at 12.5 columns a second and more, 15 s at 4 frames a second."""
_LENGTH = 4 * COLUMNS
KEYPOINT_SCORE = 0.3

HEAD, SHOULDERS, HIPS, KNEES, ANKLES = (slice(start, start + 2) for start in range(0, 10, 2))
WRISTS, FEET = slice(10, 14), slice(14, 18)
"""x y of one and of the other limb. Which is left is not kept: the model mixes them up, continuity is restored here."""
STATURE, BOX_X, BOX_TOP, BOX_BOTTOM, BOX_WIDTH, CUT = 18, 19, 20, 21, 22, 23
"""Standing height now as the parts tell it; CUT is 1 where the box ends at the picture's border."""
_FEATURES = 24
_LEG_STARTS, _LEG_ENDS = [11, 12, 13, 14], [13, 14, 15, 16]
_GROUPS: Floats = np.zeros((5, 17), np.float32)
"""Which points make head, shoulders, hips, knees and ankles."""
for _group, _members in enumerate((range(5), (5, 6), (11, 12), (13, 14), (15, 16))):
    _GROUPS[_group, list(_members)] = 1.0
_FARTHEST = 1e4
"""Picture heights: a point beyond is no point."""
_UNKNOWN_LIMB = 0.1
"""Picture heights that a limb is taken to have moved when it is seen only before or only after."""
_INHERIT_S = 1.5
_INHERIT_STATURES = 0.8


class Motion:
    """The window of one camera.

    Attributes:
        rows: slot of each person seen in the last frame taken, in the order given.
        memo: what rules worked out of the last frame and share.
    """

    __slots__ = ("_counts", "_end", "_free", "_slots", "_times", "_values", "memo", "rows")

    def __init__(self) -> None:
        self._values = np.full((_LENGTH, 8, _FEATURES), np.nan, np.float32)
        self._times = np.zeros(_LENGTH, np.int64)
        self._counts = np.zeros(8, np.int32)
        self._end = 0
        self._slots: dict[int, int] = {}
        self._free = list(range(7, -1, -1))
        self.rows = np.empty(0, np.intp)
        self.memo: dict[str, object] = {}

    def take(self, frame: TrackedFrame, people: Mapping[int, int]) -> None:
        """Add a frame later than the last one. `people`: track id -> person number, in the order that `rows` will have."""
        self.memo.clear()
        at_us = frame.captured_at_us
        if self._end and at_us < self._times[self._end - 1]:
            self.rows = np.empty(0, np.intp)
            return
        found = {track: index for index, track in enumerate(frame.track_ids)}
        index = [found[track] for track in people]
        fresh = self._column(at_us)
        features = _features(frame, index)
        here = {self._slots[number] for number in people.values() if number in self._slots}
        rows = np.array([self._slot(number, features[i], at_us, here) for i, number in enumerate(people.values())], np.intp)
        self.rows = rows
        if not len(rows):
            return
        now = self._end - 1
        if fresh:
            _continue_limbs(features, self._last_limbs(rows))
            self._values[now, rows] = features
            self._counts[rows] = 1
            return
        before = self._values[now, rows]
        _continue_limbs(features, before[:, WRISTS.start : FEET.stop])
        self._counts[rows] += 1
        mixed = before + (features - before) / self._counts[rows, None]
        self._values[now, rows] = np.where(np.isnan(mixed), np.where(np.isnan(before), features, before), mixed)

    def shift(self, by_us: int) -> None:
        """The camera's clock was set: move all times along."""
        self._times += by_us
        self.memo.clear()

    def forget(self, numbers: list[int]) -> None:
        """People who will not come back."""
        for number in numbers:
            slot = self._slots.pop(number, None)
            if slot is not None:
                self._free.append(slot)

    def times(self) -> npt.NDArray[np.float64]:
        """(w,) seconds before the newest column, negative, rising to 0. Not to be changed."""
        known = self.memo.get("times")
        if isinstance(known, np.ndarray):
            return known
        taken = self._times[max(0, self._end - COLUMNS) : self._end]
        times = (taken - taken[-1]) / 1e6 if len(taken) else np.zeros(0)
        self.memo["times"] = times
        return times

    def window(self, features: slice, start: int = 0) -> Floats:
        """(w - start, n, f) of the people of the last frame, columns as in `times`; NaN where not seen. A copy."""
        first = max(0, self._end - COLUMNS) + start
        columns: Floats = self._values[first : self._end, :, features].take(self.rows, axis=1)
        return columns

    def now(self) -> Floats:
        """(n, features) of the last frame."""
        column: Floats = self._values[self._end - 1, self.rows]
        return column

    def _column(self, at_us: int) -> bool:
        """Have a column for that time; whether it is a new one."""
        if self._end and at_us // CELL_US == self._times[self._end - 1] // CELL_US:
            return False
        if self._end == _LENGTH:
            self._values[:COLUMNS] = self._values[-COLUMNS:]
            self._times[:COLUMNS] = self._times[-COLUMNS:]
            self._end = COLUMNS
        self._times[self._end] = at_us
        self._values[self._end] = np.nan
        self._end += 1
        return True

    def _slot(self, number: int, features: Floats, at_us: int, here: set[int]) -> int:
        slot = self._slots.get(number)
        if slot is None:
            if not self._free:
                self._grow()
            slot = self._free.pop()
            self._values[: self._end, slot] = np.nan
            self._inherit(slot, features, at_us, here)
            self._slots[number] = slot
        return slot

    def _inherit(self, slot: int, features: Floats, at_us: int, here: set[int]) -> None:
        """Somebody new where somebody was lost a moment ago is most likely the same: a fall often costs the track its id."""
        since = np.searchsorted(self._times[: self._end], at_us - int(_INHERIT_S * 1e6))
        recent = self._values[since : self._end]
        best, owner = _INHERIT_STATURES, -1
        for other in self._slots.values():
            seen = np.flatnonzero(~np.isnan(recent[:, other, BOX_X]))
            if other in here or not len(seen):
                continue
            last = recent[seen[-1], other]
            off = float(np.hypot(features[BOX_X] - last[BOX_X], features[BOX_BOTTOM] - last[BOX_BOTTOM]) / last[STATURE])
            if off < best:
                best, owner = off, other
        if owner >= 0:
            self._values[: self._end, slot] = self._values[: self._end, owner]

    def _grow(self) -> None:
        have = self._values.shape[1]
        self._values = np.concatenate([self._values, np.full_like(self._values, np.nan)], axis=1)
        self._counts = np.concatenate([self._counts, np.zeros(have, np.int32)])
        self._free = list(range(2 * have - 1, have - 1, -1))

    def _last_limbs(self, rows: npt.NDArray[np.intp]) -> Floats:
        """(n, 8): where the limbs were, newest of the last three columns."""
        limbs = slice(WRISTS.start, FEET.stop)
        last: Floats = np.full((len(rows), limbs.stop - limbs.start), np.nan, np.float32)
        for column in range(max(0, self._end - 4), self._end - 1):
            then = self._values[column, rows, limbs]
            last = np.where(np.isnan(then), last, then)
        return last


def _continue_limbs(features: Floats, last: Floats) -> None:
    """Swap a pair of limbs where that makes the shorter way from where they were."""
    limbs = features[:, WRISTS.start : FEET.stop].reshape(-1, 2, 2, 2)  # person, wrists/feet, one/other, x/y
    before = last.reshape(-1, 2, 2, 2)
    swapped = limbs[:, :, ::-1]
    unknown = np.float32(_UNKNOWN_LIMB**2)
    straight, across = (((each - before) ** 2).sum(axis=3) for each in (limbs, swapped))
    straight = np.where(np.isnan(straight), unknown, straight).sum(axis=2)
    across = np.where(np.isnan(across), unknown, across).sum(axis=2)
    features[:, WRISTS.start : FEET.stop] = np.where((across < straight)[:, :, None, None], swapped, limbs).reshape(-1, 8)


def _features(frame: TrackedFrame, index: list[int]) -> Floats:
    """(n, features) of some of a frame's people."""
    scale = np.float32(1.0 / frame.height)
    points, boxes = frame.keypoint_array(), frame.box_array()
    if index != list(range(len(points))):
        points, boxes = points[index], boxes[index]
    boxes = boxes * scale
    count = len(points)
    # x, y and one of each believed point, 0 of any other: sums over groups of points are one product of matrices.
    given = np.empty((count, 17, 3), np.float32)
    np.multiply(points[:, :, :2], scale, out=given[:, :, :2])
    given[:, :, 2] = 1.0
    believed = points[:, :, 2] >= KEYPOINT_SCORE
    if not np.abs(given[:, :, :2]).max(initial=0.0) < _FARTHEST:  # false for a NaN too
        believed &= (np.abs(given[:, :, :2]) < _FARTHEST).all(axis=2)
    given[~believed] = 0.0
    sums = _GROUPS @ given
    middles = np.full((count, 5, 2), np.nan, np.float32)
    np.divide(sums[:, :, :2], sums[:, :, 2:], out=middles, where=sums[:, :, 2:] > 0)
    given[~believed] = np.nan
    out = np.empty((count, _FEATURES), np.float32)
    out[:, : ANKLES.stop] = middles.reshape(count, 10)
    out[:, WRISTS] = given[:, 9:11, :2].reshape(-1, 4)
    out[:, FEET] = given[:, 15:17, :2].reshape(-1, 4)
    out[:, BOX_X] = (boxes[:, 0] + boxes[:, 2]) * 0.5
    out[:, BOX_TOP], out[:, BOX_BOTTOM] = boxes[:, 1], boxes[:, 3]
    out[:, BOX_WIDTH] = boxes[:, 2] - boxes[:, 0]
    right = frame.width * scale
    out[:, CUT] = (boxes[:, 1] < 0.01) | (boxes[:, 3] > 0.99) | (boxes[:, 0] < 0.01) | (boxes[:, 2] > right - 0.01)
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
