"""One store message to a thousand viewers: the service, against the bare `websockets` library's `broadcast`, interleaved.

Both servers run in processes of their own on the same event loop library, without compression. The clients are plain asyncio
protocols in a third process, which stamps when each has the whole message. The service's message goes the whole way: from its
entry into the store's stream. One more client joins and reads nothing: it must be let go, and cost the others nothing.
"""

import asyncio
import base64
import json
import os
import resource
import socket
import statistics
import tempfile
import time
import uuid
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, cast

import aiohttp
import redis.asyncio
import uvloop
import websockets.asyncio.server as bare

from app.first_run import first_run
from app.main import run as serve
from app.settings import Settings
from benchmarks.aside import SPAWN, aside
from benchmarks.own_servers import OwnServers, own_servers

CLIENTS: Final = 1000
OPEN_AT_ONCE: Final = 25
ROUND_LIMIT_S: Final = 5.0
PAUSE_S: Final = 0.15
READY_S: Final = 60.0
SIZE: Final = 900
"""Bytes of an alert as stores get it."""
SLOW_BYTES: Final = 64 << 10
FIELD: Final = "m"


class Client(asyncio.Protocol):
    """Upgrades, sends `first`, then counts the bytes of frames that hold a mark."""

    def __init__(self, heard: "Heard", head: bytes, first: bytes) -> None:
        self.heard, self._head, self._first = heard, head, first
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self._head)

    def data_received(self, data: bytes) -> None:
        """The answer to the upgrade, then frames; a message of this size comes in one piece."""
        if not self.opened.done():
            if b" 101 " not in data.split(b"\r\n", 1)[0]:
                self.opened.set_exception(RuntimeError(data[:120].decode("latin-1")))
                return
            self.opened.set_result(None)
            if self._first and self.transport is not None:
                self.transport.write(self._first)
            return
        if self.heard.mark in data:
            self.heard.times.append(time.monotonic())

    def connection_lost(self, _error: Exception | None) -> None:
        """The server let go."""
        self.lost = True


class Heard:
    """What the clients got of the present round."""

    def __init__(self) -> None:
        self.mark = b"\0"
        self.times: list[float] = []


def _masked(text: str) -> bytes:
    payload = text.encode()
    assert len(payload) < 126
    return bytes((0x81, 0x80 | len(payload), 0, 0, 0, 0)) + payload


def _head(port: int, path: str, token: str) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer {token}\r\n\r\n"
    ).encode()


async def _connect(port: int, path: str, token: str, first: bytes) -> tuple[Heard, list[Client]]:
    heard, clients = Heard(), []
    loop = asyncio.get_running_loop()
    for _ in range(0, CLIENTS, OPEN_AT_ONCE):
        opening = [
            loop.create_connection(lambda: Client(heard, _head(port, path, token), first), "127.0.0.1", port)
            for _ in range(OPEN_AT_ONCE)
        ]
        made = [protocol for _, protocol in await asyncio.gather(*opening)]
        await asyncio.wait_for(asyncio.gather(*(each.opened for each in made)), READY_S)
        clients += made
    return heard, clients


def _clients(pipe: Connection, given: list[tuple[int, str, str, bytes]]) -> None:
    """The process of the clients: (which, mark) in, the receipt times out."""
    _many_files()

    async def talk() -> None:
        groups = [await _connect(*each) for each in given]
        pipe.send("ready")
        while (asked := await asyncio.to_thread(pipe.recv)) is not None:
            which, mark = asked
            heard = groups[which][0]
            heard.times, heard.mark = [], mark
            pipe.send("armed")
            end = time.monotonic() + ROUND_LIMIT_S
            while len(heard.times) < CLIENTS and time.monotonic() < end:
                await asyncio.sleep(0.005)
            pipe.send(sorted(heard.times))

    uvloop.run(talk())


def _bare(port: int, pipe: Connection) -> None:
    """The bare library: each message from the pipe is broadcast."""
    _many_files()

    async def talk() -> None:
        async def stay(socket: bare.ServerConnection) -> None:
            await socket.wait_closed()

        async with bare.serve(stay, "127.0.0.1", port, compression=None) as server:
            pipe.send("ready")
            while (text := await asyncio.to_thread(pipe.recv)) is not None:
                bare.broadcast(server.connections, text)

    uvloop.run(talk())


def _service(given: dict[str, Any]) -> None:
    _many_files()
    uvloop.run(serve(Settings(**given), asyncio.Event()))


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _many_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(20_000, most), most))


def _given(servers: OwnServers, home: Path) -> dict[str, Any]:
    return {
        "DATABASE_URL": servers.postgres.url("pennyprotect_app"),
        "REDIS_URL": servers.bus.url,
        "MEMORY_REDIS_URL": servers.memory.url,
        "JWT_SECRET": "j" * 40,
        "PENNYPROTECT_SECRET_KEY": base64.b64encode(b"k" * 32).decode(),
        "PENNYPROTECT_WORKER_KEY": "worker-key-of-this-benchmark",
        "PENNYPROTECT_HOME": str(home),
        "PENNYPROTECT_PORT": _free_port(),
        "PENNYPROTECT_DEMO_CAMERAS": "0",
        "PENNYPROTECT_REQUESTS_PER_S": 10_000,
    }


