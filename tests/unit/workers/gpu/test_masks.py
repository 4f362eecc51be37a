"""Privacy masks on surfaces that NVIDIA's own libnvbufsurface.so made, in plain memory: what is black, and what is refused."""

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.capture.polygons import covered
from app.workers.gpu import masks
from app.workers.gpu.copies import copy_of
from app.workers.gpu.cuda import CudaMemory
from app.workers.gpu.masks import BAND, SurfaceMasker, rectangles
from app.workers.gpu.surfaces import (
    HEAD_BYTES,
    Fill,
    Picture,
    PlaneParams,
    SurfaceError,
    SurfaceParams,
    Surfaces,
    UInt8,
    picture_of,
    pixels_of,
)
from tests.nvds import layout

TRIANGLE = [(0.1, 0.2), (0.7, 0.3), (0.4, 0.9)]
SQUARE = [(0.5, 0.5), (0.9, 0.5), (0.9, 0.8), (0.5, 0.8)]
EDGE = [(0.8, 0.0), (1.0, 0.0), (1.0, 0.1)]
needs_library = pytest.mark.skipif(bool(layout.why_not()), reason=layout.why_not() or "there")


class PlainMemory:
    """Bytes of this process."""

    def __init__(self) -> None:
        self.broken = self.lies = False
        self.read_bytes = 0

    def fill(self, picture: Picture, parts: Sequence[Fill]) -> None:
        if self.broken:
            raise SurfaceError("CUDA's driver fails at filling with code 700")
        for part in parts:
            plane = picture.colours if part.is_colour else picture.luma
            line = bytes((part.value,)) * part.width if picture.depth == 1 else bytes((0, part.value)) * (part.width // 2)
            for row in range(part.height if not self.lies else part.height - 1):
                ctypes.memmove(plane.address + part.start + row * plane.pitch, line, part.width)

    def read(self, picture: Picture, address: int, pitch: int, width: int, height: int) -> UInt8:
        self.read_bytes += width * height
        rows = [np.frombuffer(ctypes.string_at(address + row * pitch, width), np.uint8) for row in range(height)]
        return np.stack(rows)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return layout.surfaces(tmp_path_factory.mktemp("nvbufsurface"))


@contextmanager
def made(library: Any, width: int, height: int, colour: int = 6, batch: int = 1) -> Iterator[Any]:
    """A surface with every byte 200."""
    held = ctypes.POINTER(Surfaces)()
    wish = layout.SurfaceWish(0, width, height, 0, False, colour, 0, layout.SYSTEM_MEMORY)
    assert library.NvBufSurfaceCreate(ctypes.byref(held), batch, ctypes.byref(wish)) == 0
    own = held.contents.list[0]
    ctypes.memset(own.pointer, 200, own.size)
    try:
        yield held.contents
    finally:
        library.NvBufSurfaceDestroy(held)


def head(surface: Any) -> bytes:
    """What a decoder's buffer holds."""
    return ctypes.string_at(ctypes.addressof(surface), HEAD_BYTES)


def test_structures_have_the_sizes_of_the_header() -> None:
    assert [ctypes.sizeof(each) for each in (PlaneParams, SurfaceParams, Surfaces)] == [232, 384, 64]


@needs_library
@pytest.mark.parametrize(("width", "height", "colour"), [(1280, 720, 6), (1920, 1080, 38), (703, 575, 6), (702, 574, 29)])
def test_all_that_a_polygon_covers_is_black_and_little_else(library: Any, width: int, height: int, colour: int) -> None:
    """Of ten bits the upper eight are looked at; what lies below them is 0 where a mask is, as the masker itself proves."""
    memory, deep = PlainMemory(), 1 if colour == 6 else 2
    masker = SurfaceMasker([TRIANGLE, SQUARE, EDGE], memory)
    with made(library, width, height, colour) as surface:
        picture = masker.apply(head(surface))
        luma = memory.read(picture, picture.luma.address, picture.luma.pitch, width * deep, height)[:, deep - 1 :: deep]
        halves = -(-height // 2), -(-width // 2)
        colours = memory.read(picture, picture.colours.address, picture.colours.pitch, 2 * deep * halves[1], halves[0])
        colours = np.ascontiguousarray(colours[:, deep - 1 :: deep])
        drawn = covered([TRIANGLE, SQUARE, EDGE], width, height)
        assert (luma[drawn] == 16).all()
        even = np.pad(drawn, ((0, height % 2), (0, width % 2)))
        assert (colours.reshape(*halves, 2)[even.reshape(halves[0], 2, halves[1], 2).any(axis=(1, 3))] == 128).all()
        near = cv2.dilate(drawn.astype(np.uint8), np.ones((2 * BAND + 1, 2 * BAND + 1), np.uint8)).astype(bool)
        assert (luma[~near] == 200).all()
        pitch = surface.list[0].planes.pitch[0]
        beyond = np.frombuffer(ctypes.string_at(picture.luma.address, pitch * height), np.uint8).reshape(height, -1)
        assert (beyond[:, (width + width % 2) * deep :] == 200).all(), "nothing outside of the picture was written"
        if width % 2 == height % 2 == 0:
            seen = cv2.cvtColor(pixels_of(picture, memory), cv2.COLOR_YUV2BGR_NV12)
            assert seen[drawn].max() <= 1, "black, in the colours that people see"


@needs_library
def test_a_picture_is_proven_whole_at_first_and_at_one_place_later(library: Any) -> None:
    memory = PlainMemory()
    masker = SurfaceMasker([TRIANGLE], memory)
    with made(library, 1280, 720) as surface:
        masker.apply(head(surface))
        first, memory.read_bytes = memory.read_bytes, 0
        masker.apply(head(surface))
        assert memory.read_bytes < first / 50
        own = surface.list[0]
        ctypes.memset(own.pointer, 200, own.size)
        memory.lies = True
        with pytest.raises(SurfaceError, match="reads back otherwise"):
            masker.apply(head(surface))
        memory.lies, memory.broken = False, True
        with pytest.raises(SurfaceError, match="code 700"):
            masker.apply(head(surface))
    with made(library, 640, 360) as other:  # another size is another first picture
        memory.broken, memory.read_bytes = False, 0
        masker.apply(head(other))
        assert memory.read_bytes > 20_000


@needs_library
def test_what_is_not_read_is_refused_and_nothing_is_written(library: Any) -> None:
    memory = PlainMemory()
    memory.broken = True
    for colour, batch, why in ((2, 1, "kind 2"), (19, 1, "kind 19"), (30, 1, "kind 30"), (6, 2, "2 pictures")):
        with made(library, 640, 360, colour, batch) as surface, pytest.raises(SurfaceError, match=why):
            SurfaceMasker([TRIANGLE], memory).apply(head(surface))
    with made(library, 640, 360) as surface:
        for name, value in (("layout", 1), ("pointer", None), ("height", 400), ("width", 660), ("size", 1000)):
            broken = SurfaceParams.from_buffer_copy(surface.list[0])
            setattr(broken, name, value)
            copy = Surfaces.from_buffer_copy(surface)
            copy.list = ctypes.pointer(broken)
            with pytest.raises(SurfaceError):
                picture_of(head(copy))
    for short in (b"", b"\0" * 63):
        with pytest.raises(SurfaceError, match="is no NvBufSurface"):
            picture_of(short)


@needs_library
def test_a_copied_picture_shows_what_the_surface_holds(library: Any) -> None:
    memory = PlainMemory()
    colours = np.zeros((360, 640, 3), np.uint8)
    colours[:, :320], colours[:, 320:] = (200, 40, 30), (30, 60, 220)
    i420 = cv2.cvtColor(colours, cv2.COLOR_BGR2YUV_I420)
    chroma = np.stack([i420[360:450].reshape(180, 320), i420[450:].reshape(180, 320)], axis=2).reshape(180, 640)
    with made(library, 640, 360) as surface:
        own = surface.list[0]
        for number, rows in ((0, i420[:360]), (1, chroma)):
            for row, line in enumerate(rows):
                ctypes.memmove(own.pointer + own.planes.offset[number] + row * own.planes.pitch[number], line.tobytes(), 640)
        copied = copy_of(head(surface), memory)
    assert (copied.width, copied.height) == (640, 360)
    for shown in (copied.pixels(640), copied.pixels(200)):
        for x, colour in ((0.25, (200, 40, 30)), (0.75, (30, 60, 220))):
            np.testing.assert_allclose(shown[len(shown) // 2, int(x * shown.shape[1])], colour, atol=6)
    into = np.zeros((91, 161, 3), np.uint8)
    copied.draw(into)
    np.testing.assert_allclose(into[45, 40], (30, 40, 200), atol=6)
    with made(library, 641, 361) as odd, pytest.raises(SurfaceError, match="not copied"):
        copy_of(head(odd), memory)


@needs_library
def test_where_there_is_no_gpu_nothing_is_taken_as_masked(library: Any) -> None:
    with made(library, 640, 360) as surface, pytest.raises(SurfaceError):
        SurfaceMasker([TRIANGLE], CudaMemory()).apply(head(surface))


@given(
    st.lists(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=6), min_size=1, max_size=3),
    st.integers(2, 90), st.integers(2, 90),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_rectangles_hold_all_that_is_covered_at_even_pixels(polygons: Any, width: int, height: int) -> None:
    drawn = covered(polygons, width, height)
    held = np.zeros_like(drawn)
    for left, top, right, bottom in rectangles(drawn):
        assert left % 2 == top % 2 == 0
        assert right % 2 == 0 or right == width
        assert bottom % 2 == 0 or bottom == height
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        held[top:bottom, left:right] = True
    assert not (drawn & ~held).any()
    near = cv2.dilate(drawn.astype(np.uint8), np.ones((2 * BAND + 1, 2 * BAND + 1), np.uint8)).astype(bool)
    assert not (held & ~near).any()


def test_the_module_needs_no_decoder() -> None:
    for name in ("masks", "surfaces", "cuda", "copies", "flow"):
        text = (Path(masks.__file__).parent / f"{name}.py").read_text("utf-8")
        assert "import av" not in text
        assert "from av" not in text
