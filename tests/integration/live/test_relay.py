"""A camera's own pictures through worker door and relay to a WebRTC peer, with the moment of each."""

import asyncio
import struct
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from app.capture.camera import CameraCapture
from app.contracts.video import SOCKET
from app.kit.clock import now_us
from app.kit.gate import Gate
from app.live.feed import NoVideoError, open_feed
from app.live.relay import Relay, application
from app.workers.cpu.video import VideoDoor
from app.workers.telemetry import WorkerMetrics
from tests.integration.capture.rtsp_server import Behaviour, RtspServer, h264

CAMERA = uuid.uuid4()
pytestmark = pytest.mark.timeout(60)


@dataclass
class Site:
    """A camera, the worker's door and the relay."""

    capture: CameraCapture
    folder: Path

    @asynccontextmanager
    async def client(self) -> AsyncIterator[aiohttp.ClientSession]:
        async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(self.folder / "live.sock"))) as session:
            yield session


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    server = RtspServer(Behaviour(h264(320, 240), clock_offset_s=0.0))
    gate = Gate.anywhere() if hasattr(Gate, "anywhere") else None
    capture = CameraCapture("c", server.url(), 5.0, lambda: None, gate=gate)
    stop, relay = asyncio.Event(), Relay(tmp_path / SOCKET)
    door = VideoDoor(tmp_path / SOCKET, lambda camera: capture.units if camera == CAMERA else None, WorkerMetrics())
    tasks = [asyncio.create_task(capture.run(stop)), asyncio.create_task(door.run(stop))]
    runner = web.AppRunner(application(relay))
    await runner.setup()
    await web.UnixSite(runner, str(tmp_path / "live.sock")).start()
    try:
        for _ in range(200):
            if isinstance(capture.units.watch(_nobody), list):
                break
            await asyncio.sleep(0.05)
        yield Site(capture, tmp_path)
    finally:
        await relay.close_all()
        await runner.cleanup()
        stop.set()
        await asyncio.gather(*tasks)
        server.close()


def _nobody(_unit: object) -> None:
    pass


async def view(site: Site, client: aiohttp.ClientSession) -> tuple[RTCPeerConnection, list[tuple[int, int]], str]:
    """A connected peer, what the data channel says, and the view's address."""
    peer, clock = RTCPeerConnection(RTCConfiguration(iceServers=[])), []
    peer.addTransceiver("video", direction="recvonly")
    peer.createDataChannel("clock").on("message", lambda message: clock.append(struct.unpack(">IQ", message)))
    await peer.setLocalDescription(await peer.createOffer())
    async with client.post(f"http://relay/{CAMERA}/whep", data=peer.localDescription.sdp) as reply:
        assert reply.status == 201, await reply.text()
        await peer.setRemoteDescription(RTCSessionDescription(await reply.text(), "answer"))
        return peer, clock, reply.headers["Location"]


async def test_a_peer_sees_the_pictures_and_knows_when_each_was_captured(site: Site) -> None:
    async with site.client() as client:
        peer, clock, location = await view(site, client)
        try:
            track = peer.getReceivers()[0].track
            frames = [await asyncio.wait_for(track.recv(), 10) for _ in range(30)]
            known = dict(clock)
            # aiortc counts from the first RTP timestamp it got; a browser shows the timestamps themselves.
            origin = vars(vars(peer.getReceivers()[0])["_RTCRtpReceiver__timestamp_mapper"])["_origin"]
            named = [at for frame in frames if (at := (origin + frame.pts) & 0xFFFFFFFF) in known]
            assert len(named) >= 25
            assert (frames[-1].width, frames[-1].height) == (320, 240)
            age_s = (now_us() - known[named[-1]]) / 1e6
            assert 0 <= age_s < 2
            async with client.delete(f"http://relay{location}") as reply:
                assert reply.status == 200
            async with client.post(f"http://relay{location}/keep") as reply:
                for _ in range(50):
                    if reply.status == 404:
                        break
                    await asyncio.sleep(0.1)
                    reply = await client.post(f"http://relay{location}/keep")
                assert reply.status == 404
        finally:
            await peer.close()


async def test_masks_end_the_view_and_forbid_the_next(site: Site) -> None:
    async with open_feed(site.folder / SOCKET, CAMERA) as units:
        assert (await anext(units)).is_keyframe
        site.capture.set_masks([[(0.0, 0.0), (1.0, 0.0), (0.5, 1.0)]])
        left = [unit async for unit in units]
        assert len(left) < 40
    with pytest.raises(NoVideoError) as refused:
        async with open_feed(site.folder / SOCKET, CAMERA):
            pass
    assert refused.value.extra == {"why": "masked"}
    async with site.client() as client, client.post(f"http://relay/{CAMERA}/whep", data="v=0") as reply:
        assert (reply.status, (await reply.json())["why"]) == (409, "masked")


async def test_offers_that_are_none_and_cameras_that_are_not_here_are_refused(site: Site) -> None:
    async with site.client() as client:
        for path, offer, status in ((CAMERA, "nonsense", 422), (uuid.uuid4(), "v=0", 409), ("x", "v=0", 422)):
            async with client.post(f"http://relay/{path}/whep", data=offer) as reply:
                assert reply.status == status, await reply.text()
