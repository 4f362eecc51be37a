"""One JSON document a benchmark: figures with units in their names, and where they were taken."""

import asyncio
import os
import platform
import subprocess
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from app.kit.clock import now
from app.kit.errors import BadInputError

CHECKOUT = Path(__file__).resolve().parent.parent
NAMES = (
    "density",
    "latency",
    "pipeline",
    "memory",
    "behaviour",
    "faces",
    "acceptance",
    "gait",
    "gallery",
    "review",
    "audit",
    "policy",
    "access",
    "probes",
    "sockets",
    "dashboard",
    "overlay",
    "notifications",
    "evidence",
    "tracking",
    "visits",
    "serving",
    "swap",
    "loads",
    "api",
    "scale",
)


@dataclass(frozen=True, slots=True)
class BenchArguments:
    """What every benchmark is told.

    Attributes:
        seconds: time for each measured part.
        data: another data set than the benchmark's own, where it takes one.
        full: everything it knows, however long that takes; else it ends within minutes.
        fps: swap: frames a second of each camera; None: what the machine carries.
        measured: what `models calibrate --json` printed of a pushed face version; None: the released one.
    """

    seconds: float
    data: Path | None = None
    full: bool = False
    measured: Path | None = None
    fps: float | None = None


def machine() -> dict[str, Any]:
    """Processor, cores and kernel of this machine."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return {
        "cpu": next(names, platform.machine()),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=CHECKOUT, capture_output=True, text=True, timeout=30, check=True)
    return done.stdout.strip()


def commit() -> str:
    """The checkout's commit, with `+` when files differ from it, or "unknown" outside a checkout."""
    try:
        return _git("rev-parse", "--short=12", "HEAD") + ("+" if _git("status", "--porcelain") else "")
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def run_bench(
    name: str,
    seconds: float,
    data: Path | None = None,
    *,
    full: bool = False,
    measured: Path | None = None,
    fps: float | None = None,
) -> dict[str, Any]:
    """Run one benchmark; its module returns `what`, `headline`, `data_set`, `samples` and what else explains them.

    Raises:
        BadInputError: no such benchmark, or data that it cannot read.
    """
    if name not in NAMES:
        raise BadInputError(f"There is no benchmark {name!r}; there are {', '.join(NAMES)}.")
    if not 1 <= seconds <= 3600:
        raise BadInputError("--seconds must be between 1 and 3600.")
    if data is not None and name not in ("behaviour", "faces", "acceptance", "review", "gait", "tracking"):
        raise BadInputError(f"The benchmark {name} takes no --data.")
    if full and name not in ("gallery", "loads", "api"):
        raise BadInputError(f"The benchmark {name} has no --full: it always measures everything.")
    if measured is not None and name != "acceptance":
        raise BadInputError(f"The benchmark {name} takes no --measured.")
    if fps is not None and name != "swap":
        raise BadInputError(f"The benchmark {name} takes no --fps.")
    started, arguments = now(), BenchArguments(seconds, data, full, measured, fps)
    result: dict[str, Any] = asyncio.run(import_module(f"benchmarks.{name}").run(arguments))
    return {"name": name, "started_at": started.isoformat(), "machine": machine(), "commit": commit(), **result}
