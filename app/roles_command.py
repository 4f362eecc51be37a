"""The commands that run one role of the product until they are told to stop."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Annotated

import typer

from app.kit.collector import collect_seldom
from app.kit.cores import leave_no_core
from app.kit.errors import BadInputError
from app.kit.logs import configure
from app.kit.tracing import configure_tracing
from app.retention_command import retention
from app.settings import Settings, settings

roles = typer.Typer()
Entry = Callable[[Settings, asyncio.Event], Awaitable[None]]
STOP_LIMIT_S = 15.0


async def _until_stopped(entry: Entry, chosen: Settings) -> None:
    """Run a role until SIGINT or SIGTERM, then let it finish; a second signal ends it at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(entry(chosen, stop))

    def on_signal() -> None:
        if stop.is_set():
            task.cancel()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if stop.is_set() and not task.done():
        _, late = await asyncio.wait({task}, timeout=STOP_LIMIT_S)
        if late:
            task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        if not stop.is_set():
            raise


def _role(role: str, module: str, *, seldom: bool = False) -> None:
    """Run a role; `seldom`: it looks through its objects for cycles seldom, and never through its code."""
    import uvloop

    leave_no_core()
    chosen = settings()
    configure(role, level=chosen.log_level)
    configure_tracing(role, chosen.otlp_endpoint)
    entry: Entry = import_module(module).run
    if seldom:
        collect_seldom()
    uvloop.run(_until_stopped(entry, chosen))


@roles.command()
def service() -> None:
    """REST, WebSocket, dashboard and the workers' control plane."""
    _role("service", "app.main")


@roles.command()
def pipeline() -> None:
    """Tracked frames to alerts. Run as many as you like: they share the shards by leases."""
    _role("pipeline", "app.pipeline.runner", seldom=True)


@roles.command()
def dispatcher() -> None:
    """Sends what the outbox holds to the live streams, and notifications to those who asked for them."""
    _role("dispatcher", "app.pipeline.dispatcher")


@roles.command()
def sealer() -> None:
    """Chains the audit's rows, anchors the chain outside the database, and verifies it."""
    _role("sealer", "app.audit.sealer")


@retention.command("keep")
def keep_retention() -> None:
    """Does it every hour, with a database role that may end evidence and do nothing else, until it is told to stop."""
    _role("retention", "app.evidence.retention_run")


@roles.command("worker-cpu")
def worker_cpu() -> None:
    """Reads cameras with PyAV and finds people with Triton, on a machine without a GPU."""
    _role("worker-cpu", "app.workers.cpu.worker")


@roles.command("worker-simulated")
def worker_simulated(
    script: Annotated[str, typer.Argument(help="fall, fight or ordinary.")],
    capacity: Annotated[int, typer.Option(min=1, max=100, help="Cameras it takes.")] = 1,
    seconds: Annotated[float | None, typer.Option(help="How long; without it, until Ctrl-C.")] = None,
) -> None:
    """Plays an act of drawn figures on free cameras through the HTTP ingest: for tests, never beside real cameras."""
    from app.workers.simulated.acts import SCRIPTS
    from app.workers.simulated.worker import play

    chosen = settings()
    if script not in SCRIPTS:
        raise BadInputError(f"There is no script {script!r}; there are {', '.join(SCRIPTS)}.")
    url, key = chosen.service_address, chosen.worker_key.get_secret_value()

    async def entry(_: Settings, stop: asyncio.Event) -> None:
        await play(url, key, SCRIPTS[script], stop, capacity=capacity, seconds=seconds)

    asyncio.run(_until_stopped(entry, chosen))


@roles.command("worker-gpu")
def worker_gpu() -> None:
    """Reads cameras with DeepStream and finds people with Triton on an NVIDIA GPU (docs/gpu.md)."""
    _role("worker-gpu", "app.workers.gpu.worker")


@roles.command()
def live() -> None:
    """Relays encoded pictures from the worker of this machine to browsers (WebRTC)."""
    _role("live", "app.live.relay")


@roles.command("live-paths")
def live_paths() -> None:
    """Tells the MediaMTX beside it which cameras to pull, and takes away those that are gone."""
    _role("live-paths", "app.live.paths")


@roles.command("demo-cameras")
def demo_cameras() -> None:
    """Plays clips of real people as RTSP cameras on this machine."""
    _role("demo-cameras", "app.embedded.demo_cameras")
