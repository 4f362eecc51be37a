"""Records what the worker of a release sends, byte by byte: run with that release's checkout first on PYTHONPATH.

    git worktree add --detach OLD COMMIT
    PYTHONPATH=OLD python tests/contract/released/record.py COMMIT > tests/contract/released/COMMIT.json

The release's own control loop and emitter talk to two servers of this file, which write down each request and each command.
A recording is never made again: it is what workers in the field say.
"""

import asyncio
import base64
import json
import sys
import uuid
from typing import Any

import msgspec
from aiohttp import web

from app.contracts.control import DesiredState
from app.contracts.tracked import CameraState
from app.workers.control import ControlLoop
from app.workers.emitter import RedisEmitter
from tests.builders import CAMERA, START_US, make_health, make_tracked_frame, make_tracklet

KEY = "KEY"
STAYS_S = 6.0
FPS = 5.0
WORKER = uuid.UUID("019aa000-0000-7000-8000-0000000000aa")
TOLD = {
    "camera_id": str(CAMERA), "store_id": str(uuid.UUID(int=2)), "url": "rtsp://127.0.0.1/x", "analysis_fps": 5.0,
    "pose_model": "yolo_pose", "pose_version": "1", "policy_revision": 1, "face": False, "gait": False,
}  # fmt: skip


async def heartbeats() -> list[dict[str, Any]]:
    """The first beat, and the one after a desired state was understood."""
    heard: list[dict[str, Any]] = []
    twice = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        names = ("Authorization", "Content-Type", "Accept")
        headers = {name: request.headers[name] for name in names if name in request.headers}
        heard.append(
            {"method": request.method, "path": request.path, "headers": headers, "body": (await request.read()).decode()}
        )
        if len(heard) == 2:
            twice.set()
        return web.json_response({"revision": "r1", "lease_s": 10.0, "cameras": [TOLD]})

    server = web.Application()
    server.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(server)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    runs: dict[uuid.UUID, Any] = {}
    loop = ControlLoop(address, KEY, WORKER, "cpu", 16, lambda: list(runs), runs.update)
    stop = asyncio.Event()
    beating = asyncio.create_task(loop.run(stop))
    await asyncio.wait_for(twice.wait(), 15)
    stop.set()
    await asyncio.wait_for(beating, 5)
    await runner.cleanup()
    return heard


class Listener:
    """A server of the Redis protocol that says yes to everything and keeps each command."""

    def __init__(self) -> None:
        self.commands: list[list[bytes]] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        while line := await reader.readline():
            words = []
            for _ in range(int(line[1:])):
                size = int((await reader.readline())[1:])
                words.append((await reader.readexactly(size + 2))[:-2])
            name = words[0].upper()
            if name in (b"XADD", b"PUBLISH"):
                self.commands.append(words)
            writer.write({b"XADD": b"$3\r\n1-1\r\n", b"PUBLISH": b":1\r\n"}.get(name, b"+OK\r\n"))
            await writer.drain()
        writer.close()


async def messages() -> list[dict[str, Any]]:
    """Somebody who stands still for some seconds, and what the worker says about the camera meanwhile."""
    listeners = {"memory": Listener(), "bus": Listener()}
    servers = {name: await asyncio.start_server(each, "127.0.0.1", 0) for name, each in listeners.items()}
    urls = {name: f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0?protocol=2" for name, server in servers.items()}
    emitter = RedisEmitter(urls["memory"], urls["bus"])
    stop = asyncio.Event()
    running = asyncio.create_task(emitter.run(stop))
    emitter.health(make_health(CameraState.CONNECTING, 0.0))
    emitter.health(make_health(CameraState.LIVE, 0.1))
    for number in range(round(STAYS_S * FPS)):
        emitter.frame(make_tracked_frame([(7, 0.5, 0.8)], number / FPS, sequence=number))
    emitter.picture(CAMERA, START_US, b"\xff\xd8\xff\xd9")
    emitter.health(make_health(CameraState.LIVE, 2.1))
    emitter.tracklet(make_tracklet(7, 1.0))
    stop.set()
    await asyncio.wait_for(running, 10)
    kept = []
    for name, listener in listeners.items():
        kept += [{"server": name, "command": [base64.b64encode(word).decode() for word in each]} for each in listener.commands]
    return kept


def understands() -> Any:
    """The JSON Schema of the desired state as that release reads it."""
    return msgspec.json.schema(DesiredState)


async def main(commit: str) -> None:
    """One document on stdout."""
    found = {
        "commit": commit, "camera": str(CAMERA), "worker": str(WORKER), "start_us": START_US, "key": KEY,
        "heartbeats": await heartbeats(), "messages": await messages(), "understands": understands(),
    }  # fmt: skip
    sys.stdout.write(json.dumps(found, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
