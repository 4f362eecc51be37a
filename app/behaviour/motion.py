"""How people moved over the last seconds: a window of body points for each, in memory only.

Points are in picture heights (x is multiplied by the aspect, y points down), so that lengths in both directions compare.
Frames nearer than `CELL_US` to each other share a column, which is their mean: at 30 frames a second the model's jitter
shrinks, at 4 every frame has a column of its own. Columns belong to the camera, not to a person: one time axis for all.

Nothing in here is ever checkpointed. After a restart the window is filled again from the frames of the last 30 s.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from app.behaviour.bodies import BOX_BOTTOM, BOX_X, FEATURES, FEET, STATURE, WRISTS, Floats, heights

CELL_US = 80_000
COLUMNS = 60
"""4.8 s at 12.5 columns a second and more, 15 s at 4 frames a second."""
_LENGTH = 4 * COLUMNS
_LIMBS = slice(WRISTS.start, FEET.stop)
_UNKNOWN_LIMB = 0.1
"""Picture heights that a limb is taken to have moved when it is seen only before or only after."""
LOW = 0.6
"""Standing heights of the shoulders over the ground at and above which nobody is found to lie, with room for jitter."""
_INHERIT_S = 1.5
_INHERIT_STATURES = 0.8


class Motion:
    """The window of one camera.

    Attributes:
        rows: slot of each person seen in the last frame taken, in the order given.
        memo: what rules worked out of the last frame and share.
        low: whether the shoulders of anybody in the last frame are below `LOW` of the tallest they were seen in the last seconds.
            Never false where a rule about lying would find somebody, and seldom true in a shop: it spares most frames the rest.
    """

    __slots__ = ("_counts", "_end", "_free", "_seconds", "_slots", "_tallest", "_times", "_values", "low", "memo", "rows")

    def __init__(self) -> None:
        self._values = np.full((_LENGTH, 8, FEATURES), np.nan, np.float32)
        self._times = np.zeros(_LENGTH, np.int64)
        self._counts = np.zeros(8, np.int32)
        self._tallest = np.zeros((2, 8), np.float32)  # in these COLUMNS and in those before; together they hold every window
        self._end = 0
        self._seconds: npt.NDArray[np.float64] | None = None
        self._slots: dict[int, int] = {}
        self._free = list(range(7, -1, -1))
        self.rows = np.empty(0, np.intp)
        self.memo: dict[str, object] = {}
        self.low = False

    def take(self, at_us: int, features: Floats, numbers: Sequence[int]) -> None:
        """Add a frame later than the last one: (n, FEATURES) of the people with these numbers; `rows` keeps their order."""
        self.memo.clear()
        if self._end and at_us < self._times[self._end - 1]:
            self.rows = np.empty(0, np.intp)
            return
        fresh = self._column(at_us)
        slots = [self._slots.get(number, -1) for number in numbers]
        if -1 in slots:
            here = set(slots)
            slots = [self._slot(number, features[index], at_us, here) for index, number in enumerate(numbers)]
        rows = np.array(slots, np.intp)
        self.rows = rows
        self.low = False
        if not len(rows):
            return
        self._tallest[0, rows] = np.maximum(self._tallest[0, rows], features[:, STATURE])
        now = self._end - 1
        if fresh:
            last = self._values[max(0, now - 1), rows, _LIMBS]
            if not _continue_limbs(features, last):
                _continue_limbs(features, self._last_limbs(last, rows), guess=True)
            self._values[now, rows] = features
            self._counts[rows] = 1
            self._look_for_low(features, rows)
            return
        before = self._values[now, rows]
        _continue_limbs(features, before[:, _LIMBS], guess=True)
        self._counts[rows] += 1
        mixed = before + (features - before) / self._counts[rows, None]
        mixed = np.where(np.isnan(mixed), np.where(np.isnan(before), features, before), mixed)
        self._values[now, rows] = mixed
        self._look_for_low(mixed, rows)

    def _look_for_low(self, column: Floats, rows: npt.NDArray[np.intp]) -> None:
        """Look at what the rules will look at: the newest column, which may be the mean of several frames."""
        # A mean of float32 may end a hair over the greatest of them.
        bound = 1.001 * LOW * np.maximum(self._tallest[0, rows], self._tallest[1, rows])
        self.low = bool(np.count_nonzero(heights(column) < bound))  # faster than any()

    def shift(self, by_us: int) -> None:
        """The camera's clock was set: move all times along."""
        self._times += by_us
        self._seconds = None

    def forget(self, numbers: list[int]) -> None:
        """People who will not come back."""
        for number in numbers:
            slot = self._slots.pop(number, None)
            if slot is not None:
                self._free.append(slot)

    def times(self) -> npt.NDArray[np.float64]:
        """(w,) seconds before the newest column, negative, rising to 0. Shared: not to be changed."""
        if self._seconds is None:
            taken = self._times[max(0, self._end - COLUMNS) : self._end]
            self._seconds = (taken - taken[-1]) / 1e6 if len(taken) else np.zeros(0)
        return self._seconds

    def window(self, features: slice, start: int = 0) -> Floats:
        """(w - start, n, f) of the people of the last frame, columns as in `times`; NaN where not seen. A copy."""
        first = max(0, self._end - COLUMNS) + start
        columns: Floats = self._values[first : self._end, :, features].take(self.rows, axis=1)
        return columns

    def person(self, index: int, start: int = 0) -> Floats:
        """(w - start, FEATURES) of one person of the last frame, else as `window`. A copy."""
        columns: Floats = self._values[max(0, self._end - COLUMNS) + start : self._end, self.rows[index]].copy()
        return columns

    def now(self) -> Floats:
        """(n, features) of the last frame."""
        column: Floats = self._values[self._end - 1, self.rows]
        return column

    def _column(self, at_us: int) -> bool:
        """Have a column for that time; whether it is a new one."""
        if self._end and at_us // CELL_US == self._times[self._end - 1] // CELL_US:
            return False
        if self._end % COLUMNS == 0:
            self._tallest[1] = self._tallest[0]
            self._tallest[0] = 0
        if self._end == _LENGTH:
            self._values[:COLUMNS] = self._values[-COLUMNS:]
            self._times[:COLUMNS] = self._times[-COLUMNS:]
            self._end = COLUMNS
        self._times[self._end] = at_us
        self._values[self._end] = np.nan
        self._end += 1
        self._seconds = None
        return True

    def _slot(self, number: int, features: Floats, at_us: int, here: set[int]) -> int:
        slot = self._slots.get(number)
        if slot is None:
            if not self._free:
                self._grow()
            slot = self._free.pop()
            self._values[: self._end, slot] = np.nan
            self._tallest[:, slot] = 0
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
            self._tallest[:, slot] = self._tallest[:, owner]

    def _grow(self) -> None:
        have = self._values.shape[1]
        self._values = np.concatenate([self._values, np.full_like(self._values, np.nan)], axis=1)
        self._counts = np.concatenate([self._counts, np.zeros(have, np.int32)])
        self._tallest = np.concatenate([self._tallest, np.zeros((2, have), np.float32)], axis=1)
        self._free = list(range(2 * have - 1, have - 1, -1))

    def _last_limbs(self, last: Floats, rows: npt.NDArray[np.intp]) -> Floats:
        """(n, 8): where the limbs were, newest of the last three columns; `last` is the newest of them."""
        for column in range(self._end - 3, max(0, self._end - 4) - 1, -1):
            unknown = np.isnan(last)
            if not unknown.any():
                break
            last = np.where(unknown, self._values[column, rows, _LIMBS], last)
        return last


