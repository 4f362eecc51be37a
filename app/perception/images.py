"""Uploaded images: what they are by their own bytes, how large they would become, and their pixels."""

import struct

import cv2
import numpy as np
import numpy.typing as npt

from app.kit.errors import BadInputError

MOST_PIXELS = 40_000_000
SMALLEST_SIDE = 8
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
NEITHER = "This is neither a JPEG nor a PNG image; send one of those."


def image_size(raw: bytes) -> tuple[int, int]:
    """(width, height) from the header of a JPEG or PNG; BadInputError for anything else. Nothing is decoded yet."""
    if raw.startswith(_PNG) and len(raw) >= 24:
        width, height = struct.unpack(">II", raw[16:24])
        return width, height
    if not raw.startswith(_JPEG):
        raise BadInputError(NEITHER)
    at = 2
    while at + 9 <= len(raw):
        if raw[at] != 0xFF:
            break
        marker = raw[at + 1]
        if marker in _FRAME_MARKERS:
            height, width = struct.unpack(">HH", raw[at + 5 : at + 9])
            return width, height
        if marker == 0xFF:
            at += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 2
        else:
            at += 2 + int.from_bytes(raw[at + 2 : at + 4], "big")
    raise BadInputError("This JPEG image is damaged: its size is missing.")


def decode_image(raw: bytes) -> npt.NDArray[np.uint8]:
    """(h, w, 3) uint8, BGR; the EXIF orientation is applied. BadInputError with what is wrong with the image."""
    width, height = image_size(raw)
    if width * height > MOST_PIXELS:
        raise BadInputError(f"The image has {width} x {height} pixels; {MOST_PIXELS // 1_000_000} million are the most.")
    if min(width, height) < SMALLEST_SIDE:
        raise BadInputError(f"The image has {width} x {height} pixels; each side must have at least {SMALLEST_SIDE}.")
    try:
        pixels = cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise BadInputError("This image is damaged and cannot be read.") from error
    if pixels is None:
        raise BadInputError("This image is damaged and cannot be read.")
    return pixels.astype(np.uint8, copy=False)
