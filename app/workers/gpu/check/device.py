"""The GPU itself: driver, masks and copies of heads in its memory, and NVIDIA's library of pictures."""

import ctypes
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any, Final

import cv2
import numpy as np

from app.capture.polygons import covered
from app.workers.gpu.check.result import Failed, demand
from app.workers.gpu.cuda import CudaMemory, driver
from app.workers.gpu.masks import BAND, SurfaceMasker
from app.workers.gpu.surfaces import Picture, PlaneParams, SurfaceParams, Surfaces, entry_bytes, part_of, picture_of

WIDTH, HEIGHT, PITCH = 1920, 1080, 2048
SLANTED: Final = (((0.02, 0.1), (0.95, 0.3), (0.7, 0.98), (0.1, 0.7)),)
"""A large mask whose every row band is a rectangle of its own: the dearest kind."""

TIMES: Final = 100


def gpu_there() -> str:
    """NVML and CUDA's driver."""
    import pynvml

    pynvml.nvmlInit()
    handle = pynvml.nvmlDeviceGetHandleByIndex(0)
    name, version = pynvml.nvmlDeviceGetName(handle), pynvml.nvmlSystemGetDriverVersion()
    whole = pynvml.nvmlDeviceGetMemoryInfo(handle).total >> 20
    with driver(0):
        pass
    return f"{name}, driver {version}, {whole} MiB; CUDA's driver takes its context."


@contextmanager
def surface(depth: int) -> Iterator[Any]:
    """An NvBufSurface of one picture in the GPU's memory, every byte 200."""
    size = PITCH * depth * HEIGHT * 3 // 2
    with driver(0) as cuda:
        pointer = ctypes.c_uint64()
        if code := cuda.cuMemAlloc_v2(ctypes.byref(pointer), ctypes.c_size_t(size)):
            raise Failed(f"CUDA gives no memory (code {code}).")
        cuda.cuMemsetD8_v2(pointer, ctypes.c_ubyte(200), ctypes.c_size_t(size))
    planes = PlaneParams(num_planes=2)
    for number, (high, wide) in enumerate(((HEIGHT, WIDTH), (HEIGHT // 2, WIDTH // 2))):
        planes.width[number], planes.height[number], planes.pitch[number] = wide, high, PITCH * depth
        planes.offset[number], planes.bytes_a_pixel[number] = number * PITCH * depth * HEIGHT, depth * (1 + number)
    own = SurfaceParams(width=WIDTH, height=HEIGHT, pitch=PITCH * depth, size=size, pointer=pointer.value, planes=planes)
    own.colour = 6 if depth == 1 else 29
    try:
        yield Surfaces(batch=1, filled=1, memory=2, list=ctypes.pointer(own))
    finally:
        with driver(0) as cuda:
            cuda.cuMemFree_v2(pointer)


def masks(depth: int) -> str:
    """A slanted mask: black where it must be, untouched a band away, and what it costs."""
    memory, masker = CudaMemory(), SurfaceMasker(SLANTED, CudaMemory())
    with surface(depth) as held:
        head = bytes(held)
        picture = masker.apply(head)
        luma = _samples(memory.read(picture, picture.luma.address, picture.luma.pitch, WIDTH * depth, HEIGHT), depth)
        drawn = covered(SLANTED, WIDTH, HEIGHT)
        near = cv2.dilate(drawn.astype(np.uint8), np.ones((2 * BAND + 1, 2 * BAND + 1), np.uint8)).astype(bool)
        demand((luma[drawn] == 16).all(), "The mask is not black all over.")
        demand((luma[~near] == 200).all(), "Pixels beyond the mask were written.")
        seen = cv2.cvtColor(_whole(picture, memory), cv2.COLOR_YUV2BGR_NV12)
        demand(seen[drawn].max() <= 1, "The mask is not black in the colours that people see.")
        took = []
        for _ in range(TIMES):
            began = time.perf_counter()
            masker.apply(head)
            took.append(time.perf_counter() - began)
    return f"{int(drawn.mean() * 100)} % of 1080p blackened, read back, {median(took) * 1e3:.2f} ms a picture."


def heads() -> str:
    """A part of a picture, copied out."""
    memory = CudaMemory()
    with surface(1) as held:
        picture = picture_of(bytes(held))
        rows = part_of(picture, memory, (100, 200, 300, 400))
        demand(rows.shape == (300, 200) and (rows == 200).all(), f"A copy of {rows.shape} holds other bytes.")
        took = []
        for _ in range(TIMES):
            began = time.perf_counter()
            part_of(picture, memory, (100, 200, 300, 400))
            took.append(time.perf_counter() - began)
    return f"200 x 200 pixels copied out in {median(took) * 1e6:.0f} us."


def library() -> str:
    """How NVIDIA's library lays out a batch."""
    return f"An entry of a batch's list has {entry_bytes()} bytes."


def _samples(rows: Any, depth: int) -> Any:
    return rows[:, depth - 1 :: depth]


def _whole(picture: Picture, memory: CudaMemory) -> Any:
    return part_of(picture, memory, (0, 0, picture.width, picture.height))


CHECKS: Final[dict[str, Callable[[], str]]] = {
    "driver": gpu_there,
    "masks-8-bit": lambda: masks(1),
    "masks-10-bit": lambda: masks(2),
    "heads": heads,
    "surface-library": library,
}
