"""One thread a connection: open, demux, decode, hand over. It can be abandoned at any point, even in a hung decoder."""

import struct
import threading
import time
from collections.abc import Callable
from typing import Final, cast

import av
from av import VideoFrame
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from app.capture.diagnosis import diagnose
from app.capture.failures import CaptureError, Failure, FailureKind, failure
from app.capture.frame import CapturedFrame
from app.capture.masking import Masker
from app.capture.pacing import CaptureClock, FrameSampler, RateMeter
from app.capture.redirects import refuse_redirect
from app.capture.ring import PacketRing, Sample, StreamShape
from app.capture.source import OPEN_TIMEOUT_S, READ_TIMEOUT_S, Source
from app.capture.units import AccessUnits
from app.capture.waiting import NewestFew
from app.kit.clock import now_us

KEYFRAME_PATIENCE_S: Final = 12.0
"""Streams with intra refresh never mark a keyframe: after this long their pictures are taken as they are."""

_TODAY: Final = ("h264", "hevc", "av1", "vp8", "vp9", "mjpeg", "jpeg2000")
_OLDER: Final = ("mpeg4", "msmpeg4v3", "mpeg2video", "mpeg1video", "h263", "h263p", "vc1", "wmv3", "prores")
CAMERA_CODECS: Final = frozenset((*_TODAY, *_OLDER))
"""What cameras and recorders send."""

_PRFT: Final = struct.Struct("=qi")


def open_source(source: Source) -> tuple[InputContainer, VideoStream]:
    """The open container and its first decodable video stream (blocking).

    Raises:
        EgressRefusedError: the address is not allowed.
        CaptureError: no video, a codec that cannot be decoded, or a redirect; other errors are FFmpeg's own.
    """
    source = source.admitted()
    refuse_redirect(source)
    container = av.open(source.url, options=source.options(), timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S))
    try:
        return container, _video_of(container, source)
    except BaseException:
        container.close()
        raise


def _video_of(container: InputContainer, source: Source) -> VideoStream:
    video = next(iter(container.streams.video), None)
    if video is None:
        raise CaptureError(failure(FailureKind.NO_VIDEO, source))
    # FFmpeg finds "video" in text files and animations too; a camera sends one of these.
    if cast(object, video.codec_context) is None or video.codec_context.name not in CAMERA_CODECS:
        raise CaptureError(failure(FailureKind.CODEC, source))
    # One thread a camera: frame threads add a frame of latency each, and cameras are the parallelism.
    video.thread_type = "NONE"
    return video


