"""What each role of the product is told by its environment: common settings, then the addresses and secrets it needs, no more."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.embedded.certificates import Certificates
from app.embedded.lifecycle import Policy
from app.embedded.liveness import answers_http
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.process import Part, Probe
from app.embedded.service import OwnService
from app.embedded.state import Home
from app.embedded.triton import EmbeddedTriton
from app.embedded.valkey import BUS, MEMORY, EmbeddedValkey
from app.inference.repository import round_trip
from app.kit.operations import socket_path
from app.models.shared.opening import open_shared
from app.settings import Settings

# Of the operator's environment every part gets these; a secret or an address goes only to the part that needs it.
_PASSED_ON = frozenset(
    {"PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"}
)
_PROXIES = frozenset({"http_proxy", "https_proxy", "no_proxy"})
_PASSED_ON_PREFIXES = ("OTEL_", "PENNYPROTECT_")
# An address for metrics fits one process; here every role has a socket of its own.
_NEVER = frozenset(
    f"PENNYPROTECT_{each}"
    for each in ("WORKER_KEY", "SECRET_KEY", "ADMIN_PASSWORD", "METRICS", "METRICS_KEY", "TLS_CERTIFICATE", "TLS_KEY")
)
_OBJECTS = "AWS_"
_SERVICE_ONLY = (_OBJECTS, "OPENAI_", "PENNYPROTECT_OIDC_")
_MESSAGES = ("TWILIO_", "PENNYPROTECT_SMTP_")
_NO_POLICY = Policy()


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers this run starts itself; None where the operator's own is used."""

    postgres: EmbeddedPostgres | None
    bus: EmbeddedValkey | None
    memory: EmbeddedValkey | None
    triton: EmbeddedTriton | None


def choose_servers(settings: Settings, home: Home, secrets: dict[str, str]) -> Servers:
    """One server for each URL that is not set."""
    return Servers(
        postgres=None if settings.database_url.get_secret_value() else EmbeddedPostgres(home, secrets),
        bus=None if settings.redis_url.get_secret_value() else EmbeddedValkey(BUS, home, secrets),
        memory=None if settings.memory_redis_url.get_secret_value() else EmbeddedValkey(MEMORY, home, secrets),
        triton=None if settings.triton_url else _triton(settings, home),
    )


def _triton(settings: Settings, home: Home) -> EmbeddedTriton:
    return EmbeddedTriton(home, round_trip, keys=settings.trusted_model_keys, shared=partial(open_shared, settings))


