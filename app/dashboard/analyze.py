"""`POST /api/v1/analyze/frame`: one image in, the persons on it out. Nothing is stored."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Protocol

import numpy as np
from fastapi import Request
from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile

from app.audit import repository as audit
from app.audit.models import Act, AuditEntry, audited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.inference.picture import PixelPicture
from app.kit.backends import backends
from app.kit.errors import BadInputError, TooManyRequestsError, UnavailableError
from app.kit.postgres import tenant_transaction
from app.perception.detections import Detections
from app.perception.images import decode_image

router = guarded_router("analyze")
LARGEST_IMAGE = 12 << 20
AT_ONCE = 4
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FORM = {"schema": {"type": "object", "required": ["image"], "properties": {"image": _BINARY["schema"]}}}
BODY = {
    "requestBody": {
        "required": True,
        "content": {"multipart/form-data": _FORM, "image/jpeg": _BINARY, "image/png": _BINARY},
    }
}


class PoseModel(Protocol):
    """Finds persons; `inference.TritonPose` is one."""

    async def detect(self, frames: Sequence[Any]) -> list[Detections]:
        """Persons of each frame, in its pixels. UnavailableError when the model does not answer."""
        ...

    async def ready(self) -> bool:
        """Whether it would answer."""
        ...


class FrameOut(BaseModel):
    """Pixels of the image as analysed."""

    width: int
    height: int


class PersonOut(BaseModel):
    """One person, in pixels of the image; x right, y down."""

    box: list[float] = Field(description="x1, y1, x2, y2")
    score: float
    keypoints: list[list[float]] = Field(description="17 of [x, y, score], COCO order.")


class FrameAnalysisOut(BaseModel):
    """Everybody on the image, surest first."""

    frame: FrameOut
    persons: list[PersonOut]


class Analysis:
    """A few images at once, so that live cameras keep their share of the model."""

    def __init__(self, model: PoseModel | None) -> None:
        self.model = model
        self._running = 0

    async def run(self, raw: bytes) -> FrameAnalysisOut:
        """Persons of a JPEG or PNG."""
        if self.model is None:
            raise UnavailableError("No model server is set: TRITON_URL is empty.")
        if self._running >= AT_ONCE:
            raise TooManyRequestsError("Other images are being analysed. Try again in a moment.", retry_after_s=1)
        self._running += 1
        try:
            pixels = await asyncio.to_thread(decode_image, raw)
            (found,) = await self.model.detect([PixelPicture(pixels, "bgr")])
        finally:
            self._running -= 1
        return _out(pixels.shape[1], pixels.shape[0], found)


def _out(width: int, height: int, found: Detections) -> FrameAnalysisOut:
    boxes = np.round(found.boxes.astype(np.float64), 2).tolist()
    scores = np.round(found.scores.astype(np.float64), 4).tolist()
    points = np.round(found.keypoints.astype(np.float64), 3).tolist()
    persons = [PersonOut(box=b, score=s, keypoints=k) for b, s, k in zip(boxes, scores, points, strict=True)]
    return FrameAnalysisOut(frame=FrameOut(width=width, height=height), persons=persons)


@router.post("/analyze/frame", openapi_extra=BODY | audited(Act.FRAME_ANALYZED), max_body_size=LARGEST_IMAGE)
async def analyze_frame(request: Request, access: Annotated[Access, require(Permission.FRAMES_ANALYZE)]) -> FrameAnalysisOut:
    """Persons on one JPEG or PNG image, sent as the body or as the form field `image`."""
    analysis = request.app.state.analysis
    assert isinstance(analysis, Analysis)  # noqa: S101 - set once by main
    found = await analysis.run(await _image(request))
    who, scope = access.principal, access.scope
    async with tenant_transaction(backends(request).postgres, scope) as connection:
        details = {"width": found.frame.width, "height": found.frame.height, "persons": len(found.persons)}
        entry = AuditEntry(Act.FRAME_ANALYZED, who.kind, who.id, who.chain_id, subject_kind="frame", details=details)
        await audit.append(connection, entry)
    return found


async def _image(request: Request) -> bytes:
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_files=1, max_fields=4) as form:
            image = form.get("image")
            if not isinstance(image, UploadFile):
                raise BadInputError("The form has no file in its field `image`.")
            raw = await image.read()
    else:
        raw = await request.body()
    if not raw:
        raise BadInputError("The request holds no image: send a JPEG or PNG as the body, or as the form field `image`.")
    return raw
