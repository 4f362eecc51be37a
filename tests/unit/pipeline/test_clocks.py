"""Workers whose clocks are wrong, one after the other or one that is set: a camera is not lost for as long as they are off."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from app.contracts.tracked import CameraState
from app.contracts.wire import FIELD, encode
from app.pipeline.camera import SILENCE_MS, Skip
from app.pipeline.configuration import CameraRow, set_up
from app.pipeline.shard import Positions, Shard, Tally
from tests.builders import CAMERA, make_health, make_tracked_frame

SETUPS = set_up([CameraRow(CAMERA, uuid.UUID(int=1), uuid.UUID(int=2), True)], [], [], pytest.fail)
AT = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = 3600.0
AHEAD, RIGHT = 20, 10
"""Epochs, which are wall-clock times: of a worker whose clock is an hour ahead, and of one whose clock is right."""


def entry(arrived_s: float, message: Any) -> list[object]:
    return [f"{1_000_000 + round(arrived_s * 1000)}-0".encode(), [FIELD, encode(message)]]


def shard() -> Shard:
    return Shard(1, 1, Positions(), {})


def frames(epoch: int, off_s: float, begin_s: float, end_s: float) -> list[list[object]]:
    """Ten a second, which arrive between two moments, by a clock that is so far off."""
    moments = [number / 10 for number in range(round(begin_s * 10), round(end_s * 10))]
    stands = [(1, 0.5, 0.8)]
    return [entry(at, make_tracked_frame(stands, at + off_s, epoch=epoch, sequence=round(at * 10))) for at in moments]


def skipped(each: Shard, *told: list[list[object]]) -> int:
    """How many of them belong to an old epoch."""
    tally = Tally()
    for entries in told:
        each.take_frames(entries, SETUPS, AT, tally)
    assert set(tally.skipped) <= {Skip.OLD_EPOCH}
    return tally.skipped[Skip.OLD_EPOCH]


@pytest.mark.parametrize("ahead_s", [60.0, HOUR, 23 * HOUR])
def test_a_worker_whose_clock_is_right_is_followed_soon_after_one_that_was_ahead(ahead_s: float) -> None:
    """The one ahead is gone at 5 s; by its clock it would have been silent only when that much time has passed."""
    held = shard()
    assert skipped(held, frames(AHEAD, ahead_s, 0, 5), frames(RIGHT, 0, 6, 36)) == SILENCE_MS // 100 - 11
    assert held.cameras[CAMERA].epoch == RIGHT


def test_after_a_restart_the_silence_counts_from_the_first_frame() -> None:
    """A checkpoint does not say when the epoch's last frame came: whoever still sends must have time to show it."""
    first = shard()
    skipped(first, frames(AHEAD, HOUR, 0, 5))
    for camera in first.cameras.values():
        camera.arrived_ms = 0
    assert skipped(first, frames(RIGHT, 0, 60, 90)) == SILENCE_MS // 100


def test_a_worker_that_lost_its_camera_moves_nothing_while_the_next_one_sends() -> None:
    """What it kept from a minute of an outage comes in one moment, between two frames of the next one."""
    held, kept = shard(), frames(RIGHT, HOUR, 0, 60)
    burst = [entry(70.05, make_tracked_frame([], 3600 + at, epoch=RIGHT, sequence=at)) for at in range(60)]
    assert skipped(held, frames(AHEAD, 0, 60, 70), burst, frames(AHEAD, 0, 70.1, 72)) == len(burst)
    mixed = sorted(frames(AHEAD, 0, 80, 110) + kept_at(kept, 80.05), key=lambda each: str(each[0]))
    assert skipped(held, mixed) == len(kept[:300])
    assert held.cameras[CAMERA].epoch == AHEAD


def kept_at(kept: list[list[object]], begin_s: float) -> list[list[object]]:
    """The first 30 s of them, arriving then."""
    return [
        [f"{1_000_000 + round((begin_s + number / 10) * 1000)}-0".encode(), each[1]] for number, each in enumerate(kept[:300])
    ]


def status(each: Shard) -> tuple[CameraState, int]:
    """What the next checkpoint writes of the camera."""
    told = each.hand_over().statuses[CAMERA].health
    return told.state, told.epoch


@pytest.mark.parametrize(("epoch", "off_s"), [(5, -HOUR), (4, -HOUR), (4, 0.0)])
def test_a_camera_s_state_is_heard_again_soon_after_its_worker_s_clock_was_set_back(epoch: int, off_s: float) -> None:
    """By the worker itself within its epoch, or by the next worker, whose epoch is lower."""
    held = shard()
    held.take_health([entry(at, make_health(CameraState.LIVE, at, epoch=5)) for at in range(0, 20, 2)], SETUPS, AT, Tally())
    assert status(held) == (CameraState.LIVE, 5)
    lost = [make_health(CameraState.RECONNECTING, at + off_s, epoch=epoch) for at in range(20, 120, 2)]
    held.take_health([entry(20 + 2 * number, each) for number, each in enumerate(lost)], SETUPS, AT, Tally())
    assert [row.alert.kind for row in held.pending.alerts if row.begins] == ["camera-offline"]
    assert status(held) == (CameraState.RECONNECTING, epoch)
    later = make_health(CameraState.RECONNECTING, 132 + off_s, epoch=epoch)
    held.take_health([entry(132, later)], SETUPS, AT, Tally())
    assert status(held) == (CameraState.RECONNECTING, epoch)


def test_a_state_that_comes_late_or_of_a_worker_that_lost_its_camera_changes_nothing() -> None:
    held = shard()
    told = [entry(at, make_health(CameraState.LIVE, at, epoch=5)) for at in range(0, 60, 2)]
    held.take_health(told[:20], SETUPS, AT, Tally())
    held.hand_over()
    stale = [entry(39, make_health(CameraState.FROZEN, 30, epoch=5)), entry(39, make_health(CameraState.STOPPED, 45, epoch=4))]
    held.take_health([*stale, *told[20:]], SETUPS, AT, Tally())
    assert held.pending.sessions == []
    assert status(held) == (CameraState.LIVE, 5)
