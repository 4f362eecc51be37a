"""Privacy masks as non-interference: what is under a mask changes nothing that leaves the decoder."""

import numpy as np
import numpy.typing as npt
import pytest
from av import VideoFrame
from hypothesis import given, settings
from hypothesis import strategies as st

from app.capture.frame import CapturedFrame
from app.capture.masking import Masker
from app.capture.pictures import jpeg_of
from app.capture.polygons import covered
from app.capture.reader import StreamReader
from app.capture.source import parse_source
from app.capture.waiting import NewestFew
from app.inference.picture import DecodedPicture

WIDTH, HEIGHT = 96, 64
Polygon = list[tuple[float, float]]
shares = st.floats(0, 1, width=32)
polygons = st.lists(st.lists(st.tuples(shares, shares), min_size=3, max_size=7), min_size=1, max_size=3)
formats = st.sampled_from(["yuv420p", "yuvj420p", "bgr24", "gray"])


def random_picture(rng: np.random.Generator, kind: str) -> npt.NDArray[np.uint8]:
    """An array as PyAV takes it for `kind`."""
    shape = {"bgr24": (HEIGHT, WIDTH, 3), "gray": (HEIGHT, WIDTH)}.get(kind, (HEIGHT * 3 // 2, WIDTH))
    return rng.integers(0, 256, shape, dtype=np.uint8)


def inside(polygon: Polygon, x: float, y: float) -> bool:
    """Even-odd rule, written apart from OpenCV's."""
    crossings = 0
    for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            crossings += 1
    return crossings % 2 == 1


def change_below(mask: npt.NDArray[np.bool_], pixels: npt.NDArray[np.uint8], kind: str, rng: np.random.Generator) -> None:
    """Other content wherever the mask is."""
    if kind in ("bgr24", "gray"):
        pixels[mask] = rng.integers(0, 256, pixels[mask].shape, dtype=np.uint8)
        return
    pixels[:HEIGHT][mask] = rng.integers(0, 256, int(mask.sum()), dtype=np.uint8)
    blocks = mask.reshape(HEIGHT // 2, 2, WIDTH // 2, 2).any(axis=(1, 3))
    chroma = pixels[HEIGHT:].reshape(2, HEIGHT // 2, WIDTH // 2)
    chroma[:, blocks] = rng.integers(0, 256, (2, int(blocks.sum())), dtype=np.uint8)


def seen(picture: VideoFrame) -> tuple[bytes, bytes]:
    """What a model and what a viewer gets of a picture."""
    into = np.empty((48, 64, 3), np.uint8)
    DecodedPicture(picture).draw(into)
    return into.tobytes(), jpeg_of(picture)


@settings(max_examples=60, deadline=None)
@given(polygons, formats, st.integers(0, 2**32 - 1))
def test_no_masked_pixel_value_survives_to_model_or_jpeg(masks: list[Polygon], kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    one = random_picture(rng, kind)
    other = one.copy()
    change_below(covered(masks, WIDTH, HEIGHT), other, kind, rng)
    masker = Masker(masks)
    outcomes = [seen(masker.apply(VideoFrame.from_ndarray(each, format=kind))) for each in (one, other)]
    assert outcomes[0] == outcomes[1]


@given(st.lists(st.tuples(shares, shares), min_size=3, max_size=6), st.lists(st.tuples(shares, shares), min_size=1, max_size=30))
def test_every_point_of_a_polygon_is_covered(polygon: Polygon, points: list[tuple[float, float]]) -> None:
    mask = covered([polygon], WIDTH, HEIGHT)
    for x, y in [*points, *polygon]:
        if (x, y) in polygon or inside(polygon, x, y):
            assert mask[min(int(y * HEIGHT), HEIGHT - 1), min(int(x * WIDTH), WIDTH - 1)]


@pytest.mark.parametrize("kind", ["yuv420p", "bgr24"])
def test_what_no_mask_covers_stays_as_it_was(kind: str) -> None:
    rng = np.random.default_rng(3)
    before = random_picture(rng, kind)
    left_half = [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]
    after = Masker([left_half]).apply(VideoFrame.from_ndarray(before, format=kind)).to_ndarray()
    right = slice(WIDTH // 2 + 2, None)
    assert np.array_equal(after[:HEIGHT, right], before[:HEIGHT, right])
    assert int(after[:HEIGHT, : WIDTH // 2].max()) <= 16


def test_the_decoders_own_picture_is_left_alone() -> None:
    picture = VideoFrame.from_ndarray(random_picture(np.random.default_rng(1), "yuv420p"), format="yuv420p")
    before = picture.to_ndarray().copy()
    Masker([[(0, 0), (1, 0), (1, 1), (0, 1)]]).apply(picture)
    assert np.array_equal(picture.to_ndarray(), before)
    assert Masker(()).apply(picture) is picture


def test_a_change_of_size_draws_the_masks_anew() -> None:
    masker = Masker([[(0, 0), (1, 0), (1, 1), (0, 1)]])
    for size in ((64, 96, 3), (33, 51, 3)):
        masked = masker.apply(VideoFrame.from_ndarray(np.full(size, 200, np.uint8), format="bgr24"))
        assert int(masked.to_ndarray().max()) == 0


def test_the_reader_masks_before_anybody_can_take_the_picture() -> None:
    waiting: NewestFew[CapturedFrame] = NewestFew()
    source = parse_source("rtsp://127.0.0.1/x")
    assert source is not None
    everything = Masker([[(0, 0), (1, 0), (1, 1), (0, 1)]])
    reader = StreamReader(source, 5.0, waiting, lambda _why: None, masker=everything)
    white = VideoFrame.from_ndarray(np.full((HEIGHT, WIDTH, 3), 255, np.uint8), format="bgr24")
    reader._hand_over(white, 1_000_000)
    frame = waiting.take()
    assert frame is not None
    assert int(frame.picture.to_ndarray().max()) == 0
