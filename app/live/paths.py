"""The role `live-paths`: keeps the paths of a MediaMTX beside it equal to the cameras that the service names.

MediaMTX then pulls each camera once, when somebody reads it, and workers and viewers read from it. It forgets its paths when it
starts anew; they are compared every two seconds, so it knows them again at once. While the service is away the paths stay.

The control API of 1.20 and later is used: `GET /v3/paths/list`, `POST /v3/config/paths/replace/{name}` (makes or changes),
`DELETE /v3/config/paths/delete/{name}`. Configured paths are never read back: that shows passwords.
"""

import asyncio
import contextlib
import ssl
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import msgspec

from app.contracts.control import RelayedStream
from app.kit.backoff import Backoff
from app.kit.decoding import one_error
from app.kit.egress import literal_of, split_address
from app.kit.errors import BadInputError, PennyError, SetupError, UnavailableError
from app.kit.gate import Gate, stable_addresses
from app.kit.logs import logger
from app.kit.operations import serve_operations
from app.kit.tls import trust
from app.live.counters import paths_known, paths_refused
from app.settings import Settings

EVERY_S: Final = 2.0
ASK_S: Final = 5.0
LOOK_S: Final = 5.0
LOOKS_AT_ONCE: Final = 16
PAGE: Final = 1000
MOST_PAGES: Final = 100

log = logger(__name__)


class _Listed(msgspec.Struct):
    name: str


class _Page(msgspec.Struct, rename="camel"):
    items: list[_Listed]
    page_count: int = 1


class _Streams(msgspec.Struct):
    streams: list[RelayedStream]


_decode_page = one_error(msgspec.json.Decoder(_Page).decode)
_decode_streams = one_error(msgspec.json.Decoder(_Streams).decode)


@dataclass(frozen=True, slots=True)
class Changes:
    """What brings a MediaMTX up to date: paths with their sources to make or change, and paths to take away."""

    put: dict[str, str]
    delete: tuple[str, ...]


def changes(
    wanted: Mapping[str, str], told: Mapping[str, str], there: Iterable[str], unsure: Collection[str] = frozenset()
) -> Changes:
    """From paths to sources that are wanted, what this process told before, and the paths that are there. Pure.

    A path that is no camera's id is somebody else's and stays; so does one of which is not known now where it leads (`unsure`).
    """
    existing = set(there)
    put = {name: source for name, source in wanted.items() if name not in existing or told.get(name) != source}
    return Changes(put, tuple(sorted(name for name in existing - wanted.keys() - set(unsure) if _is_id(name))))


def path_configuration(source: str) -> dict[str, Any]:
    """A camera's path: pulled over TCP while somebody reads it, with the camera's own clock, never recorded."""
    return {
        "source": source,
        "sourceOnDemand": True,
        "rtspTransport": "tcp",
        "useAbsoluteTimestamp": True,
        "record": False,
    }


