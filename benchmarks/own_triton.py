"""A real Triton server with the locked models, in a state folder of its own, for benchmarks."""

import asyncio
import contextlib
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from app.embedded.state import open_home
from app.embedded.triton import EmbeddedTriton
from app.inference.repository import round_trip, stage
from app.kit.errors import SetupError, UnavailableError
from app.settings import Settings

READY_S = 120.0


@dataclass(frozen=True, slots=True)
class OwnTriton:
    """Where it answers, and the model file that it serves."""

    url: str
    model: Path


@contextlib.asynccontextmanager
async def own_triton(settings: Settings) -> AsyncIterator[OwnTriton]:
    """A server that is ready; gone with its files afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="pennyprotect-bench-") as folder,
        open_home(Path(folder) / "home", url="") as home,
    ):
        cache = settings.cache.absolute()
        await asyncio.to_thread(stage, home.root, cache, mirror=settings.model_mirror, accept=settings.accept_licenses)
        triton = EmbeddedTriton(home, round_trip)
        await triton.prepare()
        part = triton.part()
        with (Path(folder) / "triton.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *part.command, env=dict(part.env), stdout=log, stderr=log, start_new_session=True
            )
        try:
            await _until_ready(triton.url, process, Path(folder) / "triton.log")
            yield OwnTriton(triton.url, triton.models / "yolo_pose" / "1" / "model.onnx")
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            triton.sweep()


async def _until_ready(url: str, process: asyncio.subprocess.Process, log: Path) -> None:
    end = time.monotonic() + READY_S
    while True:
        try:
            return await round_trip(url)
        except UnavailableError as error:
            if process.returncode is not None or time.monotonic() > end:
                said = (await asyncio.to_thread(log.read_text, errors="replace"))[-500:]
                raise SetupError(f"Triton does not become ready ({error.detail}); it said: {said}") from error
            await asyncio.sleep(0.2)
