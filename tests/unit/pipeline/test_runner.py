"""The pipeline's housekeeping: what may wait does not hold alerts back."""

import asyncio

import asyncpg
import pytest

from app.pipeline import runner
from app.pipeline.runner import PARTITIONS_AGAIN_S, PARTITIONS_S, Pipeline


async def test_partitions_that_cannot_be_made_stop_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    fails = True

    async def make(_pool: object) -> int:
        if fails:
            raise asyncpg.LockNotAvailableError("somebody reads the table")
        return 7

    async def forget(_pool: object) -> None:
        assert not fails

    monkeypatch.setattr(runner, "make_partitions", make)
    monkeypatch.setattr(runner, "forget_old_series", forget)
    pipeline = Pipeline(None, asyncio.Queue(1), ())  # type: ignore[arg-type]
    assert await pipeline._make_partitions() == PARTITIONS_AGAIN_S
    fails = False
    assert await pipeline._make_partitions() == PARTITIONS_S
