"""`/ws`: one viewer's conversation."""

import asyncio
import contextlib
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.auth.access import identifier_of, note_refused
from app.auth.models import Principal
from app.auth.permissions import Permission
from app.auth.tokens import AccessClaims
from app.contracts.sockets import (
    ClientMessage,
    Denied,
    JoinStore,
    LeaveStore,
    Ping,
    Pong,
    Resume,
    SubscribeCamera,
    UnsubscribeCamera,
    decode_client_message,
    to_text,
)
from app.dashboard import counters
from app.dashboard.endings import Endings, View
from app.dashboard.frames import write_frame_of
from app.dashboard.hub import Hub
from app.dashboard.viewer import SlowViewerError, Viewer
from app.dashboard.visibility import see_cameras, see_store, still_sees
from app.kit.backends import backends
from app.kit.errors import ForbiddenError, NotFoundError, PennyError, TooManyRequestsError, UnauthenticatedError
from app.kit.problems import UNREACHABLE, describe

SEND_S = 10.0
RECHECK_S = 2.0
MOST_FAILED_CHECKS = 4
MOST_CAMERAS = 256
MOST_STORES = 100
IDLE_S = 300.0
"""A socket that watches nothing is closed after this long without a message."""
MOST_SOCKETS = 1000
"""Open at once for one person or key in this process."""
POLICY, OVERLOADED, RESTARTING, LATER = 1008, 1013, 1012, 1013
TOO_MANY = "You have too many connections open; close some first."
AWAY = "The database or the message bus does not answer right now; try again in a few seconds."

Recheck = Callable[[], Awaitable[Principal]]


