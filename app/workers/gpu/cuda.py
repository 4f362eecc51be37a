"""Bytes in a GPU's memory, by CUDA's driver alone (libcuda.so.1, which every GPU container has). Never run on a GPU yet.

Everything happens on the default stream of the GPU's primary context, which DeepStream's elements use too. A read waits for
what was filled before it.
"""

import ctypes
import functools
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

import numpy as np

from app.workers.gpu.surfaces import Fill, Picture, SurfaceError, UInt8

DEVICE_MEMORY: Final = frozenset((0, 2, 3))
"""NVBUF_MEM_DEFAULT (on machines with a GPU of their own: CUDA device memory), NVBUF_MEM_CUDA_DEVICE and _UNIFIED."""

_HOST: Final = 1
_DEVICE: Final = 2


class _Copy(ctypes.Structure):
    """CUDA_MEMCPY2D (cuda.h)."""

    _fields_ = (
        ("src_x", ctypes.c_size_t),
        ("src_y", ctypes.c_size_t),
        ("src_type", ctypes.c_uint),
        ("src_host", ctypes.c_void_p),
        ("src_device", ctypes.c_uint64),
        ("src_array", ctypes.c_void_p),
        ("src_pitch", ctypes.c_size_t),
        ("dst_x", ctypes.c_size_t),
        ("dst_y", ctypes.c_size_t),
        ("dst_type", ctypes.c_uint),
        ("dst_host", ctypes.c_void_p),
        ("dst_device", ctypes.c_uint64),
        ("dst_array", ctypes.c_void_p),
        ("dst_pitch", ctypes.c_size_t),
        ("width", ctypes.c_size_t),
        ("height", ctypes.c_size_t),
    )


class CudaMemory:
    """`Memory` by CUDA's driver. SurfaceError at every call where there is none: nothing is passed on unmasked then."""

    def fill(self, picture: Picture, parts: Sequence[Fill]) -> None:
        """See `Memory.fill`. One call of the driver a part, a hundred and more for a large slanted mask."""
        depth, planes = picture.depth, (picture.luma, picture.colours)
        with _current(picture) as cuda:
            set_all = cuda.cuMemsetD2D8_v2 if depth == 1 else cuda.cuMemsetD2D16_v2
            for is_colour, start, width, height, value in parts:
                plane = planes[is_colour]
                code = set_all(plane.address + start, plane.pitch, value if depth == 1 else value << 8, width // depth, height)
                if code:
                    _well(code, "filling")

    def read(self, picture: Picture, address: int, pitch: int, width: int, height: int) -> UInt8:
        """See `Memory.read`."""
        into = np.empty((height, width), np.uint8)
        about = _Copy(src_type=_DEVICE, src_device=address, src_pitch=pitch, dst_type=_HOST, dst_host=into.ctypes.data,
                      dst_pitch=width, width=width, height=height)  # fmt: skip
        with _current(picture) as cuda:
            _well(cuda.cuMemcpy2D_v2(ctypes.byref(about)), "reading")
        return into


@functools.cache
def _library() -> Any:
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        raise SurfaceError("CUDA's driver is not here") from error
    for name, value in (("cuMemsetD2D8_v2", ctypes.c_ubyte), ("cuMemsetD2D16_v2", ctypes.c_ushort)):
        getattr(cuda, name).argtypes = [ctypes.c_uint64, ctypes.c_size_t, value, ctypes.c_size_t, ctypes.c_size_t]
    _well(cuda.cuInit(0), "starting")
    return cuda


@functools.cache
def _context(gpu: int) -> ctypes.c_void_p:
    """The primary context of a GPU; kept for the process's life."""
    cuda, device, context = _library(), ctypes.c_int(), ctypes.c_void_p()
    _well(cuda.cuDeviceGet(ctypes.byref(device), gpu), "finding the GPU")
    _well(cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), device), "its context")
    return context


def _current(picture: Picture) -> AbstractContextManager[Any]:
    if picture.memory not in DEVICE_MEMORY:
        raise SurfaceError(f"its memory is of the kind {picture.memory}, not the GPU's")
    return driver(picture.gpu)


@contextmanager
def driver(gpu: int) -> Iterator[Any]:
    """CUDA's driver with this GPU current on this thread. SurfaceError where there is none."""
    cuda = _library()
    _well(cuda.cuCtxPushCurrent_v2(_context(gpu)), "taking the GPU")
    try:
        yield cuda
    finally:
        cuda.cuCtxPopCurrent_v2(ctypes.byref(ctypes.c_void_p()))


def _well(code: int, doing: str) -> None:
    if code:
        raise SurfaceError(f"CUDA's driver fails at {doing} with code {code}")
