"""The only reader of the environment. Names are the guide's own; `.env.example` documents each (a test compares them)."""

import functools
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator

from app.kit.egress import EgressPolicy, parse_networks, parse_policy
from app.kit.errors import BadInputError
from app.settings.models import ENVIRONMENT, ModelSettings, OwnPath
from app.settings.servers import ServerSettings


class Settings(ServerSettings, ModelSettings):
    """All settings of every role. A role reads what it needs; the embedded default fills in addresses of its own servers."""

    model_config = ENVIRONMENT

    # Ours
    home: OwnPath = Field(default=Path(".pennyprotect"), alias="PENNYPROTECT_HOME", description="Folder of all state.")
    host: str = Field(default="127.0.0.1", alias="PENNYPROTECT_HOST", description="Address the service listens on.")
    port: int = Field(default=8000, alias="PENNYPROTECT_PORT", ge=1, le=65535, description="Port of API and dashboard.")
    cameras: str = Field(default="", alias="CAMERAS", description="Space-separated RTSP URLs or files, instead of the demo.")
    camera_networks: str = Field(
        default="private public",
        alias="PENNYPROTECT_CAMERA_NETWORKS",
        description="Where cameras that users add may be: private, public, networks like 10.9.0.0/16.",
    )
    cache: OwnPath = Field(default=Path(".cache"), alias="PENNYPROTECT_CACHE", description="Downloaded and converted artefacts.")
    headless: bool = Field(default=False, alias="PENNYPROTECT_HEADLESS", description="1: open no browser, ask nothing.")
    accept_licenses: bool = Field(
        default=False, alias="PENNYPROTECT_ACCEPT_LICENSES", description="1: the operator accepts the models' licences."
    )
    demo: bool = Field(
        default=False, alias="PENNYPROTECT_DEMO", description="1: a demonstration store with its switches on; loopback only."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", alias="PENNYPROTECT_LOG_LEVEL", description="DEBUG, INFO, WARNING or ERROR."
    )
    service_url: str = Field(
        default="",
        alias="PENNYPROTECT_SERVICE_URL",
        description="Where workers reach the service; default: this host and port.",
    )
    tls: bool = Field(
        default=False,
        alias="PENNYPROTECT_TLS",
        description="1: the embedded default serves HTTPS with a certificate of its own authority (`run --tls`).",
    )
    tls_names: str = Field(
        default="",
        alias="PENNYPROTECT_TLS_NAMES",
        description="Further names and addresses of this machine for that certificate, such as 192.168.1.20.",
    )
    tls_certificate: OwnPath | None = Field(
        default=None,
        alias="PENNYPROTECT_TLS_CERTIFICATE",
        description="PEM file of the service's certificate, with those below it; empty: plain HTTP.",
    )
    tls_key: OwnPath | None = Field(default=None, alias="PENNYPROTECT_TLS_KEY", description="PEM file of its key.")
    ca_file: OwnPath | None = Field(
        default=None,
        alias="PENNYPROTECT_CA_FILE",
        description="PEM file of the authority that workers trust for the service; empty: the system's.",
    )
    worker_key: SecretStr = Field(
        default=SecretStr(""), alias="PENNYPROTECT_WORKER_KEY", description="API key a worker presents to the service."
    )
    secret_key: SecretStr = Field(
        default=SecretStr(""),
        alias="PENNYPROTECT_SECRET_KEY",
        description="Base64 of 32 bytes: the first key that protects stored secrets.",
    )
    key_ring: OwnPath | None = Field(
        default=None, alias="PENNYPROTECT_KEY_RING", description="File of further keys (0600); default: keys.json in the home."
    )
    kms_keys: str = Field(
        default="", alias="PENNYPROTECT_KMS_KEYS", description="AWS KMS keys instead, by ARN or alias; the last one wraps."
    )
    worker_capacity: int = Field(
        default=16, alias="PENNYPROTECT_WORKER_CAPACITY", ge=1, description="Cameras one worker takes at most."
    )
    pose_requests: int = Field(
        default=3,
        alias="PENNYPROTECT_POSE_REQUESTS",
        ge=1,
        le=64,
        description="Frames that worker-cpu has under way at Triton; more where a GPU makes batches of them.",
    )
    gpu_configs: OwnPath | None = Field(
        default=None,
        alias="PENNYPROTECT_GPU_CONFIGS",
        description="Folder of DeepStream files that replace the rendered ones of worker-gpu by name.",
    )
    ring_mb: int = Field(
        default=64,
        alias="PENNYPROTECT_RING_MB",
        ge=0,
        le=4096,
        description="MiB of encoded packets kept for each camera, ten minutes at most; clips are cut from them. 0: no clips.",
    )
    live_url: str = Field(
        default="",
        alias="PENNYPROTECT_LIVE_URL",
        description="Who relays live video: http://host:8889 of a MediaMTX whose paths are camera ids; default: our own relay.",
    )
    skip_still: bool = Field(
        default=True,
        alias="PENNYPROTECT_SKIP_STILL",
        description="0: analyse every due frame, also where nothing changed since the last.",
    )
    metrics: str = Field(
        default="",
        alias="PENNYPROTECT_METRICS",
        description="Where a role without HTTP serves /metrics and /healthz: host:port or unix:/path; default: in its home.",
    )
    admin_username: str = Field(
        default="admin", alias="PENNYPROTECT_ADMIN_USERNAME", description="Name of the first administrator."
    )
    admin_password: SecretStr = Field(
        default=SecretStr(""),
        alias="PENNYPROTECT_ADMIN_PASSWORD",
        description="The first administrator's first password, at least 12 characters; default: one is made and written.",
    )
    admin_must_change: bool = Field(
        default=False,
        alias="PENNYPROTECT_ADMIN_MUST_CHANGE",
        description="1: that password only opens the page on which another one is chosen.",
    )
    prepared: bool = Field(
        default=True,
        alias="PENNYPROTECT_PREPARED_STATEMENTS",
        description="0: behind a PgBouncer in transaction mode that keeps none (before 1.21, or max_prepared_statements=0).",
    )
    demo_cameras: bool = Field(
        default=True, alias="PENNYPROTECT_DEMO_CAMERAS", description="0: a new store starts without the demo's cameras."
    )
    jwt_secret: SecretStr = Field(
        default=SecretStr(""), alias="JWT_SECRET", description="At least 32 characters; signs access tokens."
    )
    public_url: str = Field(
        default="",
        alias="PENNYPROTECT_PUBLIC_URL",
        description="Where browsers reach the dashboard, e.g. https://penny.example; default: as each request says.",
    )
    webhook_networks: str = Field(
        default="public",
        alias="PENNYPROTECT_WEBHOOK_NETWORKS",
        description="Where webhooks may be: public, private, networks like 10.9.0.0/16.",
    )
    trusted_proxies: str = Field(
        default="", alias="PENNYPROTECT_TRUSTED_PROXIES", description="Networks of proxies whose X-Forwarded-For is believed."
    )
    operator_networks: str = Field(
        default="127.0.0.0/8 ::1/128",
        alias="PENNYPROTECT_OPERATOR_NETWORKS",
        description="Networks that see /metrics and the details of /readyz without a key.",
    )
    metrics_key: SecretStr = Field(
        default=SecretStr(""),
        alias="PENNYPROTECT_METRICS_KEY",
        description="Bearer token that shows the same to anybody else; empty: nobody.",
    )
    requests_per_s: float = Field(
        default=200.0,
        alias="PENNYPROTECT_REQUESTS_PER_S",
        gt=0,
        description="Requests a second of one principal.",
    )
    sign_ins_per_minute: float = Field(
        default=60.0, alias="PENNYPROTECT_SIGN_INS_PER_MINUTE", gt=0, description="Attempts to sign in from one address."
    )
    tracks_days: int = Field(
        default=90, alias="PENNYPROTECT_TRACKS_DAYS", ge=1, le=3650, description="How long tracks of people are kept."
    )
    client_url: str = Field(
        default="", alias="CLIENT_URL", description="Origin of a dashboard served elsewhere, allowed by CORS."
    )

    @field_validator("log_level", mode="before")
    @classmethod
    def _any_case(cls, level: object) -> object:
        return level.upper() if isinstance(level, str) else level

    @field_validator("trusted_proxies", "operator_networks")
    @classmethod
    def _networks(cls, text: str) -> str:
        parse_networks(text)
        return text

    @property
    def key_ring_file(self) -> Path:
        """Where the key ring lies."""
        return self.key_ring or self.home.absolute() / "keys.json"

    @property
    def model_folder(self) -> Path:
        """The folder that Triton reads."""
        return self.model_repository or self.home.absolute() / "triton" / "models"

    @property
    def trusted_model_keys(self) -> Path:
        """Where the keys that may sign models lie."""
        return self.model_keys or self.home.absolute() / "model-keys"

    @property
    def computed_at_once(self) -> int | None:
        """Frames that Triton computes at once: a worker has one more under way. None: nobody said, so as many as instances."""
        return max(1, self.pose_requests - 1) if "pose_requests" in self.model_fields_set else None

    @property
    def live_address(self) -> str:
        """Who relays live video: an http address, or `unix:` and the socket of this state folder's relay."""
        return self.live_url or f"unix:{self.home.absolute() / 'run' / 'live.sock'}"

    @property
    def camera_egress(self) -> EgressPolicy:
        """Where cameras that users add may be; never a port of the product itself."""
        return parse_policy(self.camera_networks, self._own_ports)

    @property
    def webhook_egress(self) -> EgressPolicy:
        """Where webhooks may be; never a port of the product itself."""
        return parse_policy(self.webhook_networks, self._own_ports, "PENNYPROTECT_WEBHOOK_NETWORKS")

    @property
    def service_address(self) -> str:
        """Where a worker of this installation asks the service."""
        return self.service_url or f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    @property
    def dashboard_url(self) -> str:
        """Where people find the dashboard, for links in messages."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104 - compared, not bound
        return self.public_url or f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    @property
    def _own_ports(self) -> frozenset[int]:
        urls = [url.get_secret_value() for url in (self.database_url, self.redis_url, self.memory_redis_url)]
        urls += [self.service_url, f"grpc://{self.triton_url}", f"http://{self.metrics}"]
        return frozenset({self.port, *(found for url in urls if (found := _port_of(url)))})

    @property
    def demo_allowed(self) -> bool:
        """Whether a demonstration store may run: asked for, and reachable from this machine only."""
        return self.demo and self.host in ("127.0.0.1", "::1", "localhost")


def _port_of(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        return None


@functools.cache
def settings() -> Settings:
    """This process's settings, read once.

    Raises:
        BadInputError: a variable holds something else than it should; names it without its value, which may be secret.
    """
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_input=False))
        raise BadInputError(f"A setting cannot be used: {wrong}. .env.example says what each one takes.") from None
