"""`pennyprotect doctor`: what this machine, the state folder and the servers are like, in one line each. Changes nothing."""

import asyncio
import fcntl
import json
import os
import platform
import shutil
import sys
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
import grpc
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from tritonclient.grpc import aio
from tritonclient.utils import InferenceServerException

from app.embedded import postgres, secrets, state, triton, valkey
from app.embedded.lifecycle import Phase
from app.embedded.roles import own_service, service_address
from app.embedded.service import OwnService
from app.inference import repository
from app.inference.own_faces import OwnFaces, read_contract
from app.kit.errors import PennyError, SetupError, UnavailableError
from app.kit.logs import redact
from app.migrate import read_migrations
from app.settings import Settings

ANSWER_S: Final = 3.0
LEAST_SHARED_BYTES: Final = 64_000_000
OLDEST_PYTHON: Final = (3, 11)
CHECKOUT: Final = Path(__file__).resolve().parent.parent.parent
_FINE: Final = frozenset({Phase.READY, Phase.DONE})


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what is fine, or what is wrong and what to do."""

    name: str
    ok: bool
    detail: str


async def examine(settings: Settings) -> list[Finding]:
    """Every check, in the order in which one would mend things."""
    root = settings.home.absolute()
    running = is_running(root)
    found = [
        _tried("python", lambda: python(sys.version_info[:3])),
        _tried("disk", lambda: disk(root)),
        _tried("shared memory", lambda: shared_memory(shutil.disk_usage(triton.SHARED_MEMORY).free)),
        _tried("state folder", lambda: state_folder(root)),
        _tried("environments", lambda: environments(settings)),
        _tried("port", lambda: port(settings, running=running)),
        _tried("face models", lambda: face_models(settings)),
        *([] if settings.triton_url else models(repository.status(root, settings.cache.absolute(), _own(settings)))),
        *await servers(settings),
    ]
    if running:
        found += parts(_json_of(root / "run" / "parts.json"))
        found.append(await _asked("service", lambda: service(_own_service(settings, root))))
    else:
        found.append(Finding("parts", ok=True, detail="The product does not run on this state folder; `make run` starts it."))
    return found


def _tried(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, ok=True, detail=check())
    except PennyError as error:
        return Finding(name, ok=False, detail=redact(error.detail))
    except OSError as error:
        return Finding(name, ok=False, detail=redact(f"It cannot be examined: {error}."))


async def _asked(name: str, check: Callable[[], Awaitable[str]]) -> Finding:
    """Like `_tried` for what a server answers; whatever a driver raises means that it does not serve us."""
    try:
        async with asyncio.timeout(2 * ANSWER_S):
            return Finding(name, ok=True, detail=await check())
    except PennyError as error:
        return Finding(name, ok=False, detail=redact(error.detail))
    except Exception as error:
        said = str(error) or type(error).__name__
        return Finding(
            name, ok=False, detail=redact(f"It does not answer ({said}); check its address, password and that it runs.")
        )


def python(version: tuple[int, ...]) -> str:
    """Which Python this is. SetupError when too old."""
    shown = ".".join(map(str, version))
    if version < OLDEST_PYTHON:
        raise SetupError(f"Python {shown} is too old; install 3.11 or newer.")
    return f"Python {shown} on {platform.system()} {platform.machine()}."


def disk(root: Path) -> str:
    """Room under the state folder, or where it will be made. SetupError when there is too little."""
    place = next(each for each in (root, *root.parents) if each.is_dir())
    state.check_space(place, first=not (root / "version").exists())
    return f"{shutil.disk_usage(place).free / 1e9:.1f} GB are free at {place}."


def shared_memory(free: int) -> str:
    """Room for frames on their way to Triton. SetupError when there is too little."""
    if free < LEAST_SHARED_BYTES:
        raise SetupError(
            f"{triton.SHARED_MEMORY} has {free / 1e6:.0f} MB free, Triton and its clients need {LEAST_SHARED_BYTES / 1e6:.0f}; "
            "free some, or give the container more (--shm-size)."
        )
    return f"{free / 1e6:.0f} MB are free in {triton.SHARED_MEMORY}."


def state_folder(root: Path) -> str:
    """Whether the state folder is one of this version. SetupError otherwise."""
    if not root.exists():
        return f"{root} does not exist yet; `make run` makes it."
    if not os.access(root, os.R_OK | os.W_OK | os.X_OK):
        raise SetupError(f"{root} cannot be written by this user; set PENNYPROTECT_HOME to a folder of yours.")
    return f"{root} is of version {state.STATE_VERSION}." if state.check_version(root) else f"{root} is not set up yet."


def environments(settings: Settings) -> str:
    """Whether everything the embedded default starts is installed. SetupError names what is missing."""
    if not settings.database_url.get_secret_value():
        postgres.installation()
    if not (settings.redis_url.get_secret_value() and settings.memory_redis_url.get_secret_value()):
        valkey.binary()
    if not settings.triton_url:
        triton.find_installation()
    if not (CHECKOUT / "web" / "dist" / "index.html").exists():
        raise SetupError("The dashboard is not built; run `make setup`.")
    return "PostgreSQL, Valkey, Triton (or addresses of yours) and the dashboard are there."


def port(settings: Settings, *, running: bool) -> str:
    """Whether the service can listen. SetupError when something else does."""
    if running:
        return f"{service_address(settings)} belongs to the running product."
    state.check_port(settings.host, settings.port)
    return f"Port {settings.port} on {settings.host} is free."


def face_models(settings: Settings) -> str:
    """Whose they are. SetupError where a folder of own ones, its contracts and the version in use do not belong together."""
    own = OwnFaces.of(settings)
    if own is None:
        return "The released ones are used where a store switches face recognition on."
    for name in own.replaced:
        read_contract(own.folder / name / "contract.toml", name)
    return f"Version {own.version}: {' and '.join(own.replaced)} of {own.folder}, the rest as released."


def _own(settings: Settings) -> OwnFaces | None:
    try:
        return OwnFaces.of(settings)
    except PennyError:  # said by `face_models`
        return None


def models(known: Iterable[repository.ModelStatus]) -> list[Finding]:
    """Licence and files of each model."""
    found = []
    for model in known:
        if model.biometric and not model.staged:
            detail = f"{model.artefact} is not here, and is not needed until a store switches face recognition on."
            found.append(Finding(f"model {model.name}", ok=True, detail=detail))
            continue
        missing = [
            text
            for there, text in (
                (model.licence_accepted, f"its licence {model.licence} is not accepted"),
                (model.fetched, "its file is not fetched"),
                (model.staged, "it is not in Triton's repository"),
            )
            if not there
        ]
        detail = f"{model.artefact} {model.artefact_version}, {model.licence}, accepted and in place."
        if missing:
            detail = f"{model.artefact}: {', '.join(missing)}; `make run` or `pennyprotect models pull` does all of it."
        found.append(Finding(f"model {model.name}", ok=not missing, detail=detail))
    return found


async def servers(settings: Settings) -> list[Finding]:
    """Each server whose address the operator set, asked side by side."""
    asked = []
    if settings.database_url.get_secret_value():
        asked.append(_asked("DATABASE_URL", lambda: _ask_database(settings.database_dsn)))
    for name, url in (("REDIS_URL", settings.redis_url), ("MEMORY_REDIS_URL", settings.memory_redis_url)):
        if url.get_secret_value():
            asked.append(_asked(name, lambda url=url: _ask_redis(url.get_secret_value())))  # type: ignore[misc]
    if settings.triton_url:
        asked.append(_asked("TRITON_URL", lambda: _ask_triton(settings.triton_url)))
    return list(await asyncio.gather(*asked))


async def _ask_database(dsn: str) -> str:
    connection = await asyncpg.connect(dsn, timeout=ANSWER_S)
    try:
        if not await connection.fetchval("SELECT true FROM pg_available_extensions WHERE name = 'vector'", timeout=ANSWER_S):
            raise SetupError("The database answers but has no pgvector; install that extension on its server.")
        schema = await _schema(connection)
        return f"PostgreSQL {connection.get_server_version().major} with pgvector answers; {schema}"
    finally:
        await connection.close(timeout=ANSWER_S)


async def _schema(connection: "asyncpg.Connection[asyncpg.Record]") -> str:
    """Which migration the schema is at. SetupError when this version cannot work on it."""
    known = len(read_migrations())
    try:
        made: int = await connection.fetchval("SELECT schema_version()", timeout=ANSWER_S)
    except (asyncpg.UndefinedFunctionError, asyncpg.InsufficientPrivilegeError):
        made = 0
    if made < known:
        raise SetupError(
            f"The schema is at migration {made} of {known} (0: none that this role may see); run `pennyprotect migrate` "
            "with the owner's role."
        )
    return f"schema {made} suits this version ({known})."


async def _ask_redis(url: str) -> str:
    once = Retry(NoBackoff(), 0)
    client = redis.asyncio.Redis.from_url(url, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S, retry=once)
    try:
        await client.ping()
    finally:
        await client.aclose()
    return "It answers."


async def _ask_triton(url: str) -> str:
    client = aio.InferenceServerClient(url)
    try:
        if not await client.is_server_ready(client_timeout=ANSWER_S):
            raise UnavailableError("Triton answers but is not ready; look at its log.")
    except (InferenceServerException, grpc.RpcError) as error:
        raise UnavailableError(f"Nothing answers as Triton at {url}; check the address and that its gRPC is on.") from error
    finally:
        await client.close()
    return "It is ready."


def is_running(root: Path) -> bool:
    """Whether a supervisor holds this state folder."""
    try:
        with (root / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _json_of(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def parts(known: dict[str, Any]) -> list[Finding]:
    """Every part of the running product."""
    if not known:
        return [
            Finding("parts", ok=False, detail="The product is starting, or run/parts.json is missing; ask again in a moment.")
        ]
    away = {name: each["phase"] for name, each in known.items() if each["phase"] not in _FINE}
    if not away:
        return [Finding("parts", ok=True, detail=f"All {len(known)} parts are ready.")]
    return [Finding(f"part {name}", ok=False, detail=f"It is {phase}; look at logs/{name}.log.") for name, phase in away.items()]


async def service(own: OwnService) -> str:
    """What the service says of everything it needs. UnavailableError names what is away."""
    known = await own.dependencies()
    away = [f"{each['name']} ({each['detail']})" for each in known if not each["ok"]]
    if away:
        raise UnavailableError(f"It runs, but does not reach {', '.join(away)}.")
    return f"It answers at {own.url} and reaches {', '.join(each['name'] for each in known)}."


def _own_service(settings: Settings, root: Path) -> OwnService:
    """As the supervisor that holds this folder runs it, HTTPS or not."""
    secure = str(_json_of(root / "lock").get("url", "")).startswith("https:")
    chosen = settings.model_copy(update={"home": root, "tls": secure})
    return own_service(chosen, secrets.load(root / "secrets.json", database_exists=True))
