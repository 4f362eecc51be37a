"""The service: builds the application from settings and serves it until told to stop."""

import asyncio
import contextlib
import logging
import ssl
from functools import partial
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from app.api import add_api
from app.auth.oidc.chosen import provider_of
from app.auth.tokens import TokenSigner
from app.cameras.adding.discovery import Discoverer
from app.cameras.probing import Prober
from app.capture.probe import probe
from app.dashboard.frames import FramedSockets
from app.dashboard.pages import add_pages
from app.dashboard.socket import origins_of, serve_socket
from app.evidence.storage import Storage
from app.evidence.tokens import upload_secret
from app.kit.egress import parse_networks
from app.kit.errors import SetupError
from app.kit.gate import Gate
from app.kit.headers import SecurityHeaders
from app.kit.heads import PunctualProtocol
from app.kit.limits import Doors
from app.kit.logs import logger
from app.kit.problems import PlainRefusals, install_problem_handlers
from app.kit.slow import BodyClock
from app.kit.tls import keep_certificate
from app.kit.version import product_version
from app.lifespan import STOP_PATIENCE_S, lifespan, vault_of
from app.settings import Settings
from app.tenancy.notice.endpoints import PublicPages

LARGEST_BODY = 1 << 20
LARGEST_SOCKET_MESSAGE = 16 << 10
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
        lifespan=lambda app: lifespan(app, settings),
    )
    app.state.signer = TokenSigner(settings.jwt_secret.get_secret_value())
    app.state.metrics_key = settings.metrics_key.get_secret_value()
    app.state.public_url = settings.public_url
    app.state.origins = origins_of(settings.client_url, settings.public_url)
    app.state.provider = provider_of(settings)
    app.state.live_ended = asyncio.Event()
    app.state.second_look = bool(settings.openai_api_key.get_secret_value())
    app.state.storage = Storage(settings)
    app.state.packing = asyncio.Semaphore(1)
    app.state.upload_secret = upload_secret(settings.jwt_secret.get_secret_value())
    app.state.public_pages = PublicPages(settings.client_url)
    gate = Gate(settings.camera_egress)
    app.state.webhook_gate = Gate(settings.webhook_egress)
    app.state.discoverer = Discoverer(gate.policy)
    app.state.prober = Prober(partial(probe, gate=gate), gate.policy)
    vault_of(settings, None)  # a wrong key is said before anything is served
    app.add_middleware(BodyClock)
    app.add_middleware(Doors, parse_networks(settings.trusted_proxies), parse_networks(settings.operator_networks))
    _allow_dashboard_elsewhere(app, settings)
    install_problem_handlers(app)
    add_api(app)
    app.add_api_websocket_route("/ws", serve_socket)
    add_pages(app)
    return app


def _allow_dashboard_elsewhere(app: FastAPI, settings: Settings) -> None:
    """CORS for the one origin of a dashboard that is served elsewhere."""
    if settings.client_url:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=[settings.client_url.rstrip("/")],
            allow_credentials=True,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key"],
        )


class _Server(uvicorn.Server):
    """Signals are the caller's: it sets the stop event."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Serve until `stop` is set, then let requests finish for a few seconds."""
    _quiet_server_log()
    app = create_app(settings)
    config = _server_configuration(app, settings)
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


def _server_configuration(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """What uvicorn is told; SetupError where one file of the certificate's pair is missing."""
    return uvicorn.Config(
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
