"""Falls, people on the floor, running and fights: stick figures through a camera's whole step, and broken input."""

import math
import struct
import uuid
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.behaviour import falling
from app.behaviour.findings import Finding, Phase
from app.contracts.tracked import TrackedFrame
from app.pipeline.camera import Camera, decode_cameras, encode_cameras
from app.pipeline.configuration import CameraRow, CameraSetup, set_up
from tests.builders import CAMERA, HEIGHT, START_US, WIDTH

CHAIN, STORE = uuid.UUID(int=1), uuid.UUID(int=2)
Point = tuple[float, float]
TALL = 300.0
"""Pixels of a standing person."""


def setup() -> CameraSetup:
    return set_up([CameraRow(CAMERA, CHAIN, STORE, True)], [], [], complain=lambda _: None)[CAMERA]


def figure(
    x: float, y: float, tilt: float = 0.0, *, hands: Sequence[Point] = ((-0.1, 0.45), (0.1, 0.45)), hips: float = 0.5
) -> list[Point]:
    """17 points of somebody whose feet are at (x, y) pixels, tilted by that many degrees; hands in body heights."""
    parts = [(0.0, 0.93)] * 5 + [(-0.1, 0.8), (0.1, 0.8), (-0.12, 0.6), (0.12, 0.6), *hands]
    parts += [(-0.06, hips), (0.06, hips), (-0.06, 0.27), (0.06, 0.27), (-0.06, 0.03), (0.06, 0.03)]
    s, c = math.sin(math.radians(tilt)), math.cos(math.radians(tilt))
    return [(x + TALL * (a * c + b * s), y - TALL * (b * c - a * s)) for a, b in parts]


def film(sequence: int, at_s: float, figures: Sequence[tuple[int, list[Point]]]) -> TrackedFrame:
    boxes, keypoints = b"", b""
    for _, points in figures:
        xs, ys = [x for x, _ in points], [y for _, y in points]
        boxes += struct.pack("<4f", min(xs) - 5, min(ys) - 10, max(xs) + 5, max(ys) + 5)
        keypoints += struct.pack("<51f", *(value for x, y in points for value in (x, y, 0.9)))
    at_us = START_US + round(at_s * 1e6)
    tracks = [track for track, _ in figures]
    scores = struct.pack(f"<{len(tracks)}f", *[0.9] * len(tracks))
    return TrackedFrame(CAMERA, 1, sequence, at_us, at_us, WIDTH, HEIGHT, 1, tracks, boxes, scores, keypoints)


def play(scene: Callable[[float], Sequence[tuple[int, list[Point]]]], seconds: float, fps: float) -> list[Finding]:
    frames = [film(number, number / fps, scene(number / fps)) for number in range(int(seconds * fps))]
    return taken(Camera(), frames, setup())


def taken(camera: Camera, frames: Sequence[TrackedFrame], rules: CameraSetup) -> list[Finding]:
    findings: list[Finding] = []
    for frame in frames:
        told = camera.take(frame, rules)
        assert isinstance(told, list)
        findings += told
    return findings


def begun(findings: list[Finding]) -> list[str]:
    return [finding.kind for finding in findings if finding.phase is Phase.BEGINS]


def falls(at_s: float, *, took_s: float = 0.8, track: int = 1) -> list[tuple[int, list[Point]]]:
    tilt = min(max(at_s - 2, 0) / took_s, 1) ** 2 * 88
    return [(track, figure(640, 600, tilt))]


@pytest.mark.parametrize("fps", [4, 10, 30])
def test_a_fall_is_told_once_and_not_as_a_person_on_the_floor_too(fps: float) -> None:
    findings = play(falls, 14, fps)
    assert begun(findings) == ["falling"]
    first = findings[0]
    assert first.score >= first.threshold
    assert first.threat == "high"
    assert 1.5 <= (first.started_at_us - START_US) / 1e6 <= 2.9
    assert first.explanation["descent_body_heights_per_s"] > falling.FallingParameters().descent_body_heights_per_s  # type: ignore[operator]
    assert first.explanation["drop_body_heights"] > first.explanation["drop_threshold_body_heights"]  # type: ignore[operator]


def test_a_fall_that_costs_the_track_its_id_is_still_one_fall() -> None:
    assert begun(play(lambda at: falls(at, track=1 if at < 2.5 else 7), 14, 10)) == ["falling"]


