"""What is kept for replay: with the same setting the same rules find exactly the same acts in it, and it has no keypoints."""

import random
import uuid
import zlib

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.behaviour.findings import Finding, Phase
from app.contracts.tracked import TrackedFrame
from app.pipeline.camera import Camera, Skip
from app.pipeline.configuration import CameraRow, CameraSetup, RuleRow, ZoneRow, set_up
from app.pipeline.replay.models import Pair, Side, left_out_of, only
from app.pipeline.series import MOST_SAMPLES, PIECE_US, SeriesRow, read_piece
from tests.builders import CAMERA, make_tracked_frame
from tests.unit.behaviour.test_bodies import falls, figure, film

CHAIN, STORE = uuid.UUID(int=1), uuid.UUID(int=2)
LEFT = [[0.0, 0.3], [0.5, 0.3], [0.5, 1.0], [0.0, 1.0]]
LINE = [[0.5, 0.2], [0.5, 1.0]]
KINDS = {"loitering": LEFT, "entry": LEFT, "line": LINE, "crowding": LEFT, "queue": LEFT, "shelf": LEFT}
QUICK = {
    "loitering": {"zone_dwell_s": 4.0, "spot_dwell_s": 5.0},
    "crowding": {"people": 3, "lasts_s": 2.0},
    "queue": {"people": 2, "lasts_s": 2.0, "waits_s": 1.0},
    "crossing": {"direction": "both"},
}


def setup() -> CameraSetup:
    zones = [ZoneRow(uuid.uuid5(STORE, kind), CAMERA, kind, polygon) for kind, polygon in KINDS.items()]
    rules = [RuleRow(STORE, None, None, kind, True, given) for kind, given in QUICK.items()]
    return set_up([CameraRow(CAMERA, CHAIN, STORE, True)], zones, rules, pytest.fail)[CAMERA]


def live(frames: list[TrackedFrame]) -> tuple[list[Finding], list[SeriesRow]]:
    camera, rules = Camera(), setup()
    findings: list[Finding] = []
    for frame in frames:
        told = camera.take(frame, rules)
        assert not isinstance(told, Skip)
        findings += told
    camera.series.close()
    return findings, camera.series.take_done()


def replayed(rows: list[SeriesRow]) -> list[Finding]:
    camera, rules = Camera(), setup()
    return [each for row in rows for kept in read_piece(CAMERA, row.series) for each in camera.replay(kept, rules)]


def told(findings: list[Finding]) -> list[tuple[str, str, str, str, float]]:
    return [(each.kind, each.zone_id, each.presence, each.phase.value, round(each.score, 3)) for each in findings]


@settings(max_examples=12, deadline=None)
@example(seed=315, fps=5.0, people=2, empty_s=0)  # an empty frame was left out, and a queue's smoothed count knew it
@given(st.integers(0, 2**32), st.sampled_from([4.0, 5.0, 8.0]), st.integers(1, 5), st.sampled_from([0, 70]))
def test_walks_of_any_kind_are_told_again_exactly(seed: int, fps: float, people: int, empty_s: int) -> None:
    chance = random.Random(seed)
    at = {track: (chance.random(), chance.uniform(0.6, 0.9)) for track in range(people)}
    goes = {track: chance.choice((0.0, 0.01, 0.04)) for track in at}
    frames = []
    for number in range(int((25 + empty_s) * fps)):
        for track, (x, y) in at.items():
            if not 0.05 < x + goes[track] < 0.95:
                goes[track] = -goes[track]
            at[track] = (x + goes[track], y)
        seen = [(track, x, y) for track, (x, y) in at.items() if chance.random() > 0.1]
        if 8 <= number / fps < 8 + empty_s:
            seen = []
        frames.append(make_tracked_frame(seen, number / fps, sequence=number, body=0.3, ankles=0.9))
    findings, rows = live(frames)
    again = replayed(rows)
    assert told(again) == told(findings)


def test_a_fall_a_fight_and_reaches_are_told_again_from_scalars() -> None:
    def fight(at: float, side: int) -> list[tuple[int, list[tuple[float, float]]]]:
        out = 0.45 if int(at * 2.5) % 2 == side else 0.1
        one = figure(200, 600, hands=((out, 0.75), (0.1, 0.45)))
        return [(5, one), (6, figure(330, 600, hands=((-out, 0.75), (-0.1, 0.45))))]

    frames = [film(number, number / 8, [*falls(number / 8), *fight(number / 8, number % 2)]) for number in range(160)]
    findings, rows = live(frames)
    begun = {each.kind for each in findings if each.phase is Phase.BEGINS}
    assert {"falling", "fighting", "reaching"} <= begun
    assert told(replayed(rows)) == told(findings)


def test_falls_measured_in_an_earlier_form_are_left_out_and_said_to_be() -> None:
    frames = [film(number, number / 8, falls(number / 8)) for number in range(80)]
    findings, rows = live(frames)
    assert "falling" in {each.kind for each in findings}
    pieces = [msgspec.msgpack.decode(zlib.decompress(row.series)) for row in rows]
    old = [zlib.compress(msgspec.msgpack.encode([1, *piece[1:]])) for piece in pieces]
    side = Side(only(setup(), "floor", "UTC"), "floor")
    pair = Pair(side, Side(only(setup(), "floor", "UTC"), "floor"))
    for raw in old:
        pair.take(read_piece(CAMERA, raw))
    assert pair.left_out == {"falling"}
    assert side.camera.rules["falling"].acts == []
    assert [said[:58] for said in left_out_of("floor", [pair])] == ["A part of this time was measured for falling by an earlier"]
    assert left_out_of("running", [pair]) == []
    with pytest.raises(ValueError, match="version 3"):
        list(read_piece(CAMERA, zlib.compress(msgspec.msgpack.encode([3, *pieces[0][1:]]))))


def test_pieces_are_bounded_and_hold_a_share_of_the_keypoints_bytes() -> None:
    frames = [
        make_tracked_frame([(track, 0.1 + track / 100, 0.8) for track in range(60)], number / 8, sequence=number)
        for number in range(480)
    ]
    _, rows = live(frames)
    assert max(row.samples for row in rows) < MOST_SAMPLES + 60
    assert max(row.ended_at_us - row.started_at_us for row in rows) <= PIECE_US
    assert sum(row.samples for row in rows) == 60 * 480
    assert sum(len(row.series) for row in rows) < sum(len(frame.keypoints) for frame in frames) / 10
    kept = next(read_piece(CAMERA, rows[0].series))
    assert not any(kept.frame.keypoints)


def test_faster_cameras_are_thinned_and_empty_ones_are_not_kept() -> None:
    _, rows = live([make_tracked_frame([(1, 0.5, 0.8)], number / 30, sequence=number) for number in range(300)])
    assert 60 <= sum(row.frames for row in rows) <= 85
    _, rows = live([make_tracked_frame([], number / 5, sequence=number) for number in range(300)])
    assert rows == []