class Paths:
    """One MediaMTX and one service. Use from one event loop.

    Args:
        gate: where cameras may be; a name is looked up here, and plain RTSP is pulled from the address that was judged. Its
            resolver should say the same addresses in the same order (`stable_addresses`), or paths are replaced for nothing.
    """

    def __init__(
        self,
        api: str,
        service: str,
        key: str,
        gate: Gate,
        trusted: ssl.SSLContext | None,
        client: aiohttp.ClientSession,
        look_s: float = LOOK_S,
    ) -> None:
        self._look_s = look_s
        self._api, self._streams = api.rstrip("/"), service.rstrip("/") + "/api/v1/workers/streams"
        self._headers = {"Authorization": f"Bearer {key}"}
        self._gate, self._trusted, self._client = gate, trusted or True, client
        self._told: dict[str, str] = {}
        self._unfit: dict[str, str] = {}
        self._said: dict[uuid.UUID, str] = {}
        self._looking = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def once(self) -> None:
        """Bring MediaMTX up to date. UnavailableError says who does not answer."""
        sources = await self._sources()
        unsure = {name for name, source in sources.items() if source is None}
        wanted = {name: source for name, source in sources.items() if source}
        wanted |= {name: self._told[name] for name in unsure & self._told.keys()}
        due = changes(wanted, self._told, await self._there(), unsure)
        for name in due.delete:
            await self._ask("DELETE", f"/v3/config/paths/delete/{name}", gone_is_well=True)
            self._told.pop(name, None)
        told = [name for name, source in due.put.items() if self._unfit.get(name) != source and await self._put(name, source)]
        self._unfit = {name: source for name, source in self._unfit.items() if wanted.get(name) == source}
        if told or due.delete:
            log.info("the relay's cameras changed", told=len(told), taken_away=len(due.delete), cameras=len(wanted))
        paths_known.set(len(wanted) - len(self._unfit))

    async def _put(self, name: str, source: str) -> bool:
        """Make or change one path; False where MediaMTX will not have this source, which is not offered again."""
        if await self._ask("POST", f"/v3/config/paths/replace/{name}", path_configuration(source), unfit_is_well=True) is None:
            self._unfit[name] = source
            self._told.pop(name, None)
            await self._ask("DELETE", f"/v3/config/paths/delete/{name}", gone_is_well=True)  # it leads where the camera was
            paths_refused.labels("path").inc()
            log.warning("a camera is not relayed", camera=name, why="MediaMTX does not take its address; give another")
            return False
        self._told[name] = source
        return True

    async def _sources(self) -> dict[str, str | None]:
        """Where each camera is pulled; "" where it may not be, None where its name has no answer now."""
        try:
            async with self._client.get(self._streams, headers=self._headers, ssl=self._trusted) as reply:
                if reply.status in (401, 403):
                    raise UnavailableError("The service refuses the worker key; check PENNYPROTECT_WORKER_KEY.")
                if reply.status != 200:
                    raise UnavailableError(f"The service answers with status {reply.status}.")
                found = _decode_streams(await reply.read()).streams
        except (aiohttp.ClientError, TimeoutError, OSError, msgspec.DecodeError) as error:
            raise UnavailableError(f"The service does not answer ({type(error).__name__}).") from error
        sources = await asyncio.gather(*(self._source(each) for each in found))
        return {str(each.camera_id): source for each, source in zip(found, sources, strict=True)}

    async def _source(self, stream: RelayedStream) -> str | None:
        try:
            if _is_written_out(stream.url):  # waits for no name server, nor for threads that do
                pinned = self._gate.admit(stream.url)
            else:
                async with self._looking, asyncio.timeout(self._look_s):
                    pinned = await asyncio.to_thread(self._gate.admit, stream.url)
        except BadInputError as error:
            self._say(stream.camera_id, error.detail)
            return ""
        except OSError:  # a time-out too
            self._say(stream.camera_id, "its name has no address now; what MediaMTX was told before stays")
            return None
        self._said.pop(stream.camera_id, None)
        return pinned.url if pinned.scheme == "rtsp" else stream.url  # a certificate is for the name

    def _say(self, camera: uuid.UUID, why: str) -> None:
        if self._said.get(camera) != why:
            self._said[camera] = why
            log.warning("a camera is not relayed", camera=str(camera), why=why)
            paths_refused.labels("address").inc()

    async def _there(self) -> list[str]:
        names: list[str] = []
        for number in range(MOST_PAGES):
            answer = await self._ask("GET", f"/v3/paths/list?itemsPerPage={PAGE}&page={number}")
            try:
                page = _decode_page(answer or b"")
            except msgspec.DecodeError as error:
                raise UnavailableError("MediaMTX lists its paths in a way that is not known; use 1.20 or later.") from error
            names += [each.name for each in page.items]
            if number + 1 >= page.page_count:
                break
        return names

    async def _ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        gone_is_well: bool = False,
        unfit_is_well: bool = False,
    ) -> bytes | None:
        """What it answers; None where it refuses the body (`unfit_is_well`)."""
        try:
            async with self._client.request(method, self._api + path, json=body) as reply:
                answer = await reply.read()
                if reply.status == 200 or (gone_is_well and reply.status == 404):
                    return answer
                if unfit_is_well and reply.status == 400:
                    return None
                raise UnavailableError(f"MediaMTX answers {method} {path.partition('?')[0]} with status {reply.status}.")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnavailableError(f"MediaMTX does not answer ({type(error).__name__}).") from error


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Keep MediaMTX told until `stop`.

    Raises:
        SetupError: the service's address or the worker key is not set.
    """
    key = settings.worker_key.get_secret_value()
    if not settings.service_url or not key:
        raise SetupError("live-paths needs PENNYPROTECT_SERVICE_URL and PENNYPROTECT_WORKER_KEY; set them.")
    gate, failures, retry = Gate(settings.camera_egress, stable_addresses), 0, Backoff(first_s=0.5, longest_s=10.0)
    async with (
        serve_operations(settings.metrics, settings.home, "live-paths"),
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ASK_S)) as client,
    ):
        paths = Paths(settings.relay_api, settings.service_url, key, gate, trust(settings.ca_file), client)
        log.info("live paths are kept", api=settings.relay_api)
        while not stop.is_set():
            try:
                await paths.once()
                failures = 0
            except PennyError as error:
                paths_refused.labels("away").inc()
                if failures == 0:
                    log.warning("the relay is not kept up to date", problem=error.detail)
                failures += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), retry.delay_s(failures - 1) if failures else EVERY_S)


def _is_written_out(url: str) -> bool:
    """Whether the host is an address. BadInputError where it is no URL."""
    return literal_of(split_address(url).hostname or "") is not None


def _is_id(name: str) -> bool:
    try:
        return str(uuid.UUID(name)) == name
    except ValueError:
        return False
