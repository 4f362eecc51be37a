"""The engine behind Triton, called without it, from this process: latencies of `bare_engine.py` on request."""

import asyncio
import contextlib
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.kit.errors import SetupError

CHECKOUT: Final = Path(__file__).resolve().parents[1]
PYTHON: Final = CHECKOUT / ".venv-triton" / "bin" / "python"
STARTUP_S: Final = 90.0


@asynccontextmanager
async def bare_latencies(
    model: Path, frames: Any, precision: str = "bf16", python: Path = PYTHON
) -> AsyncIterator[Callable[[int], Awaitable[list[float]]]]:
    """A function of a count to the seconds of so many single frames, one after the other; one thread, as Triton's instances."""
    pipe = asyncio.subprocess.PIPE
    with tempfile.TemporaryDirectory(prefix="pennyprotect-bare-") as folder:
        inputs = Path(folder) / "inputs.npy"
        await asyncio.to_thread(np.save, inputs, frames)
        command = (python, CHECKOUT / "benchmarks" / "bare_engine.py", model, inputs, precision, "--alone")
        process = await asyncio.create_subprocess_exec(*map(str, command), stdin=pipe, stdout=pipe)

        async def answer() -> Any:
            line = await asyncio.wait_for(process.stdout.readline(), STARTUP_S)  # type: ignore[union-attr]
            if not line:
                raise SetupError(f"The bare engine ended; run it by hand: {' '.join(map(str, command))}")
            return json.loads(line)

        async def ask(count: int) -> list[float]:
            process.stdin.write(f"{count}\n".encode())  # type: ignore[union-attr]
            return [float(each) for each in await answer()]

        try:
            await answer()
            yield ask
        finally:
            process.stdin.close()  # type: ignore[union-attr]
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 10.0)
            if process.returncode is None:
                process.kill()
                await process.wait()
