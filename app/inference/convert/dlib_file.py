"""Reads dlib's own serialisation: what its C++ `serialize` functions write, value by value."""

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.inference.convert.checkpoint import ConversionError

_NEGATIVE = 0x80


class DlibFile:
    """A cursor over a serialised dlib object. Every method takes the next value; ConversionError when it is no such value."""

    def __init__(self, path: Path) -> None:
        self._raw = path.read_bytes()
        self._at = 0

    @property
    def at_end(self) -> bool:
        """Whether everything was read."""
        return self._at == len(self._raw)

    def integer(self) -> int:
        """A control byte (low nibble: count of bytes; 0x80: negative), then little-endian bytes."""
        control = self._take(1)[0]
        count = control & 0x0F
        if count > 8 or control & 0x70:
            raise ConversionError(f"No dlib integer at byte {self._at - 1}; the file is damaged or of another kind.")
        value = int.from_bytes(self._take(count), "little")
        return -value if control & _NEGATIVE else value

    def number(self) -> float:
        """A floating-point number: mantissa and binary exponent as integers."""
        mantissa, exponent = self.integer(), self.integer()
        if exponent >= 32000:  # infinities and NaN have exponents of their own; no trained weight is one
            raise ConversionError("The file holds a number that is not finite.")
        try:
            return math.ldexp(mantissa, exponent)
        except OverflowError as error:
            raise ConversionError("The file holds a number that is too large.") from error

    def truth(self) -> bool:
        """A bool: the character 0 or 1."""
        found = self._take(1)
        if found not in (b"0", b"1"):
            raise ConversionError(f"No dlib bool at byte {self._at - 1}.")
        return found == b"1"

    def text(self) -> str:
        """A string with its length before it."""
        return self._take(self.count(4096)).decode("latin-1")

    def count(self, most: int) -> int:
        """A size, refused beyond `most`: a damaged file must not ask for all memory."""
        found = self.integer()
        if not 0 <= found <= most:
            raise ConversionError(f"A size of {found} where at most {most} is possible; the file is damaged.")
        return found

    def expect(self, *wanted: int) -> None:
        """These very integers."""
        for value in wanted:
            found = self.integer()
            if found != value:
                raise ConversionError(f"The file says {found} where {value} is expected; it is of another version or network.")

    def expect_text(self, wanted: str) -> None:
        """This very string."""
        found = self.text()
        if found != wanted:
            raise ConversionError(f"The file holds a layer {found!r} where {wanted!r} is expected; it is another network.")

    def tensor(self) -> npt.NDArray[np.float32]:
        """A resizable_tensor (version 2) as (n, k, r, c), its numbers raw little-endian float32."""
        self.expect(2)
        shape = tuple(self.count(1 << 20) for _ in range(4))
        size = math.prod(shape)  # not numpy's, which wraps around
        return np.frombuffer(self._take(4 * size), "<f4").reshape(shape)

    def column(self) -> npt.NDArray[np.float32]:
        """A matrix<float,0,1>: its sizes negated, then each number."""
        rows, columns = -self.integer(), -self.integer()
        if columns != 1 or not 0 <= rows <= 4096:
            raise ConversionError(f"A matrix of {rows}x{columns} where a column is expected.")
        return np.array([self.number() for _ in range(rows)], np.float32)

    def _take(self, count: int) -> bytes:
        raw = self._raw[self._at : self._at + count]
        if len(raw) != count:
            raise ConversionError("The file ends too early; it is damaged.")
        self._at += count
        return raw
