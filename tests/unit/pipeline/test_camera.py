"""Frames of one camera: order, repeats, gaps, epochs, and a checkpoint that holds no keypoints."""

import uuid

import msgspec
import pytest

from app.behaviour.findings import Finding
from app.behaviour.rules import RULES, Areas
from app.contracts.wire import WireError
from app.pipeline.camera import Camera, Skip, decode_cameras, encode_cameras
from app.pipeline.configuration import CameraRow, CameraSetup, RuleRow, ZoneRow, set_up
from tests.builders import CAMERA, make_tracked_frame

CHAIN, STORE, ZONE = (uuid.UUID(int=number) for number in (1, 2, 3))
SQUARE = [[0.2, 0.2], [0.9, 0.2], [0.9, 0.95], [0.2, 0.95]]
STANDS = [(1, 0.5, 0.8)]


def setup_of(*rules: RuleRow, polygon: object = SQUARE) -> CameraSetup:
    complaints: list[str] = []
    cameras = [CameraRow(CAMERA, CHAIN, STORE, True)]
    return set_up(cameras, [ZoneRow(ZONE, CAMERA, "loitering", polygon)], rules, complaints.append)[CAMERA]


def play(camera: Camera, setup: CameraSetup, begin: int, end: int) -> list[Finding]:
    findings: list[Finding] = []
    for number in range(begin, end):
        taken = camera.take(make_tracked_frame(STANDS, number / 5, sequence=number), setup)
        assert not isinstance(taken, Skip)
        findings += taken
    return findings


def test_repeats_and_late_frames_are_dropped_and_gaps_counted() -> None:
    camera, setup = Camera(), setup_of()
    results = [camera.take(make_tracked_frame(STANDS, number / 5, sequence=number), setup) for number in (0, 1, 1, 4, 3, 5)]
    assert results == [[], [], Skip.DUPLICATE, [], Skip.LATE, []]
    assert camera.missing == 2


def test_an_old_epoch_is_dropped_until_the_new_one_is_silent() -> None:
    camera, setup = Camera(), setup_of()
    assert camera.take(make_tracked_frame(STANDS, 0, epoch=5), setup) == []
    assert camera.take(make_tracked_frame(STANDS, 2, epoch=4, sequence=9), setup) is Skip.OLD_EPOCH
    assert camera.take(make_tracked_frame(STANDS, 15, epoch=4, sequence=10), setup) == []


def test_a_checkpoint_in_the_middle_changes_no_finding_and_holds_no_keypoints() -> None:
    whole, setup = Camera(), setup_of()
    wanted = play(whole, setup, 0, 200)
    first = Camera()
    found = play(first, setup, 0, 100)
    stored = encode_cameras({CAMERA: first})
    assert len(stored) < 1000
    found += play(decode_cameras(stored)[CAMERA], setup, 100, 200)
    assert found == wanted
    assert wanted


def test_other_bytes_are_no_checkpoint() -> None:
    assert decode_cameras(b"") == {}
    with pytest.raises(msgspec.DecodeError):
        decode_cameras(b"\x93\x01\x02")


def test_a_frame_that_contradicts_itself_is_refused_and_the_next_goes_on() -> None:
    camera, setup = Camera(), setup_of()
    with pytest.raises(WireError):
        camera.take(msgspec.structs.replace(make_tracked_frame(STANDS), boxes=b"1234"), setup)
    assert camera.take(make_tracked_frame(STANDS, 0.2, sequence=1), setup) == []


def rule(parameters: dict[str, object], *, camera: bool = False, zone: bool = False, enabled: bool = True) -> RuleRow:
    return RuleRow(STORE, CAMERA if camera else None, ZONE if zone else None, "loitering", enabled, parameters)


def kinds(*rules: RuleRow) -> list[str]:
    return [rule.kind for rule, _ in setup_of(*rules).rules.all]


def loitering_areas(*rules: RuleRow, polygon: object = SQUARE) -> Areas:
    return next(areas for rule, areas in setup_of(*rules, polygon=polygon).rules.all if rule.kind == "loitering")


def test_the_most_specific_rule_wins_and_broken_rows_cost_only_themselves() -> None:
    general, zone = rule({"zone_dwell_s": 50}), rule({"zone_dwell_s": 7}, camera=True, zone=True)
    areas = loitering_areas(general, zone)
    assert areas.parameters[0][1].zone_dwell_s == 7
    assert areas.elsewhere.zone_dwell_s == 50
    assert "loitering" not in kinds(rule({}, enabled=False))
    areas = loitering_areas(rule({"zone_dwell_s": -1}))
    assert areas.parameters[0][1].zone_dwell_s == 30
    areas = loitering_areas(polygon=[[0, "x"]])
    assert areas.parameters == ()


def test_a_camera_s_own_rule_wins_over_its_store_s_outside_zones_too() -> None:
    areas = loitering_areas(rule({"spot_dwell_s": 50}), rule({"spot_dwell_s": 7}, camera=True))
    assert areas.elsewhere.spot_dwell_s == 7
    assert areas.parameters[0][1].spot_dwell_s == 7
    assert "loitering" not in kinds(rule({}), rule({}, camera=True, enabled=False))


def test_a_rule_that_is_switched_off_forgets_whom_it_watched() -> None:
    camera = Camera()
    play(camera, setup_of(), 0, 10)
    assert list(camera.rules) == [rule.kind for rule in RULES.values() if not rule.only_in_zones]
    play(camera, setup_of(rule({}, enabled=False)), 10, 11)
    assert list(camera.rules) == [rule.kind for rule in RULES.values() if not rule.only_in_zones and rule.kind != "loitering"]
