"""Reads a PyTorch checkpoint (zip format) as plain values, running nothing that is in it.

A pickle is a program. Here every global it names becomes a stub that remembers its arguments and does nothing, with no
exception: there is no list of allowed classes, so there is nothing to smuggle through it.
"""

import functools
import io
import math
import pickle
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from app.kit.errors import BadInputError

LARGEST_BYTES = 2 << 30
"""A checkpoint that unpacks to more than this is refused."""

_DTYPES = {
    "HalfStorage": "<f2",
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "BFloat16Storage": "<u2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "ByteStorage": "<u1",
    "BoolStorage": "<u1",
}
_BROKEN = (
    pickle.UnpicklingError, zipfile.BadZipFile, EOFError, OSError, NotImplementedError, TypeError, ValueError,
    AttributeError, LookupError, ImportError, RecursionError, MemoryError, OverflowError,
)  # fmt: skip


class ConversionError(BadInputError):
    """This checkpoint cannot be converted."""

    title = "Cannot convert this model"


class Inert:
    """What the pickle wanted to make or call: its name and arguments, remembered and never run."""

    origin = ""
    args: tuple[Any, ...]
    entries: dict[Any, Any]
    state: Any

    def __new__(cls, *args: Any, **_kwargs: Any) -> Self:
        made = object.__new__(cls)
        made.args, made.entries, made.state = args, {}, {}
        return made

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __setitem__(self, key: Any, value: Any) -> None:
        self.entries[key] = value

    def append(self, value: Any) -> None:
        """As a list would."""
        self.entries[len(self.entries)] = value

    add = append


@dataclass(frozen=True, slots=True)
class _Storage:
    dtype: str
    key: str
    numel: int


class _InertUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> type[Inert]:
        return _stub(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> _Storage:
        kind, storage, key, _device, numel = pid
        if kind != "storage" or not (isinstance(storage, type) and issubclass(storage, Inert)):
            raise pickle.UnpicklingError(f"unknown persistent id {kind!r}")
        return _Storage(storage.origin.rpartition(".")[2], str(key), int(numel))


@functools.lru_cache(maxsize=1024)
def _stub(origin: str) -> type[Inert]:
    return type("Inert", (Inert,), {"origin": origin})


@dataclass(frozen=True, slots=True)
class Module:
    """One `torch.nn.Module` of a checkpoint.

    Attributes:
        kind: class name without its package, for example "Conv2d".
        attributes: its plain Python attributes.
        children: sub-modules in order; numeric names sort as integers.
        arrays: parameters and buffers, in the type they were stored in (bfloat16 as float32).
    """

    kind: str
    attributes: dict[str, Any]
    children: dict[str, "Module"]
    arrays: dict[str, npt.NDArray[Any]]

    def walk(self) -> Iterator["Module"]:
        """This module and all below it."""
        yield self
        for child in self.children.values():
            yield from child.walk()


def read(path: Path) -> Module:
    """The model in the checkpoint at `path`: its averaged weights where it has them. Raises ConversionError."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _Reader(archive).model()
    except _BROKEN as error:
        raise ConversionError(
            f"{path.name} is no PyTorch checkpoint that can be read ({type(error).__name__}: {error}); "
            "give the .pt file as its publisher offers it."
        ) from error


class _Reader:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        members = archive.infolist()
        if sum(member.file_size for member in members) > LARGEST_BYTES:
            raise ValueError(f"it unpacks to more than {LARGEST_BYTES >> 30} GiB")
        names = [member.filename for member in members if member.filename.endswith("/data.pkl")]
        if len(names) != 1:
            raise ValueError("it has no single data.pkl")
        self._root = names[0].removesuffix("data.pkl")
        self._archive = archive
        order = f"{self._root}byteorder"
        if order in archive.namelist() and archive.read(order).strip() != b"little":
            raise ValueError("its numbers are big-endian")

    def model(self) -> Module:
        content = _InertUnpickler(io.BytesIO(self._archive.read(f"{self._root}data.pkl"))).load()
        if not isinstance(content, dict) or not isinstance(content.get("ema") or content.get("model"), Inert):
            raise ValueError("it holds no model")
        return self._module(content.get("ema") or content["model"])

    def _module(self, found: Inert) -> Module:
        state: dict[str, Any] = found.state
        children = {name: child for name, child in _entries(state.get("_modules")).items() if isinstance(child, Inert)}
        tensors = {**_entries(state.get("_parameters")), **_entries(state.get("_buffers"))}
        plain = {name: value for name, value in state.items() if not name.startswith("_")}
        arrays = {name: self._array(tensor) for name, tensor in tensors.items() if tensor is not None}
        for name, value in list(plain.items()):
            if isinstance(value, Inert):
                del plain[name]
                if value.origin.startswith("torch._utils._rebuild"):
                    arrays.setdefault(name, self._array(value))
        return Module(
            kind=found.origin.rpartition(".")[2],
            attributes=plain,
            children={name: self._module(children[name]) for name in sorted(children, key=_numeric)},
            arrays=arrays,
        )

    def _array(self, tensor: Inert) -> npt.NDArray[Any]:
        """The array that `_rebuild_tensor_v2(storage, offset, size, stride, ...)` describes; counts are of elements."""
        if tensor.origin.endswith("._rebuild_parameter"):
            return self._array(tensor.args[0])
        if not tensor.origin.endswith("._rebuild_tensor_v2"):
            raise ValueError(f"{tensor.origin} is a kind of tensor this reader does not know")
        storage, offset, size, stride = tensor.args[:4]
        dtype = np.dtype(_DTYPES[storage.dtype])
        raw = self._archive.read(f"{self._root}data/{storage.key}")
        flat = np.frombuffer(raw, dtype)
        reach = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
        if min((offset, *size, *stride)) < 0 or (math.prod(size) and reach >= len(flat)):
            raise ValueError("a tensor reaches outside its storage")
        steps = tuple(step * dtype.itemsize for step in stride)
        array = np.lib.stride_tricks.as_strided(flat[offset:], size, steps).copy()
        if storage.dtype == "BFloat16Storage":
            array = (array.astype(np.uint32) << 16).view(np.float32)
        return array


def _entries(mapping: Any) -> dict[str, Any]:
    if mapping is None:
        return {}
    entries = mapping if isinstance(mapping, dict) else mapping.entries
    return {str(name): value for name, value in entries.items()}


def _numeric(name: str) -> tuple[int, str]:
    """Sorts "2" before "10", and leaves names that are no numbers in the order they came."""
    return (int(name), "") if name.isdigit() else (0, "")
