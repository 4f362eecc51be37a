"""Bad input, item by item, through a camera's whole step with every rule on: nobody is found who is not there, nobody is lost."""

import itertools
import math
import struct
import uuid
from collections.abc import Sequence

import msgspec
import pytest

from app.behaviour.findings import Finding, Phase
from app.contracts.tracked import TrackedFrame
from app.pipeline.camera import Camera, Skip, encode_cameras
from app.pipeline.configuration import CameraRow, CameraSetup, RuleRow, ZoneRow, set_up
from tests.builders import CAMERA, make_tracked_frame

CHAIN, STORE = uuid.UUID(int=1), uuid.UUID(int=2)
SQUARE = [[0.2, 0.2], [0.9, 0.2], [0.9, 0.95], [0.2, 0.95]]
BOW = [[0.2, 0.2], [0.9, 0.95], [0.9, 0.2], [0.2, 0.95]]
KINDS = ("loitering", "entry", "crowding", "queue", "shelf", "line")
FPS = 5


def watched(*kinds: str, polygon: object = SQUARE, rules: Sequence[RuleRow] = ()) -> CameraSetup:
    """A camera with a zone of each kind, ids in their order."""
    zones = [
        ZoneRow(uuid.UUID(int=10 + index), CAMERA, kind, polygon if kind != "line" else [[0.5, 0.0], [0.5, 1.0]])
        for index, kind in enumerate(kinds)
    ]
    return set_up([CameraRow(CAMERA, CHAIN, STORE, True)], zones, rules, pytest.fail)[CAMERA]


def frames_of(seconds: float, begin_s: float = 0.0, first: int = 0, x: float = 0.5) -> list[TrackedFrame]:
    """Somebody who stands."""
    numbers = range(round(seconds * FPS))
    return [make_tracked_frame([(1, x, 0.8)], begin_s + number / FPS, sequence=first + number) for number in numbers]


def taken(camera: Camera, setup: CameraSetup, frames: Sequence[TrackedFrame]) -> list[Finding]:
    findings: list[Finding] = []
    for frame in frames:
        told = camera.take(frame, setup)
        findings += told if isinstance(told, list) else ()
    return findings


def begun(findings: Sequence[Finding]) -> list[str]:
    return sorted(finding.kind for finding in findings if finding.phase is Phase.BEGINS)


def test_frames_out_of_order_duplicate_or_late_find_what_the_same_in_order_find() -> None:
    setup, frames = watched(*KINDS), frames_of(40)
    disorder: list[TrackedFrame] = []
    for begin in range(0, len(frames), 5):
        a, b, c, d, e = frames[begin : begin + 5]
        disorder += [a, a, c, b, c, d, a, e, b]
    camera = Camera()
    found = taken(camera, setup, disorder)
    assert begun(found) == begun(taken(Camera(), setup, frames)) == ["entry", "loitering"]
    assert camera.take(frames[-1], setup) is Skip.DUPLICATE
    assert camera.take(frames[-3], setup) is Skip.LATE


def test_tracks_that_vanish_end_each_act_once_and_leave_nothing_behind() -> None:
    setup, camera = watched(*KINDS), Camera()
    found = taken(camera, setup, frames_of(40))
    empty = [make_tracked_frame([], 40 + number / FPS, sequence=200 + number) for number in range(300)]
    found += taken(camera, setup, empty)
    ends = sorted(finding.kind for finding in found if finding.phase is Phase.ENDED)
    assert begun(found) == ends == ["entry", "loitering"]
    assert (camera.people.people, camera.people.tracks) == ({}, {})
    fresh = Camera()
    taken(fresh, setup, [make_tracked_frame([], number / FPS, sequence=number) for number in range(500)])
    assert len(encode_cameras({CAMERA: camera})) <= len(encode_cameras({CAMERA: fresh})) + 16


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 3e38])
def test_nan_keypoints_hide_nobody_who_stays_and_find_no_act_of_bodies(bad: float) -> None:
    """The box still says where somebody is."""
    points = struct.pack("<51f", *(value for _ in range(17) for value in (bad, bad, 0.9 if math.isnan(bad) else bad)))
    good = struct.unpack("<51f", frames_of(1)[0].keypoints)
    halves = struct.pack("<51f", *(bad if index % 5 == 0 else value for index, value in enumerate(good)))
    for keypoints in (points, halves):
        frames = [msgspec.structs.replace(frame, keypoints=keypoints) for frame in frames_of(40)]
        kinds = set(begun(taken(Camera(), watched(*KINDS), frames)))
        assert kinds <= {"entry", "loitering"}
        if keypoints is halves:
            assert kinds == {"entry", "loitering"}


