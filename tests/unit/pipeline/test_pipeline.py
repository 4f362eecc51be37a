"""The pipeline's housekeeping: what may wait does not hold alerts back."""

import asyncio
from collections.abc import Sequence

import asyncpg
import pytest

from app.kit.backoff import Backoff
from app.kit.ids import SHARDS
from app.pipeline import checkpoints, holding
from app.pipeline.checkpoint_repository import ShardCommit, StaleLeaseError, Written
from app.pipeline.checkpoints import TURNS
from app.pipeline.lease_repository import Grant, Review
from app.pipeline.pipeline import PARTITIONS_AGAIN_S, PARTITIONS_S, Pipeline
from app.pipeline.reading import TOGETHER, Batch, Entries, parts
from app.pipeline.shard import Positions, Shard

BESIDE_S = 0.1
LONG_S = 1.2 * BESIDE_S
"""Of a transaction that frames wait for."""


async def test_partitions_that_cannot_be_made_stop_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    fails = True

    async def make(_pool: object) -> int:
        if fails:
            raise asyncpg.LockNotAvailableError("somebody reads the table")
        return 7

    async def forget(_pool: object) -> None:
        assert not fails

    monkeypatch.setattr("app.pipeline.pipeline.make_partitions", make)
    monkeypatch.setattr("app.pipeline.pipeline.forget_old_series", forget)
    pipeline = Pipeline(None, asyncio.Queue(1), ())  # type: ignore[arg-type]
    assert await pipeline._make_partitions() == PARTITIONS_AGAIN_S
    fails = False
    assert await pipeline._make_partitions() == PARTITIONS_S


async def test_no_frame_waits_for_the_configuration_or_the_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    answer, asked, deleted = asyncio.Event(), list[str](), asyncio.Event()
    fails = [asyncpg.QueryCanceledError("slow")]

    async def revision(_pool: object) -> int:
        asked.append("revision")
        if len(asked) > 1:
            await answer.wait()
            if fails:
                raise fails.pop()
        return 4

    async def rows(_pool: object) -> tuple[list[object], list[object], list[object]]:
        return [], [], []

    async def make(_pool: object) -> None:
        await deleted.wait()

    monkeypatch.setattr("app.pipeline.pipeline.configuration_revision", revision)
    monkeypatch.setattr("app.pipeline.pipeline.read_configuration", rows)
    monkeypatch.setattr("app.pipeline.pipeline.make_partitions", make)
    monkeypatch.setattr("app.pipeline.pipeline.forget_old_series", make)
    monkeypatch.setattr("app.pipeline.pipeline.CONFIGURATION_S", 0.0)
    pipeline = Pipeline(None, asyncio.Queue(1), ())  # type: ignore[arg-type]
    pipeline._leases_due = float("inf")
    await pipeline._housekeeping()
    assert asked == ["revision"], "the first is waited for: frames of cameras that are not known would be passed over"
    for _ in range(3):
        await asyncio.sleep(0)
        await pipeline._housekeeping()  # waits for neither
    assert asked == ["revision"] * 2
    answer.set()
    assert (await pipeline.queue.get()).entries == [], "its end is told"
    with pytest.raises(asyncpg.QueryCanceledError):
        await pipeline._housekeeping()
    await pipeline._housekeeping()
    assert (await pipeline.queue.get()).entries == [], "and it is tried again"
    await pipeline._housekeeping()
    deleted.set()
    for errand in pipeline.errands:
        errand.stop()


async def test_a_lease_that_was_lost_and_taken_again_is_kept_when_the_loss_is_told_late() -> None:
    pipeline = Pipeline(None, asyncio.Queue(1), ())  # type: ignore[arg-type]
    anew, other = Shard(5, 8, Positions(), {}), Shard(6, 3, Positions(), {})
    pipeline.shards = {5: anew, 6: other}
    pipeline._lose(StaleLeaseError({5: 7, 6: 3, 9: 1}).tokens)  # of a checkpoint that began before shard 5 was granted again
    assert pipeline.shards == {5: anew}
    assert (anew.held, other.held) == (True, False)


