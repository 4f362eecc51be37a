"""The embedded PostgreSQL for back-up and restore: the running one, or one started for just this, and its own tools."""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from app.embedded.postgres import EmbeddedPostgres, installation
from app.embedded.state import Home
from app.embedded.supervisor import Supervisor
from app.kit.errors import SetupError
from app.kit.logs import redact

TOOL_LIMIT_S: Final = 6 * 3600.0
START_LIMIT_S: Final = 300.0


@asynccontextmanager
async def started(server: EmbeddedPostgres, home: Home) -> AsyncIterator[None]:
    """The server runs, its roles and database made, until the block ends. The caller holds the state folder.

    Raises:
        SetupError: it cannot be started.
    """
    stop, ready = asyncio.Event(), asyncio.Event()
    supervisor = Supervisor([server.part()], home.logs, lambda *_: None, home.root)
    running = asyncio.create_task(supervisor.run(stop, ready.set))
    waiting = asyncio.create_task(ready.wait())
    try:
        await asyncio.wait({running, waiting}, timeout=START_LIMIT_S, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        if not ready.is_set():
            raise SetupError(f"PostgreSQL did not start within {START_LIMIT_S:.0f} s; look at {home.logs}/postgres.log.")
        yield
    finally:
        stop.set()
        waiting.cancel()
        await asyncio.gather(running, waiting, return_exceptions=True)


async def run_tool(name: str, url: str, *arguments: str, limit_s: float = TOOL_LIMIT_S) -> None:
    """Run pg_dump or pg_restore of the wheel against `url`; the password goes by environment, not by argument.

    Raises:
        SetupError: it failed; its first complaint is in the sentence.
    """
    parts = urlsplit(url)
    env = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C",
        "PGHOST": parse_qs(parts.query)["host"][0],
        "PGUSER": str(parts.username),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": parts.path.lstrip("/"),
        "PGCONNECT_TIMEOUT": "10",
    }
    with tempfile.TemporaryFile() as complaints:
        process = await asyncio.create_subprocess_exec(
            str(installation() / "bin" / name), *arguments, env=env,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=complaints,
        )  # fmt: skip
        try:
            code = await asyncio.wait_for(process.wait(), limit_s)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await asyncio.wait_for(process.wait(), 10)
            raise
        complaints.seek(0)
        said = complaints.read(4096).decode(errors="replace").strip().splitlines()
    if code:
        raise SetupError(f"{name} failed: {redact(said[0]) if said else f'exit code {code}'}")


def server_of(root: Path, sockets: Path, passwords: dict[str, str]) -> EmbeddedPostgres:
    """The server of a state folder; starts nothing."""
    return EmbeddedPostgres(Home(root, sockets), passwords)
