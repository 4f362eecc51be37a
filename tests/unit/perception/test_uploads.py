"""What people upload instead of a photo: other formats, bombs, halves, animations, and files that are two things at once."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest

from app.dashboard.analyze import Analysis
from app.kit.errors import BadInputError
from app.perception.images import decode_image
from app.tenancy.policy.evidence import normalised

PIXELS = np.random.default_rng(0).integers(0, 255, (300, 400, 3), dtype=np.uint8)
JPEG = cv2.imencode(".jpg", PIXELS)[1].tobytes()
PNG = cv2.imencode(".png", PIXELS)[1].tobytes()
SCRIPT = b"<script>alert(1)</script>"


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _png(width: int, height: int, data: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


REFUSED = {
    "gif, animated or not": b"GIF89a" + bytes(200),
    "webp": b"RIFF\x00\x01\x00\x00WEBPVP8 " + bytes(200),
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg">' + SCRIPT + b"</svg>",
    "html": b"<!doctype html>" + SCRIPT,
    "zip": b"PK\x03\x04" + bytes(200),
    "jpeg behind something else": SCRIPT + JPEG,
    "half a jpeg": JPEG[: len(JPEG) // 2],
    "half a png": PNG[: len(PNG) // 2],
    "a jpeg of its first bytes": JPEG[:3],
    "a png of its first bytes": PNG[:8],
    "a png that names 60000 x 60000": _png(60_000, 60_000, zlib.compress(bytes(1000))),
    "a jpeg that names 65500 x 65500": JPEG.replace(struct.pack(">HH", 300, 400), struct.pack(">HH", 65_500, 65_500), 1),
    "a png whose data blow up": _png(16, 16, zlib.compress(bytes(50_000_000))[:2000]),
    "a png without data": _png(300, 300),
    "one line": _png(4000, 1, zlib.compress(bytes(12_001))),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_no_photo_is_refused_at_every_upload(name: str) -> None:
    raw = REFUSED[name]
    with pytest.raises(BadInputError):
        decode_image(raw)
    with pytest.raises(BadInputError):
        normalised(raw)

    class Never:
        async def detect(self, _frames: object) -> list[object]:
            raise AssertionError("the model was asked")

        async def ready(self) -> bool:
            return True

    with pytest.raises(BadInputError):
        await Analysis(Never()).run(raw)  # type: ignore[arg-type]


@pytest.mark.parametrize("behind", [SCRIPT, b"PK\x03\x04" + SCRIPT, b"%PDF-1.7" + SCRIPT])
def test_what_hides_behind_a_photo_is_not_stored(behind: bytes) -> None:
    kept = normalised(JPEG + behind)
    assert (kept.width, kept.height) == (400, 300)
    assert kept.jpeg.startswith(b"\xff\xd8\xff")
    assert kept.jpeg.endswith(b"\xff\xd9")
    assert behind not in kept.jpeg
    assert SCRIPT not in kept.jpeg


def test_what_hides_in_the_notes_of_a_photo_is_not_stored() -> None:
    place = b"Exif\x00\x00GPS 48.1 11.5 " + SCRIPT
    noted = JPEG[:2] + b"\xff\xe1" + struct.pack(">H", len(place) + 2) + place + JPEG[2:]
    stored = normalised(noted).jpeg
    assert b"Exif" not in stored
    assert SCRIPT not in stored


def test_an_animated_png_is_its_first_picture() -> None:
    at = PNG.index(b"IDAT") - 4
    animated = io.BytesIO()
    animated.write(PNG[:at] + _chunk(b"acTL", struct.pack(">II", 1, 0)) + PNG[at:])
    kept = normalised(animated.getvalue())
    assert (kept.width, kept.height) == (400, 300)
    assert b"acTL" not in kept.jpeg
