"""Rules on a camera whose floor is known in metres: speed, spread and waiting are measured on the floor, not in the picture."""

import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from app.behaviour.findings import Finding
from app.pipeline.camera import Camera
from app.pipeline.configuration import CameraRow, CameraSetup, RuleRow, ZoneRow, set_up
from app.workers.simulated import figure
from app.workers.simulated.acts import HEIGHT, WIDTH, project
from tests.builders import CAMERA, make_tracked_frame
from tests.unit.behaviour.test_bodies import begun, film, taken

CHAIN, STORE = uuid.UUID(int=1), uuid.UUID(int=2)
EVERYWHERE = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]


def corners() -> list[list[float]]:
    """Of a rectangle of 4 by 6 m on the floor, as the simulated camera sees it."""
    on_floor = np.array([[-1.5, 0, -2.0], [-1.5, 0, 2.0], [4.5, 0, 2.0], [4.5, 0, -2.0]])
    return [[x / WIDTH, y / HEIGHT] for x, y, _ in project(on_floor).tolist()]


FLOOR = {"corners": corners(), "first_m": 4.0, "second_m": 6.0}


def setup(kind: str, floor: object, zone: str = "", **given: Any) -> CameraSetup:
    rules = [RuleRow(STORE, CAMERA, None, kind, True, given)]
    rules += [
        RuleRow(STORE, None, None, each, False, {})
        for each in ("loitering", "falling", "floor", "fighting", "running")
        if each != kind
    ]
    zones = [ZoneRow(uuid.UUID(int=3), CAMERA, zone, EVERYWHERE)] if zone else []
    return set_up([CameraRow(CAMERA, CHAIN, STORE, True, floor=floor)], zones, rules, pytest.fail)[CAMERA]


def comes(metres_per_s: float, seconds: float, rules: CameraSetup, fps: float = 10) -> list[Finding]:
    """Somebody comes straight towards the camera, from 4 m behind the middle."""
    frames = []
    for number in range(int(seconds * fps)):
        body = figure.turned(figure.walking(number / fps), np.pi) + np.array([4.0 - metres_per_s * number / fps, 0, 0.3])
        frames.append(film(number, number / fps, [(1, [(x, y) for x, y, _ in project(body).tolist()])]))
    return taken(Camera(), frames, rules)


@pytest.mark.parametrize(("metres_per_s", "kinds"), [(1.4, []), (3.5, ["running"])])
def test_the_floor_tells_a_run_from_a_walk_where_the_lens_is_not_known(metres_per_s: float, kinds: list[str]) -> None:
    """A focal length that is five times too long has every walk towards the camera taken for a run, until the floor is told."""
    wrong_lens = {"focal_picture_heights": 5.0}
    assert begun(comes(metres_per_s, 4.0 / metres_per_s + 0.3, setup("running", FLOOR, **wrong_lens))) == kinds
    assert begun(comes(metres_per_s, 4.0 / metres_per_s + 0.3, setup("running", None, **wrong_lens))) == ["running"]


def moving(kind: str, zone: str, at: Callable[[float], tuple[float, float]], floor: object, **given: Any) -> list[Finding]:
    """Four people who keep their distance from each other; the first is at `at(second)`, metres (x to the camera, z aside)."""
    rules, camera, findings = setup(kind, floor, zone, **given), Camera(), []
    for number in range(40 * 5):
        x, z = at(number / 5)
        places = project(np.array([[x, 0, z + 0.5 * each] for each in range(4)])).tolist()
        people = [(each + 1, px / WIDTH, py / HEIGHT) for each, (px, py, _) in enumerate(places)]
        told = camera.take(make_tracked_frame(people, number / 5, sequence=number, body=0.3), rules)
        assert isinstance(told, list)
        findings += told
    return findings


def to_and_fro(metres: float, seconds: float) -> Callable[[float], tuple[float, float]]:
    """Between two points of the line of sight, `metres` apart, `seconds` one way."""
    return lambda at: (3.0 - metres * abs((at / seconds) % 2 - 1), -1.0)


def test_who_paces_towards_the_camera_and_back_is_on_no_spot() -> None:
    """3.4 m away from the camera and back look small in the picture: two body heights on the floor, less than one there."""
    given = {"spot_dwell_s": 15.0}
    pacing = to_and_fro(4.2, 6.0)
    assert begun(moving("loitering", "", pacing, FLOOR, **given)) == []
    assert "loitering" in begun(moving("loitering", "", pacing, None, **given))
    assert "loitering" in begun(moving("loitering", "", to_and_fro(0.8, 3.0), FLOOR, **given))


def test_who_walks_up_to_the_camera_does_not_wait_in_a_queue() -> None:
    given = {"people": 4, "lasts_s": 5.0, "walk_body_heights_per_s": 0.25}
    walk = to_and_fro(4.5, 6.0)
    assert begun(moving("queue", "queue", walk, FLOOR, **given)) == []
    assert begun(moving("queue", "queue", walk, None, **given)) == ["queue"]
    assert begun(moving("queue", "queue", lambda _: (1.0, -1.0), FLOOR, **given)) == ["queue"]


@pytest.mark.parametrize("broken", [{}, {"corners": [[0, 0]] * 4, "first_m": 1, "second_m": 1}, {**FLOOR, "first_m": "wide"}])
def test_a_floor_that_cannot_be_used_is_told_and_left_out(broken: object) -> None:
    said: list[str] = []
    found = set_up([CameraRow(CAMERA, CHAIN, STORE, True, floor=broken)], [], [], said.append)[CAMERA]
    assert found.ground is None
    assert len(said) == 1
    assert "floor" in said[0]
