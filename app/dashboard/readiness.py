"""Whether the product can do its job right now: each dependency with its state and how long its answer took."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import asyncpg

from app.cameras.workers import any_worker
from app.dashboard import repository
from app.dashboard.analyze import PoseModel
from app.kit.postgres import Pool
from app.kit.redis import Redis

PATIENCE_S = 3.0
Check = Callable[[], Awaitable[str]]
"""Answers "" when fine, else one sentence. An exception counts as not fine."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """State of one dependency; `detail` is one sentence when it is not ok."""

    name: str
    ok: bool
    took_ms: float
    detail: str


async def ask_all(checks: Mapping[str, Check]) -> list[Verdict]:
    """Every check at once, each within `PATIENCE_S`."""
    return list(await asyncio.gather(*(_ask(name, check) for name, check in checks.items())))


async def _ask(name: str, check: Check) -> Verdict:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(PATIENCE_S):
            detail = await check()
    except TimeoutError:
        detail = f"No answer within {PATIENCE_S:g} s."
    except Exception as error:  # whatever a driver raises, the answer is the same: not ready
        detail = f"Does not answer ({type(error).__name__})."
    return Verdict(name, not detail, round((time.perf_counter() - started) * 1000, 2), detail)


def redis_check(client: Redis) -> Check:
    """A ping."""

    async def check() -> str:
        await client.ping()
        return ""

    return check


def postgres_check(pool: "Pool[asyncpg.Record]") -> Check:
    """One round trip."""

    async def check() -> str:
        await repository.ping(pool)
        return ""

    return check


def workers_check(memory: Redis) -> Check:
    """At least one worker sent a heartbeat lately."""

    async def check() -> str:
        return "" if await any_worker(memory) else "No worker has reported in the last 10 s."

    return check


def pipeline_check(pool: "Pool[asyncpg.Record]") -> Check:
    """Every shard has an owner."""

    async def check() -> str:
        owned, all_shards = await repository.shards_owned(pool)
        return "" if owned == all_shards else f"{owned} of {all_shards} shards have an owner."

    return check


def model_check(model: PoseModel | None) -> Check:
    """The model server says that the pose model is ready."""

    async def check() -> str:
        if model is None:
            return "TRITON_URL is not set."
        return "" if await model.ready() else "The pose model is not ready."

    return check
