"""The door to live video: who may watch is decided and audited here, whoever relays the pictures (our relay, or MediaMTX)."""

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
import msgspec

from app.auth.models import Principal
from app.auth.permissions import Permission
from app.dashboard.endings import Endings, View
from app.dashboard.visibility import still_sees
from app.kit.decoding import one_error
from app.kit.errors import BadInputError, ConflictError, NotFoundError, PennyError, UnavailableError
from app.kit.logs import logger
from app.kit.problems import UNREACHABLE
from app.settings.servers import RELAY_USER

RECHECK_S: Final = 2.0
ASK_S: Final = 12.0
LARGEST_ANSWER: Final = 256 << 10
SDP: Final = "application/sdp"
FRAGMENT: Final = "application/trickle-ice-sdpfrag"
NO_CANDIDATES: Final = "m=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"
MASKED: Final = "This camera has privacy masks, which encoded video cannot carry; its masked pictures are at /live/pictures."
AWAY: Final = "Live video cannot be relayed right now; pictures go on at /live/pictures."

log = logger(__name__)
_decode_problem = one_error(msgspec.json.Decoder(dict[str, str]).decode)


Masked = Callable[[], Awaitable[bool]]
"""Whether a camera has privacy masks now, which encoded pictures cannot carry."""


class NoVideoError(ConflictError):
    """This camera's encoded pictures cannot be passed on; `why` says what for."""

    title = "No video of this camera"


@dataclass(frozen=True, slots=True)
class OpenView:
    """A view that somebody watches through the relay."""

    view: View
    upstream: str
    recheck: Callable[[], Awaitable[Principal]]
    masked: Masked


class VideoViews:
    """The views opened here. Each is checked every two seconds, kept alive at the relay while allowed, and ends in the audit.

    Args:
        address: `unix:/path` of our relay, or `http://host:8889` of a MediaMTX whose paths are camera ids.
        key: password of the user who may read at the MediaMTX.

    Our relay knows masks and viewers that went; of a MediaMTX we ask the database and the session itself.
    """

    def __init__(self, address: str, endings: Endings, key: str = "") -> None:
        self._headers = {"Authorization": aiohttp.encode_basic_auth(RELAY_USER, key)} if key else {}
        self._own = address.startswith("unix:")
        self._path = Path(address.removeprefix("unix:")) if self._own else None
        self._base = "http://relay" if self._own else address.rstrip("/")
        self._endings = endings
        self._open: dict[uuid.UUID, OpenView] = {}

    async def open(
        self, view: View, offer: str, recheck: Callable[[], Awaitable[Principal]], masked: Masked
    ) -> tuple[uuid.UUID, str]:
        """The id of a new view and the SDP answer to `offer`; its end is noted however it ends.

        Raises:
            NoVideoError: the relay cannot pass this camera's pictures on.
            UnavailableError: nobody relays right now.
        """
        try:
            if not self._own and await masked():
                raise NoVideoError(MASKED, why="masked")
            status, answer, location = await self._ask("POST", f"/{view.camera_id}/whep", offer)
        except PennyError:
            self._endings.note(view)
            raise
        if status != 201:
            self._endings.note(view)
            raise _refusal(status, answer)
        session = _session_of(location)
        self._open[session] = OpenView(view, location, recheck, masked)
        return session, answer

    async def close(self, camera_id: uuid.UUID, session: uuid.UUID, who: Principal) -> None:
        """The viewer is done. NotFoundError when there is no such view of his."""
        found = self._open.get(session)
        if found is None or found.view.camera_id != camera_id or found.view.who.id != who.id:
            raise NotFoundError("There is no such live view.")
        await self._end(session, found)

    async def run(self, stop: asyncio.Event) -> None:
        """Look after the open views until stopped, then end them."""
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self._end_all)
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), RECHECK_S)
                    return
                await asyncio.gather(*(self._look(session, found) for session, found in tuple(self._open.items())))

    async def _look(self, session: uuid.UUID, found: OpenView) -> None:
        if not await _still_allowed(found, ask_masks=not self._own):
            await self._end(session, found)
            return
        with contextlib.suppress(UnavailableError):
            if self._own:
                status, _, _ = await self._ask("POST", f"{found.upstream}/keep")
            else:  # MediaMTX adds no candidate, and says whether there is such a session
                status, _, _ = await self._ask("PATCH", found.upstream, NO_CANDIDATES, FRAGMENT)
            if status == 404:  # the viewer went, or the camera did
                self._forget(session)

    async def _end(self, session: uuid.UUID, found: OpenView) -> None:
        self._forget(session)
        with contextlib.suppress(UnavailableError):  # a relay that is away shows nothing
            await self._ask("DELETE", found.upstream)

    async def _end_all(self) -> None:
        await asyncio.gather(*(self._end(session, found) for session, found in tuple(self._open.items())))

    def _forget(self, session: uuid.UUID) -> None:
        if (found := self._open.pop(session, None)) is not None:
            self._endings.note(found.view)

    async def _ask(self, method: str, path: str, body: str = "", kind: str = SDP) -> tuple[int, str, str]:
        """(status, text, Location)."""
        connector = aiohttp.UnixConnector(str(self._path)) if self._path is not None else aiohttp.TCPConnector()
        timeout = aiohttp.ClientTimeout(total=ASK_S)
        headers = self._headers | ({"Content-Type": kind} if body else {})
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=timeout) as client,
                client.request(method, self._base + path, data=body or None, headers=headers, allow_redirects=False) as reply,
            ):
                text = (await reply.content.read(LARGEST_ANSWER)).decode("utf-8", "replace")
                return reply.status, text, reply.headers.get("Location", "")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.info("the relay does not answer", error=type(error).__name__)
            raise UnavailableError(AWAY) from error


async def _still_allowed(found: OpenView, *, ask_masks: bool) -> bool:
    try:
        if not still_sees(await found.recheck(), Permission.LIVE_VIEW, found.view.store_id):
            return False
        return not (ask_masks and await found.masked())
    except (PennyError, *UNREACHABLE):
        return False


def _refusal(status: int, answer: str) -> PennyError:
    """What the relay's refusal means to the viewer."""
    try:
        problem = _decode_problem(answer)
    except msgspec.DecodeError:
        problem = {}
    if status == 422:
        return BadInputError(problem.get("detail", "This is no WebRTC offer that can be answered."))
    if status == 409:
        return NoVideoError(
            problem.get("detail", "This camera gives no video that can be passed on."), why=problem.get("why", "")
        )
    return UnavailableError(problem.get("detail", AWAY))


def _session_of(location: str) -> uuid.UUID:
    """The id at the end of the Location. UnavailableError when there is none: the relay is none that we know."""
    try:
        return uuid.UUID(location.rstrip("/").rsplit("/", 1)[-1])
    except ValueError as error:
        raise UnavailableError(AWAY) from error
