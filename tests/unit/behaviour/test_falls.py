"""What a fall is told by: the trees and their file, the signs of a way down, and people who keep who they are while they lie."""

import struct
from pathlib import Path
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from app.behaviour import falling
from app.behaviour.bodies import features_of
from app.behaviour.descent import SIGNS, way_down
from app.behaviour.falling import TREES
from app.behaviour.motion import Motion
from app.behaviour.trees import read_trees
from app.pipeline.camera import Camera
from tests.unit.behaviour.test_bodies import TALL, begun, falls, figure, film, setup, taken

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
