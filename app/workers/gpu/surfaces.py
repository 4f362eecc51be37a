"""Decoded pictures in a GPU's memory: NvBufSurface as the public header (nvbufsurface.h of DeepStream 9) lays it out.

`Memory` is who writes and reads the bytes that a surface points to: CUDA's driver on a GPU, plain memory in the tests, which
make their surfaces by NVIDIA's own libnvbufsurface.so.
"""

import contextlib
import ctypes
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

NV12: Final = frozenset((6, 7, 33, 34, 36))
"""NVBUF_COLOR_FORMAT_NV12, its full range, and those of BT.709 and BT.2020: 8 bits, luma and one plane of both colours."""

P010: Final = frozenset((29, 37, 38, 39, 40))
"""NVBUF_COLOR_FORMAT_NV12_10LE and its relatives: as NV12, ten bits at the upper end of two bytes."""

PITCH_LINEAR: Final = 0
SYSTEM_MEMORY: Final = 6
LIBRARIES: Final = ("libnvbufsurface.so", "libnvbufsurface.so.1.0.0", "/opt/nvidia/deepstream/deepstream/lib/libnvbufsurface.so")
SAME_BYTES: Final = 20
"""Width, height, pitch, colour and layout: what equal pictures' entries begin with."""

SHORTEST_ENTRY: Final = 320
LONGEST_ENTRY: Final = 1024
HEAD_BYTES: Final = 64
LARGEST_SIDE: Final = 16_384
UInt8 = npt.NDArray[np.uint8]
_FOUR: Any = ctypes.c_uint32 * 4


class SurfaceError(Exception):
    """A surface that is not as this worker reads them; the sentence says how."""


class PlaneParams(ctypes.Structure):
    """NvBufSurfacePlaneParams."""

    _fields_ = (
        ("num_planes", ctypes.c_uint32),
        ("width", _FOUR),
        ("height", _FOUR),
        ("pitch", _FOUR),
        ("offset", _FOUR),
        ("psize", _FOUR),
        ("bytes_a_pixel", _FOUR),
        ("reserved", ctypes.c_void_p * 16),
    )


class SurfaceParams(ctypes.Structure):
    """NvBufSurfaceParams, as far as it is read here: later releases have longer ones (`entry_bytes`)."""

    _fields_ = (
        ("width", ctypes.c_uint32),
        ("height", ctypes.c_uint32),
        ("pitch", ctypes.c_uint32),
        ("colour", ctypes.c_int),
        ("layout", ctypes.c_int),
        ("descriptor", ctypes.c_uint64),
        ("size", ctypes.c_uint32),
        ("pointer", ctypes.c_void_p),
        ("planes", PlaneParams),
        ("mapped", ctypes.c_void_p * 9),
        ("reserved", ctypes.c_void_p * 4),
    )


class _Wish(ctypes.Structure):
    """NvBufSurfaceCreateParams."""

    _fields_ = (
        ("gpu", ctypes.c_uint32),
        ("width", ctypes.c_uint32),
        ("height", ctypes.c_uint32),
        ("size", ctypes.c_uint32),
        ("contiguous", ctypes.c_bool),
        ("colour", ctypes.c_int),
        ("layout", ctypes.c_int),
        ("memory", ctypes.c_int),
    )


class Surfaces(ctypes.Structure):
    """NvBufSurface."""

    _fields_ = (
        ("gpu", ctypes.c_uint32),
        ("batch", ctypes.c_uint32),
        ("filled", ctypes.c_uint32),
        ("contiguous", ctypes.c_bool),
        ("memory", ctypes.c_int),
        ("list", ctypes.POINTER(SurfaceParams)),
        ("reserved", ctypes.c_void_p * 4),
    )


@dataclass(frozen=True, slots=True)
class Plane:
    """Rows of bytes: `address` of the first, `pitch` bytes from row to row, `width` of them used."""

    address: int
    pitch: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded picture, NV12 or P010. `memory` is NvBufSurfaceMemType, `depth` bytes a sample: 1 or 2."""

    gpu: int
    memory: int
    width: int
    height: int
    luma: Plane
    colours: Plane
    depth: int = 1


class Fill(NamedTuple):
    """A rectangle of one plane: bytes from the plane's first, bytes wide, rows high, and what it is filled with.

    `value` is of eight bits; with two bytes a sample it is the upper one.
    """

    is_colour: bool
    start: int
    width: int
    height: int
    value: int


class Memory(Protocol):
    """Bytes of pictures."""

    def fill(self, picture: Picture, parts: Sequence[Fill]) -> None:
        """Set every sample of these parts to their value. SurfaceError when that fails."""
        ...

    def read(self, picture: Picture, address: int, pitch: int, width: int, height: int) -> UInt8:
        """A copy (height, width), after everything that was filled. SurfaceError when that fails."""
        ...


def picture_of(head: bytes) -> Picture:
    """The picture that a decoder's buffer holds: `head` are the bytes of its NvBufSurface.

    Raises:
        SurfaceError: it is no single NV12 or P010 picture in rows, or its parts contradict each other.
    """
    batch = _surfaces(head)
    if batch.batch != 1 or batch.filled > 1:
        raise SurfaceError(f"a decoded buffer holds {batch.batch} pictures")
    return _picture(batch, batch.list[0])


def picture_in(head: bytes, number: int, entry: int) -> Picture:
    """One picture of a muxer's batch, as `picture_of`. `entry` is the length of one in its list (`entry_bytes`)."""
    batch = _surfaces(head)
    if not 0 <= number < batch.filled <= batch.batch:
        raise SurfaceError(f"a batch of {batch.filled} pictures has no number {number}")
    return _picture(batch, SurfaceParams.from_address(ctypes.addressof(batch.list.contents) + number * entry))


