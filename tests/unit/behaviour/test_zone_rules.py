"""Entry, crossing, crowding, queues and reaches: people and stick figures through a camera's whole step."""

import struct
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.behaviour.findings import Finding
from app.behaviour.zones import Line
from app.contracts.tracked import TrackedFrame
from app.pipeline.camera import Camera, decode_cameras, encode_cameras
from app.pipeline.configuration import CameraRow, CameraSetup, RuleRow, ZoneRow, set_up
from tests.builders import CAMERA, START_US, make_tracked_frame
from tests.unit.behaviour.test_bodies import begun, figure, film, taken

CHAIN, STORE, ZONE = (uuid.UUID(int=number) for number in (1, 2, 3))
LEFT_HALF = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]
Someone = tuple[int, float, float]
FPS = 5


def setup(kind: str, polygon: object = LEFT_HALF, *, timezone: str = "UTC", rule: str = "", **given: Any) -> CameraSetup:
    """A camera with one zone of that kind, and its rule set."""
    rules = [RuleRow(STORE, CAMERA, None, rule or kind, True, given)] if given else []
    others = [RuleRow(STORE, None, None, each, False, {}) for each in ("loitering", "falling", "floor", "fighting", "running")]
    row = CameraRow(CAMERA, CHAIN, STORE, True, timezone=timezone)
    return set_up([row], [ZoneRow(ZONE, CAMERA, kind, polygon)], [*rules, *others], pytest.fail)[CAMERA]


def play(
    rules: CameraSetup,
    scene: Callable[[float], Sequence[Someone]],
    seconds: float,
    *,
    start_us: int = START_US,
    restart: bool = False,
    fps: float = FPS,
) -> list[Finding]:
    camera, findings = Camera(), []
    for number in range(int(seconds * fps)):
        frame = make_tracked_frame(scene(number / fps), number / fps, sequence=number, start_us=start_us)
        told = camera.take(frame, rules)
        assert isinstance(told, list)
        findings += told
        if restart:
            camera = decode_cameras(encode_cameras({CAMERA: camera}))[CAMERA]
    return findings


def walks(at: float) -> list[Someone]:
    """From the right to the left at 0.2 pictures a second: over the middle after 2 s."""
    return [(1, 0.9 - 0.2 * at, 0.8)]


@pytest.mark.parametrize("restart", [False, True])
def test_an_entry_is_told_once_with_its_zone(restart: bool) -> None:
    findings = play(setup("entry"), walks, 4.4, restart=restart)
    assert begun(findings) == ["entry"]
    assert findings[0].zone_id == str(ZONE)
    assert 2.0 <= (findings[0].started_at_us - START_US) / 1e6 <= 2.4


def test_a_step_over_the_edge_is_no_entry() -> None:
    assert play(setup("entry"), lambda at: [(1, 0.48 if 2 <= at < 2.5 else 0.52, 0.8)], 6) == []


def test_each_person_who_enters_is_told_even_at_the_same_place() -> None:
    def scene(at: float) -> list[Someone]:
        return [(1, max(0.2, 0.6 - 0.1 * at), 0.8)] + ([(2, 0.45, 0.8)] if at > 3 else [])

    assert begun(play(setup("entry"), scene, 8)) == ["entry", "entry"]


NIGHT = [{"start": "22:00", "end": "06:00"}]


@pytest.mark.parametrize(("timezone", "kinds"), [("UTC", ["entry"]), ("Asia/Tokyo", []), ("America/New_York", [])])
def test_hours_hold_by_the_store_s_clock(timezone: str, kinds: list[str]) -> None:
    """START is midnight UTC: 9:00 in Tokyo, 19:00 in New York."""
    assert begun(play(setup("entry", timezone=timezone, hours=NIGHT), lambda _: [(1, 0.2, 0.8)], 4)) == kinds


def test_what_goes_on_when_hours_begin_is_told_then() -> None:
    rules = setup("entry", hours=[{"start": "00:01", "end": "06:00"}])
    findings = play(rules, lambda _: [(1, 0.2, 0.8)], 70)
    assert 60 <= (findings[0].started_at_us - START_US) / 1e6 <= 61


