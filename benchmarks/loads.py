"""What loading versions again and again leaves in a Triton's memory: proportional set size after each load, and its slope.

Each load brings a version of the product's pose model and takes the one before it away, as a push and a retirement do. A Triton
of its own, with the embedded configuration.
"""

import asyncio
import contextlib
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil

from app.models.models import POSE_MODEL
from app.models.trial import Serving
from benchmarks.document import BenchArguments
from benchmarks.servers import inference_servers

LOADS: Final = 200
FEW: Final = 40
FEW_S: Final = 240.0
MOST_MB: Final = 0.5
"""A load, once the first half is over. A load that kept its weights would be at 12 and more."""


def held_mb(pid: int) -> float:
    """Proportional set size of a server and its children; of a process that ends meanwhile nothing is left."""
    whole, total = psutil.Process(pid), 0
    for each in (whole, *whole.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += each.memory_full_info().pss
    return float(total) / 1e6


async def load_again(
    url: str, models: Path, pid: int, loads: int, content: Callable[[int], bytes], end: float = float("inf")
) -> list[float]:
    """Megabytes after each load of another version, `content` by number from 2; ends early at `end` of the monotonic clock."""
    serving, held = Serving(url), list[float]()
    try:
        for number in range(2, loads + 2):
            version = models / POSE_MODEL / str(number)
            version.mkdir()
            (version / "model.onnx").write_bytes(content(number))
            if number > 2:
                shutil.rmtree(version.with_name(str(number - 1)))
            await serving.load(POSE_MODEL)
            if not await serving.ready(POSE_MODEL, number):
                raise RuntimeError(f"version {number} is not served after its load")
            held.append(await asyncio.to_thread(held_mb, pid))
            if time.monotonic() > end:
                break
    finally:
        await serving.close()
    return held


def slope_mb(held: Sequence[float]) -> float:
    """Megabytes a load over the second half, by the median of all pairs (Theil and Sen): one odd look moves it little."""
    later = np.array(held[len(held) // 2 :])
    first, second = np.triu_indices(len(later), 1)
    return float(np.median((later[second] - later[first]) / (second - first)))


async def run(arguments: BenchArguments) -> dict[str, Any]:
    """200 loads with --full, else 40 or what four minutes give."""
    loads = LOADS if arguments.full else FEW
    end = float("inf") if arguments.full else time.monotonic() + FEW_S
    async with inference_servers() as servers:
        models, network = servers.model.parents[2], servers.model.read_bytes()
        held = await load_again(servers.triton_url, models, server_of(models), loads, lambda _number: network, end)
    slope = slope_mb(held)
    return {
        "what": "memory of a Triton after each load of another version of the pose model",
        "headline": {"slope_mb_per_load": round(slope, 3), "loads": len(held), "passed": slope < MOST_MB},
        "held_mb": [round(each, 1) for each in held],
        "data_set": "the product's own pose model",
        "samples": {"loads": len(held)},
    }


def server_of(models: Path) -> int:
    """Process id of the Triton that reads this folder, among our own children."""
    for each in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if each.name() == "tritonserver" and any(str(models) in word for word in each.cmdline()):
                return each.pid
    raise RuntimeError(f"no Triton of ours reads {models}")
