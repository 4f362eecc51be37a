"""PostgreSQL as CloudNativePG makes it, and two Valkeys, for the chart's first start: `python -m tests.charts.servers HOME`.

With the product's Python, not Helm's. Reads {"secrets": names to text, "cluster": the rendered Cluster} as one JSON line, prints
one with addresses once all are ready, and ends when its standard input is closed.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import asyncpg

from app.embedded.postgres import EmbeddedPostgres
from app.embedded.secrets import BUS_USERS
from app.embedded.state import Home, open_home
from app.embedded.supervisor import Supervisor
from app.embedded.valkey import BUS, MEMORY, EmbeddedValkey


class AsTheOperatorMakesIt(EmbeddedPostgres):
    """A superuser who is nobody's login, a database whose owner is none, managed roles: all as the manifest says."""

    cluster: dict[str, Any]

    async def _provision(self) -> None:
        made, roles = self.cluster["bootstrap"]["initdb"], self.cluster["managed"]["roles"]
        owner, database = made["owner"], made["database"]
        connection = await asyncpg.connect(self.url("admin", "postgres"), timeout=30)
        for name in (owner, *(role["name"] for role in roles)):
            password = self._secrets[f"postgres.{name.removeprefix('pennyprotect_')}"]
            await connection.execute(f"CREATE ROLE {name} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '{password}'")
        await connection.execute(f"CREATE DATABASE {database} OWNER {owner}")
        await connection.close()
        connection = await asyncpg.connect(self.url("admin", database), timeout=30)
        for statement in made.get("postInitApplicationSQL", ()):
            await connection.execute(statement)
        await connection.close()


async def serve(home: Home, given: dict[str, Any]) -> None:
    """Until standard input ends."""
    server = AsTheOperatorMakesIt(home, given["secrets"])
    server.cluster = given["cluster"]["spec"]
    bus, memory = (EmbeddedValkey(each, home, given["secrets"]) for each in (BUS, MEMORY))
    database = server.cluster["bootstrap"]["initdb"]["database"]
    roles = ("owner", "app", "pipeline", "dispatcher", "sealer", "retention")
    told = {
        "postgres": {role: server.url(role, database) for role in roles},
        "bus": {user: bus.url(user) for user in BUS_USERS},
        "memory": {user: memory.url(user) for user in BUS_USERS},
    }
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_reader(sys.stdin.fileno(), lambda: sys.stdin.buffer.read1(4096) or stop.set())
    supervisor = Supervisor([server.part(), bus.part(), memory.part()], home.logs, lambda *_: None, Path.cwd())
    await supervisor.run(stop, lambda: (sys.stdout.write(json.dumps(told) + "\n"), sys.stdout.flush()))


if __name__ == "__main__":
    line = json.loads(sys.stdin.buffer.readline())
    with open_home(Path(sys.argv[1]), url="") as opened:
        asyncio.run(serve(opened, line))
