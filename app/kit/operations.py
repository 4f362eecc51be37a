"""What an operator asks a role that has no HTTP of its own: `/metrics` for Prometheus and `/healthz` for a liveness probe.

By default on a Unix socket in the state folder, which nobody else reaches; on `host:port` where a cluster probes its pods.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from aiohttp import web

from app.kit.errors import SetupError
from app.kit.logs import logger
from app.kit.metrics import CONTENT_TYPE, exposition

LONGEST_PATH = 100
"""Bytes that every system allows in a Unix socket's address, with some to spare."""
STOP_PATIENCE_S = 1.0

log = logger(__name__)


def socket_path(home: Path, role: str) -> Path:
    """Where a role of this state folder serves its metrics unless told otherwise."""
    return home.absolute() / "run" / f"{role}-metrics.sock"


async def metrics_at(path: Path, patience_s: float = 10.0) -> str:
    """What the role at this socket counts, in Prometheus' words. OSError where nobody answers."""
    try:
        async with (
            asyncio.timeout(patience_s),
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session,
            session.get("http://role/metrics", raise_for_status=True) as answer,
        ):
            return await answer.text()
    except aiohttp.ClientError as error:
        raise OSError(str(error)) from error


@asynccontextmanager
async def serve_operations(address: str, home: Path, role: str, metrics: Callable[[], bytes] = exposition) -> AsyncIterator[None]:
    """`GET /metrics` and `GET /healthz` while the block runs.

    Args:
        address: `host:port`, `unix:/path`, or "" for the socket in `home`; only the last may fail without harm.

    Raises:
        SetupError: nobody can listen on the address that was asked for.
    """
    runner = web.AppRunner(_application(metrics), access_log=None, shutdown_timeout=STOP_PATIENCE_S)
    await runner.setup()
    try:
        if address:
            await _listen(runner, address)
        else:
            await _listen_at_home(runner, socket_path(home, role))
        yield
    finally:
        await runner.cleanup()
        if not address:
            socket_path(home, role).unlink(missing_ok=True)


def _application(metrics: Callable[[], bytes]) -> web.Application:
    async def metrics_page(_request: web.Request) -> web.Response:
        # Off the loop: a worker with many cameras has many series.
        return web.Response(body=await asyncio.to_thread(metrics), headers={"Content-Type": CONTENT_TYPE})

    async def health(_request: web.Request) -> web.Response:
        """That this answers is the answer: the role's event loop turns."""
        return web.json_response({"status": "ok"})

    application = web.Application()
    application.router.add_get("/metrics", metrics_page)
    application.router.add_get("/healthz", health)
    return application


async def _listen(runner: web.AppRunner, address: str) -> None:
    try:
        if address.startswith("unix:"):
            await _on_socket(runner, Path(address.removeprefix("unix:")))
            return
        host, _, port = address.rpartition(":")
        await web.TCPSite(runner, host.strip("[]") or "127.0.0.1", int(port)).start()
    except (OSError, ValueError, OverflowError) as error:
        raise SetupError(f"PENNYPROTECT_METRICS cannot be {address!r} ({error}); use host:port or unix:/path.") from error


async def _listen_at_home(runner: web.AppRunner, path: Path) -> None:
    if len(str(path).encode()) > LONGEST_PATH:
        log.warning("metrics are not served: the state folder's path is too long for a socket", path=str(path))
        return
    try:
        await _on_socket(runner, path)
    except OSError as error:
        log.warning("metrics are not served", error=str(error))


def _make_room(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)


async def _on_socket(runner: web.AppRunner, path: Path) -> None:
    _make_room(path)
    await web.UnixSite(runner, str(path)).start()
