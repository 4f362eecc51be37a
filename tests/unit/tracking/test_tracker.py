"""What every tracker must do, whichever library is behind it, and what tracklets keep."""

import uuid
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.behaviour.findings import Finding, Phase
from app.contracts.tracked import TrackedFrame
from app.contracts.wire import as_floats
from app.perception.detections import Detections, TrackedDetections
from app.pipeline.camera import Camera
from app.pipeline.configuration import CameraRow, set_up
from app.tracking.tracker import Tracker, make_tracker
from app.tracking.tracklets import BOX_EVERY_US, LONGEST_US, LOST_US, Tracklets

START = 1_700_000_000_000_000
STEP = 200_000
CAMERA = uuid.UUID(int=7)


def persons(*places: tuple[float, float], score: float = 0.9) -> Detections:
    """Persons of 60 x 160 pixels with their box's top left at `places`; keypoint 0 is that corner."""
    n = len(places)
    boxes = np.array([[x, y, x + 60, y + 160] for x, y in places], np.float32).reshape(n, 4)
    keypoints = np.full((n, 17, 3), 0.5, np.float32)
    keypoints[:, 0, :2] = boxes[:, :2]
    return Detections(boxes, np.full(n, score, np.float32), keypoints)


@pytest.fixture(params=[make_tracker], ids=["ocsort"])
def tracker(request: pytest.FixtureRequest) -> Tracker:
    make: Callable[[float], Tracker] = request.param
    return make(5.0)


def test_nobody_gives_nothing(tracker: Tracker) -> None:
    assert len(tracker.update(Detections.empty(), START)) == 0


def test_a_person_is_tracked_from_the_second_frame_on_under_one_id(tracker: Tracker) -> None:
    ids = [tracker.update(persons((100 + 10 * i, 50)), START + i * STEP).track_ids.tolist() for i in range(10)]
    assert len({tuple(frame) for frame in ids[1:]}) == 1
    assert len(ids[1]) == 1
    assert ids[1][0] >= 1


def test_ids_are_uint64_and_different(tracker: Tracker) -> None:
    tracker.update(persons((0, 0), (200, 0), (400, 0)), START)
    tracked = tracker.update(persons((0, 0), (200, 0), (400, 0)), START + STEP)
    assert tracked.track_ids.dtype == np.uint64
    assert len(set(tracked.track_ids.tolist())) == 3


def test_keypoints_stay_with_their_box_whatever_the_order(tracker: Tracker) -> None:
    places = [(0.0, 0.0), (200.0, 10.0), (400.0, 20.0), (600.0, 30.0)]
    shuffle = np.random.default_rng(3)
    owner: dict[int, float] = {}
    for step in range(12):
        order = shuffle.permutation(4)
        tracked = tracker.update(persons(*[places[i] for i in order]), START + step * STEP)
        found = tracked.detections
        assert len(tracked) == 4 or step == 0
        np.testing.assert_array_equal(found.keypoints[:, 0, :2], found.boxes[:, :2])
        for track_id, box in zip(tracked.track_ids.tolist(), found.boxes, strict=True):
            assert owner.setdefault(track_id, float(box[0])) == float(box[0])


def test_faint_detections_start_no_track(tracker: Tracker) -> None:
    assert len(tracker.update(persons((0, 0), score=0.2), START)) == 0


def test_a_short_gap_keeps_the_id_and_a_long_one_does_not(tracker: Tracker) -> None:
    for step in range(5):
        first = tracker.update(persons((100, 50)), START + step * STEP).track_ids.tolist()
    assert len(first) == 1
    for step in range(5, 8):
        tracker.update(Detections.empty(), START + step * STEP)
    assert tracker.update(persons((100, 50)), START + 8 * STEP).track_ids.tolist() == first
    for step in range(9, 30):
        tracker.update(Detections.empty(), START + step * STEP)
    tracker.update(persons((100, 50)), START + 30 * STEP)
    assert tracker.update(persons((100, 50)), START + 31 * STEP).track_ids.tolist() not in (first, [])


@pytest.mark.parametrize("fps", [1.0, 5.0, 15.0])
def test_rare_frames_keep_the_id_of_who_stays_and_a_missed_one_or_a_silence_ends_it(fps: float) -> None:
    """A worker that is far too slow still sees people: a track is told from its second frame on."""
    chance, tracker, at_us = np.random.default_rng(7), make_tracker(fps), START
    ids: list[list[int]] = []
    for _ in range(30):
        ids.append(tracker.update(persons((100 + chance.normal(0, 3), 50 + chance.normal(0, 3))), at_us).track_ids.tolist())
        at_us += int(chance.uniform(0.8e6, 4.5e6))
    assert ids[0] == []
    assert len(ids[1]) == 1
    assert ids[1:] == [ids[1]] * 29
    for away_us in (2_500_000, 6_000_000):
        if away_us < 5_000_000:
            tracker.update(Detections.empty(), at_us)  # looked for, and not there
        at_us += away_us
        assert tracker.update(persons((100, 50)), at_us).track_ids.tolist() == []
        at_us += STEP
        assert tracker.update(persons((100, 50)), at_us).track_ids.tolist() not in (ids[1], [])