class StreamReader:
    """Reads one connection of one camera until it fails, ends or is abandoned.

    Counters are plain attributes written by the reader's thread only; other threads may read them at any time.

    Attributes:
        packet_at, frame_at: monotonic seconds of the last packet and picture, None before the first.
        frames, corrupt: pictures decoded, and pictures left out because the decoder marked them broken.
    """

    def __init__(
        self,
        source: Source,
        fps: float,
        waiting: NewestFew[CapturedFrame],
        on_end: Callable[[Failure], None],
        connection: int = 1,
        masker: Masker | None = None,
        ring: PacketRing | None = None,
        units: AccessUnits | None = None,
    ) -> None:
        self.packet_at: float | None = None
        self.frame_at: float | None = None
        self.codec = ""
        self.size = (0, 0)
        self.frames = 0
        self.corrupt = 0
        self.rate = RateMeter()
        self._source = source
        self._waiting = waiting
        self._connection = connection
        self._masker = masker or Masker(())
        self._ring = ring
        self._shape: StreamShape | None = None
        self._units = units or AccessUnits()
        self._sampler = FrameSampler(fps)
        self._clock = CaptureClock()
        self._on_end = on_end
        self._abandoned = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"reader {source.place}", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def abandon(self) -> None:
        """End soon, silently. Never waits: the thread may hang inside a library."""
        self._abandoned.set()

    @property
    def clock_off_s(self) -> float | None:
        """How far the camera's clock is off this machine's, seconds; None while it tells none."""
        return self._clock.off_s

    @property
    def is_running(self) -> bool:
        """Whether the thread still exists; an abandoned one may for a while."""
        return self._thread.is_alive()

    def set_fps(self, fps: float) -> None:
        """Analyse this many frames a second from now on."""
        self._sampler.fps = fps

    def set_masker(self, masker: Masker) -> None:
        """Mask pictures this way from now on."""
        self._masker = masker

    def _run(self) -> None:
        try:
            self._read()
            end = failure(FailureKind.ENDED, self._source)
        except Exception as error:
            if self._abandoned.is_set():
                return
            end = diagnose(error, self._source)
        if not self._abandoned.is_set():
            self._on_end(end)

    def _read(self) -> None:
        container, video = open_source(self._source)
        with container:
            self.codec = video.codec_context.name
            self._shape = _shape_of(video, self._connection)
            self._units.begin(video)
            if self._source.is_file:
                self._play_file(container, video)
            else:
                self._follow(container, video)

    def _follow(self, container: InputContainer, video: VideoStream) -> None:
        """A live stream: every packet is decoded as it comes, from the first keyframe on."""
        joined = False
        opened_at = time.monotonic()
        for packet in container.demux(video):
            if self._abandoned.is_set():
                return
            if packet.size == 0:
                continue
            self.packet_at = time.monotonic()
            joined = joined or packet.is_keyframe or self.packet_at - opened_at > KEYFRAME_PATIENCE_S
            if joined:
                self._decode(packet, now_us())

    def _play_file(self, container: InputContainer, video: VideoStream) -> None:
        """A file, over and over, at its own speed: it stands for a camera."""
        start = time.monotonic()
        offset = 0.0
        first: float | None = None  # recorders start their clock anywhere
        while True:
            end = 0.0
            for packet in container.demux(video):
                if self._abandoned.is_set():
                    return
                if packet.size == 0 or packet.dts is None:
                    continue
                at = float(packet.dts * packet.time_base)
                first = at if first is None else first
                at = max(0.0, at - first)
                end = max(end, at + float((packet.duration or 0) * packet.time_base))
                self._abandoned.wait(max(0.0, start + offset + at - time.monotonic()))
                self.packet_at = time.monotonic()
                self._decode(packet, now_us())
            if end <= 0:
                raise CaptureError(failure(FailureKind.NO_PICTURE, self._source))
            offset += end
            container.seek(0)

    def _decode(self, packet: "Packet[VideoStream]", arrival_us: int) -> None:
        captured_us = self._clock.at(camera_time_us(packet), arrival_us)
        self._remember(packet, captured_us)
        if not self._abandoned.is_set():
            self._units.put(packet, captured_us)
        try:
            pictures = packet.decode()
        except av.InvalidDataError:
            self.corrupt += 1
            return
        for picture in pictures:
            self._hand_over(picture, captured_us)

    def _remember(self, packet: "Packet[VideoStream]", captured_us: int) -> None:
        """Keep the encoded packet for clips, unmasked: it leaves the ring only through the masks."""
        if self._ring is None or self._shape is None or self._abandoned.is_set():
            return
        lag = 0 if packet.pts is None or packet.dts is None else packet.pts - packet.dts
        lag_us = max(0, round(lag * 1e6 / self._shape.ticks_per_s))
        self._ring.add(Sample(captured_us, lag_us, packet.is_keyframe, bytes(packet), self._shape))

    def _hand_over(self, picture: VideoFrame, captured_us: int) -> None:
        if picture.is_corrupt:
            self.corrupt += 1
            return
        received_us = now_us()
        self.frame_at = time.monotonic()
        self.frames += 1
        self.size = (picture.width, picture.height)
        self.rate.add(received_us)
        if self._sampler.is_due(captured_us) and not self._abandoned.is_set():
            # Masked here, so that no model, viewer or file of ours ever holds the other picture.
            masked = self._masker.apply(picture)
            self._waiting.put(CapturedFrame(masked, captured_us, received_us, self._connection))


def _shape_of(video: VideoStream, connection: int) -> StreamShape:
    context, base = video.codec_context, video.time_base
    ticks = 90_000.0 if not base else float(1 / base)
    return StreamShape(connection, context.name, context.width, context.height, ticks, bytes(context.extradata or b""))


def camera_time_us(packet: "Packet[VideoStream]") -> int | None:
    """The camera's own clock for this packet, microseconds since 1970 UTC, once an RTCP sender report came."""
    if not packet.has_sidedata("prft"):
        return None
    wallclock_us, _flags = _PRFT.unpack_from(bytes(packet.get_sidedata("prft")))
    return int(wallclock_us)
