"""The picture of a floor plan: what is taken, and what is kept of it."""

import tracemalloc
from typing import Any

import cv2
import numpy as np
import pytest

from app.cameras.plan import models
from app.cameras.plan.models import normalised
from app.kit.errors import BadInputError


def encoded(pixels: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]", kind: str = ".png") -> bytes:
    return bytes(cv2.imencode(kind, pixels)[1].tobytes())


def decoded(webp: bytes) -> Any:
    found = cv2.imdecode(np.frombuffer(webp, np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    return found


def plan(width: int = 900, height: int = 600, channels: int = 3) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    drawn = np.zeros((height, width, channels), np.uint8)
    drawn[:, :, :3] = 0 if channels == 4 else 255
    drawn[height // 4 : height // 4 + 20, :, :] = 0 if channels == 3 else (0, 0, 0, 255)
    return drawn


def test_what_has_no_ground_is_drawn_on_white_paper() -> None:
    kept = normalised(encoded(plan(channels=4)))
    pixels = decoded(kept.webp)
    assert (kept.width, kept.height) == (900, 600)
    assert pixels[10, 10].min() > 245
    assert pixels[160, 450].max() < 25


def test_a_large_plan_is_kept_smaller_and_nothing_of_the_file_but_its_pixels() -> None:
    raw = encoded(plan(4000, 1000), ".jpg")
    marked = raw[:2] + b"\xff\xe1\x00\x12Exif\x00\x00secret-gps" + raw[2:]
    kept = normalised(marked)
    assert (kept.width, kept.height) == (2400, 600)
    assert kept.webp[:4] + kept.webp[8:12] == b"RIFFWEBP"
    assert b"secret" not in kept.webp
    assert kept.sha256 != normalised(encoded(plan())).sha256


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "neither a JPEG nor a PNG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "neither a JPEG nor a PNG"),
        (b"%PDF-1.7", "neither a JPEG nor a PNG"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 8 + b"\x00\x00\xff\xff" * 2, "pixels"),
        (encoded(plan(199, 900)), "at least 200"),
        (encoded(plan(12_200, 200)), "too long"),
        (encoded(np.full((300, 300, 3), 255, np.uint8)), "one colour"),
        (encoded(plan())[:200], "damaged"),
    ],
)
def test_what_is_no_plan_is_refused_with_a_sentence(raw: bytes, says: str) -> None:
    with pytest.raises(BadInputError, match=says):
        normalised(raw)


def test_a_large_drawing_is_laid_on_paper_in_little_memory() -> None:
    raw = encoded(plan(3000, 2000, channels=4))
    tracemalloc.start()
    try:
        normalised(raw)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3000 * 2000 * 12  # three and four bytes a pixel as decoded, and what is kept


def test_what_stays_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "LARGEST_KEPT", 100)
    with pytest.raises(BadInputError, match="smaller or simpler"):
        normalised(encoded(plan()))
