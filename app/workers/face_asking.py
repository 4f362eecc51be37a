"""One head to a face model, under the policy of before and after. The same for every worker."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from app.capture.polygons import Polygons
from app.contracts.biometrics import ProbeEmbedding
from app.contracts.control import DesiredCamera
from app.contracts.tracked import TrackedFrame
from app.contracts.wire import floats
from app.inference.face_client import FACE_MODEL, FACE_VERSION, FaceAnswer
from app.inference.presentation import suspicion
from app.kit.errors import PennyError
from app.workers.head_picture import LEAST_QUALITY, head_jpeg
from app.workers.telemetry import FaceMetrics

OLDEST_S: Final = 2.0
"""A head that waited longer for its model is let go; one that waits as long again for Redis, too."""

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]

Measured = Callable[[DesiredCamera, FaceAnswer | None, float], None]
"""Told each answer about a camera whose faces may be looked at (None: there was none), and the seconds it took."""


@dataclass(frozen=True, slots=True)
class Face:
    """One face: its width in pixels of its picture, quality (5,) in 0..1, embedding (d,) of length 1."""

    width_px: float
    quality: Float32
    embedding: Float32 = field(repr=False)


class FaceModel(Protocol):
    """Finds and embeds faces."""

    async def find(self, picture: UInt8, most: int = 1, version: str = FACE_VERSION) -> FaceAnswer:
        """Faces of a head's picture, embedded by this version. PennyError when the model does not answer."""
        ...


class FaceAsking:
    """Asks the model about one head; what is let go is counted by its reason."""

    def __init__(self, model: FaceModel, metrics: FaceMetrics, measured: Measured | None = None) -> None:
        self._model, self._metrics, self._measured = model, metrics, measured

    async def ask(self, picture: UInt8, camera: DesiredCamera, may: Callable[[], DesiredCamera | None]) -> Face | None:
        """What the version that `camera` uses finds in a head's picture (h, w, 3; RGB): one face that is good enough, or None.

        `may` is asked now, as the picture may have been made in a thread meanwhile, and again when the answer is there: of what
        the policy forbids by then not even sums are kept. PennyError when the model does not answer.
        """
        if may() is None:
            self.drop("policy")
            return None
        self._metrics.asked.inc()
        began = time.monotonic()
        try:
            answer = await self._model.find(picture, 1, camera.face_version)
        except PennyError:
            if self._measured is not None and may() is not None:
                self._measured(camera, None, time.monotonic() - began)
            raise
        took_s = time.monotonic() - began
        self._metrics.seconds.observe(took_s)
        if may() is None:
            self.drop("policy")
            return None
        if self._measured is not None:
            self._measured(camera, answer, took_s)
        if not len(answer):
            self.drop("no face")
            return None
        if float(answer.quality[0].min()) < LEAST_QUALITY:
            self.drop("quality")
            return None
        return Face(float(answer.boxes[0, 2] - answer.boxes[0, 0]), answer.quality[0], answer.embeddings[0])

    def drop(self, why: str) -> None:
        """Count a head that is let go."""
        self._metrics.dropped.labels(why).inc()


def hidden(masks: Polygons, eyes: Float32, width: int, height: int) -> bool:
    """Whether one of the eyes (2, 2; pixels of the frame) lies under a mask in force: drawn since, or the picture had none."""
    places = eyes / (width, height)
    return any(
        cv2.pointPolygonTest(np.asarray(polygon, np.float32), (float(x), float(y)), measureDist=False) >= 0
        for polygon in masks
        for x, y in places
    )


def probe_of(
    frame: TrackedFrame, track_id: int, camera: DesiredCamera, version: str, face: Face, head: UInt8 | None
) -> ProbeEmbedding:
    """What is sent of a face: its embedding by `version`, and the picture of its head (h, w, 3; RGB) where there is one."""
    return ProbeEmbedding(
        camera_id=camera.camera_id,
        store_id=camera.store_id,
        epoch=frame.epoch,
        track_id=track_id,
        captured_at_us=frame.captured_at_us,
        policy_revision=frame.policy_revision,
        model=FACE_MODEL,
        model_version=version,
        face_px=face.width_px,
        quality=floats(face.quality),
        embedding=floats(face.embedding),
        picture=b"" if head is None else head_jpeg(head),
        attack=0.0 if head is None else suspicion(head),
    )
