"""Serves a process's Prometheus metrics on a Unix socket in the state folder, for the service to collect."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from app.kit.logs import logger
from app.kit.metrics import CONTENT_TYPE, exposition

LONGEST_PATH = 100
"""Bytes that every system allows in a Unix socket's address, with some to spare."""

log = logger(__name__)


def socket_path(home: Path, role: str) -> Path:
    """Where a role of this state folder serves its metrics."""
    return home.absolute() / "run" / f"{role}-metrics.sock"


async def _metrics(_request: web.Request) -> web.Response:
    return web.Response(body=exposition(), headers={"Content-Type": CONTENT_TYPE})


def _make_room(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)


@asynccontextmanager
async def serve_metrics(home: Path, role: str) -> AsyncIterator[None]:
    """`GET /metrics` on `{home}/run/{role}-metrics.sock` while the block runs, if it can be."""
    path = socket_path(home, role)
    if len(str(path).encode()) > LONGEST_PATH:
        log.warning("metrics are not served: the state folder's path is too long for a socket", path=str(path))
        yield
        return
    application = web.Application()
    application.router.add_get("/metrics", _metrics)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        _make_room(path)
        await web.UnixSite(runner, str(path)).start()
    except OSError as error:
        log.warning("metrics are not served", error=str(error))
    try:
        yield
    finally:
        await runner.cleanup()
        path.unlink(missing_ok=True)
