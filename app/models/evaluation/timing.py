"""How fast served versions answer, in turn, at their Triton: while cameras use it, so compare versions, not machines."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from app.inference.triton import CallOptions, TritonPose
from app.kit.errors import BadInputError

ROUNDS: Final = 5
AT_ONCE: Final = (1, 4)
DEADLINE_S: Final = 60.0
SHAPE: Final = (384, 640, 3)
Times = dict[tuple[str, int], list[float]]
"""Seconds of each answer, by version and how many requests there are at once."""


async def time_versions(url: str, model: str, versions: Sequence[str], seconds: float) -> dict[str, Any]:
    """Latency of a request and frames a second of each version, with one request at once and with four; rounds take turns.

    Raises:
        BadInputError: a version that is not served.
    """
    took: Times = {(version, at_once): [] for version in versions for at_once in AT_ONCE}
    spent = dict.fromkeys(took, 0.0)
    clients = {version: TritonPose(url, model, version, options=CallOptions(deadline_s=DEADLINE_S)) for version in versions}
    try:
        for version, client in clients.items():
            if not await client.ready():
                raise BadInputError(f"Triton at {url} does not serve version {version} of {model}.")
        await _take_turns(clients, seconds, took, spent)
    finally:
        for client in clients.values():
            await client.close()
    rows = [
        {
            "version": version,
            "requests_at_once": at_once,
            "p50_ms": _quantile(times, 0.5),
            "p99_ms": _quantile(times, 0.99),
            "frames_per_s": round(len(times) / spent[version, at_once], 1),
        }
        for (version, at_once), times in took.items()
    ]
    return {"model": model, "input_px": list(SHAPE[:2]), "seconds_each": seconds, "rounds": ROUNDS, "versions": rows}


async def _take_turns(clients: dict[str, TritonPose], seconds: float, took: Times, spent: dict[tuple[str, int], float]) -> None:
    """Fill in the times of each answer, and how long each version was asked in all."""
    frame = np.random.default_rng(0).integers(0, 255, SHAPE, np.uint8)

    async def ask(version: str, at_once: int, end: float) -> None:
        while time.monotonic() < end:
            began = time.monotonic()
            await clients[version].detect([frame])
            took[version, at_once].append(time.monotonic() - began)

    for client in clients.values():
        await client.detect([frame])
    for _ in range(ROUNDS):
        for version, at_once in took:
            began = time.monotonic()
            end = began + seconds / ROUNDS
            await asyncio.gather(*(ask(version, at_once, end) for _ in range(at_once)))
            spent[version, at_once] += time.monotonic() - began


def _quantile(times: Sequence[float], share: float) -> float:
    return round(1000 * float(np.quantile(times, share)), 1)