DOOR = [[0.5, 0.0], [0.5, 1.0]]  # walking down the line, the right hand points to the left: the arrow points left


@pytest.mark.parametrize(
    ("line", "direction", "kinds"),
    [
        (DOOR, "with-the-arrow", ["crossing"]),
        (DOOR, "against-the-arrow", []),
        (DOOR[::-1], "with-the-arrow", []),
        (DOOR[::-1], "against-the-arrow", ["crossing"]),
        (DOOR, "both", ["crossing"]),
        ([[0.5, 0.0], [0.5, 0.6]], "both", []),  # they pass below its end
    ],
)  # fmt: skip
@pytest.mark.parametrize("restart", [False, True])
def test_a_line_knows_directions_and_its_ends(line: object, direction: str, kinds: list[str], restart: bool) -> None:
    assert begun(play(setup("line", line, rule="crossing", direction=direction), walks, 4, restart=restart)) == kinds


def test_who_sways_on_a_line_crosses_nothing() -> None:
    rules = setup("line", DOOR, rule="crossing", direction="both")
    assert play(rules, lambda at: [(1, 0.5 + (0.015 if int(at * FPS) % 2 else -0.015), 0.8)], 10) == []


def test_two_people_in_a_row_are_two_crossings() -> None:
    rules = setup("line", DOOR, rule="crossing")
    assert begun(play(rules, lambda at: [(1, 0.9 - 0.2 * at, 0.8), (2, 1.0 - 0.2 * at, 0.8)], 4)) == ["crossing", "crossing"]


shares = st.floats(0, 1)