@pytest.mark.parametrize(("pause_us", "one"), [(STEP, True), (1_900_000, True), (2_100_000, False), (4_500_000, False)])
def test_after_a_long_pause_only_who_stayed_is_known_again(pause_us: int, one: bool) -> None:
    """Somebody else has come to where a box still overlaps by a fifth; whoever stands there sways by a third of their width."""
    tracker, at_us = make_tracker(5.0), START
    for _ in range(3):
        before = tracker.update(persons((100, 50), (600, 50)), at_us).track_ids.tolist()
        at_us += STEP
    at_us += pause_us - STEP
    tracker.update(persons((140, 50), (620, 50)), at_us)
    after = tracker.update(persons((140, 50), (620, 50)), at_us + STEP).track_ids.tolist()
    assert [each in before for each in after] == [one, True]


@pytest.mark.parametrize("a_second", [0.4, 1.0])
def test_a_worker_that_is_far_too_slow_still_finds_who_loiters_and_nobody_who_passes(a_second: float) -> None:
    """The whole way from boxes to the finding: two stay, others walk through behind them."""
    rules = set_up([CameraRow(CAMERA, CAMERA, CAMERA, True)], [], [], pytest.fail)[CAMERA]
    chance, tracker, camera, at_us, found = np.random.default_rng(3), make_tracker(5.0), Camera(), START, list[Finding]()
    for number in range(int(100 * a_second)):
        places = [(x + chance.normal(0, 4), 300 + chance.normal(0, 4)) for x in (200.0, 800.0)]
        walker = (at_us - START) / 1e6 * 130 % 2400
        seen = tracker.update(persons(*places, *([(walker, 40.0)] if walker < 1200 else [])), at_us)
        count, boxes = len(seen), seen.detections.boxes
        frame = TrackedFrame(
            CAMERA, 1, number, at_us, at_us, 1280, 720, 1, seen.track_ids.tolist(), boxes.astype("<f4").tobytes(),
            seen.detections.scores.astype("<f4").tobytes(), bytes(17 * 3 * 4 * count),
        )  # fmt: skip
        told = camera.take(frame, rules)
        found += told if isinstance(told, list) else ()
        at_us += int(chance.uniform(0.5e6, 1.5e6) / a_second)
    assert [each.kind for each in found if each.phase is Phase.BEGINS] == ["loitering", "loitering"]


def test_times_that_stand_still_do_no_harm(tracker: Tracker) -> None:
    ids = [tracker.update(persons((100, 50)), START).track_ids.tolist() for _ in range(5)]
    assert len({tuple(frame) for frame in ids[1:]}) == 1


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.floats(0, 1200), st.floats(0, 500), st.floats(0.05, 0.99)), max_size=6),
        min_size=1,
        max_size=25,
    )
)
def test_any_scene_gives_each_detection_at_most_one_live_id(scene: list[list[tuple[float, float, float]]]) -> None:
    tracker = make_tracker(5.0)
    for number, frame in enumerate(scene):
        given_ = persons(*[(x, y) for x, y, _ in frame])
        given_ = Detections(given_.boxes, np.array([s for *_, s in frame], np.float32), given_.keypoints)
        tracked = tracker.update(given_, START + number * STEP)
        assert len(set(tracked.track_ids.tolist())) == len(tracked) <= len(given_)
        rows = {row.tobytes() for row in np.hstack([given_.boxes, given_.scores[:, None]])}
        for box, score in zip(tracked.detections.boxes, tracked.detections.scores, strict=True):
            assert np.append(box, score).astype(np.float32).tobytes() in rows


def tracked(*ids: int) -> TrackedDetections:
    return TrackedDetections(persons(*[(100.0 * i, 0.0) for i in ids]), np.array(ids, np.uint64))


def test_a_tracklet_holds_boxes_at_one_hertz() -> None:
    book = Tracklets(CAMERA, 5, 1280, 720)
    for step in range(51):
        assert book.update(tracked(1), START + step * STEP) == []
    (closed,) = book.update(tracked(), START + 50 * STEP + LOST_US)
    boxes = as_floats(closed.boxes, -1, 5)
    assert (closed.track_id, closed.epoch, closed.frames) == (1, 5, 51)
    assert closed.ended_at_us - closed.started_at_us == 50 * STEP
    assert closed.mean_score == pytest.approx(0.9)
    np.testing.assert_allclose(boxes[:, 0], np.arange(11))
    np.testing.assert_allclose(boxes[0, 1:], [100, 0, 160, 160])


def test_each_track_closes_by_itself_and_all_at_the_end() -> None:
    book = Tracklets(CAMERA, 1, 10, 10)
    book.update(tracked(1, 2), START)
    closed = book.update(tracked(2, 3), START + LOST_US)
    assert [tracklet.track_id for tracklet in closed] == [1]
    assert sorted(tracklet.track_id for tracklet in book.close()) == [2, 3]
    assert len(book) == 0


def test_an_endless_track_comes_in_pieces() -> None:
    book, pieces = Tracklets(CAMERA, 1, 10, 10), []
    for second in range(1300):
        pieces += book.update(tracked(1), START + second * BOX_EVERY_US)
    assert len(pieces) == 2
    assert pieces[0].ended_at_us - pieces[0].started_at_us == LONGEST_US
