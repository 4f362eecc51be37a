"""Memory of the whole running product: proportional set size of the supervisor and everything below it."""

import asyncio
import json
from typing import Any

import numpy as np
import psutil

from app.embedded.doctor import is_running
from app.kit.errors import UnavailableError
from app.settings import settings
from benchmarks.document import BenchArguments

PERIOD_S = 5.0
T_95 = 1.96


def _processes() -> list[psutil.Process]:
    """The supervisor that holds the state folder, and everything below it."""
    home = settings().home.absolute()
    try:
        if is_running(home):
            supervisor = psutil.Process(json.loads((home / "lock").read_text())["pid"])
            return [supervisor, *supervisor.children(recursive=True)]
    except (OSError, ValueError, KeyError, psutil.Error):
        pass  # it ended meanwhile
    raise UnavailableError("The product does not run here with this PENNYPROTECT_HOME: start it with `make run` first.")


def _pss_mb(processes: list[psutil.Process]) -> dict[str, float]:
    """PSS in MB by process."""
    sizes: dict[str, float] = {}
    for process in processes:
        try:
            name = " ".join(process.cmdline()[-1:])[-40:] or process.name()
            sizes[f"{process.pid} {name}"] = process.memory_full_info().pss / 1e6
        except psutil.NoSuchProcess:
            continue
    return sizes


def slope(times_s: list[float], values: list[float]) -> tuple[float, float]:
    """Least-squares slope per hour and the half-width of its 95 % interval (normal approximation)."""
    if len(times_s) < 3:
        return 0.0, float("inf")
    t, v = np.array(times_s) / 3600, np.array(values)
    centred = t - t.mean()
    gradient = float((centred * v).sum() / (centred**2).sum())
    residual = v - v.mean() - gradient * centred
    error = float(np.sqrt((residual**2).sum() / (len(t) - 2) / (centred**2).sum()))
    return gradient, T_95 * error


async def run(arguments: BenchArguments) -> dict[str, Any]:
    """PSS now, and its slope over the measured time (30 minutes tell something; 20 s do not)."""
    loop = asyncio.get_running_loop()
    started, times, totals = loop.time(), [], []
    while True:
        parts = await asyncio.to_thread(_pss_mb, _processes())
        times.append(loop.time() - started)
        totals.append(sum(parts.values()))
        if times[-1] + PERIOD_S > arguments.seconds:
            break
        await asyncio.sleep(PERIOD_S)
    gradient, half_width = slope(times, totals)
    return {
        "what": "proportional set size of every process of the embedded default",
        "headline": {
            "pss_mb": round(totals[-1], 1),
            "slope_mb_per_hour": round(gradient, 1),
            "slope_95_half_width_mb_per_hour": round(half_width, 1) if np.isfinite(half_width) else None,
        },
        "data_set": "the running product",
        "samples": len(totals),
        "seconds": round(times[-1], 1),
        "processes_mb": {name: round(size, 1) for name, size in sorted(parts.items(), key=lambda item: -item[1])},
    }