@functools.cache
def entry_bytes(names: tuple[str, ...] = LIBRARIES) -> int:
    """How long a picture's entry in the list of a batch is, asked of NVIDIA's library itself: it grew from release to release.

    Two equal pictures are made in plain memory; the second entry begins where the first one's first fields are found again.

    Raises:
        SurfaceError: the library is not here, or its entries are of a kind that nobody has met.
    """
    library = _first_of(names)
    held, wish = ctypes.POINTER(Surfaces)(), _Wish(width=320, height=192, colour=6, memory=SYSTEM_MEMORY)
    if library.NvBufSurfaceCreate(ctypes.byref(held), ctypes.c_uint(2), ctypes.byref(wish)):
        raise SurfaceError("NVIDIA's library makes no pictures in plain memory")
    try:
        start = ctypes.addressof(held.contents.list.contents)
        first = ctypes.string_at(start, SAME_BYTES)
        for entry in range(SHORTEST_ENTRY, LONGEST_ENTRY, 8):  # from below: what lies behind the second entry is never read
            if ctypes.string_at(start + entry, SAME_BYTES) == first:
                return entry
    finally:
        library.NvBufSurfaceDestroy(held)
    raise SurfaceError("entries of a batch of pictures are longer than any that is known")


def _first_of(names: tuple[str, ...]) -> ctypes.CDLL:
    for name in names:
        with contextlib.suppress(OSError):
            return ctypes.CDLL(name)
    raise SurfaceError("NVIDIA's libnvbufsurface.so is not here")


def _surfaces(head: bytes) -> Surfaces:
    if len(head) < HEAD_BYTES:
        raise SurfaceError(f"a decoded buffer of {len(head)} bytes is no NvBufSurface")
    found = Surfaces.from_buffer_copy(head)
    if not found.list:
        raise SurfaceError("a decoded buffer holds no pictures")
    return found


def _picture(batch: Surfaces, own: SurfaceParams) -> Picture:
    planes = own.planes
    depth = 1 if own.colour in NV12 else 2
    if own.colour not in NV12 | P010 or planes.num_planes != 2 or tuple(planes.bytes_a_pixel[:2]) != (depth, 2 * depth):
        raise SurfaceError(f"its pixels are of the kind {own.colour} with {planes.num_planes} planes, neither NV12 nor P010")
    if own.layout != PITCH_LINEAR or not own.pointer:
        raise SurfaceError("its memory is not laid out in rows")
    luma, colours = (_plane(own, number) for number in (0, 1))
    # A colour is of two by two pixels: the planes of an odd picture are a row or column larger.
    wide = luma.width // depth, colours.width // depth
    over = wide[0] - own.width, luma.height - own.height, wide[1] - own.width, 2 * colours.height - own.height
    if not 0 <= min(over) <= max(over) <= 1 or max(own.width, own.height) > LARGEST_SIDE:
        raise SurfaceError(f"its planes do not fit its {own.width} x {own.height} pixels")
    return Picture(batch.gpu, batch.memory, own.width, own.height, luma, colours, depth)


def _plane(own: SurfaceParams, number: int) -> Plane:
    planes = own.planes
    width = planes.width[number] * planes.bytes_a_pixel[number]
    height, pitch, offset = planes.height[number], planes.pitch[number], planes.offset[number]
    if not width or not height or width > pitch or offset + pitch * (height - 1) + width > own.size:
        raise SurfaceError(f"plane {number} of {width} x {height} bytes does not fit its memory")
    return Plane(own.pointer + offset, pitch, width, height)


def pixels_of(picture: Picture, memory: Memory) -> UInt8:
    """(height * 3 / 2, width): a copy of both planes, one under the other, as OpenCV reads NV12. SurfaceError for odd sides."""
    return part_of(picture, memory, (0, 0, picture.width, picture.height))


def part_of(picture: Picture, memory: Memory, box: tuple[int, int, int, int]) -> UInt8:
    """`pixels_of` the part in `box` (x1, y1, x2, y2; even pixels inside the picture), of eight bits. SurfaceError for others."""
    left, top, right, bottom = box
    if any(side % 2 for side in box) or not (0 <= left < right <= picture.width and 0 <= top < bottom <= picture.height):
        raise SurfaceError(f"a part {box} of a picture of {picture.width} x {picture.height} pixels is not copied")
    deep, rows = picture.depth, []
    for plane, step in ((picture.luma, 1), (picture.colours, 2)):
        start = plane.address + top // step * plane.pitch + left * deep
        read = memory.read(picture, start, plane.pitch, (right - left) * deep, (bottom - top) // step)
        rows.append(read if deep == 1 else read[:, 1::2])  # little end first: the upper byte is the second
    return np.concatenate(rows)
