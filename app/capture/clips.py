"""Clips and stills from a packet ring: remuxed to MP4 as they came, or, where masks cover something, encoded anew through them.

Encoded packets hold what the masks hide. A clip of a masked camera is therefore decoded, blackened and encoded again before it
leaves the worker; it is never passed through.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

import av
import cv2
import numpy as np
from av import VideoFrame

from app.capture.annex_b import annex_b
from app.capture.masking import Masker
from app.capture.polygons import Polygons
from app.capture.ring import Sample
from app.kit.errors import PennyError

CLOCK: Final = 90_000
"""Ticks a second of the MP4s: the usual one of video."""
PLAYED: Final = frozenset({"h264", "hevc"})
"""What is passed through; the rest browsers cannot play, and it is encoded as H.264."""
STILL_QUALITY: Final = 88
CODED_BITS_PER_PIXEL: Final = 0.12
MOST_FRAMES: Final = 20_000
Box = tuple[str, float, float, float, float]
"""Track id and x1, y1, x2, y2 in 0..1 of the picture."""


class NothingRecordedError(PennyError):
    """The ring holds no picture of that time."""

    status = 404
    title = "Nothing recorded"


@dataclass(frozen=True, slots=True)
class Piece:
    """A finished recording.

    Attributes:
        from_us, to_us: captured_at of its first and last picture.
        masked: whether it went through masks.
    """

    body: bytes = field(repr=False)
    media_type: str
    from_us: int
    to_us: int
    masked: bool


def make_clip(samples: Sequence[Sample], masks: Polygons) -> Piece:
    """An MP4 of these packets (blocking): without encoding where nothing is masked and browsers can play it.

    Raises:
        NothingRecordedError: there is no packet that can be shown.
    """
    if not samples:
        raise NothingRecordedError("The camera's recording of that time is gone, or never was.")
    body = _encode(samples, masks) if masks or samples[0].shape.codec not in PLAYED else _remux(samples)
    return Piece(body, "video/mp4", samples[0].at_us, samples[-1].at_us, bool(masks))


def make_still(samples: Sequence[Sample], moment_us: int, masks: Polygons, boxes: Sequence[Box]) -> Piece:
    """A JPEG of the picture nearest to `moment_us`, with boxes drawn (blocking).

    Raises:
        NothingRecordedError: no picture could be decoded.
    """
    nearest: tuple[int, VideoFrame] | None = None
    for at_us, picture in _decode(samples):
        if nearest is None or abs(at_us - moment_us) <= abs(nearest[0] - moment_us):
            nearest = at_us, picture
        elif at_us > moment_us:
            break
    if nearest is None:
        raise NothingRecordedError("The camera's picture of that moment is gone, or never was.")
    pixels = Masker(masks).apply(nearest[1]).to_ndarray(format="bgr24")
    draw_boxes(pixels, boxes)
    done, jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, STILL_QUALITY])
    if not done:
        raise NothingRecordedError("The picture of that moment could not be encoded.")
    return Piece(jpeg.tobytes(), "image/jpeg", nearest[0], nearest[0], bool(masks))


def draw_boxes(pixels: "np.ndarray[Any, Any]", boxes: Sequence[Box]) -> None:
    """Outline persons in (height, width, 3) BGR pixels, in place."""
    height, width = pixels.shape[:2]
    line = max(1, round(width / 640))
    for _, x1, y1, x2, y2 in boxes:
        corners = (round(x1 * width), round(y1 * height)), (round(x2 * width), round(y2 * height))
        cv2.rectangle(pixels, *corners, (0, 190, 255), line)


def _remux(samples: Sequence[Sample]) -> bytes:
    out, bodies = io.BytesIO(), [annex_b(sample) for sample in samples]
    with (
        av.open(io.BytesIO(bodies[0]), format=samples[0].shape.codec) as probe,
        av.open(out, "w", format="mp4") as container,
    ):
        # The first keyframe, read as a stream of its own, tells the container all it must know.
        stream = container.add_stream_from_template(probe.streams.video[0])
        stream.time_base = Fraction(1, CLOCK)
        for sample, body, (pts, dts) in zip(samples, bodies, _times(samples), strict=True):
            packet = av.Packet(body)
            packet.stream, packet.time_base = stream, Fraction(1, CLOCK)
            packet.pts, packet.dts, packet.is_keyframe = pts, dts, sample.is_key
            container.mux(packet)
    return out.getvalue()


def _times(samples: Sequence[Sample]) -> Iterator[tuple[int, int]]:
    """(pts, dts) of each packet in ticks from the first; strictly rising dts."""
    start, last = samples[0].at_us, -1
    for sample in samples:
        dts = max(last + 1, round((sample.at_us - start) * CLOCK / 1e6))
        yield dts + round(sample.lag_us * CLOCK / 1e6), dts
        last = dts


def _decode(samples: Sequence[Sample]) -> Iterator[tuple[int, VideoFrame]]:
    """(captured_at_us, picture), in the order of showing; what cannot be decoded is left out."""
    if not samples:
        return
    shape = samples[0].shape
    decoder: Any = av.CodecContext.create(shape.codec, "r")
    decoder.thread_type = "NONE"
    if shape.extradata:
        decoder.extradata = shape.extradata
    for index, sample in enumerate(samples):
        packet = av.Packet(sample.body)
        packet.time_base = Fraction(1, 1_000_000)
        packet.dts, packet.pts = sample.at_us, sample.at_us + sample.lag_us
        yield from _pictures(decoder, packet)
        if index > MOST_FRAMES:
            break
    yield from _pictures(decoder, None)


def _pictures(decoder: Any, packet: Any) -> Iterator[tuple[int, VideoFrame]]:
    try:
        for picture in decoder.decode(packet):
            if not picture.is_corrupt and picture.pts is not None:
                yield int(picture.pts), picture
    except av.FFmpegError:
        return


def _encode(samples: Sequence[Sample], masks: Polygons) -> bytes:
    """H.264 of the masked pictures. A picture that the masks cannot be laid on raises, and no clip is made."""
    out, shape, masker = io.BytesIO(), samples[0].shape, Masker(masks)
    seconds = max(1.0, (samples[-1].at_us - samples[0].at_us) / 1e6)
    rate = min(60.0, max(1.0, len(samples) / seconds))
    with av.open(out, "w", format="mp4") as container:
        stream: Any = container.add_stream("libx264", rate=Fraction(round(rate * 100), 100))
        stream.width, stream.height = shape.width // 2 * 2, shape.height // 2 * 2
        stream.pix_fmt, stream.bit_rate = "yuv420p", int(shape.width * shape.height * rate * CODED_BITS_PER_PIXEL)
        stream.options = {"preset": "veryfast", "tune": "zerolatency", "threads": "1"}
        stream.codec_context.time_base = Fraction(1, CLOCK)
        last = -1
        for at_us, picture in _decode(samples):
            fresh = masker.apply(picture).reformat(stream.width, stream.height, "yuv420p")
            last = max(last + 1, round((at_us - samples[0].at_us) * CLOCK / 1e6))
            fresh.pts, fresh.time_base = last, Fraction(1, CLOCK)
            container.mux(stream.encode(fresh))
        if last < 0:
            raise NothingRecordedError("No picture of that time could be decoded.")
        container.mux(stream.encode(None))
    return out.getvalue()
