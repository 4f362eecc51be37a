"""A floor plan as values, and the picture as it is kept. Pure."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from app.kit.errors import BadInputError
from app.perception.images import decode_image

LARGEST_UPLOAD: Final = 12 << 20
LARGEST_KEPT: Final = 4 << 20
LONG_SIDE: Final = 2400
"""Pixels of the longer side as kept: a shop floor of 120 m still shows a shelf."""
SMALLEST_SIDE: Final = 200
MOST_PLACES: Final = 500
"""Cameras on one plan; the list is one page."""
QUALITIES: Final = (90, 70, 40)
STRIPE: Final = 256
"""Rows that are laid on paper at once: the figures in between are many times as large as the picture."""


@dataclass(frozen=True, slots=True)
class CameraPlace:
    """Where a camera hangs and what it sees of the floor.

    Attributes:
        x, y: in 0..1 of the plan's width and height, from its upper left corner.
        heading_deg: where it looks, clockwise from the top of the plan, 0 <= heading < 360.
        view_deg: opening of the cone; 360 for a fisheye.
        reach: length of the cone as a share of the plan's width.
    """

    camera_id: uuid.UUID
    x: float
    y: float
    heading_deg: float
    view_deg: float
    reach: float


@dataclass(frozen=True, slots=True)
class PlanPicture:
    """A plan's picture as it is kept: WebP, without anything that the file said besides its pixels."""

    width: int
    height: int
    sha256: bytes
    webp: bytes


@dataclass(frozen=True, slots=True)
class FloorPlan:
    """A store's plan without its picture's bytes.

    Attributes:
        revision: rises with every change; a change names the one that it was made from.
        width_m: how many metres of floor the picture is wide; None where nobody said.
    """

    store_id: uuid.UUID
    revision: int
    width: int
    height: int
    sha256: bytes
    width_m: float | None
    changed_at: datetime
    places: tuple[CameraPlace, ...] = ()


def normalised(raw: bytes) -> PlanPicture:
    """An uploaded plan (JPEG or PNG), decoded and encoded anew. See-through parts of a drawing become white paper.

    Raises:
        BadInputError: it is no picture, too small to read, of one colour, or cannot be made small enough.
    """
    pixels = _on_paper(raw, decode_image(raw))
    height, width = pixels.shape[:2]
    if min(width, height) < SMALLEST_SIDE:
        raise BadInputError(f"The plan has {width} x {height} pixels; each side must have at least {SMALLEST_SIDE}.")
    if int(pixels.max()) - int(pixels.min()) < 16:
        raise BadInputError("The plan is of one colour only; send a picture on which walls can be seen.")
    scale = min(1.0, LONG_SIDE / max(width, height))
    size = (round(width * scale), round(height * scale))
    if min(size) < SMALLEST_SIDE // 4:
        raise BadInputError("The plan is too long for its height; send a picture of the floor that is less narrow.")
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA) if scale < 1 else pixels
    for quality in QUALITIES:
        done, buffer = cv2.imencode(".webp", small, [cv2.IMWRITE_WEBP_QUALITY, quality])
        if done and buffer.size <= LARGEST_KEPT:
            webp = buffer.tobytes()
            return PlanPicture(size[0], size[1], hashlib.sha256(webp).digest(), webp)
    raise BadInputError("This plan cannot be stored; send a smaller or simpler picture.")


def _on_paper(raw: bytes, opaque: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Drawings are often saved without a ground, which would become black on black."""
    if not raw.startswith(b"\x89PNG"):
        return opaque
    whole = cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_UNCHANGED)
    if whole is None or whole.dtype != np.uint8 or whole.shape != (*opaque.shape[:2], 4):
        return opaque
    for top in range(0, len(whole), STRIPE):
        stripe = whole[top : top + STRIPE]
        covered = stripe[:, :, 3:].astype(np.float32) / 255
        opaque[top : top + STRIPE] = np.rint(stripe[:, :, :3] * covered + 255 * (1 - covered))
    return opaque


def check_places(places: Sequence[CameraPlace]) -> None:
    """BadInputError where a camera hangs in two places."""
    if len({each.camera_id for each in places}) != len(places):
        raise BadInputError("A camera hangs in one place of the plan; name each once.")
