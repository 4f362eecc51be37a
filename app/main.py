"""The service: builds the application from settings and serves it until told to stop."""

import asyncio
import contextlib
import logging
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import asyncpg
import uvicorn
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.datastructures import State
from starlette.types import ASGIApp

from app.api import add_api
from app.auth.account.service import AccountService
from app.auth.identify import Identifier
from app.auth.login import Login
from app.auth.oidc.chosen import provider_of
from app.auth.oidc.service import OidcService
from app.auth.passwords import PasswordChecker
from app.auth.refusals import Refusals, RowBudget
from app.auth.second_factor.factors import SecondFactors
from app.auth.service import AuthService
from app.auth.sessions.forgetting import keep_forgetting
from app.auth.throttle import UnknownNames
from app.auth.tokens import TokenSigner
from app.cameras.adding.discovery import Discoverer
from app.cameras.probing import Prober
from app.capture.probe import probe
from app.compliance.forgetting import keep_forgetting_contacts
from app.dashboard.analyze import Analysis
from app.dashboard.endings import Endings
from app.dashboard.frames import FramedSockets
from app.dashboard.hub import Hub
from app.dashboard.pages import add_pages
from app.dashboard.pictures import Pictures
from app.dashboard.readiness import model_check, pipeline_check, postgres_check, redis_check, workers_check
from app.dashboard.second_look.client import Endpoint
from app.dashboard.second_look.service import SecondLook
from app.dashboard.socket import serve_socket
from app.dashboard.video import VideoViews
from app.evidence.exporting import Exporter
from app.evidence.storage import Storage
from app.evidence.tokens import upload_secret
from app.identity.enrolment.pictures import Looker
from app.identity.enrolment.sweeper import keep_sweeping
from app.identity.templates.embedder import Embedder
from app.identity.templates.stored import ExactScan
from app.identity.templates.turner import keep_turning
from app.inference.face_client import FACE_VERSION, TritonFaces
from app.inference.triton import TritonPose
from app.kit.backends import Backends
from app.kit.egress import parse_networks
from app.kit.errors import SetupError
from app.kit.gate import Gate
from app.kit.headers import SecurityHeaders
from app.kit.heads import PunctualProtocol
from app.kit.keys.choice import by_pool, open_vault
from app.kit.keys.vault import Vault
from app.kit.limits import Doors, Limiter, Rate
from app.kit.logs import logger
from app.kit.postgres import Pool, connect_pool
from app.kit.problems import PlainRefusals, install_problem_handlers
from app.kit.redis import connect_redis
from app.kit.slow import BodyClock
from app.kit.tls import keep_certificate
from app.kit.version import product_version
from app.models.folder import ModelFolder
from app.models.models import POSE_MODEL, RELEASED_VERSION
from app.models.replicas import Replicas
from app.models.service import ModelService
from app.settings import Settings
from app.tenancy.notice.endpoints import PublicPages
from app.tenancy.policy.enforcer import keep_enforcing
from app.tenancy.policy.packs import current_pack

LARGEST_BODY = 1 << 20
LARGEST_SOCKET_MESSAGE = 16 << 10
STOP_PATIENCE_S = 5
LARGEST_POOL = 16
ENROLMENT_DEADLINE_S = 5.0
"""Somebody who enrols waits longer than a live camera: an uploaded picture is larger, and the model may be busy."""

MOST_DENIALS = 600
"""Audit rows of refused requests that one replica writes in a minute, whoever asks; the rest are counted."""

log = logger(__name__)


class Application(FastAPI):
    """FastAPI, with what answers outside of its own middleware under our headers and as problems too."""

    def build_middleware_stack(self) -> ASGIApp:
        """The framework's, behind ours."""
        return SecurityHeaders(PlainRefusals(super().build_middleware_stack()))