def test_lying_down_slowly_is_no_fall_but_a_person_on_the_floor() -> None:
    assert begun(play(lambda at: falls(at, took_s=5.0), 20, 10)) == ["floor"]


def test_rare_frames_say_nothing_of_bodies() -> None:
    """Three looks in ten seconds are no proof that somebody lies: on an ordinary clip at 0.3 frames a second they said so."""
    assert play(lambda at: [(1, figure(640, 600, 0 if at < 10 else 88))], 60, 0.3) == []


def test_bending_down_is_neither() -> None:
    def bends(at: float) -> list[tuple[int, list[Point]]]:
        share = min(max(at - 2, 0), 1)
        points = figure(640, 600)
        bent = [(x + share * 120, y + share * 110) for x, y in points[:11]]
        return [(1, bent + points[11:])]

    assert begun(play(bends, 15, 10)) == []


@pytest.mark.parametrize(("speed", "kinds"), [(1.0, []), (2.0, ["running"])])
def test_running_is_told_and_walking_is_not(speed: float, kinds: list[str]) -> None:
    assert begun(play(lambda at: [(1, figure(50 + speed * TALL * at, 600))], 1.9, 10)) == kinds


def test_running_towards_the_camera_is_told_by_the_growing_body() -> None:
    def comes(at: float) -> list[tuple[int, list[Point]]]:
        near = 1 / (1 - 0.24 * at)  # 9 body heights away at first, 2.2 a second
        return [(1, [(640 + (x - 640) * near / 3, 300 + (y - 600) * near / 3 + 100 * near) for x, y in figure(640, 600)])]

    assert begun(play(comes, 2.4, 10)) == ["running"]


def boxes(at: float, *, apart: float, hits: bool) -> list[tuple[int, list[Point]]]:
    out = 0.45 if hits and at % 0.8 < 0.2 else 0.12
    striker = figure(600, 600, hands=((out, 0.78), (0.1, 0.6)))
    return [(1, striker), (2, figure(600 + apart * TALL, 600))]


@pytest.mark.parametrize(("apart", "hits", "kinds"), [(0.5, True, ["fighting"]), (1.5, True, []), (0.5, False, [])])
def test_blows_between_people_who_are_close_are_a_fight(apart: float, hits: bool, kinds: list[str]) -> None:
    assert begun(play(lambda at: boxes(at, apart=apart, hits=hits), 6, 10)) == kinds


def test_a_restart_in_the_middle_of_a_fall_changes_nothing_once_the_stream_was_read_again() -> None:
    frames = [film(number, number / 10, falls(number / 10)) for number in range(80)]
    rules, whole = setup(), Camera()
    wanted = taken(whole, frames, rules)
    first = Camera()
    found = taken(first, frames[:27], rules)
    second = decode_cameras(encode_cameras({CAMERA: first}))[CAMERA]
    for frame in frames[:27]:
        second.warm(frame)
    found += taken(second, frames[27:], rules)
    assert found == wanted
    assert begun(found) == ["falling"]


numbers = st.one_of(st.floats(width=32), st.floats(-2000, 2000, width=32))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_frame_harms_the_next(data: st.DataObject) -> None:
    """NaN, infinities, repeats, late frames, changing ids, clocks that jump: nothing raises, and a later fall is told."""
    camera, rules = Camera(), setup()
    for _ in range(data.draw(st.integers(1, 12))):
        tracks = data.draw(st.lists(st.integers(1, 4), max_size=3))
        count = len(tracks)
        values = data.draw(st.lists(numbers, min_size=56 * count, max_size=56 * count))
        at_us = START_US + data.draw(st.integers(-10, 40)) * 500_000
        frame = TrackedFrame(
            CAMERA, 1, data.draw(st.integers(0, 40)), at_us, at_us, WIDTH, HEIGHT, 1, tracks,
            struct.pack(f"<{4 * count}f", *values[: 4 * count]), struct.pack(f"<{count}f", *values[4 * count : 5 * count]),
            struct.pack(f"<{51 * count}f", *values[5 * count :]),
        )  # fmt: skip
        camera.take(frame, rules)
        camera = decode_cameras(encode_cameras({CAMERA: camera}))[CAMERA] if data.draw(st.booleans()) else camera
    later = [film(1000 + number, 100 + number / 10, falls(number / 10, track=99)) for number in range(80)]
    findings = taken(camera, later, rules)
    assert begun([finding for finding in findings if finding.kind == "falling"]) == ["falling"]
