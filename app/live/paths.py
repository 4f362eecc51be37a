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
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import msgspec

from app.contracts.control import RelayedStream
from app.kit.backoff import Backoff
from app.kit.errors import BadInputError, PennyError, SetupError, UnavailableError
from app.kit.gate import Gate
from app.kit.logs import logger
from app.kit.operations import serve_operations
from app.kit.tls import trust
from app.live.counters import paths_known, paths_refused
from app.settings import Settings

EVERY_S: Final = 2.0
ASK_S: Final = 5.0
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


@dataclass(frozen=True, slots=True)
class Changes:
    """What brings a MediaMTX up to date: paths with their sources to make or change, and paths to take away."""

    put: dict[str, str]
    delete: tuple[str, ...]


def changes(wanted: Mapping[str, str], told: Mapping[str, str], there: Iterable[str]) -> Changes:
    """From paths to sources that are wanted, what this process told before, and the paths that are there. Pure.

    A path that is no camera's id is somebody else's and stays.
    """
    existing = set(there)
    put = {name: source for name, source in wanted.items() if name not in existing or told.get(name) != source}
    return Changes(put, tuple(sorted(name for name in existing - wanted.keys() if _is_id(name))))


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
        gate: where cameras may be; a name is looked up here, and plain RTSP is pulled from the address that was judged.
    """

    def __init__(
        self, api: str, service: str, key: str, gate: Gate, trusted: ssl.SSLContext | None, client: aiohttp.ClientSession
    ) -> None:
        self._api, self._streams = api.rstrip("/"), service.rstrip("/") + "/api/v1/workers/streams"
        self._headers = {"Authorization": f"Bearer {key}"}
        self._gate, self._trusted, self._client = gate, trusted or True, client
        self._told: dict[str, str] = {}
        self._refused: set[uuid.UUID] = set()

    async def once(self) -> None:
        """Bring MediaMTX up to date. UnavailableError says who does not answer."""
        wanted = await self._wanted()
        due = changes(wanted, self._told, await self._there())
        for name in due.delete:
            await self._ask("DELETE", f"/v3/config/paths/delete/{name}", gone_is_well=True)
            self._told.pop(name, None)
        for name, source in due.put.items():
            await self._ask("POST", f"/v3/config/paths/replace/{name}", path_configuration(source))
            self._told[name] = source
        if due.put or due.delete:
            log.info("the relay's cameras changed", told=len(due.put), taken_away=len(due.delete), cameras=len(wanted))
        paths_known.set(len(wanted))

    async def _wanted(self) -> dict[str, str]:
        try:
            async with self._client.get(self._streams, headers=self._headers, ssl=self._trusted) as reply:
                if reply.status in (401, 403):
                    raise UnavailableError("The service refuses the worker key; check PENNYPROTECT_WORKER_KEY.")
                if reply.status != 200:
                    raise UnavailableError(f"The service answers with status {reply.status}.")
                found = msgspec.json.decode(await reply.read(), type=_Streams).streams
        except (aiohttp.ClientError, TimeoutError, OSError, msgspec.DecodeError) as error:
            raise UnavailableError(f"The service does not answer ({type(error).__name__}).") from error
        sources = {str(each.camera_id): await self._source(each) for each in found}
        return {name: source for name, source in sources.items() if source}

    async def _source(self, stream: RelayedStream) -> str:
        """Where MediaMTX pulls it; "" where it may not."""
        try:
            pinned = await asyncio.to_thread(self._gate.admit, stream.url)
        except (BadInputError, OSError) as error:
            if stream.camera_id not in self._refused:
                self._refused.add(stream.camera_id)
                why = error.detail if isinstance(error, BadInputError) else "its name has no address"
                log.warning("a camera is not relayed", camera=str(stream.camera_id), why=why)
                paths_refused.labels("address").inc()
            return ""
        self._refused.discard(stream.camera_id)
        return pinned.url if pinned.scheme == "rtsp" else stream.url  # a certificate is for the name

    async def _there(self) -> list[str]:
        names: list[str] = []
        for number in range(MOST_PAGES):
            page = msgspec.json.decode(await self._ask("GET", f"/v3/paths/list?itemsPerPage={PAGE}&page={number}"), type=_Page)
            names += [each.name for each in page.items]
            if number + 1 >= page.page_count:
                break
        return names

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None = None, *, gone_is_well: bool = False) -> bytes:
        try:
            async with self._client.request(method, self._api + path, json=body) as reply:
                answer = await reply.read()
                if reply.status == 200 or (gone_is_well and reply.status == 404):
                    return answer
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
    gate, failures, retry = Gate(settings.camera_egress), 0, Backoff(first_s=0.5, longest_s=10.0)
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


def _is_id(name: str) -> bool:
    try:
        return str(uuid.UUID(name)) == name
    except ValueError:
        return False
