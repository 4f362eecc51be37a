"""Pictures draw themselves into memory that is given, without a copy beside it."""

import av
import numpy as np
import pytest

from app.inference.picture import DecodedPicture, PixelPicture
from app.kit.errors import BadInputError


def scene(height: int, width: int) -> np.ndarray:
    """Smooth colours, so that scaling methods agree."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.stack([255 * x / width, 255 * y / height, 128 + 60 * np.sin(14 * x / width)], 2).astype(np.uint8)


def test_pixels_are_drawn_into_a_window_of_larger_memory() -> None:
    memory = np.full((200, 300, 3), 7, np.uint8)
    window = memory[20:120, :160]
    PixelPicture(scene(200, 320)).draw(window)
    assert np.abs(window.astype(int) - scene(100, 160)).mean() < 2
    assert (memory[:20] == 7).all()
    assert (memory[120:] == 7).all()
    assert (memory[:, 160:] == 7).all()


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuvj420p", "nv12", "yuv422p", "gray"])
@pytest.mark.parametrize("size", [(720, 1280), (718, 1274)])
def test_decoded_frames_look_as_the_decoder_would_convert_them(pixel_format: str, size: tuple[int, int]) -> None:
    frame = av.VideoFrame.from_ndarray(scene(*size), format="rgb24").reformat(format=pixel_format)
    wanted = frame.reformat(width=640, height=360, format="rgb24").to_ndarray()
    drawn = np.zeros((360, 640, 3), np.uint8)
    DecodedPicture(frame).draw(drawn)
    # Full range read as studio range is the largest difference that is accepted.
    assert np.abs(drawn.astype(int) - wanted).mean() < (14 if pixel_format == "yuvj420p" else 3)


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 4), (0, 4, 3)])
def test_other_arrays_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadInputError):
        PixelPicture(np.zeros(shape, np.uint8))
