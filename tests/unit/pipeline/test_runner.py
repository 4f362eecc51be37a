"""The pipeline's housekeeping: what may wait does not hold alerts back."""

import asyncio

import asyncpg
import pytest

from app.pipeline import runner
from app.pipeline.checkpoint_repository import StaleLeaseError
from app.pipeline.runner import PARTITIONS_AGAIN_S, PARTITIONS_S, Pipeline
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


async def test_a_lease_that_was_lost_and_taken_again_is_kept_when_the_loss_is_told_late() -> None:
    pipeline = Pipeline(None, asyncio.Queue(1), ())  # type: ignore[arg-type]
    anew, other = Shard(5, 8, Positions(), {}), Shard(6, 3, Positions(), {})
    pipeline.shards = {5: anew, 6: other}
    pipeline._lose(StaleLeaseError({5: 7, 6: 3, 9: 1}).tokens)  # of a checkpoint that began before shard 5 was granted again
    assert pipeline.shards == {5: anew}
    assert (anew.held, other.held) == (True, False)
