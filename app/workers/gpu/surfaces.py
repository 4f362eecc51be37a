"""Decoded pictures in a GPU's memory: NvBufSurface as the public header (nvbufsurface.h of DeepStream 9) lays it out.

`Memory` is who writes and reads the bytes that a surface points to: CUDA's driver on a GPU, plain memory in the tests, which
make their surfaces by NVIDIA's own libnvbufsurface.so.
"""

import ctypes
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

NV12: Final = frozenset((6, 7, 33, 34, 36))
"""NVBUF_COLOR_FORMAT_NV12, its full range, and those of BT.709 and BT.2020: 8 bits, luma and one plane of both colours."""

PITCH_LINEAR: Final = 0
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
    """NvBufSurfaceParams."""

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
    """One decoded NV12 picture. `memory` is NvBufSurfaceMemType."""

    gpu: int
    memory: int
    width: int
    height: int
    luma: Plane
    colours: Plane


class Memory(Protocol):
    """Bytes of pictures."""

    def fill(self, picture: Picture, address: int, pitch: int, value: int, width: int, height: int) -> None:
        """Set `height` rows of `width` bytes, `pitch` apart. SurfaceError when that fails."""
        ...

    def read(self, picture: Picture, address: int, pitch: int, width: int, height: int) -> UInt8:
        """A copy (height, width), after everything that was filled. SurfaceError when that fails."""
        ...


def picture_of(head: bytes) -> Picture:
    """The picture that a decoder's buffer holds: `head` are the bytes of its NvBufSurface.

    Raises:
        SurfaceError: it is no single NV12 picture in rows, or its parts contradict each other.
    """
    if len(head) < HEAD_BYTES:
        raise SurfaceError(f"a decoded buffer of {len(head)} bytes is no NvBufSurface")
    batch = Surfaces.from_buffer_copy(head)
    if batch.batch != 1 or batch.filled > 1 or not batch.list:
        raise SurfaceError(f"a decoded buffer holds {batch.batch} pictures")
    own = batch.list[0]
    planes = own.planes
    if own.colour not in NV12 or planes.num_planes != 2 or tuple(planes.bytes_a_pixel[:2]) != (1, 2):
        raise SurfaceError(f"its pixels are of the kind {own.colour} with {planes.num_planes} planes, not 8-bit NV12")
    if own.layout != PITCH_LINEAR or not own.pointer:
        raise SurfaceError("its memory is not laid out in rows")
    luma, colours = (_plane(own, number) for number in (0, 1))
    # A colour is of two by two pixels: the planes of an odd picture are a row or column larger.
    over = luma.width - own.width, luma.height - own.height, colours.width - own.width, 2 * colours.height - own.height
    if not 0 <= min(over) <= max(over) <= 1 or max(own.width, own.height) > LARGEST_SIDE:
        raise SurfaceError(f"its planes do not fit its {own.width} x {own.height} pixels")
    return Picture(batch.gpu, batch.memory, own.width, own.height, luma, colours)


def _plane(own: SurfaceParams, number: int) -> Plane:
    planes = own.planes
    width = planes.width[number] * planes.bytes_a_pixel[number]
    height, pitch, offset = planes.height[number], planes.pitch[number], planes.offset[number]
    if not width or not height or width > pitch or offset + pitch * (height - 1) + width > own.size:
        raise SurfaceError(f"plane {number} of {width} x {height} bytes does not fit its memory")
    return Plane(own.pointer + offset, pitch, width, height)


def pixels_of(picture: Picture, memory: Memory) -> UInt8:
    """(height * 3 / 2, width): a copy of both planes, one under the other, as OpenCV reads NV12. SurfaceError for odd sides."""
    if picture.width % 2 or picture.height % 2:
        raise SurfaceError(f"a picture of {picture.width} x {picture.height} pixels is not copied")
    planes = (picture.luma, picture.colours)
    return np.concatenate([memory.read(picture, one.address, one.pitch, one.width, one.height) for one in planes])
