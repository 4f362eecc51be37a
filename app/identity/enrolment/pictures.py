"""Uploaded pictures of faces: read with bounds, looked at by the served model, cut to the face and encoded anew, in memory."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import cv2
import numpy as np
import numpy.typing as npt
from starlette.formparsers import MultiPartParser

from app.identity.enrolment.gate import Judgement, SeenFace, judge, seen_faces
from app.identity.templates.stored import Vector
from app.inference.face_client import FACE_VERSION, FaceAnswer
from app.kit.errors import BadInputError, TooManyRequestsError, UnavailableError
from app.perception.images import decode_image

UInt8 = npt.NDArray[np.uint8]
LARGEST_PICTURE: Final = 12 << 20
MultiPartParser.spool_max_size = LARGEST_PICTURE + 1  # an uploaded face must not be spooled to a temporary file
LARGEST_SIDE: Final = 4096
MOST_FACES: Final = 8
MARGIN: Final = 0.6
"""Of the face's larger side, kept around it: enough to recognise somebody, not the room."""

KEPT_SIDE: Final = 800
QUALITY: Final = 92
AT_ONCE: Final = 4
STORED_LENGTHS: Final = (128, 512)
"""Numbers of a template that the database has room for."""

_APNG = b"acTL"


class FaceModel(Protocol):
    """The served face pipeline; `inference.TritonFaces` is one."""

    async def find(self, picture: UInt8, most: int = 1, version: str = FACE_VERSION) -> FaceAnswer:
        """Faces of an (h, w, 3) RGB picture, best first, embedded by this version."""
        ...


@dataclass(frozen=True, slots=True)
class Looked:
    """A picture that was looked at.

    Attributes:
        picture: (h, w, 3) RGB. vector: of its first face; None without one.
    """

    picture: UInt8 = field(repr=False)
    judgement: Judgement
    vector: Vector | None


@dataclass(frozen=True, slots=True)
class Kept:
    """The part of a picture that is kept: JPEG without metadata, the face's box and points in its pixels."""

    jpeg: bytes = field(repr=False)
    width: int
    height: int
    box: tuple[float, ...]
    points: tuple[float, ...]


class Looker:
    """Looks at a few pictures at once, so that live cameras keep their share of the model."""

    def __init__(self, model: FaceModel | None) -> None:
        self._model = model
        self._running = 0

    async def look(self, raw: bytes) -> Looked:
        """What is on a picture.

        Raises:
            BadInputError: it is no picture that can be read, or far too large.
            UnavailableError: no face model answers. TooManyRequestsError: others are being looked at.
        """
        model = self._demand()
        if self._running >= AT_ONCE:
            raise TooManyRequestsError("Other pictures are being looked at. Try again in a moment.", retry_after_s=1)
        self._running += 1
        try:
            picture = await asyncio.to_thread(read_picture, raw)
            answer = await model.find(picture, MOST_FACES)
        finally:
            self._running -= 1
        faces = seen_faces(answer.boxes, answer.points, answer.quality)
        vector = usable_vector(answer.embeddings[0]) if len(answer) else None
        return Looked(picture, judge(picture, faces), vector)

    async def find(self, picture: UInt8, most: int = 1, version: str = FACE_VERSION) -> FaceAnswer:
        """Faces of an (h, w, 3) RGB picture, best first, for work in the background: it takes nobody's turn.

        Raises:
            UnavailableError: no face model answers. BadInputError: it refuses the picture.
        """
        return await self._demand().find(picture, most, version)

    def _demand(self) -> FaceModel:
        if self._model is None:
            raise UnavailableError("No model server is set: TRITON_URL is empty.")
        return self._model


def usable_vector(numbers: npt.NDArray[np.float32]) -> Vector:
    """The template of an answer. UnavailableError where the served model gives what cannot be stored and compared."""
    length = float(np.linalg.norm(numbers))
    if numbers.shape not in {(each,) for each in STORED_LENGTHS} or not 0.99 < length < 1.01:
        raise UnavailableError(
            f"The face model that is served gives {numbers.size} numbers of length {length:.3g}; templates have"
            f" {' or '.join(map(str, STORED_LENGTHS))} of length 1. Serve a face model that fits (docs/models.md)."
        )
    return Vector(numbers)


def read_picture(raw: bytes) -> UInt8:
    """(h, w, 3) RGB of a JPEG or PNG, turned as its EXIF says, at most `LARGEST_SIDE` long. BadInputError says what is wrong."""
    if not raw:
        raise BadInputError("There is no picture: send a JPEG or PNG in the form field `picture`.")
    if len(raw) > LARGEST_PICTURE:
        raise BadInputError(f"The picture has {len(raw) >> 20} MB; {LARGEST_PICTURE >> 20} are the most.")
    if raw.startswith(b"\x89PNG") and _APNG in raw[:4096]:
        raise BadInputError("This picture moves; send a photograph.")
    pixels = decode_image(raw)
    scale = LARGEST_SIDE / max(pixels.shape[:2])
    if scale < 1:
        pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return np.ascontiguousarray(pixels[:, :, ::-1])


def keep(picture: UInt8, face: SeenFace) -> Kept:
    """The face with some of its surroundings, encoded anew."""
    height, width = picture.shape[:2]
    x1, y1, x2, y2 = face.box
    border = MARGIN * max(x2 - x1, y2 - y1)
    left, top = max(0, int(x1 - border)), max(0, int(y1 - border))
    right, bottom = min(width, int(x2 + border) + 1), min(height, int(y2 + border) + 1)
    part = picture[top:bottom, left:right]
    scale = min(1.0, KEPT_SIDE / max(part.shape[:2]))
    if scale < 1:
        part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    done, buffer = cv2.imencode(".jpg", part[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise BadInputError("This picture cannot be stored; send another.")
    return Kept(
        jpeg=buffer.tobytes(),
        width=part.shape[1],
        height=part.shape[0],
        box=_moved((x1, y1, x2, y2), left, top, scale),
        points=_moved([number for point in face.points for number in point], left, top, scale),
    )


def _moved(numbers: Sequence[float], left: int, top: int, scale: float) -> tuple[float, ...]:
    moved: list[Any] = [(each - (top if at % 2 else left)) * scale for at, each in enumerate(numbers)]
    return tuple(round(float(each), 2) for each in moved)
