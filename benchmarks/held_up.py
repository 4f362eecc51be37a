"""What held the pipeline up while alerts were on their way: its own work, a wait for a core, a stolen core, or the database.

Read beside the measurement from /proc and from PostgreSQL's own view, for the slowest alert: a figure that is bad once in a
minute says nothing without it.
"""

import asyncio
import contextlib
import itertools
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg

EVERY_S: Final = 0.1
AROUND_S: Final = 0.5
"""A wait begins before the frame that it held up."""
_TICK_S: Final = 1.0 / os.sysconf("SC_CLK_TCK")
_SQL: Final = (
    "SELECT coalesce(wait_event_type || ' ' || wait_event, state) AS wait,"
    " extract(epoch FROM clock_timestamp() - xact_start)::float8 AS age_s, left(query, 60) AS query FROM pg_stat_activity"
    " WHERE application_name = 'pennyprotect-pipeline' AND xact_start IS NOT NULL ORDER BY xact_start LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Moment:
    """At `at_s` (seconds since 1970): what was used up to then, and the pipeline's oldest transaction."""

    at_s: float
    ran_s: float
    waited_s: float
    stolen_s: float
    transaction_s: float
    wait: str


def _used(pid: int) -> tuple[float, float]:
    """Seconds that a process's threads ran, and that they waited for a core."""
    ran = waited = 0
    for folder in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            first, second, _ = (folder / "schedstat").read_text().split()
            ran, waited = ran + int(first), waited + int(second)
    return ran / 1e9, waited / 1e9


def _stolen_s() -> float:
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return int(fields[8]) * _TICK_S


class Watch:
    """Notes a `Moment` every `EVERY_S`."""

    def __init__(self, pid: int, database_url: str) -> None:
        self.pid, self._url = pid, database_url
        self.moments: list[Moment] = []

    async def run(self) -> None:
        """Until cancelled."""
        connection = await asyncpg.connect(self._url, timeout=10)
        try:
            while True:
                began = time.monotonic()
                row = await connection.fetchrow(_SQL, timeout=10)
                transaction_s, wait = (0.0, "") if row is None else (row["age_s"], f"{row['wait']}: {row['query']}")
                self.moments.append(Moment(time.time(), *_used(self.pid), _stolen_s(), transaction_s, wait))
                await asyncio.sleep(max(0.01, began + EVERY_S - time.monotonic()))
        finally:
            await connection.close(timeout=5)

    def between(self, from_s: float, until_s: float) -> dict[str, Any]:
        """Of the time between two moments (seconds since 1970), and a little before."""
        return held_up(self.moments, from_s - AROUND_S, until_s)


def held_up(moments: list[Moment], from_s: float, until_s: float) -> dict[str, Any]:
    """What was used between two moments; {} where nothing was noted there."""
    inside = [each for each in moments if from_s <= each.at_s <= until_s + EVERY_S]
    if len(inside) < 2:
        return {}
    first, last = inside[0], inside[-1]
    oldest = max(inside, key=lambda each: each.transaction_s)
    return {
        "seconds": round(last.at_s - first.at_s, 2),
        "pipeline_ran_s": round(last.ran_s - first.ran_s, 2),
        "pipeline_waited_for_a_core_s": round(last.waited_s - first.waited_s, 2),
        "cores_stolen_s": round(last.stolen_s - first.stolen_s, 2),
        "longest_pause_of_the_benchmark_s": round(max(b.at_s - a.at_s for a, b in itertools.pairwise(inside)), 2),
        "oldest_transaction_s": round(oldest.transaction_s, 2),
        "oldest_transaction": oldest.wait,
    }
