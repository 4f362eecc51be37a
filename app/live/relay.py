"""The role `live`: WHEP (`POST PATH/whep`, `DELETE PATH/whep/SESSION`) for the service, on a Unix socket of this machine.

Only the service asks here; it decides who may watch, keeps each session alive while that lasts, and writes the audit.
"""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from aiohttp import web

from app.contracts.video import SOCKET
from app.kit.errors import BadInputError, NotFoundError, PennyError, UnavailableError
from app.kit.ids import new_id
from app.kit.logs import logger
from app.kit.operations import serve_operations
from app.live import counters
from app.live.feed import open_feed
from app.live.peer import Peer
from app.settings import Settings

RELAY_SOCKET: Final = "live.sock"
MOST_VIEWERS: Final = 64
LARGEST_OFFER: Final = 64 << 10
KEPT_S: Final = 10.0
"""A session that the service does not keep for this long ends: nobody knows any more whether its viewer may watch."""
SDP: Final = "application/sdp"

log = logger(__name__)


class Relay:
    """The open views."""

    def __init__(self, worker: Path) -> None:
        self._worker = worker
        self._peers: dict[uuid.UUID, tuple[Peer, asyncio.Task[None]]] = {}

    async def open(self, camera_id: uuid.UUID, offer: str) -> tuple[uuid.UUID, str]:
        """A new view: its id and the SDP answer.

        Raises:
            PennyError: too many views, no video of this camera, or no offer that can be answered.
        """
        if len(self._peers) >= MOST_VIEWERS:
            raise UnavailableError(f"{MOST_VIEWERS} live views are open, which is the most; close one, or watch pictures.")
        async with AsyncExitStack() as stack:
            units = await stack.enter_async_context(open_feed(self._worker, camera_id))
            peer = Peer(units)
            stack.push_async_callback(peer.run)
            stack.callback(peer.ended.set)  # runs first: a failed answer ends the peer at once
            answer = await peer.answer(offer)
            held = stack.pop_all()
        session = new_id()
        task = asyncio.create_task(self._hold(session, peer, held), name=f"view {session}")
        self._peers[session] = (peer, task)
        counters.viewers.set(len(self._peers))
        return session, answer

    async def _hold(self, session: uuid.UUID, peer: Peer, held: AsyncExitStack) -> None:
        try:
            running = asyncio.ensure_future(peer.run())
            while not running.done():
                await asyncio.wait({running}, timeout=1.0)
                if time.monotonic() - peer.kept_at > KEPT_S:
                    peer.ended.set()
        finally:
            peer.ended.set()
            self._peers.pop(session, None)
            counters.viewers.set(len(self._peers))
            await held.aclose()

    def keep(self, session: uuid.UUID) -> None:
        """The viewer still may watch. NotFoundError when the view is over."""
        self._find(session).kept_at = time.monotonic()

    def close(self, session: uuid.UUID) -> None:
        """End a view. NotFoundError when it is over already."""
        self._find(session).ended.set()

    async def close_all(self) -> None:
        """End every view."""
        tasks = [task for _, task in self._peers.values()]
        for peer, _ in self._peers.values():
            peer.ended.set()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _find(self, session: uuid.UUID) -> Peer:
        found = self._peers.get(session)
        if found is None:
            raise NotFoundError("This live view is over.")
        return found[0]


def application(relay: Relay) -> web.Application:
    """The relay's HTTP."""

    async def begin(request: web.Request) -> web.Response:
        camera = _id(request.match_info["camera_id"])
        session, answer = await relay.open(camera, (await request.read()).decode("utf-8", "replace"))
        return web.Response(status=201, text=answer, content_type=SDP, headers={"Location": f"/{camera}/whep/{session}"})

    async def keep(request: web.Request) -> web.Response:
        relay.keep(_id(request.match_info["session_id"]))
        return web.Response(status=204)

    async def end(request: web.Request) -> web.Response:
        relay.close(_id(request.match_info["session_id"]))
        return web.Response(status=200)

    made = web.Application(client_max_size=LARGEST_OFFER, middlewares=[_problems])
    made.router.add_post("/{camera_id}/whep", begin)
    made.router.add_post("/{camera_id}/whep/{session_id}/keep", keep)
    made.router.add_delete("/{camera_id}/whep/{session_id}", end)
    return made


@web.middleware
async def _problems(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
    try:
        return await handler(request)
    except PennyError as error:
        counters.refused.labels(str(error.extra.get("why", error.title))).inc()
        return web.json_response({"detail": error.detail, **error.extra}, status=error.status)


def _id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise BadInputError("An id is a UUID.") from error


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Relay until `stop`."""
    folder = settings.home.absolute() / "run"
    relay = Relay(folder / SOCKET)
    runner = web.AppRunner(application(relay), access_log=None, shutdown_timeout=1.0)
    async with serve_operations(settings.metrics, settings.home, "live"):
        await runner.setup()
        path = folder / RELAY_SOCKET
        path.unlink(missing_ok=True)
        await web.UnixSite(runner, str(path)).start()
        path.chmod(0o600)
        log.info("relay starts", socket=str(path))
        try:
            await stop.wait()
        finally:
            await relay.close_all()
            await runner.cleanup()
            path.unlink(missing_ok=True)