def create_app(settings: Settings) -> FastAPI:
    """The application; it connects to its servers when it starts, and answers 503 while one is away.

    Raises:
        SetupError: a setting it cannot do without is missing or wrong.
    """
    _demand(settings)
    app = Application(
        title="PennyProtect",
        version=product_version(),
        description="Self-hosted store safety: cameras in, handled incidents out.",
        docs_url=None,
        redoc_url=None,
        max_body_size=LARGEST_BODY,
        lifespan=lambda app: _lifespan(app, settings),
    )
    app.state.signer = TokenSigner(settings.jwt_secret.get_secret_value())
    app.state.metrics_key = settings.metrics_key.get_secret_value()
    app.state.public_url = settings.public_url
    app.state.provider = provider_of(settings)
    app.state.live_ended = asyncio.Event()
    app.state.second_look = bool(settings.openai_api_key.get_secret_value())
    app.state.storage = Storage(settings)
    app.state.upload_secret = upload_secret(settings.jwt_secret.get_secret_value())
    app.state.public_pages = PublicPages(settings.client_url)
    gate = Gate(settings.camera_egress)
    app.state.webhook_gate = Gate(settings.webhook_egress)
    app.state.discoverer = Discoverer(gate.policy)
    app.state.prober = Prober(partial(probe, gate=gate), gate.policy)
    _vault(settings, None)  # a wrong key is said before anything is served
    app.add_middleware(BodyClock)
    app.add_middleware(Doors, parse_networks(settings.trusted_proxies), parse_networks(settings.operator_networks))
    if settings.client_url:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=[settings.client_url.rstrip("/")],
            allow_credentials=True,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key"],
        )
    install_problem_handlers(app)
    add_api(app)
    app.add_api_websocket_route("/ws", serve_socket)
    add_pages(app)
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI, settings: Settings) -> AsyncIterator[None]:
    pool = await connect_pool(settings.database_dsn, role="service", smallest=0, largest=LARGEST_POOL, prepared=settings.prepared)
    bus = connect_redis(settings.redis_url.get_secret_value(), role="service")
    memory = connect_redis(settings.memory_redis_url.get_secret_value(), role="service")
    state = app.state
    state.backends = Backends(pool, bus, memory)
    state.vault = _vault(settings, pool)
    refusals, checker, factors = Refusals(pool), PasswordChecker(), SecondFactors(state.vault)
    state.denials = Refusals(pool, RowBudget(MOST_DENIALS))
    state.malformed = Refusals(pool)
    state.identifier = Identifier(pool, state.signer, refusals)
    state.auth = AuthService(pool, state.signer, refusals)
    state.login = Login(pool, state.signer, checker, UnknownNames(memory), factors, refusals)
    state.oidc = None if state.provider is None else OidcService(pool, memory, state.signer, state.provider, refusals)
    state.checker, state.account = checker, AccountService(pool, checker, factors)
    rate, attempts = settings.requests_per_s, settings.sign_ins_per_minute
    state.limiter = Limiter(memory, Rate(rate, max(1, int(rate * 10))), Rate(attempts / 60, max(1, int(attempts))))
    state.hub, state.sockets = Hub(bus, memory), Counter()
    hub = state.hub
    state.pictures = Pictures(memory, hub.channels)
    state.endings = Endings(pool)
    state.video = VideoViews(settings.live_address, state.endings, settings.relay_key.get_secret_value())
    pose = TritonPose(settings.triton_url, POSE_MODEL, str(RELEASED_VERSION)) if settings.triton_url else None
    state.analysis = Analysis(pose)
    faces = TritonFaces(settings.triton_url, FACE_VERSION, ENROLMENT_DEADLINE_S) if settings.triton_url else None
    state.looker, state.neighbours = Looker(faces), ExactScan(state.vault)
    serving = Replicas(settings.triton_url) if settings.triton_url else None
    state.models = ModelService(pool, ModelFolder(settings.model_folder), settings.trusted_model_keys, serving)
    state.exporter = Exporter(pool, state.storage, state.vault, pose)
    state.checks = {
        "postgres": postgres_check(pool),
        "bus": redis_check(bus),
        "memory": redis_check(memory),
        "triton": model_check(pose),
        "workers": workers_check(memory),
        "pipeline": pipeline_check(pool),
    }
    tasks = _live_side(state, pool, settings)
    try:
        yield
    finally:
        hub.stopping.set()
        _, late = await asyncio.wait(tasks, timeout=STOP_PATIENCE_S)
        for task in late:
            task.cancel()
        if late:  # what still unwinds would open the connections anew that are closed below
            await asyncio.wait(late, timeout=STOP_PATIENCE_S)
        await state.endings.finish()
        if pose is not None:
            await pose.close()
        if faces is not None:
            await faces.close()
        if serving is not None:
            await serving.close()
        if state.provider is not None:
            await state.provider.close()
        await memory.aclose()
        await bus.aclose()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_PATIENCE_S):
                await pool.close()