async def _enter(base: str, home: Path) -> tuple[str, str]:
    """(token, store) once the service answers."""
    known = json.loads((home / "credentials.json").read_text())
    form = {"grant_type": "password", "username": known["username"], "password": known["password"]}
    end = time.monotonic() + READY_S
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        while True:
            try:
                async with session.post(f"{base}/api/v1/auth/token", data=form) as reply:
                    token = (await reply.json())["access_token"]
                    break
            except (aiohttp.ClientError, KeyError):
                if time.monotonic() > end:
                    raise
                await asyncio.sleep(0.2)
        async with session.get(f"{base}/api/v1/stores", headers={"Authorization": f"Bearer {token}"}) as reply:
            return token, (await reply.json())["items"][0]["id"]


def _message(mark: str) -> str:
    body = json.dumps({"type": "alert-raised", "mark": mark, "text": ""})
    return body[:-2] + "x" * (SIZE - len(body)) + body[-2:]


async def _rounds(seconds: float, ask: Connection, tell: Connection, bus: str, store: str) -> list[list[list[float]]]:
    """Of each side, each round's delays in ms, sorted."""
    client = redis.asyncio.Redis.from_url(bus)
    found: list[list[list[float]]] = [[], []]
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end or len(found[0]) < 5:
            for which in (0, 1):
                mark = uuid.uuid4().hex
                ask.send((which, mark.encode()))
                await asyncio.to_thread(ask.recv)
                await asyncio.sleep(PAUSE_S)
                began = time.monotonic()
                if which == 0:
                    await client.xadd(f"live:{store}", {FIELD: _message(mark)})
                else:
                    tell.send(_message(mark))
                times = await asyncio.to_thread(ask.recv)
                found[which].append([(at - began) * 1000 for at in times])
    finally:
        await client.aclose()
    return found


async def _slow_is_let_go(base: str, token: str, store: str, bus: str) -> float:
    """Seconds until a client that joined and reads nothing was closed by the service, under a stream of messages."""
    port = int(base.rsplit(":", 1)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.get_extra_info("socket").setsockopt(1, 8, 4096)  # SOL_SOCKET, SO_RCVBUF
    writer.write(_head(port, "/ws", token))
    await reader.readuntil(b"\r\n\r\n")
    writer.write(_masked(json.dumps({"type": "join-store", "store_id": store})))
    client = redis.asyncio.Redis.from_url(bus)
    began = time.monotonic()
    try:
        while time.monotonic() - began < READY_S:
            async with client.pipeline(transaction=False) as pipe:
                for _ in range(100):
                    pipe.xadd(f"live:{store}", {FIELD: json.dumps({"type": "x", "text": "y" * 8000})}, maxlen=500)
                await pipe.execute()
            async with aiohttp.ClientSession() as session, session.get(f"{base}/metrics") as reply:
                if "slow_viewers_closed_total 0.0" not in await reply.text():
                    return time.monotonic() - began
            await asyncio.sleep(0.05)
        raise RuntimeError("the slow client was not let go")
    finally:
        writer.transport.abort()
        await client.aclose()


def _run(seconds: float, home: Path) -> dict[str, Any]:
    with own_servers() as servers:
        given, bare_port = _given(servers, home), _free_port()
        asyncio.run(first_run(Settings(**given), servers.postgres.url("pennyprotect_owner")))
        tell, told = SPAWN.Pipe()
        ask, asked = SPAWN.Pipe()
        base = f"http://127.0.0.1:{given['PENNYPROTECT_PORT']}"
        processes = [aside(_service, given), aside(_bare, bare_port, told)]
        try:
            for process in processes:
                process.start()
            tell.recv()
            token, store = asyncio.run(_enter(base, home))
            join = _masked(json.dumps({"type": "join-store", "store_id": store}))
            sides = [(given["PENNYPROTECT_PORT"], "/ws", token, join), (bare_port, "/", "", b"")]
            processes.append(aside(_clients, asked, sides))
            processes[-1].start()
            ask.recv()
            time.sleep(2.0)  # the last joins
            found = asyncio.run(_rounds(seconds, ask, tell, servers.bus.url, store))
            ask.send(None)
            processes[-1].join(10)
            slow_s = asyncio.run(_slow_is_let_go(base, token, store, servers.bus.url))
        finally:
            for process in processes:
                process.kill()
                process.join(10)
    return _document(found, slow_s)


def _at(delays: list[float], share: float) -> float:
    return delays[min(len(delays) - 1, int(len(delays) * share))]


def _document(found: list[list[list[float]]], slow_s: float) -> dict[str, Any]:
    ours, theirs = (sorted(_at(each, 0.99) for each in side if each) for side in found)
    everybody = min(len(each) for side in found for each in side)
    return {
        "what": f"one store message to {CLIENTS} sockets: the service (from the stream's entry on) against websockets' broadcast",
        "headline": {
            "p99_ms": round(statistics.median(ours), 1),
            "ratio_to_bare_broadcast": round(statistics.median(theirs) / statistics.median(ours), 3),
            "bare_broadcast_p99_ms": round(statistics.median(theirs), 1),
            "slowest_round_p99_ms": round(ours[-1], 1),
            "fewest_clients_reached": everybody,
            "slow_client_let_go_after_s": round(slow_s, 2),
        },
        "data_set": f"messages of {SIZE} bytes to {CLIENTS} clients of one store, no compression on either side",
        "samples": {"rounds": len(found[0]), "clients": CLIENTS},
    }


async def run(args: Any) -> dict[str, Any]:
    """`args.seconds`: how long to send. The result is the benchmark's document."""
    with tempfile.TemporaryDirectory() as home:
        return await asyncio.to_thread(_run, float(args.seconds), Path(home))
