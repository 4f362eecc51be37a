"""The demo's RTSP server: camera-like video, looped without a break, on ports that stay."""

import asyncio
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import PictureType

from app.capture.camera import CameraCapture
from app.capture.probe import probe
from app.contracts.tracked import CameraState
from app.embedded.demo_cameras import DemoCamera, demo_cameras, play
from app.embedded.demo_clips import locked_clips
from app.embedded.demo_media import camera_stream
from app.embedded.state import free_port
from app.kit.errors import SetupError
from app.settings import Settings


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Two seconds of an awkward source: VP9, 30 frames a second, odd aspect."""
    path = tmp_path / "clip.webm"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libvpx-vp9", rate=30, options={"cpu-used": "8", "deadline": "realtime"})
        stream.width, stream.height, stream.pix_fmt = 354, 198, "yuv420p"
        for number in range(60):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((198, 354, 3), number * 4, np.uint8), "rgb24")))
        out.mux(stream.encode(None))
    return path


def test_a_clip_becomes_what_a_camera_sends(clip: Path, tmp_path: Path) -> None:
    units = camera_stream(clip, tmp_path)
    assert len(units) == pytest.approx(30, abs=1)
    assert camera_stream(clip, tmp_path) == units
    decoder = av.CodecContext.create("h264", "r")
    pictures = [picture for unit in units for picture in decoder.decode(av.Packet(unit))]
    pictures += decoder.decode(None)
    assert {(picture.width, picture.height) for picture in pictures} == {(354, 198)}
    assert {int(picture.pict_type) for picture in pictures} == {PictureType.I, PictureType.P}


async def test_the_loop_is_seamless_for_a_reader(clip: Path, tmp_path: Path) -> None:
    units, port = camera_stream(clip, tmp_path), free_port()
    camera = DemoCamera("Test", f"rtsp://127.0.0.1:{port}/stream", "test", "", port)
    stop = asyncio.Event()
    server = asyncio.create_task(play(camera, units, stop))
    capture = CameraCapture("test", camera.url, 5, lambda: None)
    reading = asyncio.create_task(capture.run(stop))
    try:
        times: list[int] = []
        async with asyncio.timeout(30):
            while len(times) < 30:
                await asyncio.sleep(0.01)
                frame = capture.waiting.take()
                times += [frame.captured_at_us] if frame else []
        gaps = np.diff(times) / 1e6
        assert gaps.max() < 0.6
        assert (capture.facts().state, capture.connection) == (CameraState.LIVE, 1)
        assert (await asyncio.to_thread(probe, camera.url, 8.0)).codec == "h264"
        with pytest.raises(SetupError, match="is taken"):
            await play(camera, units, stop)
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(server, reading), 10)


def test_cameras_and_ports_stay_the_same(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, PENNYPROTECT_HOME=tmp_path / "home", PENNYPROTECT_CACHE=tmp_path / "cache")
    first = demo_cameras(settings)
    assert demo_cameras(settings) == first
    assert len(first) == 4
    assert len({camera.port for camera in first}) == 4
    assert demo_cameras(settings.model_copy(update={"cameras": "rtsp://h/x"})) == []


def test_every_locked_clip_says_where_it_comes_from() -> None:
    clips = locked_clips()
    assert len({clip.name for clip in clips}) == len(clips)
    for clip in clips:
        assert len(clip.artefact.sha256) == 64
        assert clip.artefact.licence
        assert clip.artefact.publisher