def _ways(off: Floats) -> Floats:
    """(n, pairs) sum of both limbs' squared ways; `off` is used up. Plain operators: a reduction over two numbers costs more."""
    off *= off
    squares: Floats = off[..., 0] + off[..., 1]
    squares[squares != squares] = _UNKNOWN_LIMB**2
    return squares[..., 0] + squares[..., 1]


def _continue_limbs(features: Floats, last: Floats, *, guess: bool = False) -> bool:
    """Swap a pair of limbs where that makes the shorter way from where they were.

    False, and nothing is done, where one was seen only before or only after; unless that may be guessed.
    """
    limbs = features[:, _LIMBS].reshape(-1, 2, 2, 2)  # person, wrists/feet, one/other, x/y
    before = last.reshape(-1, 2, 2, 2)
    # Less, as a sum of squares, exactly where the line from one limb to the other has turned by more than a right angle.
    turned = (limbs[:, :, 0] - limbs[:, :, 1]) * (before[:, :, 0] - before[:, :, 1])
    turn = turned[..., 0] + turned[..., 1]
    crossed = turn < 0
    unknown = turn != turn
    if np.count_nonzero(unknown):
        if not guess:
            return False
        crossed |= unknown & (_ways(limbs[:, :, ::-1] - before) < _ways(limbs - before))
    if np.count_nonzero(crossed):
        limbs[crossed] = limbs[crossed][:, ::-1]
        features[:, _LIMBS] = limbs.reshape(-1, 8)
    return True
