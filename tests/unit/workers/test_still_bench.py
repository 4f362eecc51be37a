"""How the benchmark counts whom skipping misses."""

import uuid

import numpy as np

from app.contracts.tracked import TrackedFrame
from app.contracts.wire import floats
from benchmarks.scenes import FPS, Scene, shows_people
from benchmarks.still_scenes import missed

STEP_US = 200_000
HERE = (10.0, 10.0, 50.0, 110.0)
ELSEWHERE = (300.0, 10.0, 340.0, 110.0)


def frame(number: int, *people: tuple[int, tuple[float, ...]]) -> TrackedFrame:
    """A frame with these tracks and boxes."""
    boxes = np.array([box for _, box in people], np.float32).reshape(-1, 4)
    return TrackedFrame(
        camera_id=uuid.UUID(int=1),
        epoch=1,
        sequence=number,
        captured_at_us=number * STEP_US,
        received_at_us=number * STEP_US,
        width=640,
        height=360,
        policy_revision=0,
        track_ids=[track for track, _ in people],
        boxes=floats(boxes),
        scores=b"",
        keypoints=b"",
        trace_parent="",
    )


def test_a_person_seen_late_is_delayed_by_that_much() -> None:
    full = [frame(n, (1, HERE)) for n in range(20)]
    report = missed(full, [frame(0), *full[4:]][1:])
    assert (report["people"], report["missed"], report["delayed"], report["longest_delay_s"]) == (1, 0, 1, 0.8)
    assert report["delayed_beyond_gap"] == 0


def test_a_person_never_looked_at_is_missed_and_a_box_elsewhere_does_not_help() -> None:
    full = [frame(n, (1, HERE)) for n in range(20)]
    report = missed(full, [frame(n, (7, ELSEWHERE)) for n in range(20)])
    assert (report["missed"], report["missed_longer_than_gap"]) == (1, 1)


def test_a_short_visit_between_two_looks_is_missed_within_the_gap() -> None:
    full = [frame(n, (1, HERE)) if 2 <= n < 5 else frame(n) for n in range(20)]
    report = missed(full, [full[0], full[9]])
    assert (report["missed"], report["missed_longer_than_gap"]) == (1, 0)


def test_the_same_frames_on_both_sides_miss_nobody() -> None:
    full = [frame(n, (1, HERE), (2, ELSEWHERE)) for n in range(20)]
    report = missed(full, full)
    assert report == {
        "people": 2,
        "missed": 0,
        "missed_longer_than_gap": 0,
        "delayed": 0,
        "delayed_beyond_gap": 0,
        "longest_delay_s": 0.0,
    }


def test_people_are_shown_for_the_share_of_time_that_is_said() -> None:
    for share in (0.0, 0.1, 0.5, 1.0):
        shown = [shows_people(Scene("any", share), number) for number in range(20 * FPS)]
        assert abs(sum(shown) / len(shown) - share) < 0.02
