"""Simulated cameras for `bench density`, in a process of their own: `python -m benchmarks.camera_feed CLIP CACHE PORT...`.

Real RTSP servers that play one clip, encoded as a 720p camera would send it. Ends when its standard input is closed.
"""

import asyncio
import os
import sys
from pathlib import Path

from app.embedded.demo_cameras import DemoCamera, play
from app.embedded.demo_media import camera_stream


async def feed(clip: Path, cache: Path, ports: list[int]) -> None:
    """Play until the end of standard input; prints one line once the clip is encoded."""
    units = await asyncio.to_thread(camera_stream, clip, cache)
    stop = asyncio.Event()

    def on_input() -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            stop.set()

    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), on_input)
    print("ready", flush=True)
    async with asyncio.TaskGroup() as group:
        for number, port in enumerate(ports):
            camera = DemoCamera(f"Bench {number}", f"rtsp://127.0.0.1:{port}/stream", clip.name, "", port)
            # A third of a frame apart, as cameras are never in step.
            group.create_task(_late(number * 0.0217, camera, units, stop))


async def _late(delay_s: float, camera: DemoCamera, units: list[bytes], stop: asyncio.Event) -> None:
    await asyncio.sleep(delay_s)
    await play(camera, units, stop)


if __name__ == "__main__":
    asyncio.run(feed(Path(sys.argv[1]), Path(sys.argv[2]), [int(port) for port in sys.argv[3:]]))
