"""Real sockets, real FFmpeg, a server that does what cameras do on bad days."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import av
import pytest

from app.capture.camera import CameraCapture
from app.capture.frame import CapturedFrame
from app.capture.probe import probe
from app.capture.reconnect import Patience
from app.contracts.tracked import CameraState
from app.kit.backoff import Backoff
from app.kit.clock import now_us
from app.kit.errors import BadInputError
from tests.integration.capture.rtsp_server import Behaviour, RtspServer, h264, rtsp_server

SMALL, LARGE = h264(320, 240), h264(640, 480)
QUICK = Patience(
    open_s=4.0,
    frozen_s=1.5,
    picture_s=4.0,
    settled_s=2.0,
    retry=Backoff(first_s=0.1, longest_s=0.4),
    refused=Backoff(first_s=0.3, longest_s=0.5),
)


FFMPEG_NOTICES_S = 8.0
"""It takes FFmpeg itself longer than this to notice that a server is silent, whatever time-out it is given."""


@asynccontextmanager
async def watching(url: str, fps: float = 15) -> AsyncIterator[CameraCapture]:
    """A camera that is being read."""
    capture = CameraCapture("test", url, fps, lambda: None, patience=QUICK)
    stop = asyncio.Event()
    task = asyncio.create_task(capture.run(stop))
    try:
        yield capture
    finally:
        stop.set()
        await asyncio.wait_for(task, 15)


async def until(condition: Callable[[], bool], limit_s: float = 20.0) -> None:
    """Wait for a condition; fails the test when it takes longer."""
    async with asyncio.timeout(limit_s):
        while not condition():
            await asyncio.sleep(0.02)


async def next_frame(capture: CameraCapture, limit_s: float = 20.0) -> CapturedFrame:
    """The next frame the camera gives."""
    async with asyncio.timeout(limit_s):
        while (frame := capture.waiting.take()) is None:
            await asyncio.sleep(0.01)
        return frame


async def test_frames_arrive_over_tcp_with_rising_times() -> None:
    with rtsp_server(Behaviour(SMALL)) as server:
        async with watching(server.url()) as capture:
            frames = [await next_frame(capture) for _ in range(10)]
            assert capture.facts().state is CameraState.LIVE
            assert capture.facts().codec == "h264"
            assert {(frame.width, frame.height) for frame in frames} == {(320, 240)}
            times = [frame.captured_at_us for frame in frames]
            assert times == sorted(set(times))
            assert abs(times[-1] - now_us()) < 2_000_000


async def test_fewer_frames_are_given_than_decoded_when_asked() -> None:
    with rtsp_server(Behaviour(SMALL)) as server:
        async with watching(server.url(), fps=5) as capture:
            first = await next_frame(capture)
            frames = [await next_frame(capture) for _ in range(10)]
            span_s = (frames[-1].captured_at_us - first.captured_at_us) / 1e6
            assert 1.6 < span_s < 6.0  # ten frames at five a second; a busy machine loses some
            assert capture.facts().fps_in == pytest.approx(15, abs=2)


async def test_a_frozen_stream_is_noticed_and_comes_back() -> None:
    behaviour = Behaviour(SMALL)
    with rtsp_server(behaviour) as server:
        async with watching(server.url()) as capture:
            await next_frame(capture)
            behaviour.frozen = True
            started = time.monotonic()
            await until(lambda: capture.facts().state is CameraState.FROZEN)
            assert time.monotonic() - started < FFMPEG_NOTICES_S
            assert "stopped sending" in capture.facts().reason
            connection = capture.connection
            behaviour.frozen = False
            frame = await next_frame(capture)
            assert frame.connection > connection - 1
            await until(lambda: capture.facts().state is CameraState.LIVE)
            assert capture.facts().reconnects == 1


async def test_a_restarted_server_is_found_again() -> None:
    behaviour = Behaviour(SMALL)
    server = RtspServer(behaviour)
    async with watching(server.url()) as capture:
        first = await next_frame(capture)
        server.close()
        await until(lambda: capture.facts().state is not CameraState.LIVE)
        with rtsp_server(Behaviour(SMALL), server.port):
            async with asyncio.timeout(20):
                while (await next_frame(capture)).connection == first.connection:
                    pass
            await until(lambda: capture.facts().state is CameraState.LIVE)


async def test_a_change_of_size_goes_through() -> None:
    behaviour = Behaviour(SMALL)
    with rtsp_server(behaviour) as server:
        async with watching(server.url()) as capture:
            assert (await next_frame(capture)).width == 320
            behaviour.units = LARGE
            async with asyncio.timeout(20):
                while (await next_frame(capture)).width != 640:
                    pass
            assert capture.facts().width == 640


async def test_joining_in_the_middle_of_a_gop_gives_no_garbage() -> None:
    with rtsp_server(Behaviour(LARGE[5:] + LARGE[:5])) as server:
        async with watching(server.url()) as capture:
            frame = await next_frame(capture)
            assert frame.picture.key_frame


@pytest.mark.parametrize("lose", [lambda n: n % 110 == 17, lambda n: n % 300 in range(100, 140)], ids=["single", "bursts"])
async def test_lost_packets_leave_the_stream_alive(lose: Callable[[int], bool]) -> None:
    with rtsp_server(Behaviour(LARGE, lose=lose)) as server:
        async with watching(server.url()) as capture:
            for _ in range(15):
                await next_frame(capture)
            assert capture.facts().state is CameraState.LIVE


@pytest.mark.parametrize(("offset_s", "believed"), [(-1.5, True), (1.0, True), (-86_400.0, False)])
async def test_the_cameras_own_clock_counts_while_plausible(offset_s: float, believed: bool) -> None:
    with rtsp_server(Behaviour(SMALL, clock_offset_s=offset_s)) as server:
        async with watching(server.url()) as capture:
            for _ in range(20):
                frame = await next_frame(capture)
            skew_s = (frame.captured_at_us - frame.received_at_us) / 1e6
            assert skew_s == pytest.approx(offset_s if believed else 0.0, abs=0.3)


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (Behaviour(SMALL, login="root:other"), "user name and password"),
        (Behaviour(SMALL, status=404), "no stream at this path"),
        (Behaviour(SMALL, sdp_media="m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"), "no video"),
        (Behaviour(LARGE, sdp_media="m=video 0 RTP/AVP 96\r\na=rtpmap:96 x-wonder/90000\r\n"), "codec"),
    ],
    ids=["401", "404", "audio only", "unknown codec"],
)
async def test_a_camera_that_says_no_is_refused_with_the_reason(behaviour: Behaviour, words: str) -> None:
    with rtsp_server(behaviour) as server:
        url = server.url("root:SECRET-s3cret")
        async with watching(url) as capture:
            await until(lambda: capture.facts().state is CameraState.REFUSED)
            assert words in capture.facts().reason
            assert "s3cret" not in capture.facts().reason
        with pytest.raises(BadInputError, match=words) as caught:
            await asyncio.to_thread(probe, url, 8.0)
        assert "s3cret" not in repr(caught.value) + repr(caught.value.__cause__) + repr(caught.value.__context__)


async def test_the_right_password_opens_and_is_not_told() -> None:
    with rtsp_server(Behaviour(SMALL, login="root:SECRET-s3cret")) as server:
        async with watching(server.url("root:SECRET-s3cret")) as capture:
            await next_frame(capture)
            assert "s3cret" not in repr(capture.facts()) + repr(vars(capture)["_rules"])


def test_probe_tells_what_a_camera_sends() -> None:
    with rtsp_server(Behaviour(LARGE)) as server:
        seen = probe(server.url(), 8.0)
    assert (seen.width, seen.height, seen.codec) == (640, 480, "h264")
    assert seen.snapshot.startswith(b"\xff\xd8")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("rtsp://u:s3cret@no-such-host.invalid/x", "cannot be found"),
        ("rtsp://u:s3cret@127.0.0.1:1/x", "refuses connections"),
        ("ftp://u:s3cret@127.0.0.1/x", "no camera address"),
        ("rtsp://u:s3cret@[::1/x", "no camera address"),
        ("/does/not/exist.mp4", "cannot be read"),
    ],
)
def test_probe_says_what_is_wrong(url: str, words: str) -> None:
    with pytest.raises(BadInputError, match=words) as caught:
        probe(url, 6.0)
    assert "s3cret" not in str(caught.value)


def test_probe_takes_no_junk_for_a_film(tmp_path: Path) -> None:
    junk = tmp_path / "junk.bin"  # FFmpeg shows such a file as text mode "video"
    junk.write_bytes(random.Random(1).randbytes(200_000))
    with pytest.raises(BadInputError, match=r"junk\.bin"):
        probe(str(junk), 6.0)


def test_probe_keeps_its_deadline_with_a_server_that_never_answers() -> None:
    with rtsp_server(Behaviour(SMALL, mute=True)) as server:
        started = time.monotonic()
        with pytest.raises(BadInputError, match="in time"):
            probe(server.url(), 1.5)
        assert time.monotonic() - started < FFMPEG_NOTICES_S


@pytest.mark.parametrize(("name", "offset_s"), [("clip.mp4", "0"), ("recorder.ts", "36000")])
async def test_a_file_plays_in_real_time_and_starts_over(tmp_path: Path, name: str, offset_s: str) -> None:
    """Whatever its clock says: recorders start theirs anywhere."""
    clip = tmp_path / name
    with av.open(str(clip), "w", options={"output_ts_offset": offset_s}) as out:
        stream = out.add_stream("libx264", rate=15)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(8):
            out.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        out.mux(stream.encode(None))
    async with watching(str(clip)) as capture:
        frames = [await next_frame(capture) for _ in range(20)]
        span_s = (frames[-1].captured_at_us - frames[0].captured_at_us) / 1e6
        assert 0.9 < span_s < 6.0
        assert capture.facts().state is CameraState.LIVE