def _live_side(state: State, pool: "Pool[asyncpg.Record]", settings: Settings) -> "set[asyncio.Task[None]]":
    """Start what runs beside requests until the hub's stop; the end of one is the end of the service."""
    stopping = state.hub.stopping
    looker: Looker = state.looker
    work = {
        "hub": state.hub.run(),
        "pictures": state.pictures.run(stopping),
        "policies": keep_enforcing(pool, current_pack(), stopping, demo_allowed=settings.demo_allowed),
        "endings": state.endings.run(stopping),
        "ended sign-ins": keep_forgetting(pool, stopping),
        "answered contacts": keep_forgetting_contacts(pool, stopping),
        "expiry": keep_sweeping(pool, stopping),
        "rotations": keep_turning(pool, state.vault, stopping),
        "templates": Embedder(pool, state.vault, looker).run(stopping),
        "second look": SecondLook(pool, state.pictures, state.hub.channels, _vision(settings)).run(stopping),
        "exports": state.exporter.run(stopping),
        "video": state.video.run(stopping),
        "models": state.models.keep_level(stopping),
    }
    tasks = {asyncio.create_task(each, name=name) for name, each in work.items()}
    for task in tasks:
        task.add_done_callback(partial(_ended, state.live_ended))
    return tasks


def _vision(settings: Settings) -> Endpoint:
    """Of second looks; without a key nothing looks."""
    key, allowance = settings.openai_api_key.get_secret_value(), settings.second_look_tokens
    return Endpoint(settings.openai_base_url, key, settings.openai_model, allowance)


def _vault(settings: Settings, pool: "Pool[asyncpg.Record] | None") -> Vault:
    return open_vault(settings.secret_key.get_secret_value(), settings.key_ring_file, settings.kms_keys, by_pool(pool))


def _ended(event: asyncio.Event, task: "asyncio.Task[None]") -> None:
    """A service without its live side looks well and tells nobody of an alert: it had better be started again."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("the live side ended unexpectedly", part=task.get_name(), exc_info=error)
    event.set()


class _Server(uvicorn.Server):
    """Signals are the caller's: it sets the stop event."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Serve until `stop` is set, then let requests finish for a few seconds."""
    _quiet_server_log()
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=PunctualProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        ws=FramedSockets,
        ws_per_message_deflate=False,  # a frame of its own for each viewer would be compressed for each
        ws_max_size=LARGEST_SOCKET_MESSAGE,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        timeout_graceful_shutdown=STOP_PATIENCE_S,
        proxy_headers=False,
        **_certificate(settings),
    )
    config.load()
    keeping = _keep_certificate(config, settings)
    server = _Server(config)
    log.info("service starts", host=settings.host, port=settings.port)
    serving = asyncio.create_task(server.serve(), name="http")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    broken = asyncio.create_task(app.state.live_ended.wait(), name="live side")
    try:
        done, _ = await asyncio.wait({serving, stopping, broken}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        if (hub := getattr(app.state, "hub", None)) is not None:
            hub.stopping.set()  # sockets and picture streams say good-bye before the server waits for them
        server.should_exit = True
        stopping.cancel()
        broken.cancel()
        if keeping is not None:
            keeping.cancel()
        await serving
    if stop.is_set():
        return
    if serving not in done:
        raise RuntimeError("The service ends because its live side did; the log above says why.")
    raise SetupError(f"The service could not listen on {settings.host}:{settings.port}; choose another PENNYPROTECT_PORT.")


def _certificate(settings: Settings) -> dict[str, Any]:
    """uvicorn's settings for TLS; SetupError where one file of the pair is missing."""
    certificate, key = settings.tls_certificate, settings.tls_key
    if certificate is None and key is None:
        return {}
    if certificate is None or key is None or not certificate.is_file() or not key.is_file():
        raise SetupError("PENNYPROTECT_TLS_CERTIFICATE and PENNYPROTECT_TLS_KEY must both name a file.")
    return {"ssl_certfile": certificate, "ssl_keyfile": key}


def _keep_certificate(config: uvicorn.Config, settings: Settings) -> "asyncio.Task[None] | None":
    if config.ssl is None or settings.tls_certificate is None or settings.tls_key is None:
        return None
    config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    return asyncio.create_task(keep_certificate(config.ssl, settings.tls_certificate, settings.tls_key), name="certificate")


def _quiet_server_log() -> None:
    """uvicorn logs whole addresses, tickets included, and calls a refused WebSocket an unfinished one: neither is wanted."""
    server_log = logging.getLogger("uvicorn.error")
    server_log.setLevel(logging.WARNING)
    server_log.addFilter(lambda record: "without completing handshake" not in record.getMessage())


def _demand(settings: Settings) -> None:
    if settings.demo and not settings.demo_allowed:
        raise SetupError(
            "A demonstration runs on loopback only; set PENNYPROTECT_HOST to 127.0.0.1, or leave PENNYPROTECT_DEMO out."
        )
    wanted = {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "MEMORY_REDIS_URL": settings.memory_redis_url.get_secret_value(),
    }
    missing = [name for name, value in wanted.items() if not value]
    if missing:
        raise SetupError(f"The service needs {', '.join(missing)}; set them, or use `pennyprotect run`, which does.")
