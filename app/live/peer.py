"""One viewer: a WebRTC connection that sends a camera's pictures as they are, and says when each was captured."""

import asyncio
import contextlib
import struct
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from fractions import Fraction
from typing import Final, cast

import av
from aiortc import MediaStreamTrack, RTCConfiguration, RTCDataChannel, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.exceptions import InvalidAccessError, InvalidStateError
from aiortc.mediastreams import MediaStreamError
from av.video.stream import VideoStream

from app.contracts.video import CLOCK_RATE, AccessUnit
from app.kit.clock import now_us
from app.kit.errors import BadInputError
from app.kit.logs import logger
from app.live.feed import Hurry

CLOCK_CHANNEL: Final = "clock"
CONNECT_S: Final = 10.0
ANSWER_S: Final = 8.0
MOST_UNTOLD: Final = 900
_TOLD: Final = struct.Struct(">IQ")
"""RTP timestamp, captured_at_us."""
_WRAP: Final = 0xFFFFFFFF
_NO_OFFER: Final = (
    InvalidAccessError,
    InvalidStateError,
    ValueError,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
    TimeoutError,
)
"""What aiortc raises of an SDP that it cannot make sense of."""
_CODECS: Final = RTCRtpSender.getCapabilities("video").codecs

log = logger(__name__)


def told(rtp_timestamp: int, captured_at_us: int) -> bytes:
    """What the data channel says of one picture."""
    return _TOLD.pack(rtp_timestamp & _WRAP, captured_at_us)


class PassedOn(MediaStreamTrack):
    """The camera's pictures as a track. aiortc sends packets it is given without touching their pictures."""

    kind = "video"

    def __init__(self, units: AsyncIterator[AccessUnit], sent: Callable[[int, int], None]) -> None:
        super().__init__()
        self._units, self._sent, self._hurry = units, sent, Hurry()

    async def recv(self) -> "av.Packet[VideoStream]":
        """The next picture. MediaStreamError at the end."""
        try:
            unit = await anext(self._units)
        except StopAsyncIteration as end:
            self.stop()
            raise MediaStreamError from end
        packet = cast("av.Packet[VideoStream]", av.Packet(unit.payload))
        packet.pts = packet.dts = self._hurry.at(unit, now_us())
        packet.time_base = Fraction(1, CLOCK_RATE)
        self._sent(packet.pts, unit.captured_at_us)
        return packet


class Peer:
    """A viewer's connection, from its offer until either side or the camera ends it."""

    def __init__(self, units: AsyncIterator[AccessUnit]) -> None:
        self.ended = asyncio.Event()
        self.kept_at = time.monotonic()
        # No STUN server: addresses of this machine only, and nothing is asked of the internet.
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._track = PassedOn(units, self._note)
        self._sender: RTCRtpSender | None = None
        self._channel: RTCDataChannel | None = None
        self._origin: int | None = None
        self._untold: deque[tuple[int, int]] = deque(maxlen=MOST_UNTOLD)
        self._connection.on("datachannel", self._on_channel)
        self._connection.on("connectionstatechange", self._on_state)

    async def answer(self, offer: str) -> str:
        """The SDP answer to a viewer's offer.

        Raises:
            BadInputError: the offer is none that this can answer.
        """
        try:
            async with asyncio.timeout(ANSWER_S):
                # Before the offer is read, so that of its codecs none but H.264 is agreed on.
                video = self._connection.addTransceiver(self._track, direction="sendonly")
                video.setCodecPreferences([codec for codec in _CODECS if codec.mimeType == "video/H264"])
                self._sender = video.sender
                await self._connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
                if "m=video" not in offer:
                    raise BadInputError("The offer asks for no video.")
                answer = await self._connection.createAnswer()
                await self._connection.setLocalDescription(answer)
        except _NO_OFFER as error:
            raise BadInputError("This is no WebRTC offer that can be answered; it must ask for H.264 video.") from error
        return self._connection.localDescription.sdp

    async def run(self) -> None:
        """Until the viewer leaves, does not come within `CONNECT_S`, or the pictures end."""
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CONNECT_S):
                    while self._connection.connectionState in ("new", "connecting") and not self.ended.is_set():
                        await asyncio.sleep(0.1)
            if self._connection.connectionState == "connected":
                await self._until_over()
        finally:
            self.ended.set()
            self._track.stop()
            with contextlib.suppress(Exception):  # it is being thrown away
                async with asyncio.timeout(CONNECT_S):
                    await self._connection.close()

    async def _until_over(self) -> None:
        while not self.ended.is_set() and self._track.readyState == "live":
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await self.ended.wait()

    def _on_channel(self, channel: RTCDataChannel) -> None:
        if channel.label == CLOCK_CHANNEL:
            self._channel = channel

    def _on_state(self) -> None:
        if self._connection.connectionState in ("failed", "closed", "disconnected"):
            self.ended.set()

    def _note(self, pts: int, captured_at_us: int) -> None:
        """A picture is about to be sent, and the one before it has been: from that one the stream's RTP origin is known."""
        if self._origin is None and self._untold and self._sender is not None:
            # aiortc adds a random origin and keeps it to itself; a test holds this against a receiver.
            last_sent = getattr(self._sender, "_RTCRtpSender__rtp_timestamp")  # noqa: B009
            self._origin = (last_sent - self._untold[-1][0]) & _WRAP
        self._untold.append((pts, captured_at_us))
        if self._origin is None or self._channel is None or self._channel.readyState != "open":
            return
        while self._untold:
            at, captured = self._untold.popleft()
            self._channel.send(told(self._origin + at, captured))
