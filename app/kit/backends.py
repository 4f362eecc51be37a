"""The servers a process of the HTTP side talks to, handed to endpoints by the application's state."""

from dataclasses import dataclass

import asyncpg
from starlette.requests import HTTPConnection

from app.kit.postgres import Pool
from app.kit.redis import Redis


@dataclass(frozen=True, slots=True)
class Backends:
    """Pools that connect at first use and survive restarts of their servers.

    Attributes:
        postgres: with the application's role; rows only through a scope.
        bus, memory: the two Redis instances.
    """

    postgres: "Pool[asyncpg.Record]"
    bus: Redis
    memory: Redis


def backends(connection: HTTPConnection) -> Backends:
    """The backends of the application that serves this request or socket."""
    found = connection.app.state.backends
    assert isinstance(found, Backends)  # noqa: S101 - set once by main
    return found