def test_a_self_intersecting_zone_is_where_its_outline_encloses() -> None:
    """A bow tie: its two wings by the even-odd rule, and not what lies above and below its knot."""
    setup = watched("loitering", polygon=BOW, rules=[RuleRow(STORE, None, None, "loitering", True, {"spot": False})])
    assert begun(taken(Camera(), setup, frames_of(40, x=0.25))) == ["loitering"]
    assert taken(Camera(), setup, frames_of(40, x=0.55)) == []


def dwell_of(setup: CameraSetup) -> float:
    """What the zone's loitering rule asks for; 0 where it is off."""
    by_kind = {rule.kind: areas for rule, areas in setup.rules.all}
    parameters = by_kind["loitering"].parameters if "loitering" in by_kind else ()
    return float(parameters[0][1].zone_dwell_s) if parameters else 0.0


def test_of_contradicting_rules_the_most_specific_holds_in_any_order() -> None:
    """On or off for the store, the camera, the zone by its store, the zone by its camera; not set: the next less specific."""
    zone = uuid.UUID(int=10)
    places = [(None, None), (CAMERA, None), (None, zone), (CAMERA, zone)]
    for levels in itertools.product([None, True, False], repeat=4):
        rows = [
            RuleRow(STORE, camera, of_zone, "loitering", on, {"zone_dwell_s": 10.0 + number})
            for number, ((camera, of_zone), on) in enumerate(zip(places, levels, strict=True))
            if on is not None
        ]
        said = [(10.0 + number if on else 0.0) for number, on in enumerate(levels) if on is not None]
        for order in (rows, rows[::-1]):
            assert dwell_of(watched("loitering", rules=order)) == (said[-1] if said else 30.0), levels


def test_contradicting_rules_of_zones_over_each_other_each_tell_their_own_and_no_other() -> None:
    first, second = uuid.UUID(int=10), uuid.UUID(int=11)
    rows = [
        RuleRow(STORE, CAMERA, first, "loitering", True, {"zone_dwell_s": 5.0}),
        RuleRow(STORE, CAMERA, second, "loitering", False, {}),
        RuleRow(STORE, CAMERA, second, "entry", True, {}),  # of a zone that is none of entry: says nothing
    ]
    found = taken(Camera(), watched("loitering", "loitering", rules=rows), frames_of(20))
    assert [(each.kind, each.zone_id) for each in found if each.phase is Phase.BEGINS] == [("loitering", str(first))]


@pytest.mark.parametrize("jump_s", [-86400.0, -3.0, 0.5, 20.0, 3600.0, 1e9])
def test_a_clock_that_jumps_is_followed_and_nothing_is_found_by_the_jump(jump_s: float) -> None:
    """Somebody has stood for 20 of the 30 seconds when it jumps, and stands on; then it jumps back."""
    setup, camera = watched("loitering", rules=[RuleRow(STORE, None, None, "loitering", True, {"spot": False})]), Camera()
    assert taken(camera, setup, frames_of(20)) == []
    jumped = frames_of(4, 20 + jump_s, 100)
    assert taken(camera, setup, jumped) == []
    found = taken(camera, setup, frames_of(60, 24, 120))
    assert begun(found) == ["loitering"]
    spans_s = [(each.ended_at_us - each.started_at_us) / 1e6 for each in found]
    assert all(0 <= span_s <= 85 for span_s in spans_s)
    assert found[0].explanation["dwell_s"] == pytest.approx(30, abs=5)


def test_one_frame_from_far_ahead_costs_seconds_and_finds_nothing() -> None:
    setup, camera = watched("loitering", rules=[RuleRow(STORE, None, None, "loitering", True, {"spot": False})]), Camera()
    assert taken(camera, setup, [*frames_of(10), make_tracked_frame([(1, 0.5, 0.8)], 1e9, sequence=50)]) == []
    found = taken(camera, setup, frames_of(60, 10.2, 51))
    assert begun(found) == ["loitering"]
