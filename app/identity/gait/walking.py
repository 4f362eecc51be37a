"""A clip of one person who walks, to the sequence of keypoints that gait is measured on. In memory; nothing of it is kept."""

import asyncio
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.error import FFmpegError

from app.inference.gait.client import GaitResult, PoseSequence
from app.inference.gait.quality import Unfit
from app.inference.gait.sequence import RATE_HZ, SLOTS
from app.inference.picture import PixelPicture
from app.kit.errors import BadInputError, TooManyRequestsError, UnavailableError
from app.perception.detections import Detections

LARGEST_CLIP: Final = 32 << 20
LONGEST_S: Final = SLOTS / RATE_HZ
"""Of a longer clip the first so many seconds are looked at."""
LARGEST_SIDE: Final = 4096
LOOKED_SIDE: Final = 960
AT_ONCE: Final = 4
MOST_DECODED: Final = 2_000
"""Of a clip, whatever times its frames claim: 8 s at 240 frames a second."""
SURE: Final = 0.5
MOST_CROWDED: Final = 0.1
"""Share of the frames in which a second person may be seen."""
TOO_MANY: Final = "More than one person is in the clip; cut it to a part where only the enrolled one is seen."
UNREADABLE: Final = "This is no MP4 clip that can be read."


class PoseModel(Protocol):
    """Finds persons; `inference.TritonPose` is one."""

    async def detect(self, frames: Sequence[Any]) -> list[Detections]:
        """Persons of each frame, in its pixels. UnavailableError when the model does not answer."""
        ...


class GaitModel(Protocol):
    """Describes and embeds sequences; `inference.gait.TritonGait` is one."""

    async def look(self, sequences: Sequence[PoseSequence]) -> list[GaitResult | Unfit]:
        """Of each a result, or why there is none. UnavailableError when the model does not answer."""
        ...


@dataclass(frozen=True, slots=True)
class Frame:
    """(h, w, 3) RGB at a moment of the clip, in seconds."""

    at_s: float
    pixels: npt.NDArray[np.uint8]


class WalkReader:
    """Looks at one clip at a time, so that live cameras keep their share of the models."""

    def __init__(self, pose: PoseModel | None, gait: GaitModel | None) -> None:
        self._pose, self._gait = pose, gait
        self._busy = False

    async def read(self, clip: bytes) -> GaitResult:
        """The walk of the one person in an MP4 clip.

        Raises:
            BadInputError: no clip, more or less than one person, or too little of a walk.
            UnavailableError: a model does not answer. TooManyRequestsError: another clip is looked at.
        """
        if self._pose is None or self._gait is None:
            raise UnavailableError("No inference server is configured, so no walk can be measured.")
        if self._busy:
            raise TooManyRequestsError("Another clip is being looked at; try again in some seconds.")
        self._busy = True
        try:
            found = (await self._gait.look([await self._sequence(self._pose, clip)]))[0]
        finally:
            self._busy = False
        if isinstance(found, Unfit):
            raise BadInputError(f"This clip shows too little of a walk ({found.value}); give 4 seconds or more, seen whole.")
        if not found.quality.walking:
            raise BadInputError("Nobody walks in this clip; give one in which the person takes several steps.")
        return found

    async def _sequence(self, pose: PoseModel, clip: bytes) -> PoseSequence:
        frames = frames_of(clip)
        times: list[float] = []
        points: list[npt.NDArray[np.float32]] = []
        crowded = looked = 0
        while batch := await asyncio.to_thread(_next, frames):
            for frame, persons in zip(batch, await pose.detect([PixelPicture(each.pixels) for each in batch]), strict=True):
                sure = np.flatnonzero(persons.scores >= SURE)
                looked, crowded = looked + 1, crowded + (len(sure) > 1)
                if len(sure) == 1:
                    times.append(frame.at_s)
                    points.append(np.asarray(persons.keypoints[sure[0]], np.float32))
        if crowded > MOST_CROWDED * looked:
            raise BadInputError(TOO_MANY)
        if not times:
            raise BadInputError("Nobody is seen in this clip.")
        return PoseSequence(np.stack(points), np.array(times))


def frames_of(clip: bytes) -> Iterator[Frame]:
    """Frames of an MP4 clip, about RATE_HZ a second, LONGEST_S at most, made smaller. Blocking; BadInputError for no clip."""
    last = -1.0
    try:
        # The format is named: others follow addresses that they are given.
        with av.open(io.BytesIO(clip), mode="r", format="mp4") as container:
            if not container.streams.video:
                raise BadInputError(UNREADABLE)
            first: float | None = None
            for number, picture in enumerate(container.decode(video=0)):
                if number == MOST_DECODED:
                    return
                moment = float(picture.time or 0.0)
                first = moment if first is None else first
                at_s = moment - first
                if at_s > LONGEST_S:
                    return
                if max(picture.width, picture.height) > LARGEST_SIDE:
                    raise BadInputError(f"The clip's pictures are larger than {LARGEST_SIDE} pixels.")
                if at_s - last >= 0.75 / RATE_HZ:
                    last = at_s
                    yield Frame(at_s, _smaller(np.asarray(picture.to_ndarray(format="rgb24"), np.uint8)))
    except (FFmpegError, ValueError, OSError) as error:
        raise BadInputError(UNREADABLE) from error


def _next(frames: Iterator[Frame]) -> list[Frame]:
    return [frame for _, frame in zip(range(AT_ONCE), frames, strict=False)]


def _smaller(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    scale = LOOKED_SIDE / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    return np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
