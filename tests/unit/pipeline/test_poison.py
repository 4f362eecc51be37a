"""Messages that nobody can work with: counted, passed over, and nothing of them waits for the database."""

import math
import uuid
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.contracts.wire import encode
from app.kit.clock import from_us
from app.pipeline.checkpoint_repository import REFUSED_ROW, _Writer
from app.pipeline.configuration import CameraRow, RuleRow, set_up
from app.pipeline.shard import Positions, Shard, Tally
from tests.builders import CAMERA, make_health, make_tracked_frame, make_tracklet

STORE = uuid.UUID(int=2)
HOURS = RuleRow(STORE, None, None, "camera-offline", True, {"hours": [{"start": "00:00", "end": "12:00"}]})
SETUPS = set_up([CameraRow(CAMERA, uuid.UUID(int=1), STORE, True)], [], [HOURS], pytest.fail)
SOUND = {"frame": make_tracked_frame([(1, 0.5, 0.5)]), "tracklet": make_tracklet(), "health": make_health()}
FAR = (2**62, 2**63 - 1, -(2**62), 4_102_444_800_000_001)
POISON: list[tuple[str, dict[str, Any]]] = [
    *[("frame", {"captured_at_us": at}) for at in FAR],
    *[("frame", {"received_at_us": at}) for at in FAR],
    *[("tracklet", {"ended_at_us": at}) for at in FAR],
    ("tracklet", {"started_at_us": -(2**62)}),
    *[("health", {"at_us": at}) for at in FAR],
    ("health", {"last_frame_at_us": 2**62}),
    *[(kind, {"epoch": epoch}) for kind in SOUND for epoch in (2**63, -1)],
    *[(kind, {"width": width}) for kind in SOUND for width in (2**31, -1)],
    ("frame", {"sequence": 2**63}), ("frame", {"height": 0}), ("frame", {"track_ids": [-1]}),
    ("frame", {"track_ids": [1] * 501, "boxes": bytes(16 * 501), "scores": bytes(4 * 501), "keypoints": bytes(204 * 501)}),
    ("tracklet", {"track_id": -1}), ("tracklet", {"frames": 2**31}), ("tracklet", {"boxes": b"123"}),
    *[("tracklet", {"mean_score": score}) for score in (math.nan, math.inf, 1e300)],
    *[("health", {name: math.nan}) for name in ("fps_in", "fps_analysed", "clock_off_s")],
    ("health", {"dropped": 2**63}), ("health", {"reconnects": 2**31}),
    ("health", {"reason": "a\0b"}), ("health", {"codec": "\0"}),
]  # fmt: skip


def take(shard: Shard, kind: str, tally: Tally, *messages: bytes) -> None:
    entries = [[f"{number + 1}-0".encode(), [b"m", message]] for number, message in enumerate(messages)]
    if kind == "frame":
        shard.take_frames(entries, SETUPS, datetime.now(UTC), tally)
    elif kind == "tracklet":
        shard.take_tracklets(entries, SETUPS, tally)
    else:
        shard.take_health(entries, SETUPS, datetime.now(UTC), tally)


def pending_times(shard: Shard) -> list[int]:
    """Every time that the next commit would write."""
    waiting = shard.pending
    tracklets, states = [each for _, each in waiting.detections], [each for _, each in waiting.sessions]
    states += [status.health for status in waiting.statuses.values()]
    times = [each.started_at_us for each in tracklets] + [each.ended_at_us for each in tracklets]
    times += [each.at_us for each in states] + [each.last_frame_at_us for each in states if each.last_frame_at_us > 0]
    return times + [at for _, row in waiting.series for at in (row.started_at_us, row.ended_at_us)]


@pytest.mark.parametrize(("kind", "wrong"), POISON, ids=lambda each: str(each)[:60])
def test_what_no_row_can_hold_is_counted_and_what_follows_is_taken(kind: str, wrong: dict[str, Any]) -> None:
    shard, tally = Shard(0, 1, Positions(), {}), Tally()
    poison = encode(msgspec.structs.replace(SOUND[kind], **wrong))
    take(shard, kind, tally, poison)
    shard.close_series(SETUPS)
    assert len(shard.pending) == 0
    assert (sum(tally.poison.values()), tally.skipped["poison"]) == (1, 1)
    take(shard, kind, tally, poison, encode(SOUND[kind]), poison)
    shard.close_series(SETUPS)
    assert len(shard.pending) > 0
    assert all(from_us(at).year == 2026 for at in pending_times(shard))
    assert sum(tally.poison.values()) == 3
    shard.encode(SETUPS)


@pytest.mark.parametrize("kind", SOUND)
@pytest.mark.parametrize("raw", [b"", b"\xff", b"\x90", b"\x91" * 100_000, b"\x81\xa1a\x01"], ids=len)
def test_what_is_no_message_is_counted(kind: str, raw: bytes) -> None:
    shard, tally = Shard(0, 1, Positions(), {}), Tally()
    take(shard, kind, tally, raw, encode(SOUND[kind]))
    assert sum(tally.poison.values()) == 1


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(SOUND)),
    st.lists(st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=True) | st.sampled_from([0, 1, 2**31, 2**62]), min_size=1),
    st.randoms(use_true_random=False),
)
def test_whatever_numbers_come_nothing_unwritable_waits(kind: str, numbers: list[Any], chance: Any) -> None:
    shard, tally = Shard(0, 1, Positions(), {}), Tally()
    fields = msgspec.to_builtins(SOUND[kind])
    places = [place for place, value in enumerate(fields) if place and type(value) in (int, float)]
    for number in numbers:
        fields[chance.choice(places)] = number
        take(shard, kind, tally, msgspec.msgpack.encode(fields))
    shard.close_series(SETUPS)
    assert all(from_us(at) for at in pending_times(shard) if at)
    shard.encode(SETUPS)


async def test_a_row_whose_values_the_driver_cannot_send_costs_only_itself() -> None:
    written: list[int] = []

    class Transaction:
        async def __aenter__(self) -> None:
            pass

        async def __aexit__(self, *_error: object) -> None:
            pass

    class Connection:
        def transaction(self) -> Transaction:
            return Transaction()

    async def write(_connection: Any, rows: list[int]) -> None:
        for each in rows:
            from_us(each)
        written.extend(rows)

    with pytest.raises(REFUSED_ROW):
        await _Writer(Connection(), apart=False).write(write, [1, 2**62, 2])  # type: ignore[arg-type]
    written.clear()
    writer = _Writer(Connection(), apart=True)  # type: ignore[arg-type]
    await writer.write(write, [1, 2**62, 2])
    assert (written, len(writer.refused)) == ([1, 2], 1)
