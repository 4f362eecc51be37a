"""Servers of a benchmark's own, in a temporary home: what it measures disturbs nobody's data."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.embedded import secrets
from app.embedded.state import open_home
from app.embedded.supervisor import Supervisor
from app.embedded.triton import EmbeddedTriton
from app.embedded.valkey import BUS, MEMORY, EmbeddedValkey
from app.inference import licences, repository
from app.inference.lock import ordinary, read_lock
from app.inference.triton import CallOptions, TritonPose
from app.kit.errors import UnavailableError
from app.settings import settings

CHECKOUT = Path(__file__).resolve().parent.parent
READY_S = 300.0


@dataclass(frozen=True, slots=True)
class Servers:
    """Addresses of the running servers, and the model file that Triton serves."""

    triton_url: str
    memory_url: str
    bus_url: str
    model: Path


@asynccontextmanager
async def inference_servers() -> AsyncIterator[Servers]:
    """Triton with the locked models and two Valkeys, as the embedded default runs them; gone when the block ends.

    Must be entered from the main thread: the parent-death signal of the servers is bound to it.
    """
    chosen = settings()
    with tempfile.TemporaryDirectory(prefix="pennyprotect-bench-") as folder, open_home(Path(folder) / "home", url="") as home:
        passwords = secrets.load(home.root / "secrets.json", database_exists=False)
        await asyncio.to_thread(
            repository.stage,
            home.root,
            chosen.cache.expanduser().absolute(),
            mirror=chosen.model_mirror,
            # What the operator accepted for the product holds for measuring it.
            accept=chosen.accept_licenses
            or all(licences.is_accepted(chosen.home.expanduser().absolute(), model.artefact) for model in ordinary(read_lock())),
        )
        triton = EmbeddedTriton(home, repository.round_trip)
        bus, memory = EmbeddedValkey(BUS, home, passwords), EmbeddedValkey(MEMORY, home, passwords)
        parts = [bus.part(), memory.part(), triton.part()]
        ready, stop = asyncio.Event(), asyncio.Event()
        supervisor = Supervisor(parts, home.logs, lambda *_: None, CHECKOUT, home.folder("run") / "parts.json")
        running = asyncio.create_task(supervisor.run(stop, ready.set))
        waiting = asyncio.create_task(ready.wait())
        try:
            await asyncio.wait({running, waiting}, timeout=READY_S, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
            if not ready.is_set():
                raise UnavailableError(f"Servers for this measurement were not ready within {READY_S:g} s; see {home.logs}.")
            model = next(triton.models.glob("yolo_pose/*/model.onnx"))
            yield Servers(triton.url, memory.url("worker"), bus.url("worker"), model)
        finally:
            waiting.cancel()
            stop.set()
            await asyncio.wait({running}, timeout=30)


@asynccontextmanager
async def pose_model() -> AsyncIterator[TritonPose]:
    """The pose model on such servers, for clips that are looked at frame by frame: nothing is late."""
    async with inference_servers() as servers:
        model = TritonPose(servers.triton_url, options=CallOptions(deadline_s=60.0))
        try:
            yield model
        finally:
            await model.close()