@given(shares, shares, shares, shares, shares, shares)
def test_the_sides_of_a_line_turn_with_it(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> None:
    off, _ = Line((ax, ay), (bx, by)).place(x, y, 16 / 9)
    turned, _ = Line((bx, by), (ax, ay)).place(x, y, 16 / 9)
    assert off == pytest.approx(-turned, abs=1e-6) or abs(ax - bx) + abs(ay - by) < 1e-6


def group(count: int) -> list[Someone]:
    return [(each, 0.05 + 0.06 * each, 0.8) for each in range(count)]


@pytest.mark.parametrize(("count", "kinds"), [(6, ["crowding"]), (5, [])])
def test_a_crowd_is_told_once_where_it_lasts(count: int, kinds: list[str]) -> None:
    findings = play(setup("crowding"), lambda _: group(count), 20)
    assert begun(findings) == kinds
    if kinds:
        assert findings[0].explanation["people"] == 6
        assert 10 <= (findings[0].ended_at_us - START_US) / 1e6 <= 12


def test_a_group_that_passes_is_no_crowd() -> None:
    assert play(setup("crowding"), lambda at: group(7) if at < 8 else [], 30) == []


def test_people_hidden_for_a_moment_end_no_crowd() -> None:
    findings = play(setup("crowding"), lambda at: group(5 if int(at) % 4 == 3 and at % 1 < 0.3 else 7), 30)
    assert begun(findings) == ["crowding"]


def test_who_walks_past_the_till_is_no_queue_and_who_waits_is() -> None:
    rules = setup("queue", lasts_s=5)
    assert begun(play(rules, lambda _: group(4), 20)) == ["queue"]
    assert play(rules, lambda at: [(each, (0.1 * each + 0.25 * at) % 0.5, 0.8) for each in range(4)], 20) == []


@pytest.mark.parametrize("fps", [0.4, 1, 2])
@pytest.mark.parametrize("restart", [False, True])
def test_rare_frames_hide_no_entry_crowd_queue_or_crossing(fps: float, restart: bool) -> None:
    def strolls(at: float) -> list[Someone]:
        return [(1, 0.9 - 0.02 * at, 0.8)]  # over the middle after 20 s

    assert begun(play(setup("entry"), lambda _: [(1, 0.2, 0.8)], 20, fps=fps, restart=restart)) == ["entry"]
    assert begun(play(setup("line", DOOR, rule="crossing"), strolls, 40, fps=fps, restart=restart)) == ["crossing"]
    assert begun(play(setup("crowding"), lambda _: group(7), 40, fps=fps, restart=restart)) == ["crowding"]
    assert begun(play(setup("queue", lasts_s=5), lambda _: group(4), 60, fps=fps, restart=restart)) == ["queue"]


SHELF = [[0.53, 0.2], [0.8, 0.2], [0.8, 0.7], [0.53, 0.7]]


def reacher(out: float, high: float = 0.7) -> Callable[[float], Sequence[tuple[int, Any]]]:
    """Somebody at x = 640 pixels of 1280 who holds one hand out from second 2 to 4."""

    def scene(at: float) -> Sequence[tuple[int, Any]]:
        hand = (out, high) if 2 <= at < 4 else (0.1, 0.45)
        return [(1, figure(640, 600, hands=((-0.1, 0.45), hand)))]

    return scene


@pytest.mark.parametrize(("out", "kinds"), [(0.42, ["reaching"]), (0.2, []), (0.1, [])])
def test_a_hand_in_the_shelf_is_a_reach(out: float, kinds: list[str]) -> None:
    scene = reacher(out)
    frames: list[TrackedFrame] = [film(number, number / 10, scene(number / 10)) for number in range(60)]
    assert begun(taken(Camera(), frames, setup("shelf", SHELF))) == kinds


def test_two_rare_looks_at_a_hand_are_no_reach() -> None:
    frames = [film(number, number * 2.5, [(1, figure(640, 600, hands=((-0.1, 0.45), (0.42, 0.7))))]) for number in range(20)]
    assert taken(Camera(), frames, setup("shelf", SHELF)) == []


def test_a_hand_that_hangs_in_front_of_a_shelf_is_no_reach() -> None:
    frames = [film(number, number / 10, [(1, figure(820, 600))]) for number in range(60)]
    assert taken(Camera(), frames, setup("shelf", SHELF)) == []


numbers = st.one_of(st.floats(width=32), st.floats(-2000, 2000, width=32))


@settings(max_examples=25, deadline=None)
@given(st.data(), st.sampled_from(["entry", "line", "crowding", "queue", "shelf"]))
def test_no_frame_harms_a_zone_rule(data: st.DataObject, kind: str) -> None:
    camera, rules = Camera(), setup(kind, DOOR if kind == "line" else LEFT_HALF)
    for _ in range(data.draw(st.integers(1, 8))):
        tracks = data.draw(st.lists(st.integers(1, 4), max_size=3))
        values = data.draw(st.lists(numbers, min_size=56 * len(tracks), max_size=56 * len(tracks)))
        count, at_us = len(tracks), START_US + data.draw(st.integers(-10, 40)) * 500_000
        parts = values[: 4 * count], values[4 * count : 5 * count], values[5 * count :]
        boxes, scores, points = (struct.pack(f"<{len(part)}f", *part) for part in parts)
        sequence = data.draw(st.integers(0, 40))
        camera.take(TrackedFrame(CAMERA, 1, sequence, at_us, at_us, 1280, 720, 1, tracks, boxes, scores, points), rules)
        camera = decode_cameras(encode_cameras({CAMERA: camera}))[CAMERA]


@pytest.mark.parametrize(("kind", "polygon"), [("line", [[0.5, 0.5]]), ("line", [[0.5, 0.5], [0.5, 0.5]]), ("entry", DOOR)])
def test_an_outline_that_fits_no_rule_is_told_and_left_out(kind: str, polygon: object) -> None:
    said: list[str] = []
    setups = set_up([CameraRow(CAMERA, CHAIN, STORE, True)], [ZoneRow(ZONE, CAMERA, kind, polygon)], [], said.append)
    assert len(said) == 1
    assert not any(rule.only_in_zones for rule, _ in setups[CAMERA].rules.all)
