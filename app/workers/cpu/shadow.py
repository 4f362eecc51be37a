"""Decoded frames for the shadowed version: PyAV's own, which the GPU worker has not."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.capture.frame import CapturedFrame
from app.capture.pictures import pixels_of
from app.contracts.control import DesiredCamera
from app.inference.picture import DecodedPicture
from app.perception.detections import Detections
from app.workers.shadow import Shadowing


@dataclass(frozen=True, slots=True)
class DecodedShown(DecodedPicture):
    """A decoded frame that can be shown."""

    def pixels(self, long_side: int) -> npt.NDArray[np.uint8]:
        """See `Shown.pixels`."""
        return pixels_of(self.frame, long_side)


class ShadowStage(Shadowing):
    """The stage over captured frames."""

    def seen(self, camera: DesiredCamera, frame: CapturedFrame, found: Detections | None, took_s: float) -> None:
        """See `Shadowing.answered`."""
        self.answered(camera, DecodedShown(frame.picture), frame.captured_at_us, found, took_s)