def service_address(settings: Settings) -> str:
    """The URL that reaches the service from this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 - compared, not bound
    return f"{'https' if settings.tls else 'http'}://{host}:{settings.port}"


def certificates_of(root: Path) -> Certificates:
    """Where the certificates of this state folder are."""
    return Certificates(root / "tls")


def own_service(settings: Settings, secrets: Mapping[str, str]) -> OwnService:
    """How this run asks its service."""
    return OwnService(
        service_address(settings), settings.metrics_key.get_secret_value() or secrets["metrics_key"], _authority(settings)
    )


def _authority(settings: Settings) -> Path | None:
    return certificates_of(settings.home.absolute()).authority if settings.tls else None


def _is_passed_on(name: str) -> bool:
    if name in _NEVER or name.startswith((*_SERVICE_ONLY, *_MESSAGES)):
        return False
    return name in _PASSED_ON or name.lower() in _PROXIES or name.startswith(_PASSED_ON_PREFIXES)


class Roles:
    """Builds the environment of each role: common settings, then exactly the addresses and secrets it needs."""

    def __init__(self, settings: Settings, home: Home, servers: Servers, secrets: Mapping[str, str]) -> None:
        self._settings, self._home = settings, home.root
        self._servers = servers
        self._secrets = secrets
        kept = {name: value for name, value in os.environ.items() if _is_passed_on(name)}
        self._common = kept | {
            "PENNYPROTECT_HOME": str(home.root),
            "PENNYPROTECT_CACHE": str(settings.cache.expanduser().absolute()),
            "PENNYPROTECT_HOST": settings.host,
            "PENNYPROTECT_PORT": str(settings.port),
            "PENNYPROTECT_TLS": "1" if settings.tls else "0",
            "PENNYPROTECT_LOG_LEVEL": settings.log_level,
            "PYTHONUNBUFFERED": "1",
        }
        if settings.otlp_endpoint:
            self._common["OTEL_EXPORTER_OTLP_ENDPOINT"] = settings.otlp_endpoint
        if settings.model_mirror is not None:
            self._common["PENNYPROTECT_MODEL_MIRROR"] = str(settings.model_mirror.expanduser().absolute())

    def database(self, role: str) -> dict[str, str]:
        """DATABASE_URL with a role's own user."""
        own = self._servers.postgres
        return {"DATABASE_URL": own.url(role) if own else self._settings.database_dsn}

    def bus(self, user: str) -> dict[str, str]:
        """REDIS_URL with a user of its ACL."""
        own = self._servers.bus
        return {"REDIS_URL": own.url(user) if own else self._settings.redis_url.get_secret_value()}

    def memory(self, user: str) -> dict[str, str]:
        """MEMORY_REDIS_URL with a user of its ACL."""
        own = self._servers.memory
        return {"MEMORY_REDIS_URL": own.url(user) if own else self._settings.memory_redis_url.get_secret_value()}

    def triton(self) -> dict[str, str]:
        """TRITON_URL."""
        own = self._servers.triton
        return {"TRITON_URL": own.url if own else self._settings.triton_url}

    def worker_key(self) -> dict[str, str]:
        """The key workers present to the service."""
        given = self._settings.worker_key.get_secret_value()
        return {"PENNYPROTECT_WORKER_KEY": given or self._secrets["worker_key"]}

    def certificate(self) -> dict[str, str]:
        """What the service shows, where this run serves HTTPS."""
        if not self._settings.tls:
            return {}
        kept = certificates_of(self._settings.home.absolute())
        return {"PENNYPROTECT_TLS_CERTIFICATE": str(kept.certificate), "PENNYPROTECT_TLS_KEY": str(kept.key)}

    def service(self) -> dict[str, str]:
        """Where workers find the service, and whom they trust for it."""
        own = own_service(self._settings, self._secrets)
        if self._settings.service_url or own.authority is None:
            return {"PENNYPROTECT_SERVICE_URL": self._settings.service_url or own.url}
        return {"PENNYPROTECT_SERVICE_URL": own.url, "PENNYPROTECT_CA_FILE": str(own.authority)}

    def metrics_key(self) -> dict[str, str]:
        """What shows the service's metrics and the details of its readiness."""
        return {"PENNYPROTECT_METRICS_KEY": own_service(self._settings, self._secrets).metrics_key}

    def storage_key(self) -> dict[str, str]:
        """What stored camera passwords are encrypted with."""
        given = self._settings.secret_key.get_secret_value()
        return {"PENNYPROTECT_SECRET_KEY": given or self._secrets["storage_key"]}

    def tokens(self) -> dict[str, str]:
        """What access tokens are signed with, and the guide's settings that only the service reads."""
        given = self._settings.jwt_secret.get_secret_value()
        passed = {name: value for name, value in os.environ.items() if name.startswith(_SERVICE_ONLY)}
        return {"JWT_SECRET": given or self._secrets["jwt"], "CLIENT_URL": self._settings.client_url, **passed}

    def objects(self) -> dict[str, str]:
        """The bucket, where there is one."""
        return {name: value for name, value in os.environ.items() if name.startswith(_OBJECTS)}

    def messages(self) -> dict[str, str]:
        """Accounts of those who carry SMS and e-mail."""
        return {name: value for name, value in os.environ.items() if name.startswith(_MESSAGES)}

    def first_run(self) -> dict[str, str]:
        """What only the first set-up needs: the operator's cameras, which may carry passwords, and a password of his choice."""
        password = self._settings.admin_password.get_secret_value()
        return {"CAMERAS": self._settings.cameras} | ({"PENNYPROTECT_ADMIN_PASSWORD": password} if password else {})

    def downloads(self) -> dict[str, str]:
        """How this machine's pip finds its package index, where the demo's clips are; may hold a password."""
        return {name: value for name, value in os.environ.items() if name.startswith("PIP_")}

    def part(
        self,
        role: str,
        env: Mapping[str, str],
        depends_on: tuple[str, ...],
        ready: Probe,
        policy: Policy = _NO_POLICY,
        command: tuple[str, ...] = (),
        after: tuple[str, ...] = (),
    ) -> Part:
        """A role of ours as a part; `command` where it is not called like the role."""
        alive = answers_http(service_address(self._settings) if role == "service" else socket_path(self._home, role))
        return Part(
            name=role,
            command=(sys.executable, "-m", "app.cli", *(command or (role,))),
            env={**self._common, **env},
            depends_on=depends_on,
            after=after,
            ready=ready,
            alive=alive,
            policy=policy,
            grace_s=3.5,
        )
