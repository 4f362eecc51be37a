"""The engine behind Triton, called without it: `bare_engine.py` in Triton's own environment, asked line by line."""

import asyncio
import contextlib
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.inference.contract import PoseContract
from app.inference.families import Selection
from app.inference.picture import Picture
from app.inference.pose import Letterbox
from app.kit.errors import SetupError
from benchmarks.pictures import HEIGHT, WIDTH

CHECKOUT: Final = Path(__file__).resolve().parents[1]
PYTHON: Final = CHECKOUT / ".venv-triton" / "bin" / "python"
STARTUP_S: Final = 90.0
Ask = Callable[[float], Awaitable[Any]]
"""A number to what the engine says to it: seconds to frames a second, or a count of single frames to the seconds of each."""


def letterboxed(pictures: Iterable[Picture], contract: PoseContract) -> npt.NDArray[np.uint8]:
    """(n, h, w, 3) RGB: 720p pictures as the network takes them."""
    box = Letterbox.fit(WIDTH, HEIGHT, contract.long_side, contract.stride)
    frames = []
    for picture in pictures:
        frames.append(np.empty((box.height, box.width, 3), np.uint8))
        box.paint(picture, frames[-1], contract.pad)
    return np.stack(frames)


@asynccontextmanager
async def bare_engine(
    model: Path, frames: npt.NDArray[np.uint8], precision: str = "bf16", *, python: Path = PYTHON, alone: int = 0
) -> AsyncIterator[Ask]:
    """The engine on these frames; `alone`: one after the other in so many threads, as an instance of Triton's gets them."""
    pipe = asyncio.subprocess.PIPE
    with tempfile.TemporaryDirectory(prefix="pennyprotect-bare-") as folder:
        inputs = Path(folder) / "inputs.npy"
        await asyncio.to_thread(np.save, inputs, frames)
        more = ["--alone", str(alone)] if alone else []
        engine = CHECKOUT / "benchmarks" / "bare_engine.py"
        command = [*map(str, (python, engine, model, inputs, precision, Selection().score)), *more]
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)

        async def answer(limit_s: float) -> Any:
            line = await asyncio.wait_for(process.stdout.readline(), limit_s)  # type: ignore[union-attr]
            if not line:
                raise SetupError(f"The bare engine ended; run it by hand: {' '.join(command)}")
            return json.loads(line)

        async def ask(number: float) -> Any:
            process.stdin.write(f"{number}\n".encode())  # type: ignore[union-attr]
            return await answer(STARTUP_S + number)

        try:
            await answer(STARTUP_S)
            yield ask
        finally:
            process.stdin.close()  # type: ignore[union-attr]
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 10.0)
            if process.returncode is None:
                process.kill()
                await process.wait()
