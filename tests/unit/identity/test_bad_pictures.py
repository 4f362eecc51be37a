"""Pictures as they come: turned by EXIF, CMYK, 16 bits deep, animated, enormous, broken, or none at all."""

import base64
import struct

import cv2
import numpy as np
import pytest

from app.identity.enrolment.pictures import LARGEST_PICTURE, LARGEST_SIDE, read_picture
from app.kit.errors import BadInputError

CMYK_RED = base64.b64decode(
    "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwANCQoLCggNCwoLDg4NDxMgFRMSEhMnHB4XIC4pMTAuKS0sMzpKPjM2RjcsLUBXQUZMTlJTUjI+WmFaUGBKUVJP/8AAFAgAEAAQ"
    "BEMRAE0RAFkRAEsRAP/EABUAAQEAAAAAAAAAAAAAAAAAAAAH/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAA4EQwBNAFkASwAAPwCnJgmCnAAAAP/Z"
)


def jpeg(pixels: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".jpg", pixels)[1].tobytes())


def png(pixels: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".png", pixels)[1].tobytes())


def turned(raw: bytes, orientation: int) -> bytes:
    """The JPEG with an EXIF orientation."""
    tiff = b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)
    body = b"Exif\0\0" + tiff
    return raw[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + raw[2:]


def test_a_picture_is_turned_as_its_exif_says() -> None:
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[:, 40:] = 255
    raw = jpeg(pixels)
    assert read_picture(raw).shape == (40, 80, 3)
    upright = read_picture(turned(raw, 6))
    assert upright.shape == (80, 40, 3)
    assert upright[:30].mean() < 20 < 230 < upright[50:].mean()


def test_cmyk_and_sixteen_bits_become_plain_colours() -> None:
    red = read_picture(CMYK_RED)
    assert red.dtype == np.uint8
    assert red[8, 8, 0] > 150 > red[8, 8, 1:].max()
    deep = np.full((32, 32, 3), 0x8000, np.uint16)
    assert read_picture(png(deep)).mean() == pytest.approx(128, abs=2)


def test_a_large_picture_is_made_smaller_and_keeps_its_shape() -> None:
    assert read_picture(jpeg(np.zeros((LARGEST_SIDE // 2, 2 * LARGEST_SIDE, 3), np.uint8))).shape == (1024, LARGEST_SIDE, 3)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "no picture"), (b"\0" * (LARGEST_PICTURE + 1), "12 are the most"), (b"%PDF-1.7", "neither"),
        (b"GIF89a" + b"\0" * 50, "neither"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "neither"), (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "neither"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 60_000, 60_000) + b"\x08\x02\0\0\0", "million"),
        (jpeg(np.zeros((64, 64, 3), np.uint8))[:300], "damaged"), (png(np.zeros((4, 4, 3), np.uint8)), "at least"),
        (png(np.zeros((16, 16, 3), np.uint8))[:33] + b"\0\0\0\x08acTL" + b"\0" * 12, "moves"), (CMYK_RED[:60], "damaged"),
    ],
)  # fmt: skip
def test_what_is_no_photograph_is_refused_with_what_to_do(raw: bytes, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        read_picture(raw)
