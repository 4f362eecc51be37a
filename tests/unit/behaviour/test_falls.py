"""What a fall is told by: the trees and their file, the signs of a way down, and people who keep who they are while they lie."""

import struct
from pathlib import Path
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from app.behaviour import falling
from app.behaviour.bodies import features_of
from app.behaviour.descent import SIGNS, SPEED, way_down
from app.behaviour.falling import TREES
from app.behaviour.findings import Finding
from app.behaviour.motion import Motion
from app.behaviour.rules import kept_parameters, read_parameters
from app.behaviour.trees import read_trees
from app.pipeline.camera import Camera
from app.pipeline.configuration import CameraRow, RuleRow, set_up
from tests.builders import CAMERA
from tests.unit.behaviour.test_bodies import CHAIN, STORE, TALL, begun, falls, figure, film, setup, taken

LEAF_UP, LEAF_DOWN = [-1, 0.0, 0, 0, 0, 2.0], [-1, 0.0, 0, 0, 0, -2.0]


def test_trees_answer_as_their_file_says(tmp_path: Path) -> None:
    shallow = [[0, 0.5, 1, 2, 1, 0.0], LEAF_DOWN, LEAF_UP]
    deep = [[1, 0.0, 1, 2, 0, 0.0], LEAF_DOWN, [2, 1.0, 3, 4, 0, 0.0], LEAF_DOWN, LEAF_UP]
    file = tmp_path / "trees.json"
    file.write_bytes(msgspec.json.encode({"trained_on": "nothing", "offset": 0.0, "trees": [shallow, deep]}))
    trees = read_trees(file)
    assert trees.depth == 2
    for signs, weight in (((1, 1, 2), 4), ((0.5, 1, 2), 0), ((1, 0, 9), 0), ((0, -1, 0), -4), ((np.nan, 1, np.nan), 0)):
        assert trees.share(np.array(signs, float)) == pytest.approx(1 / (1 + np.exp(-weight)))
    file.write_text('{"trees": 3}')
    with pytest.raises(msgspec.ValidationError):
        read_trees(file)


def test_the_trees_ask_about_signs_that_there_are_and_bear_with_none() -> None:
    assert int(TREES.sign.max()) < len(SIGNS)
    assert 0.0 < TREES.share(np.full(len(SIGNS), np.nan)) < 0.5


@pytest.mark.parametrize("fps", [5, 12.5])
def test_the_signs_of_a_fall_are_those_of_the_body(fps: float) -> None:
    """A figure that topples by 88 degrees in 0.8 s: its shoulders at 0.8 standing heights before, near the ground then."""
    motion = Motion()
    for number in range(int(4 * fps)):
        frame = film(number, number / fps, falls(number / fps))
        motion.take(frame.captured_at_us, features_of([frame])[0], [1])
    way = way_down(motion, 0, TALL / frame.height, 4.0)
    assert way is not None
    assert way.signs is not None
    told = dict(zip(SIGNS, way.signs.tolist(), strict=True))
    assert way.stature == pytest.approx(TALL / frame.height, rel=0.15)
    assert told["before_shoulders"] == pytest.approx(0.77, abs=0.1)
    assert told["drop"] == pytest.approx(0.77, abs=0.12)
    assert told["shoulders"] < 0.1
    assert told["box_width"] > 2 * told["box_height"]
    assert min(told["peak"], told["speed"]) > 0.7


def test_nobody_who_stands_has_a_way_down() -> None:
    motion = Motion()
    for number in range(30):
        frame = film(number, number / 10, [(1, figure(640, 600))])
        motion.take(frame.captured_at_us, features_of([frame])[0], [1])
    assert way_down(motion, 0, TALL / frame.height, 4.0) is None


