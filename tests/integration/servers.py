"""Real servers for tests, in a process of their own: `python -m tests.integration.servers HOME`.

Prints one JSON line with their addresses when all are ready and the template database is migrated; ends when its standard
input is closed, so that a killed test run leaves nothing. Supervised children belong to a main thread, which a test run's
is not free to be.
"""

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path

from app.embedded import secrets
from app.embedded.lifecycle import Policy
from app.embedded.postgres import DATABASE, ROLES, EmbeddedPostgres
from app.embedded.process import Part, no_step
from app.embedded.state import Home, open_home
from app.embedded.supervisor import Supervisor
from app.embedded.valkey import BUS, MEMORY, EmbeddedValkey

CHECKOUT = Path(__file__).resolve().parents[2]


def postgres_for_tests(home: Home, passwords: dict[str, str]) -> tuple[EmbeddedPostgres, Part]:
    """The server, without the waits that only durability needs."""
    server = EmbeddedPostgres(home, passwords)
    part = server.part()
    return server, replace(part, command=(*part.command, "-c", "fsync=off", "-c", "synchronous_commit=off"))


def _announce(addresses: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(addresses) + "\n")
    sys.stdout.flush()


async def serve(home: Home) -> None:
    passwords = secrets.load(home.root / "secrets.json", database_exists=False)
    server, postgres = postgres_for_tests(home, passwords)
    bus, memory = EmbeddedValkey(BUS, home, passwords), EmbeddedValkey(MEMORY, home, passwords)
    migrate = Part(
        "migrate",
        (sys.executable, "-m", "app.cli", "migrate"),
        env={"DATABASE_URL": server.url("owner"), "PATH": "/usr/bin:/bin"},
        depends_on=("postgres",),
        ready=no_step,
        policy=Policy(one_shot=True, give_up_after=1),
    )
    addresses = {
        "postgres": {role: server.url(role, "DATABASE") for role in ("admin", *ROLES)},
        "template": DATABASE,
        "bus": {user: bus.url(user) for user in secrets.BUS_USERS},
        "memory": {user: memory.url(user) for user in secrets.BUS_USERS},
    }
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    # End of file means the test run is gone, in whatever way.
    loop.add_reader(sys.stdin.fileno(), lambda: sys.stdin.buffer.read1(4096) or stop.set())
    supervisor = Supervisor([postgres, bus.part(), memory.part(), migrate], home.logs, lambda *_: None, CHECKOUT)
    await supervisor.run(stop, lambda: _announce(addresses))


if __name__ == "__main__":
    with open_home(Path(sys.argv[1]), url="") as opened:
        asyncio.run(serve(opened))
