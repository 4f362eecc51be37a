"""What each user of the embedded servers may do, and above all what nobody may."""

from pathlib import Path

import asyncpg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError
from redis.retry import Retry

from app.embedded.postgres import ROLES
from app.embedded.secrets import BUS_USERS
from tests.integration.conftest import Database, Postgres, Valkey, run_sql


def _as(server: Valkey, user: str) -> "redis.Redis":
    return redis.Redis.from_url(server.url(user))


def test_worker_writes_its_streams_and_reads_none(bus: Valkey, memory: Valkey) -> None:
    with _as(bus, "worker") as worker, _as(memory, "worker") as in_memory:
        worker.xadd("tracklets:3", {"m": b"x"}, maxlen=10, approximate=True)
        worker.xadd("health:3", {"m": b"x"})
        in_memory.xadd("frames:3", {"m": b"x"}, minid="0-1", approximate=True)
        assert in_memory.publish("camera:1", b"x") == 0
        assert in_memory.publish("picture:1", b"x") == 0
        assert in_memory.get("watch:1") is None
        for client, key in ((worker, "tracklets:3"), (in_memory, "frames:3")):
            with pytest.raises(NoPermissionError):
                client.xread({key: "0"})
            with pytest.raises(NoPermissionError):
                client.xrange(key)


@pytest.mark.parametrize(
    "command",
    [
        ("XADD", "live:1", "*", "m", "x"),
        ("SET", "watch:1", "1"),
        ("DEL", "tracklets:3"),
        ("KEYS", "*"),
        ("FLUSHALL",),
        ("PUBLISH", "live:1", "x"),
        ("SUBSCRIBE", "camera:1"),
        ("CLIENT", "LIST"),
        ("CONFIG", "GET", "*"),
        ("EVAL", "return 1", "0"),
    ],
)
def test_worker_may_not(bus: Valkey, memory: Valkey, command: tuple[str, ...]) -> None:
    for server in (bus, memory):
        with _as(server, "worker") as worker, pytest.raises(NoPermissionError):
            worker.execute_command(*command)


@pytest.mark.parametrize("user", BUS_USERS)
@pytest.mark.parametrize(
    "command",
    [
        ("SAVE",),
        ("BGSAVE",),
        ("BGREWRITEAOF",),
        ("CONFIG", "SET", "save", "1 1"),
        ("CONFIG", "SET", "appendonly", "yes"),
        ("REPLICAOF", "127.0.0.1", "6379"),
        ("SHUTDOWN", "SAVE"),
        ("DEBUG", "RELOAD"),
        ("ACL", "SETUSER", "admin", "+@all"),
        ("MODULE", "LIST"),
        ("MIGRATE", "127.0.0.1", "6379", "k", "0", "1000"),
        ("PSYNC", "?", "-1"),
        ("EVAL", "return 1", "0"),
    ],
)
def test_nobody_gets_memory_onto_a_disk(memory: Valkey, user: str, command: tuple[str, ...]) -> None:
    # DEBUG is refused by its own switch before the ACL is asked.
    with _as(memory, user) as client, pytest.raises(ResponseError, match=r"no permissions|not allowed"):
        client.execute_command(*command)


def test_memory_leaves_no_file(memory: Valkey, servers_home: Path) -> None:
    with _as(memory, "service") as client:
        client.set("watch:1", "1", ex=5)
    assert sorted(path.name for path in (servers_home / "memory").iterdir()) == ["users.acl", "valkey.conf"]


def test_nobody_without_a_password(bus: Valkey, memory: Valkey) -> None:
    for server in (bus, memory):
        path = server.url("admin").split("@", 1)[1].split("?")[0]
        with redis.Redis(unix_socket_path=path, retry=Retry(NoBackoff(), 0)) as client, pytest.raises(AuthenticationError):
            client.ping()


def test_dispatcher_feeds_live_and_service_reads_it(bus: Valkey) -> None:
    with _as(bus, "dispatcher") as dispatcher, _as(bus, "service") as service:
        dispatcher.xadd("live:1", {"m": b"x"}, maxlen=100, approximate=True)
        assert len(service.xread({"live:1": "0"})) == 1
        once = "if redis.call('SET', KEYS[1], '1', 'NX') then return redis.call('XADD', KEYS[2], '*', 'm', ARGV[1]) end return ''"
        assert dispatcher.eval(once, 2, "live:sent:1", "live:1", "x")
        assert dispatcher.execute_command("WAITAOF", 1, 0, 2000)[0] == 1
        with pytest.raises(ResponseError, match="permission"):
            dispatcher.eval("return redis.call('DEL', KEYS[1])", 1, "tracklets:1")
        with pytest.raises(NoPermissionError):
            dispatcher.xread({"tracklets:1": "0"})


def test_service_keeps_its_own_keys_and_no_others(memory: Valkey) -> None:
    with _as(memory, "service") as service:
        service.incr("limit:1")
        service.set("ticket:1", "x", ex=60)
        assert service.getdel("ticket:1") == b"x"
        service.set("presence:workers", "1", ex=10)
        service.xadd("frames:01", {"m": b"x"})
        assert service.pubsub().subscribe("camera:1", "picture:1") is None
        for command in (("SET", "checkpoint:1", "x"), ("KEYS", "*"), ("FLUSHALL",), ("CLIENT", "LIST")):
            with pytest.raises(NoPermissionError):
                service.execute_command(*command)


def test_pipeline_reads_what_workers_wrote(bus: Valkey, memory: Valkey) -> None:
    with _as(memory, "worker") as worker, _as(memory, "pipeline") as pipeline:
        worker.xadd("frames:1", {"m": b"x"})
        assert len(pipeline.xread({"frames:1": "0"})) == 1
        with pytest.raises(NoPermissionError):
            pipeline.xadd("frames:1", {"m": b"forged"})


@pytest.mark.parametrize("role", ROLES)
async def test_database_roles_are_ordinary(database: Database, role: str) -> None:
    connection = await asyncpg.connect(database.url(role))
    try:
        row = await connection.fetchrow(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication FROM pg_roles WHERE rolname = current_user"
        )
        assert row is not None
        assert not any(row.values())
    finally:
        await connection.close()


async def test_database_wants_a_password(postgres: Postgres) -> None:
    socket = postgres.url("app").split("host=")[1]
    for user in ("pennyprotect_admin", "pennyprotect_app"):
        with pytest.raises((asyncpg.InvalidPasswordError, asyncpg.InterfaceError)):
            await asyncpg.connect(user=user, password="wrong", host=socket, database="pennyprotect")


def test_database_copies_are_separate_and_migrated(database: Database, shared_database: Database) -> None:
    assert database.name != shared_database.name
    run_sql(database.url("owner"), "CREATE TABLE only_here (a int)")
    asked = "SELECT to_regclass('only_here') IS NULL, to_regclass('schema_migrations') IS NOT NULL"
    assert run_sql(shared_database.url("owner"), asked) == "t|t"