class _CloseError(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


async def serve_socket(socket: WebSocket) -> None:
    """Authenticate before the handshake ends, then talk until either side leaves."""
    hub: Hub = socket.app.state.hub
    try:
        demand_own_origin(socket)
        who, recheck = await _identify(socket)
    except PennyError as error:
        await socket.send_denial_response(describe(error))
        return
    except UNREACHABLE:
        await socket.close(LATER, AWAY)
        return
    open_now: Counter[uuid.UUID] = socket.app.state.sockets
    if open_now[who.id] >= MOST_SOCKETS:
        await socket.send_denial_response(describe(TooManyRequestsError(TOO_MANY, retry_after_s=60)))
        return
    open_now[who.id] += 1
    try:
        await socket.accept()
        await Conversation(socket, hub, who, recheck).run()
    finally:
        open_now[who.id] -= 1
        if not open_now[who.id]:
            del open_now[who.id]


def demand_own_origin(socket: WebSocket) -> None:
    """A browser says whose page opens the socket; programs say nothing.

    Raises:
        ForbiddenError: the page is neither this address's nor the operator's own elsewhere.
    """
    origin = socket.headers.get("origin")
    if origin is None:
        return
    try:
        place = urlsplit(origin)
        own = _spoken(place.scheme, socket.headers.get("host", ""))
        known = place.scheme in ("http", "https") and _spoken(place.scheme, place.netloc) == own
    except ValueError:
        known = False
    if not known and origin.lower() not in socket.app.state.origins:
        raise ForbiddenError("This page is of another site. Name its address in CLIENT_URL or PENNYPROTECT_PUBLIC_URL.")


def origins_of(*addresses: str) -> frozenset[str]:
    """The origins of these addresses, as browsers say them; empty ones are left out."""
    parts = (urlsplit(address) for address in addresses if address)
    return frozenset(f"{each.scheme.lower()}://{_spoken(each.scheme, each.netloc)}" for each in parts)


def _spoken(scheme: str, place: str) -> str:
    """Host and port as browsers say them: in small letters, without the scheme's own port."""
    return place.lower().removesuffix({"http": ":80", "https": ":443"}.get(scheme.lower(), ""))


async def _identify(socket: WebSocket) -> tuple[Principal, Recheck]:
    """Who opens the socket, and how to ask again whether they still may."""
    identifier = identifier_of(socket)
    ticket, header = socket.query_params.get("ticket"), socket.headers.get("authorization")
    if ticket:
        claims = await identifier.of_ticket(backends(socket).memory, ticket)

        async def by_session() -> Principal:
            return await identifier.of_session(claims)

        return await identifier.of_session(claims), by_session
    who = await identifier.identify(header)
    if who.session_id is None or who.chain_id is None or who.token_expires_at is None:
        return who, lambda: identifier.identify(header)
    session = AccessClaims(who.id, who.session_id, who.chain_id, who.token_expires_at)
    return who, lambda: identifier.of_session(session)


class Conversation:
    """One open socket: a reader, a writer and a re-check of rights, ending together."""

    def __init__(self, socket: WebSocket, hub: Hub, who: Principal, recheck: Recheck) -> None:
        self._socket = socket
        self._hub = hub
        self._who = who
        self._recheck = recheck
        self._viewer = Viewer(write_frame=write_frame_of(socket.scope))
        self._viewer.may_review = lambda store: still_sees(self._who, Permission.MATCHES_REVIEW, store)
        self._pool = backends(socket).postgres
        self._endings: Endings = socket.app.state.endings
        self._views: dict[uuid.UUID, View] = {}
        self._heard_s = time.monotonic()

    async def run(self) -> None:
        """Until the viewer leaves, is slow, loses its rights, or the service stops."""
        counters.viewers.inc()
        parts = [asyncio.create_task(part()) for part in (self._read, self._write, self._watch_rights, self._watch_stop)]
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            error = next((task.exception() for task in done if task.exception() is not None), None)
        finally:
            for task in parts:
                task.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
            for camera in tuple(self._views):
                self._end(camera)
            self._hub.forget(self._viewer)
            counters.viewers.dec()
        await self._close(error)

    async def _close(self, error: BaseException | None) -> None:
        with contextlib.suppress(RuntimeError, WebSocketDisconnect, OSError):
            if isinstance(error, _CloseError):
                await self._socket.close(error.code, error.reason)
            elif isinstance(error, SlowViewerError):
                await self._socket.close(OVERLOADED, "You do not take messages fast enough; connect again and resume.")
            elif isinstance(error, TimeoutError):
                await self._socket.close(OVERLOADED, "The connection does not take messages; connect again and resume.")
            elif error is not None and not isinstance(error, WebSocketDisconnect):
                await self._socket.close(1011, "This is a fault of ours; connect again.")
                raise error

    async def _read(self) -> None:
        while True:
            received = await self._socket.receive()  # ended by the server's own ping when the viewer is gone
            if received["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(received.get("code", 1005))
            self._heard_s = time.monotonic()
            text = received.get("text")
            try:
                if text is None:
                    raise msgspec.DecodeError("not a text frame")
                message = decode_client_message(text)
            except (msgspec.DecodeError, RecursionError) as error:
                self._deny("message", f"Not a message this service knows: {error}.")
                continue
            await self._obey(message)

    async def _obey(self, message: ClientMessage) -> None:
        kind = type(message).__struct_config__.tag
        camera, store = getattr(message, "camera_id", None), getattr(message, "store_id", None)
        try:
            await self._do(message)
        except PennyError as error:
            if isinstance(error, (ForbiddenError, NotFoundError)):  # a store or camera of somebody else is not found
                await note_refused(self._socket, self._who, str(kind))
            self._deny(str(kind), error.detail, camera, store)
        except ValueError:
            self._deny(str(kind), "last_id is no id of a store message.", camera, store)
        except UNREACHABLE:
            self._deny(str(kind), AWAY, camera, store)

    async def _do(self, message: ClientMessage) -> None:
        viewer, hub = self._viewer, self._hub
        match message:
            case Ping():
                viewer.offer_message(to_text(Pong()))
            case SubscribeCamera(camera_id=camera_id):
                if camera_id in viewer.cameras:
                    return
                _limit(len(viewer.cameras), MOST_CAMERAS, "cameras")
                (camera,) = await see_cameras(self._pool, self._who, [camera_id])
                self._views[camera_id] = View.of(self._who, camera_id, camera.store_id)
                hub.subscribe(viewer, camera_id, camera.store_id)
            case UnsubscribeCamera(camera_id=camera_id):
                for each in tuple(viewer.cameras) if camera_id is None else (camera_id,):
                    self._end(each)
            case JoinStore(store_id=store_id):
                await self._may_join(store_id)
                await hub.join(viewer, store_id)
            case Resume(store_id=store_id, last_id=last_id):
                await self._may_join(store_id)
                await hub.resume(viewer, store_id, last_id)
            case LeaveStore(store_id=store_id):
                for each in hub.stores_of(viewer) if store_id is None else (store_id,):
                    hub.leave(viewer, each)

    async def _may_join(self, store_id: uuid.UUID) -> None:
        _limit(len(self._hub.stores_of(self._viewer)), MOST_STORES, "stores")
        await see_store(self._pool, self._who, store_id)

    async def _write(self) -> None:
        while True:
            text = await self._viewer.take()
            async with asyncio.timeout(SEND_S):
                await self._socket.send_text(text)

    async def _watch_stop(self) -> None:
        await self._hub.stopping.wait()
        raise _CloseError(RESTARTING, "The service restarts; connect again.")

    async def _watch_rights(self) -> None:
        failed = 0
        while True:
            await asyncio.sleep(RECHECK_S)
            try:
                self._who = await self._recheck()
                failed = 0
            except UnauthenticatedError as error:
                raise _CloseError(POLICY, "Your session has ended; sign in again.") from error
            except UNREACHABLE as error:
                failed += 1
                if failed >= MOST_FAILED_CHECKS:  # rights that cannot be checked are not there
                    raise _CloseError(LATER, "Your rights cannot be checked right now; connect again.") from error
            self._drop_what_is_not_allowed()
            if not self._viewer.cameras and not self._hub.stores_of(self._viewer) and time.monotonic() - self._heard_s > IDLE_S:
                raise _CloseError(POLICY, "You watch nothing and said nothing for a while; connect again when you do.")

    def _drop_what_is_not_allowed(self) -> None:
        reason = "Your roles do not allow this any more."
        for camera, store in tuple(self._viewer.cameras.items()):
            if not still_sees(self._who, Permission.LIVE_VIEW, store):
                self._end(camera)
                self._deny("subscribe-camera", reason, camera)
        for store in self._hub.stores_of(self._viewer):
            if not still_sees(self._who, Permission.ALERTS_READ, store):
                self._hub.leave(self._viewer, store)
                self._deny("join-store", reason, None, store)

    def _end(self, camera: uuid.UUID) -> None:
        """No more of this camera; the view's end goes into the audit."""
        self._hub.unsubscribe(self._viewer, camera)
        if (view := self._views.pop(camera, None)) is not None:
            self._endings.note(view)

    def _deny(self, about: str, reason: str, camera: uuid.UUID | None = None, store: uuid.UUID | None = None) -> None:
        self._viewer.offer_message(to_text(Denied(about, reason, camera, store)))


def _limit(have: int, most: int, what: str) -> None:
    if have >= most:
        raise PennyError(f"One connection watches at most {most} {what}.")
