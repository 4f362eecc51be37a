"""The pipeline's housekeeping: what may wait does not hold alerts back."""

import asyncio
import time
from collections.abc import Sequence

import asyncpg
import pytest

from app.pipeline import runner
from app.pipeline.checkpoint_repository import ShardCommit, Written
from app.pipeline.runner import CHECKPOINT_S, PARTITIONS_AGAIN_S, PARTITIONS_S, Pipeline
from app.pipeline.shard import Positions, Shard


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


def moved(number: int, *, urgent: bool = False) -> Shard:
    shard = Shard(number, 1, Positions(), {})
    shard.dirty, shard.urgent = True, urgent
    return shard


async def test_between_two_rounds_only_shards_with_a_new_alert_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[list[int]] = []

    async def commit(_pool: object, _owner: object, commits: Sequence[ShardCommit], *, apart: bool = False) -> Written:
        assert not apart
        written.append([each.shard for each in commits])
        return Written((), ())

    monkeypatch.setattr(runner, "commit", commit)
    pipeline = Pipeline(None, asyncio.Queue(1), ())  # type: ignore[arg-type]
    pipeline.shards = {3: moved(3), 5: moved(5, urgent=True), 8: moved(8, urgent=True)}
    pipeline._due["checkpoint"] = time.monotonic() + 60
    pipeline._lose(frozenset({8}))
    await pipeline._write_due()
    await pipeline._write_due()
    assert written == [[5]], "once, and not the shard that moved to another pipeline"
    pipeline._due["checkpoint"] = 0.0
    await pipeline._write_due()
    assert written == [[5], [3]]
    assert pipeline._due["checkpoint"] > time.monotonic() + CHECKPOINT_S / 2
