"""Demo cameras: one real RTSP server a clip, looped without end with timestamps that never go back."""

import asyncio
import contextlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.embedded.demo_clips import available_clips, fetch_clip
from app.embedded.demo_media import FPS, TICKS, camera_stream
from app.embedded.state import free_port
from app.kit.errors import SetupError
from app.kit.logs import logger
from app.settings import Settings

CAMERAS: Final = 4

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class DemoCamera:
    """A demo camera: what it is called, where it is (no credentials), and which clip it plays."""

    name: str
    url: str
    clip: str
    shows: str
    port: int


def demo_cameras(settings: Settings) -> list[DemoCamera]:
    """The demo's cameras, the same on every call: clips from the lock file, ports chosen once and kept in the home.

    Downloads nothing, so that set-up may call it before the clips are there. Empty when the user named CAMERAS.
    """
    if settings.cameras.strip() or not settings.demo_cameras:
        return []
    clips = available_clips(settings.cache, settings.model_mirror, CAMERAS)
    ports = _ports(settings.home / "demo-cameras.json", [clip.name for clip in clips])
    return [
        DemoCamera(clip.camera, f"rtsp://127.0.0.1:{ports[clip.name]}/stream", clip.name, clip.shows, ports[clip.name])
        for clip in clips
    ]


def prepare(settings: Settings) -> dict[str, list[bytes]]:
    """Fetch and encode every clip (blocking; quick when cached); access units by clip name, without those not to be had.

    Raises:
        SetupError: not one of them can be had.
    """
    streams, missing = {}, "no clip is named"
    for clip in available_clips(settings.cache, settings.model_mirror, CAMERAS):
        try:
            streams[clip.name] = camera_stream(fetch_clip(clip, settings.cache, settings.model_mirror), settings.cache)
        except (SetupError, OSError, ValueError) as error:  # FFmpeg's errors are the latter two
            missing = str(error)
            log.warning("demo camera stays off", camera=clip.camera, reason=missing)
    if not streams:
        raise SetupError(f"The demo cameras have no clips; everything else runs, and you can add cameras of your own. {missing}")
    return streams


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Serve every demo camera until `stop`.

    Raises:
        SetupError: no clip can be had or a port is taken.
    """
    cameras = demo_cameras(settings)
    streams = await asyncio.to_thread(prepare, settings)
    async with asyncio.TaskGroup() as group:
        for camera in (camera for camera in cameras if camera.clip in streams):
            group.create_task(play(camera, streams[camera.clip], stop))


async def play(camera: DemoCamera, units: list[bytes], stop: asyncio.Event) -> None:
    """Serve one camera: a frame every 1/15 s, the clip over and over, until `stop`."""
    server = _serve(camera)
    log.info("demo camera plays", camera=camera.name, url=camera.url, clip=camera.clip)
    sent, start = 0, time.monotonic()
    try:
        while not stop.is_set():
            server.send_frame(units[sent % len(units)], TICKS)
            sent += 1
            wait = start + sent / FPS - time.monotonic()
            if wait < -1.0:  # the machine slept: go on from here instead of sending a burst
                start -= wait
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), max(0.0, wait))
    finally:
        server.stop()


def _serve(camera: DemoCamera) -> Any:
    import rtsp  # type: ignore[import-untyped]

    server = rtsp.Server(f"127.0.0.1:{camera.port}", public_host="127.0.0.1", session_name=camera.name)
    try:
        server.start()
    except Exception as error:
        raise SetupError(
            f"Port {camera.port} of demo camera {camera.name} is taken; stop what uses it or delete demo-cameras.json."
        ) from error
    return server


def _ports(file: Path, names: list[str]) -> dict[str, int]:
    """A port for each name: those of the file, else free ones that are then kept there."""
    ports: dict[str, int] = {}
    with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
        ports = json.loads(file.read_text("utf-8"))
    missing = [name for name in names if name not in ports]
    if not missing:
        return ports
    for name in missing:
        ports[name] = free_port(ports.values())
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps(ports, indent=1), "utf-8")
    part.replace(file)
    return ports
