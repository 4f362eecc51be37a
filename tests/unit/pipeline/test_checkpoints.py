"""Checkpoints beside the processing: whose turn it is, what hurries, and what becomes of what could not be written."""

import asyncio
import time
import uuid
from collections.abc import Sequence
from typing import Any

import pytest

from app.behaviour.findings import Finding, Phase, Threat
from app.kit.clock import from_us
from app.pipeline import checkpoints
from app.pipeline.checkpoint_repository import ShardCommit, Written
from app.pipeline.checkpoints import MOST_PENDING, TURNS, Checkpoints
from app.pipeline.configuration import CameraRow, CameraSetup, set_up
from app.pipeline.occurrences import AlertRow, alert_row
from app.pipeline.pending import Status
from app.pipeline.shard import Positions, Shard
from tests.builders import CAMERA, START_US

SETUP: CameraSetup = set_up([CameraRow(CAMERA, uuid.UUID(int=1), uuid.UUID(int=2), True)], [], [], pytest.fail)[CAMERA]


class Database:
    """Stands for the repository's `commit`: notes what it is given, waits until `open`, and fails as told."""

    def __init__(self) -> None:
        self.written: list[Sequence[ShardCommit]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.fails: Exception | None = None

    async def commit(self, _pool: object, _owner: object, commits: Sequence[ShardCommit], *, apart: bool = False) -> Written:
        assert not apart
        await self.open.wait()
        if self.fails is not None:
            raise self.fails
        self.written.append(commits)
        return Written((), ())

    @property
    def shards(self) -> list[list[int]]:
        return [[each.shard for each in commits] for commits in self.written]


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    stands_in = Database()
    monkeypatch.setattr(checkpoints, "commit", stands_in.commit)
    return stands_in


def moved(number: int, *, urgent: bool = False) -> Shard:
    shard = Shard(number, 1, Positions(), {})
    shard.dirty, shard.urgent = True, urgent
    return shard


def alert(presence: str) -> AlertRow:
    finding = Finding("falling", "", presence, Phase.BEGINS, 0.9, 0.5, {}, START_US, START_US, 1, (1,), Threat.HIGH)
    return alert_row(SETUP, finding, from_us(START_US))


def writes() -> Any:
    return Checkpoints(None, uuid.UUID(int=3))  # type: ignore[arg-type]


async def test_between_turns_only_shards_with_a_new_alert_are_written_and_each_has_its_turn(database: Database) -> None:
    held = {number: moved(number, urgent=number == 5) for number in (3, 5, 11)}
    ours = writes()
    ours.due = time.monotonic() + 60
    for _ in range(2):
        ours.start(held, {})
        await ours.idle()
    assert database.shards == [[5]]
    for _ in range(TURNS):
        ours.due = time.monotonic()
        ours.start(held, {})
        await ours.idle()
    assert database.shards == [[5], [3, 11]], "those of one turn together, and none that did not move"
    held = {number: moved(number) for number in range(16)}
    ours.due = time.monotonic() - 60
    ours.start(held, {})
    await ours.idle()
    assert database.shards[2:] == [list(range(16))], "all that had to wait, once"


async def test_frames_go_on_while_a_transaction_is_under_way(database: Database) -> None:
    database.open.clear()
    shard = moved(5, urgent=True)
    shard.pending.alerts.append(alert("first"))
    shard.taken.frames = "7-0"
    ended: list[bool] = []
    ours = Checkpoints(None, uuid.UUID(int=3), lambda: ended.append(True))  # type: ignore[arg-type]
    ours.start({5: shard}, {})
    await asyncio.sleep(0)
    shard.taken.frames, shard.dirty, shard.urgent = "8-0", True, True
    shard.pending.alerts.append(alert("second"))
    ours.start({5: shard}, {})
    assert ours.under_way
    ours.alerts.began = time.monotonic() + 60
    assert not ours.behind({5: shard})
    shard.pending.alerts += [alert("many")] * MOST_PENDING
    assert ours.behind({5: shard}), "too many rows"
    del shard.pending.alerts[1:]
    ours.alerts.began = time.monotonic() - 60
    assert ours.behind({5: shard}), "it takes long"
    database.open.set()
    await ours.idle()
    await asyncio.sleep(0)
    assert ended == [True]
    ours.start({5: shard}, {})
    await ours.idle()
    ((one,), (other,)) = database.written
    assert (one.positions.frames, other.positions.frames) == ("7-0", "8-0")
    assert [[row.alert.id for row in each.pending.alerts] for each in (one, other)] == [
        [alert("first").alert.id], [alert("second").alert.id],
    ]  # fmt: skip
    assert len(shard.pending) == 0


async def test_an_alert_waits_for_nobody_else_s_turn_and_no_shard_is_written_twice_at_once(database: Database) -> None:
    database.open.clear()
    held = {number: moved(number) for number in (3, 11, 4)}
    ours = writes()
    ours._turn, ours.due = 2, time.monotonic()  # the turn of 3 and 11
    ours.start(held, {})
    await asyncio.sleep(0)
    for shard in held.values():
        shard.dirty = shard.urgent = True
    ours.hurry(held.values(), {})
    assert (ours.turns.under_way, ours.alerts.under_way) == (True, True)
    assert [ours.alerts.writes(held[number]) for number in (3, 11, 4)] == [False, False, True]
    database.open.set()
    await ours.idle()
    assert sorted(database.shards) == [[3, 11], [4]]
    ours.start(held, {}, take_turns=False)
    await ours.idle()
    assert sorted(database.shards) == [[3, 11], [3, 11], [4]], "what hurried while it was written is written again"


async def test_hurrying_raises_nothing_and_begins_nothing_behind_a_failure(database: Database) -> None:
    database.fails = OSError("the database is gone")
    shard = moved(5, urgent=True)
    shard.pending.alerts.append(alert("first"))
    ours = writes()
    ours.hurry([shard], {})
    await ours.idle()
    ours.hurry([shard], {})
    assert not ours.under_way
    with pytest.raises(OSError, match="is gone"):
        ours.start({5: shard}, {})
    database.fails = None
    ours.start({5: shard}, {})
    await ours.idle()
    assert database.shards == [[5]]


@pytest.mark.parametrize("waiting", [True, False])
async def test_what_was_not_written_waits_again_before_what_came_since(database: Database, waiting: bool) -> None:
    database.open.clear()
    database.fails = OSError("the database is gone")
    shard = moved(5, urgent=True)
    shard.pending.alerts.append(alert("first"))
    health: Any = object()
    shard.pending.statuses[CAMERA] = Status(SETUP, health, changed=True)
    ours = writes()
    ours.start({5: shard}, {})
    await asyncio.sleep(0)
    assert (shard.dirty, shard.urgent, len(shard.pending)) == (False, False, 0)
    shard.pending.alerts.append(alert("second"))
    shard.pending.statuses[CAMERA] = Status(SETUP, health, changed=False)
    database.open.set()
    await ours.idle()
    assert (shard.dirty, shard.urgent) == (True, True)
    if not waiting:
        with pytest.raises(OSError, match="is gone"):
            ours.start({5: shard}, {})
    database.fails = None
    await ours.write([shard], {})  # after a failure that nobody was told of, too
    ((commit,),) = database.written
    assert [row.alert.id for row in commit.pending.alerts] == [alert("first").alert.id, alert("second").alert.id]
    assert commit.pending.statuses[CAMERA].changed
    assert (shard.dirty, shard.urgent, len(shard.pending)) == (False, False, 0)


async def test_a_state_that_cannot_be_encoded_costs_no_rows(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = moved(5), moved(6)
    first.pending.alerts.append(alert("first"))

    def encode(shard: Shard, _setups: object) -> bytes:
        if shard.number == 6:
            raise ValueError("no room")
        return b""

    monkeypatch.setattr(Shard, "encode", encode)
    with pytest.raises(ValueError, match="no room"):
        await writes().write([first, second], {})
    assert ([row.alert.id for row in first.pending.alerts], first.dirty) == ([alert("first").alert.id], True)
    assert database.written == []
