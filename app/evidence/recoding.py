"""Recordings decoded, redacted and encoded again (blocking), and looked at with the pose model."""

import asyncio
import io
from collections.abc import Iterator
from fractions import Fraction
from time import monotonic
from typing import Any, Final, Protocol

import av
import cv2
import numpy as np

from app.evidence.redaction import Box, Look, Pixels, Scene, redact, stamp
from app.inference.picture import PixelPicture
from app.kit.backoff import Backoff
from app.kit.errors import BadInputError, UnavailableError
from app.perception.detections import Detections

EVERY_MS: Final = 300
"""Between two looks nobody walks further than the padding and both looks' boxes cover."""
BATCH: Final = 4
MOST_ASKS: Final = 4
AGAIN: Final = Backoff(first_s=0.5, longest_s=4.0)
PATIENCE_S: Final = 100.0
"""From the first look at a recording on, a batch that got no answer is asked again; of one picture's neighbourhood, a fifth."""
CLOCK: Final = 90_000
BITS_PER_PIXEL: Final = 0.15
QUALITY: Final = 88


class PoseModel(Protocol):
    """Finds persons; `inference.TritonPose` is one."""

    async def detect(self, frames: list[PixelPicture]) -> list[Detections]:
        """Persons of each picture, in its pixels."""
        ...


async def look_again(pose: PoseModel, body: bytes, media_type: str, around_ms: float | None = None) -> tuple[Look, ...]:
    """Whom the pose model finds, every `EVERY_MS`; of the looks at a whole recording only those near `around_ms` if given.

    Raises:
        UnavailableError: the model does not answer, asked a few times.
    """
    found: list[Look] = []
    patience = monotonic() + (PATIENCE_S if around_ms is None else PATIENCE_S / 5)
    pictures = _some(body, media_type, around_ms)
    while batch := await asyncio.to_thread(_next, pictures):
        persons = await _persons(pose, [PixelPicture(each, "bgr") for _, each in batch], patience)
        for (at_ms, pixels), seen in zip(batch, persons, strict=True):
            size = (pixels.shape[1], pixels.shape[0]) * 2
            boxes: list[Box] = [(a, b, c, d) for a, b, c, d in (seen.boxes / size).tolist()]
            found.append(Look(at_ms, tuple(boxes)))
    return tuple(found)


async def _persons(pose: PoseModel, pictures: list[PixelPicture], patience: float) -> list[Detections]:
    """Of each picture; one answer that a busy server owes costs no export its subjects. `patience`: until when it asks again."""
    for attempt in range(MOST_ASKS - 1):
        try:
            return await pose.detect(pictures)
        except UnavailableError:
            delay = AGAIN.delay_s(attempt)
            if monotonic() + delay > patience:
                raise
        await asyncio.sleep(delay)
    return await pose.detect(pictures)


def redacted(body: bytes, media_type: str, scene: Scene, watermark: str) -> bytes:
    """The recording as the scene allows it to be seen (blocking)."""
    if media_type == "image/jpeg":
        pixels = _jpeg(body)
        redact(pixels, scene, 0)
        return _coded(pixels, watermark)
    return _film(body, scene, watermark)


def picture_at(body: bytes, media_type: str, moment_ms: float) -> tuple[float, Pixels]:
    """The picture nearest to a moment, and its own time."""
    if media_type == "image/jpeg":
        return 0.0, _jpeg(body)
    best: tuple[float, Pixels] | None = None
    for at_ms, pixels in _pictures(body):
        if best is None or abs(at_ms - moment_ms) < abs(best[0] - moment_ms):
            best = at_ms, pixels
        elif at_ms > moment_ms:
            break
    if best is None:
        raise BadInputError("The recording holds no picture.")
    return best


def preview(body: bytes, media_type: str, scene: Scene, moment_ms: float, watermark: str) -> bytes:
    """One picture of the export as a JPEG."""
    at_ms, pixels = picture_at(body, media_type, moment_ms)
    redact(pixels, scene, at_ms)
    return _coded(pixels, watermark)


def _pictures(body: bytes) -> Iterator[tuple[float, Pixels]]:
    with av.open(io.BytesIO(body), "r") as container:
        first: float | None = None
        for frame in container.decode(video=0):
            at = float(frame.time or 0.0)
            first = at if first is None else first
            yield (at - first) * 1000, frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False)


def _some(body: bytes, media_type: str, around_ms: float | None) -> Iterator[tuple[int, Pixels]]:
    """Pictures at least `EVERY_MS` apart: all, or the same ones near a moment."""
    if media_type == "image/jpeg":
        yield 0, _jpeg(body)
        return
    due = 0.0
    for at_ms, pixels in _pictures(body):
        if around_ms is not None and at_ms > around_ms + 2 * EVERY_MS:
            return
        if at_ms >= due:
            due = at_ms + EVERY_MS
            if around_ms is None or at_ms >= around_ms - 2 * EVERY_MS:
                yield round(at_ms), pixels


def _next(pictures: Iterator[tuple[int, Pixels]]) -> list[tuple[int, Pixels]]:
    return [each for _, each in zip(range(BATCH), pictures, strict=False)]


def _film(body: bytes, scene: Scene, watermark: str) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream: Any = None
        last = -1
        for at_ms, pixels in _pictures(body):
            if stream is None:
                stream = _stream(container, pixels.shape[1], pixels.shape[0])
            redact(pixels, scene, at_ms)
            stamp(pixels, watermark)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="bgr24")
            frame = frame.reformat(stream.width, stream.height, "yuv420p")
            last = max(last + 1, round(at_ms * CLOCK / 1000))
            frame.pts, frame.time_base = last, Fraction(1, CLOCK)
            container.mux(stream.encode(frame))
        if stream is None:
            raise BadInputError("The recording holds no picture.")
        container.mux(stream.encode(None))
    return out.getvalue()


def _stream(container: Any, width: int, height: int) -> Any:
    stream = container.add_stream("libx264", rate=15)
    stream.width, stream.height, stream.pix_fmt = width // 2 * 2, height // 2 * 2, "yuv420p"
    stream.bit_rate = int(width * height * 15 * BITS_PER_PIXEL)
    stream.options = {"preset": "veryfast", "threads": "1"}
    stream.codec_context.time_base = Fraction(1, CLOCK)
    return stream


def _jpeg(body: bytes) -> Pixels:
    pixels = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise BadInputError("The picture cannot be read.")
    return pixels.astype(np.uint8, copy=False)


def _coded(pixels: Pixels, watermark: str) -> bytes:
    stamp(pixels, watermark)
    done, coded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise BadInputError("The picture could not be encoded.")
    return coded.tobytes()
