"""Redis and Valkey: clients with bounded waits, and plain reads of the streams that messages travel in.

Two instances exist: the `bus` (durable) and the `memory` (nothing on disk). Both speak bytes; the caller decodes.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

CONNECT_S = 2.0
ANSWER_S = 5.0
"""How long a command waits for its answer; a blocking read asks for less (`READ_BLOCK_MS`)."""
READ_BLOCK_MS = 1000


class Entry(NamedTuple):
    """An entry of a stream; `trace_parent`: a second field that may carry one, else ""."""

    id: str
    message: bytes
    trace_parent: str = ""


__all__ = ["Entry", "Redis", "RedisError", "connect_redis", "entries_after", "read_streams"]


def connect_redis(url: str, *, role: str, largest: int = 64) -> Redis:
    """A client of `url` (redis://, rediss:// or unix://), which connects at the first command.

    A command on a connection that went away is tried once more on a fresh one; then the caller gets the `RedisError` and decides
    with its own back-off. Every wait is bounded.
    """
    return Redis.from_url(
        url,
        client_name=f"pennyprotect-{role}",
        socket_connect_timeout=CONNECT_S,
        socket_timeout=ANSWER_S,
        health_check_interval=15,
        retry=Retry(NoBackoff(), 1),
        max_connections=largest,
        protocol=2,
    )


async def read_streams(
    client: Redis,
    after: Mapping[str, str],
    *,
    field: bytes,
    trace_field: bytes = b"",
    count: int = 500,
    block_ms: int = READ_BLOCK_MS,
) -> dict[str, list[Entry]]:
    """Entries newer than the id given for each stream, waiting up to `block_ms` for the first; a stream without any is absent.

    Entries without `field` carry b"", so that a reader still moves past them.

    Raises:
        RedisError: the server does not answer.
    """
    wanted: dict[Any, Any] = dict(after)
    answer: Any = await client.xread(wanted, count=count, block=block_ms)
    return {name.decode(): _entries(entries, field, trace_field) for name, entries in answer or []}


async def entries_after(client: Redis, stream: str, after: str, *, field: bytes, count: int) -> list[Entry]:
    """Up to `count` stored entries newer than the id `after`, oldest first."""
    answer: Any = await client.xrange(stream, min=f"({after}", count=count)
    return _entries(answer, field)


def _entries(raw: Any, field: bytes, trace_field: bytes = b"") -> list[Entry]:
    return [Entry(key.decode(), fields.get(field, b""), fields.get(trace_field, b"").decode()) for key, fields in raw]
