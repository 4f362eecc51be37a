"""Processes beside a benchmark's own. What they log goes to stderr: stdout is the document's."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.context import SpawnProcess
from typing import Any

from app.kit.logs import configure

SPAWN = multiprocessing.get_context("spawn")


def aside(target: Callable[..., None], *given: Any, daemon: bool = False) -> SpawnProcess:
    """`target(*given)` in a process that was not started yet."""
    return SPAWN.Process(target=_logging, args=(target, *given), daemon=daemon)


def _logging(target: Callable[..., None], *given: Any) -> None:
    configure("bench", level="WARNING")
    target(*given)
