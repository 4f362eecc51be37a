"""Memory of the whole running product: proportional set size of the supervisor and everything below it."""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import psutil

from app.embedded.doctor import is_running
from app.kit.errors import UnavailableError
from app.settings import settings
from benchmarks.document import BenchArguments

PERIOD_S = 5.0
T_95 = 1.96
WARM_UP_S = 600.0
"""After the product's start, in which caches, pools and allocators fill; its samples are reported apart from the slope."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look.

    Attributes:
        age_s: of the product, since its supervisor's start.
        parts: PSS in MB by process.
    """

    age_s: float
    parts: dict[str, float]


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
    """Least-squares slope per hour and the half-width of its 95 % interval.

    Neighbouring samples resemble each other, so the interval counts only as many as are worth one each (by the
    residuals' correlation with their neighbours).
    """
    if len(times_s) < 3:
        return 0.0, float("inf")
    t, v = np.array(times_s) / 3600, np.array(values)
    centred = t - t.mean()
    gradient = float((centred * v).sum() / (centred**2).sum())
    residual = v - v.mean() - gradient * centred
    error = float(np.sqrt((residual**2).sum() / (len(t) - 2) / (centred**2).sum()))
    total = float((residual**2).sum())
    alike = min(0.99, max(0.0, float((residual[1:] * residual[:-1]).sum()) / total)) if total > 0 else 0.0
    return gradient, T_95 * error * float(np.sqrt((1 + alike) / (1 - alike)))


async def _sample(seconds: float) -> list[Sample]:
    loop = asyncio.get_running_loop()
    started, samples = loop.time(), []
    while True:
        processes = _processes()
        age_s = time.time() - processes[0].create_time()
        samples.append(Sample(age_s, await asyncio.to_thread(_pss_mb, processes)))
        if loop.time() - started + PERIOD_S > seconds:
            return samples
        await asyncio.sleep(PERIOD_S)


def by_process(samples: list[Sample]) -> dict[str, dict[str, float | None]]:
    """PSS at the first and last sample, and the slope, of each process that lived throughout; the steepest first."""
    throughout = [name for name in samples[-1].parts if all(name in sample.parts for sample in samples)]
    rows: dict[str, dict[str, float | None]] = {}
    for name in throughout:
        sizes = [sample.parts[name] for sample in samples]
        gradient, half_width = slope([sample.age_s for sample in samples], sizes)
        rows[name] = {
            "first_mb": round(sizes[0], 1),
            "last_mb": round(sizes[-1], 1),
            "slope_mb_per_hour": round(gradient, 2),
            "half_width": _finite(half_width),
        }
    return dict(sorted(rows.items(), key=lambda row: -abs(row[1]["slope_mb_per_hour"] or 0.0)))


def _finite(value: float) -> float | None:
    return round(value, 1) if np.isfinite(value) else None


async def run(arguments: BenchArguments) -> dict[str, Any]:
    """PSS now, and its slope over the measured time (30 minutes tell something; 20 s do not)."""
    samples = await _sample(arguments.seconds)
    warm = [sample for sample in samples if sample.age_s >= WARM_UP_S]
    of = warm if len(warm) >= 3 else samples
    totals = [sum(sample.parts.values()) for sample in of]
    gradient, half_width = slope([sample.age_s for sample in of], totals)
    last = samples[-1].parts
    return {
        "what": "proportional set size of every process of the embedded default",
        "headline": {
            "pss_mb": round(totals[-1], 1),
            "slope_mb_per_hour": round(gradient, 1),
            "slope_95_half_width_mb_per_hour": _finite(half_width),
        },
        "data_set": "the running product",
        "samples": len(of),
        "age_of_product_s": [round(of[0].age_s), round(of[-1].age_s)],
        "warm_up_left_out": len(warm) >= 3,
        "warm_up_mb": [
            {"age_s": round(sample.age_s), "pss_mb": round(sum(sample.parts.values()), 1)}
            for sample in samples[:: round(60 / PERIOD_S)]
            if sample.age_s < WARM_UP_S
        ],
        "by_process": by_process(of),
        "processes_mb": {name: round(size, 1) for name, size in sorted(last.items(), key=lambda item: -item[1])},
    }