async def test_frames_go_on_beside_a_look_at_the_leases_and_no_shard_has_its_turn_then(monkeypatch: pytest.MonkeyPatch) -> None:
    answer: asyncio.Future[Review] = asyncio.get_running_loop().create_future()

    async def review(_pool: object, _me: object, tokens: dict[int, int]) -> Review:
        assert tokens == {5: 7, 6: 3}
        return await answer

    monkeypatch.setattr(holding, "review_leases", review)
    queue: asyncio.Queue[Batch] = asyncio.Queue(1)
    pipeline = Pipeline(None, queue, ())  # type: ignore[arg-type]
    kept, lost = Shard(5, 7, Positions(), {}), Shard(6, 3, Positions(), {})
    pipeline.shards = {5: kept, 6: lost}
    pipeline.errands[0].due = pipeline.errands[1].due = float("inf")
    await pipeline._housekeeping()
    assert pipeline.reviews.open
    assert not pipeline.reviews.long
    await pipeline._housekeeping()  # does not wait for it
    answer.set_result(Review(frozenset({5}), (), (Grant(9, 1, Positions("4-0"), b""),)))
    assert (await queue.get()).entries == [], "its end is told, so that nothing waits for the next frame"
    await pipeline._housekeeping()
    assert sorted(pipeline.shards) == [5, 9]
    assert (kept.held, lost.held, pipeline.shards[9].taken.frames) == (True, False, "4-0")
    assert not pipeline.reviews.open


async def test_the_look_at_the_leases_comes_although_every_transaction_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline, stop = Pipeline(None, asyncio.Queue(4), ()), asyncio.Event()  # type: ignore[arg-type]
    looks, turns = 0, 0

    async def review(_pool: object, _me: object, tokens: dict[int, int]) -> Review:
        nonlocal looks
        looks += 1
        await asyncio.sleep(LONG_S)  # longer than until the next: no shard is kept from its turn, either
        return Review(frozenset(tokens), (), ())

    async def commit(_pool: object, _me: object, commits: Sequence[ShardCommit], *, apart: bool = False) -> Written:
        nonlocal turns
        turns += 1
        await asyncio.sleep(LONG_S)
        for each in commits:  # frames go on: there is always something to write
            pipeline.shards[each.shard].dirty = True
        if (looks > 2 and turns > 2) or looks + turns > 30:
            stop.set()
        return Written((), ())

    monkeypatch.setattr(holding, "review_leases", review)
    monkeypatch.setattr("app.pipeline.pipeline.RENEW_S", 0.0)
    monkeypatch.setattr(checkpoints, "commit", commit)
    monkeypatch.setattr(checkpoints, "CHECKPOINT_S", 0.01)  # the next turn is always due
    monkeypatch.setattr(checkpoints, "BESIDE_S", BESIDE_S)
    monkeypatch.setattr(holding, "BESIDE_S", BESIDE_S)
    monkeypatch.setattr(pipeline, "_leave", stop.wait)
    for number in range(TURNS):
        pipeline.shards[number] = Shard(number, 1, Positions(), {})
        pipeline.shards[number].dirty = True
    pipeline._leases_due = pipeline.errands[0].due = pipeline.errands[1].due = float("inf")
    running = asyncio.create_task(pipeline.run(stop))
    while not turns:
        await asyncio.sleep(0)
    pipeline._leases_due = 0.0  # while the first transaction is under way
    await running
    await pipeline._idle()
    assert (looks > 2, turns > 2) == (True, True), (looks, turns)


async def test_where_large_transactions_are_ended_smaller_ones_get_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine far too busy: the server ends each transaction of more than four shards before it is through."""
    pipeline, stop = Pipeline(None, asyncio.Queue(4), ()), asyncio.Event()  # type: ignore[arg-type]
    tried, written = list[int](), set[int]()

    async def commit(_pool: object, _me: object, commits: Sequence[ShardCommit], *, apart: bool = False) -> Written:
        tried.append(len(commits))
        if len(tried) > 200:
            stop.set()
        if len(commits) > 4:
            raise asyncpg.InterfaceError("the underlying connection is closed")
        written.update(each.shard for each in commits)
        if len(written) == SHARDS:
            stop.set()
        return Written((), ())

    monkeypatch.setattr(checkpoints, "commit", commit)
    monkeypatch.setattr("app.pipeline.pipeline.BACKOFF", Backoff(first_s=0.001, longest_s=0.001))
    monkeypatch.setattr(pipeline, "_leave", stop.wait)
    for number in range(SHARDS):
        pipeline.shards[number] = Shard(number, 1, Positions(), {})
        pipeline.shards[number].dirty = True
    pipeline._leases_due = pipeline.errands[0].due = pipeline.errands[1].due = float("inf")
    await pipeline.run(stop)
    assert written == set(range(SHARDS)), tried


def test_a_batch_is_taken_in_pieces_that_leave_nothing_out() -> None:
    entries: Entries = [(Shard(number, 1, Positions(), {}), [[b"1-0", []]] * (number + 1)) for number in range(20)]
    pieces = list(parts(entries))
    assert [each for piece in pieces for each in piece] == entries
    sizes = [sum(len(messages) for _, messages in piece) for piece in pieces]
    assert len(pieces) > 1
    assert all(TOGETHER <= size < 2 * TOGETHER for size in sizes[:-1])
    assert list(parts([])) == []