def test_whoever_walks_out_at_the_bottom_of_the_picture_falls_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Down the picture at a walk, until nothing but the head is left of them; whatever the trees say."""
    monkeypatch.setattr(falling, "TREES", SimpleNamespace(share=lambda _signs: 1.0))
    frames = []
    for number in range(60):
        at_s = number / 10
        frame = film(number, at_s, [(1, figure(640, 480 + 190 * min(max(at_s - 2, 0), 2.3)))])
        left, top, right, _ = struct.unpack("<4f", frame.boxes)
        points = np.frombuffer(frame.keypoints, "<f4").reshape(17, 3).copy()
        gone = points[:, 1] > frame.height
        points[gone] = [0.0, 0.0, 0.05]
        box = struct.pack("<4f", left, top, right, min(frame.height, struct.unpack("<4f", frame.boxes)[3]))
        frames.append(msgspec.structs.replace(frame, boxes=box, keypoints=points.tobytes()))
    assert begun(taken(Camera(), frames, setup())) == []


def test_somebody_who_lies_keeps_their_number_when_the_track_changes_its_id() -> None:
    camera = Camera()
    taken(camera, [film(number, number / 10, falls(number / 10, track=1 if number < 40 else 7)) for number in range(60)], setup())
    assert [person.track_id for person in camera.people.people.values()] == [7]


def found_with(monkeypatch: pytest.MonkeyPatch, **parameters: float) -> tuple[list[Finding], list[float]]:
    """Under a setting: what is found of a fall by about 0.77 standing heights, and the speeds that the trees see."""
    asked: list[float] = []

    def share(signs: np.ndarray) -> float:
        asked.append(float(signs[SPEED]))
        return 1.0

    monkeypatch.setattr(falling, "TREES", SimpleNamespace(share=share))
    rules = [RuleRow(STORE, None, None, "falling", True, parameters)]
    rules_of = set_up([CameraRow(CAMERA, CHAIN, STORE, True)], [], rules, pytest.fail)[CAMERA]
    frames = [film(number, number / 10, falls(number / 10)) for number in range(60)]
    return [each for each in taken(Camera(), frames, rules_of) if each.kind == "falling"], asked


def test_every_setting_of_a_fall_does_what_its_sentence_says(monkeypatch: pytest.MonkeyPatch) -> None:
    (plain, *_), speeds = found_with(monkeypatch)
    assert found_with(monkeypatch, drop_body_heights=0.6)[0]
    assert found_with(monkeypatch, drop_body_heights=0.95)[0] == []
    assert found_with(monkeypatch, descent_body_heights_per_s=0.8)[1] == pytest.approx([speed / 2 for speed in speeds])
    (late, *_), _ = found_with(monkeypatch, stays_down_s=3.0)
    assert late.ended_at_us - plain.ended_at_us == pytest.approx(1.5e6, abs=0.11e6)


def test_settings_that_could_find_nothing_are_refused_and_kept_ones_go_on_as_the_nearest() -> None:
    for wrong in ({"stays_down_s": 3.5}, {"stays_down_s": 2.0, "within_s": 2.5}, {"drop_body_heights": 0.1}):
        with pytest.raises(msgspec.ValidationError):
            read_parameters("falling", wrong)
    other = {"hours": [{"start": "22:00", "end": "06:00"}], "parameters": {"descent_body_heights_per_s": 2.0, "within_s": 2.0}}
    given = {"drop_body_heights": 0.1, "stays_down_s": 30.0, "other_hours": [other]}
    parameters = kept_parameters("falling", given)
    assert (parameters.drop_body_heights, parameters.stays_down_s) == (0.15, 3.0)
    assert parameters.other_hours[0].parameters == {"descent_body_heights_per_s": 1.2, "within_s": 2.0, "stays_down_s": 1.0}
    assert kept_parameters("falling", {"within_s": 1.0}).stays_down_s == 0.0
    with pytest.raises(msgspec.ValidationError):
        kept_parameters("falling", {"stays_down_s": "long"})
    assert kept_parameters("loitering", {"spot_dwell_s": 30.0}).spot_dwell_s == 30.0
