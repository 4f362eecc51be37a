"""Memory, files and threads of each part of a running product, with everything that runs below it."""

import contextlib
import json
from pathlib import Path

import psutil

SUPERVISOR = "supervisor"


def parts_of(home: Path) -> dict[str, int]:
    """Process id of each part that runs, and of the supervisor."""
    known = json.loads((home / "run" / "parts.json").read_text())
    found = {name: part["pid"] for name, part in known.items() if part["pid"] and part["phase"] == "ready"}
    return found | {SUPERVISOR: int(json.loads((home / "lock").read_text())["pid"])}


def figures(pids: dict[str, int]) -> dict[str, dict[str, float]]:
    """Proportional set size in MB, open files and threads of each part; a part that ends meanwhile is left out."""
    found = {}
    for name, pid in pids.items():
        with contextlib.suppress(psutil.NoSuchProcess):
            own = psutil.Process(pid)
            below = [] if name == SUPERVISOR else own.children(recursive=True)
            found[name] = _of([own, *below])
    return found


def _of(processes: list[psutil.Process]) -> dict[str, float]:
    """The first one must be there; of those below it one may end between two looks."""
    memory = files = threads = 0
    for place, process in enumerate(processes):
        try:
            with process.oneshot():
                numbers = process.memory_full_info().pss, process.num_fds(), process.num_threads()
        except psutil.NoSuchProcess:
            if place == 0:
                raise
            continue
        memory, files, threads = memory + numbers[0], files + numbers[1], threads + numbers[2]
    return {"memory_mb": memory / 1e6, "files": float(files), "threads": float(threads)}
