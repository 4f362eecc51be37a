"""The bounded scan of one block: which of its rows may be among the best of each query. Nothing that could be is left out."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numkong
import numpy as np
import numpy.typing as npt

from app.identity.gallery.block import Block, Float32, Float64, Int8, coded

_SLACK: Final = 1e-9
"""For the rounding of the bounds themselves, which are computed in float64."""

_FEW: Final = 2
_INT32: Final = np.iinfo(np.int32)
_NUMBERS_AT_ONCE: Final = 1 << 18
"""Products of one call: they stay in the processor's cache."""

Numbers = npt.NDArray[Any]
Indexes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Queries:
    """m queries in steps of one byte.

    Attributes:
        vectors: (m, d) float64, exact.
        steps, errors, lengths: (m,) as for the rows of a block.
    """

    vectors: Float64
    codes: Int8
    steps: Float64
    errors: Float64
    lengths: Float64

    @classmethod
    def of(cls, vectors: Float32) -> "Queries":
        """Code (m, d) vectors, each in a step of its own."""
        exact = vectors.astype(np.float64)
        steps = np.maximum(np.abs(exact).max(axis=1), 1e-12) / 127
        codes, errors, _ = coded(exact / steps[:, None], 1.0)
        return cls(exact, codes, steps, errors * steps, np.linalg.norm(exact, axis=1))

    def bound(self, block: Block) -> Float64:
        """(m,): no exact score of a row is further than this from its coded one."""
        return np.asarray(block.error * self.lengths + block.length * self.errors + _SLACK)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Rows of one block that may be among the best: row, query and the most its score can be, in three (n,) arrays."""

    block: int
    rows: Indexes
    queries: Indexes
    ceilings: Float64


@dataclass(slots=True)
class Best:
    """What a search knows so far; threads that scan different blocks share it.

    Attributes:
        floors: (m, k): certain lower bounds of the k best exact scores, in any order.
        least: (m,) the smallest of each.
    """

    floors: Float64
    least: Float64
    found: list[Candidates] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, queries: int, most: int) -> "Best":
        """Nothing known."""
        return cls(np.full((queries, most), -np.inf), np.full(queries, -np.inf))

    def raise_floors(self, queries: Indexes, floors: Float64) -> Float64:
        """Take (k, n) more lower bounds of scores of n queries into account; what counts for each of them now."""
        with self.lock:
            if len(floors) == 1:
                raised = np.maximum(self.least[queries], floors[0])
                self.floors[queries, 0] = raised
            else:
                most = self.floors.shape[1]
                joined = np.concatenate([self.floors[queries], floors.T], axis=1)
                kept = np.partition(joined, joined.shape[1] - most, axis=1)[:, -most:]
                self.floors[queries] = kept
                raised = kept.min(axis=1)
            self.least[queries] = raised
            return np.asarray(raised)


Products = Callable[[Int8], Numbers]
"""(n, d) codes of rows to (n, m) inner products with the codes of the queries, exact."""


def products_with(queries: Queries) -> Products:
    """Few queries are multiplied one by one, which moves fewer bytes; many as a matrix."""
    if len(queries.codes) <= _FEW:
        return lambda rows: np.asarray(numkong.cdist(rows, queries.codes, "dot"))
    packed = numkong.dots_pack(queries.codes, dtype="int8")
    return lambda rows: np.asarray(numkong.dots_packed(rows, packed))


def scan(number: int, block: Block, rows_of: slice, queries: Queries, multiply: Products, best: Best) -> None:
    """Look at some rows of a block."""
    bounds, most = queries.bound(block), best.floors.shape[1]
    units = block.scale * queries.steps
    step = max(512, _NUMBERS_AT_ONCE // len(units))
    last = min(rows_of.stop, block.rows)
    for first in range(rows_of.start, last, step):
        products = multiply(block.codes[first : min(first + step, last)])
        highest = products.max(axis=0)
        worth = np.flatnonzero(highest * units + bounds >= best.least)
        if not len(worth):
            continue
        all_worth = len(worth) == len(units)
        columns, unit, bound = products if all_worth else products[:, worth], units[worth], bounds[worth]
        top = highest[None, worth] if most == 1 else _top(columns, most)
        least = best.raise_floors(worth, top * unit - bound)
        # One below, for the rounding of this division; products are whole numbers.
        limits = (least - bound) / unit - 1
        if columns.dtype == np.int32:  # compared as what they are: eight at once, and none is converted
            limits = np.clip(np.ceil(limits), _INT32.min, _INT32.max).astype(np.int32)
        # Flat: numpy looks for the few that count five times as fast as along two axes.
        rows, places = np.divmod(np.flatnonzero(columns >= limits), columns.shape[1])
        ceilings = columns[rows, places] * unit[places] + bound[places]
        best.found.append(Candidates(number, rows + first, worth[places], ceilings))


def _top(columns: Numbers, most: int) -> Numbers:
    """(k, n) the k largest of each column, fewer where there are fewer."""
    if most >= len(columns):
        return columns
    return np.partition(columns, len(columns) - most, axis=0)[-most:]
