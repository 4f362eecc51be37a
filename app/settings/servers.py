"""Servers that the product talks to: where they are, and what opens them."""

import uuid
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

RELAY_USER = "pennyprotect"
"""Who reads at a MediaMTX of ours."""
BUNDLED_BUCKET = BUNDLED_USER = "pennyprotect"
"""In the S3 server of ours."""


class ServerSettings(BaseSettings):
    """The settings about other servers; `Settings` has them too. Empty: the embedded one, or none."""

    # Instead of the embedded ones
    database_url: SecretStr = Field(
        default=SecretStr(""),
        alias="DATABASE_URL",
        description="PostgreSQL with pgvector; replaces the embedded server.",
    )
    db_user: str = Field(default="", alias="DB_USER", description="User, where DATABASE_URL names none.")
    db_password: SecretStr = Field(default=SecretStr(""), alias="DB_PASSWORD", description="Password, likewise.")
    redis_url: SecretStr = Field(
        default=SecretStr(""), alias="REDIS_URL", description="The durable bus; replaces the embedded one."
    )
    memory_redis_url: SecretStr = Field(
        default=SecretStr(""), alias="MEMORY_REDIS_URL", description="The memory-only Redis; replaces the embedded one."
    )
    triton_url: str = Field(
        default="", alias="TRITON_URL", description="host:port of Triton's gRPC; replaces the embedded server."
    )

    # Live video by MediaMTX
    relay_url: str = Field(
        default="",
        alias="PENNYPROTECT_RELAY_URL",
        description="rtsp://host:8554 of that MediaMTX: workers read RTSP cameras there, each is pulled once; empty: directly.",
    )
    relay_api: str = Field(
        default="http://127.0.0.1:9997",
        alias="PENNYPROTECT_RELAY_API",
        description="Its control API, for the role live-paths beside it.",
    )
    relay_key: SecretStr = Field(
        default=SecretStr(""),
        alias="PENNYPROTECT_RELAY_KEY",
        description="Password of its user pennyprotect, who may read; empty: it asks for none.",
    )

    # Messages
    twilio_account_sid: str = Field(default="", alias="TWILIO_ACCOUNT_SID", description="Account that sends SMS; empty: none go.")
    twilio_auth_token: SecretStr = Field(default=SecretStr(""), alias="TWILIO_AUTH_TOKEN", description="Its token.")
    twilio_phone_number: str = Field(
        default="", alias="TWILIO_PHONE_NUMBER", description="Number that SMS come from, such as +15005550006."
    )
    twilio_base_url: str = Field(
        default="https://api.twilio.com", alias="TWILIO_BASE_URL", description="Another address of that API, for tests."
    )
    smtp_url: SecretStr = Field(
        default=SecretStr(""),
        alias="PENNYPROTECT_SMTP_URL",
        description="Mail server: smtps://user:password@host, smtp://host:587 (STARTTLS), smtp+plain://127.0.0.1:25.",
    )
    mail_from: str = Field(default="", alias="PENNYPROTECT_MAIL_FROM", description="Address that e-mail comes from.")

    # Sign-in by the operator's OpenID Connect provider
    oidc_issuer: str = Field(
        default="", alias="PENNYPROTECT_OIDC_ISSUER", description="Issuer of the OpenID Connect provider; empty: none."
    )
    oidc_client_id: str = Field(default="", alias="PENNYPROTECT_OIDC_CLIENT_ID", description="Our client id there.")
    oidc_client_secret: SecretStr = Field(
        default=SecretStr(""), alias="PENNYPROTECT_OIDC_CLIENT_SECRET", description="Its secret; empty: a public client."
    )
    oidc_name: str = Field(
        default="single sign-on", alias="PENNYPROTECT_OIDC_NAME", max_length=60, description="Its name on the log-in page."
    )
    oidc_scopes: str = Field(
        default="openid profile email", alias="PENNYPROTECT_OIDC_SCOPES", description="Scopes to ask for; must hold openid."
    )
    oidc_groups_claim: str = Field(
        default="groups", alias="PENNYPROTECT_OIDC_GROUPS_CLAIM", description="Claim that lists a person's groups."
    )
    oidc_username_claim: str = Field(
        default="preferred_username", alias="PENNYPROTECT_OIDC_USERNAME_CLAIM", description="Claim that names a person."
    )
    oidc_chain: uuid.UUID | None = Field(
        default=None, alias="PENNYPROTECT_OIDC_CHAIN", description="Chain of the provider's people; default: the only one."
    )
    oidc_second_factor: bool = Field(
        default=False,
        alias="PENNYPROTECT_OIDC_SECOND_FACTOR",
        description="1: the provider always asks for a second factor.",
    )

    # Second looks
    openai_api_key: SecretStr = Field(
        default=SecretStr(""),
        alias="OPENAI_API_KEY",
        description="Key of a vision endpoint for second looks at alerts; each store switches them on for itself.",
    )
    openai_base_url: str = Field(
        default="https://api.openai.com/v1",
        alias="OPENAI_BASE_URL",
        description="Any endpoint that follows that API; one of your own keeps pictures at home.",
    )
    openai_model: str = Field(default="gpt-4o-mini", alias="OPENAI_MODEL", max_length=200, description="Its vision model.")
    second_look_tokens: int = Field(
        default=200_000,
        alias="PENNYPROTECT_SECOND_LOOK_TOKENS_A_DAY",
        ge=0,
        description="Tokens that second looks of one chain may use a day (UTC).",
    )

    # Objects
    aws_access_key_id: SecretStr = Field(
        default=SecretStr(""), alias="AWS_ACCESS_KEY_ID", description="Key of the bucket; empty: the machine's own role."
    )
    aws_secret_access_key: SecretStr = Field(
        default=SecretStr(""), alias="AWS_SECRET_ACCESS_KEY", description="Secret of that key."
    )
    aws_region: str = Field(default="", alias="AWS_REGION", description="Region of the bucket.")
    s3_bucket: str = Field(
        default="", alias="AWS_S3_BUCKET", description="Bucket of objects; replaces the folder. Object Lock makes anchors final."
    )
    s3_kms_key: str = Field(
        default="", alias="PENNYPROTECT_S3_KMS_KEY", description="KMS key of evidence in the bucket; empty: the bucket's own."
    )
    s3_endpoint: str = Field(default="", alias="AWS_ENDPOINT_URL_S3", description="Address of an S3 server that is not Amazon's.")

    bundled_objects: str = Field(
        default="",
        alias="PENNYPROTECT_OBJECTS",
        description="S3 server that compose.yaml brings and names here, for the bucket `pennyprotect` there alone.",
    )
    bundled_objects_secret: SecretStr = Field(
        default=SecretStr(""), alias="PENNYPROTECT_OBJECTS_SECRET", description="Secret of the user `pennyprotect` there."
    )

    # OpenTelemetry's own name
    otlp_endpoint: str = Field(
        default="",
        alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        description="gRPC address of an OpenTelemetry collector, such as http://127.0.0.1:4317; traces go there.",
    )

    @property
    def bucket_is_bundled(self) -> bool:
        """Whether evidence lies in the S3 server that this installation brings, which nobody outside of it reaches."""
        return bool(self.bundled_objects) and self.s3_bucket == BUNDLED_BUCKET and not self.s3_endpoint

    @property
    def s3_access(self) -> tuple[str, str, str]:
        """(key id, secret, endpoint) of the bucket; a key of another server is never sent to ours, nor the other way round."""
        if self.bucket_is_bundled:
            return BUNDLED_USER, self.bundled_objects_secret.get_secret_value(), self.bundled_objects
        return self.aws_access_key_id.get_secret_value(), self.aws_secret_access_key.get_secret_value(), self.s3_endpoint

    @property
    def database_dsn(self) -> str:
        """DATABASE_URL, with DB_USER and DB_PASSWORD where it names no user. Holds a password: never log it."""
        url = self.database_url.get_secret_value()
        parts = urlsplit(url)
        if not url or not self.db_user or "@" in parts.netloc:
            return url
        password = self.db_password.get_secret_value()
        user = quote(self.db_user, safe="") + (f":{quote(password, safe='')}" if password else "")
        return urlunsplit(parts._replace(netloc=f"{user}@{parts.netloc}"))

    @property
    def relay_source(self) -> str:
        """PENNYPROTECT_RELAY_URL with its credentials, or "". Holds a password: never log it."""
        key, parts = self.relay_key.get_secret_value(), urlsplit(self.relay_url)
        if not self.relay_url or not key or "@" in parts.netloc:
            return self.relay_url
        return urlunsplit(parts._replace(netloc=f"{RELAY_USER}:{quote(key, safe='')}@{parts.netloc}"))

    @property
    def relay_places(self) -> frozenset[tuple[str, int]]:
        """Where a worker may read besides cameras: the relay of the operator's own settings."""
        parts = urlsplit(self.relay_url)
        return frozenset({(parts.hostname, parts.port or 554)} if parts.hostname else ())
