"""Up to 32,768 templates of one gallery: their exact vectors, and one byte a number that bounds what an exact score can be.

The code c of a vector x is x in steps of the block's `scale`, rounded; its error |x - scale c| is known exactly. So for a query y
in steps of t with error f, Cauchy-Schwarz bounds the score:

    |x.y - scale t (c.cy)|  <=  error |y| + |scale c| f

whatever the vectors are. A random rotation of the templates makes their numbers alike in size, which keeps the errors small.
"""

import uuid
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Int8 = npt.NDArray[np.int8]
Keys = npt.NDArray[np.uint64]
"""(n, 2): the two halves of UUIDs."""

MOST_ROWS: Final = 32_768
FIRST_ROWS: Final = 256
_LEVELS: Final = 127


def keys_of(ids: Sequence[uuid.UUID]) -> Keys:
    """(n, 2) of UUIDs."""
    raw = b"".join(each.bytes for each in ids)
    return np.frombuffer(raw, ">u8").astype(np.uint64).reshape(-1, 2)


def ids_of(keys: Keys) -> list[uuid.UUID]:
    """The UUIDs of (n, 2)."""
    return [uuid.UUID(int=(int(high) << 64) | int(low)) for high, low in keys]


def coded(vectors: Float32, scale: float) -> tuple[Int8, Float64, Float64]:
    """Codes (n, d), errors (n,) and lengths of the decoded vectors (n,)."""
    codes = np.rint(vectors / np.float32(scale)).clip(-_LEVELS, _LEVELS).astype(np.int8)
    decoded = codes * np.float64(scale)
    errors = np.linalg.norm(vectors.astype(np.float64) - decoded, axis=1)
    return codes, errors, np.linalg.norm(decoded, axis=1)


def fitting_scale(vectors: Float32) -> float:
    """The step in which the largest number of these vectors is the largest code: one clipped number would cost more than that."""
    return max(float(np.abs(vectors).max(initial=0.0)), 1e-12) / _LEVELS


class Block:
    """Rows are dense: a removed one is overwritten by the last.

    Attributes:
        rows: how many there are.
        scale: step of the codes.
        error: no code is further from its vector; never falls before the block is coded anew.
        length: no decoded vector is longer.
    """

    __slots__ = ("_coded_rows", "codes", "error", "keys", "length", "rows", "scale", "vectors")

    def __init__(self, dimensions: int) -> None:
        self.vectors: Float32 = np.zeros((FIRST_ROWS, dimensions), np.float32)
        self.codes: Int8 = np.zeros((FIRST_ROWS, dimensions), np.int8)
        self.keys: Keys = np.zeros((FIRST_ROWS, 2), np.uint64)
        self.rows, self.scale, self.error, self.length, self._coded_rows = 0, 1.0, 0.0, 0.0, 0

    @property
    def room(self) -> int:
        """Rows that still fit."""
        return MOST_ROWS - self.rows

    def add(self, keys: Keys, vectors: Float32) -> None:
        """Append rows; at most `room`."""
        first, last = self.rows, self.rows + len(vectors)
        self._reserve(last)
        self.vectors[first:last], self.keys[first:last] = vectors, keys
        self.rows = last
        if last > 2 * self._coded_rows:  # the first rows may not have been like the rest
            self.scale = fitting_scale(self.vectors[:last])
            self.error = self.length = 0.0
            self._code(0, last)
            self._coded_rows = last
        else:
            self._code(first, last)

    def remove(self, row: int) -> None:
        """Take one row out and wipe it."""
        last = self.rows - 1
        for array in (self.vectors, self.codes, self.keys):
            array[row] = array[last]
            array[last] = 0
        self.rows = last

    def bytes(self) -> int:
        """Memory held."""
        return self.vectors.nbytes + self.codes.nbytes + self.keys.nbytes

    def _code(self, first: int, last: int) -> None:
        for start in range(first, last, 4096):
            part = slice(start, min(start + 4096, last))
            self.codes[part], errors, lengths = coded(self.vectors[part], self.scale)
            self.error, self.length = max(self.error, float(errors.max())), max(self.length, float(lengths.max()))

    def _reserve(self, rows: int) -> None:
        capacity = len(self.keys)
        if rows <= capacity:
            return
        capacity = min(MOST_ROWS, max(rows, 2 * capacity))
        for name in ("vectors", "codes", "keys"):
            old = getattr(self, name)
            grown = np.zeros((capacity, old.shape[1]), old.dtype)
            grown[: self.rows] = old[: self.rows]
            old[:] = 0
            setattr(self, name, grown)
