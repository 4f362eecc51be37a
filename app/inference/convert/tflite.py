"""Reads a TensorFlow Lite model file: the few tables of its FlatBuffers schema that a convolutional network needs.

Field numbers are those of `tensorflow/lite/schema/schema.fbs` (Apache-2.0), version 3.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from app.inference.convert.checkpoint import ConversionError

_TYPES: Final = {0: "<f4", 1: "<f2", 2: "<i4"}
OPERATORS: Final = {
    0: "ADD", 2: "CONCATENATION", 3: "CONV_2D", 4: "DEPTHWISE_CONV_2D", 6: "DEQUANTIZE", 17: "MAX_POOL_2D", 19: "RELU",
    22: "RESHAPE", 23: "RESIZE_BILINEAR", 34: "PAD",
}  # fmt: skip
"""Builtin operators by their number; a file with another one is refused."""


@dataclass(frozen=True, slots=True)
class Table:
    """A FlatBuffers table: its place in the file."""

    raw: bytes
    at: int

    def _field(self, number: int) -> int:
        """Where a field lies, or 0 when the file leaves it out."""
        virtual = self.at - _unpack("<i", self.raw, self.at)
        size = _unpack("<H", self.raw, virtual)
        entry = 4 + 2 * number
        offset = _unpack("<H", self.raw, virtual + entry) if entry < size else 0
        return self.at + offset if offset else 0

    def scalar(self, number: int, form: str = "<i", default: int = 0) -> int:
        """A number field."""
        place = self._field(number)
        return _unpack(form, self.raw, place) if place else default

    def table(self, number: int) -> "Table":
        """A table field."""
        place = self._field(number)
        if not place:
            raise ConversionError("The file lacks a table that every model has; it is damaged.")
        return Table(self.raw, place + _unpack("<I", self.raw, place))

    def tables(self, number: int) -> list["Table"]:
        """A vector of tables."""
        start, count = self._vector(number)
        return [Table(self.raw, start + 4 * i + _unpack("<I", self.raw, start + 4 * i)) for i in range(count)]

    def numbers(self, number: int, dtype: str) -> npt.NDArray[np.generic]:
        """A vector of numbers."""
        start, count = self._vector(number)
        try:
            return np.frombuffer(self.raw, dtype, count, start) if count else np.empty(0, dtype)
        except ValueError as error:
            raise ConversionError("The file ends too early; it is damaged.") from error

    def ints(self, number: int) -> list[int]:
        """A vector of 32-bit integers."""
        return [int(value) for value in self.numbers(number, "<i4").tolist()]

    def _vector(self, number: int) -> tuple[int, int]:
        place = self._field(number)
        if not place:
            return 0, 0
        place += _unpack("<I", self.raw, place)
        return place + 4, _unpack("<I", self.raw, place)


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor; `values` is None for what the network computes."""

    shape: tuple[int, ...]
    values: npt.NDArray[np.generic] | None


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator: its kind, numbers of its tensors, its options (absent for those without)."""

    kind: str
    inputs: list[int]
    outputs: list[int]
    options: Table | None


@dataclass(frozen=True, slots=True)
class Network:
    """The one graph of a file."""

    tensors: list[Tensor]
    operators: list[Operator]
    inputs: list[int]
    outputs: list[int]


def read(path: Path) -> Network:
    """The network in a file. ConversionError when it is damaged or has an operator that this version does not know."""
    raw = path.read_bytes()
    if raw[4:8] != b"TFL3":
        raise ConversionError("This is no TensorFlow Lite model.")
    model = Table(raw, _unpack("<I", raw, 0))
    codes = [max(code.scalar(0, "<b"), code.scalar(3)) for code in model.tables(1)]
    graphs, buffers = model.tables(2), model.tables(4)
    if len(graphs) != 1:
        raise ConversionError(f"The model has {len(graphs)} graphs; one is expected.")
    operators = []
    for entry in graphs[0].tables(3):
        code = codes[entry.scalar(0, "<I")]
        if code not in OPERATORS:
            raise ConversionError(f"The model has operator {code}, which this converter does not know; use another export of it.")
        options = entry.table(4) if entry.scalar(3, "<B") else None
        operators.append(Operator(OPERATORS[code], entry.ints(1), entry.ints(2), options))
    tensors = [_tensor(entry, buffers) for entry in graphs[0].tables(0)]
    return Network(tensors, operators, graphs[0].ints(1), graphs[0].ints(2))


def _tensor(entry: Table, buffers: list[Table]) -> Tensor:
    shape, kind = tuple(entry.ints(0)), entry.scalar(1, "<b")
    stored = buffers[entry.scalar(2, "<I")].numbers(0, "u1").tobytes()
    if not stored:
        return Tensor(shape, None)
    if kind not in _TYPES:
        raise ConversionError(f"The model holds numbers of kind {kind}, which this converter does not know.")
    try:
        return Tensor(shape, np.frombuffer(stored, _TYPES[kind]).reshape(shape))
    except ValueError as error:
        raise ConversionError("A tensor's size does not fit its shape; the file is damaged.") from error


def _unpack(form: str, raw: bytes, at: int) -> int:
    try:
        return int(struct.unpack_from(form, raw, at)[0])
    except struct.error as error:
        raise ConversionError("The file ends too early; it is damaged.") from error
