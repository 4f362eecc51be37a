"""What `bench tracking` reads, thins, errs and counts."""

from pathlib import Path

import numpy as np
import pytest

from app.kit.errors import BadInputError
from app.perception.detections import Detections, TrackedDetections
from benchmarks import tracking
from benchmarks.pose_aware import PoseAware, similarity


def written(folder: Path, rows: list[str], name: str = "gt.txt") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("\n".join(rows) + "\n")
    return folder


def crossing(frames: int = 60) -> list[str]:
    """Two people who walk past each other well apart, and a box that does not count."""
    rows = [f"{f},7,{10 + 5 * f},50,40,100,1,1,1" for f in range(1, frames + 1)]
    rows += [f"{f},9,{400 - 5 * f},300,40,100,1,1,1" for f in range(1, frames + 1)]
    return [*rows, *(f"{f},3,600,300,40,100,0,8,1" for f in range(1, frames + 1))]


def test_a_folder_of_sequences_or_one_is_found(tmp_path: Path) -> None:
    written(tmp_path / "set" / "one", crossing())
    two = written(tmp_path / "set" / "two" / "gt", crossing())
    (two.parent / "seqinfo.ini").write_text("[Sequence]\nframeRate=10\n")
    written(two.parent / "det", ["1,-1,10,50,40,100,37.5", "2,-1,15,50,40,100,90.0"], "det.txt")
    found = tracking.sequences(tmp_path / "set")
    assert [(each.name, each.fps, each.detections.split()[0]) for each in found] == [("one", 25, "true"), ("two", 10, "given")]
    assert len(tracking.sequences(tmp_path / "set" / "one")) == 1
    assert len(found[0].truth[1]) == 2
    assert found[1].boxes[2][0, 5] == pytest.approx(1)


@pytest.mark.parametrize("rows", [["no numbers"], ["1,2,3"], ["1,3,600,300,40,100,0,8,1"]])
def test_what_is_no_sequence_is_refused_in_one_sentence(tmp_path: Path, rows: list[str]) -> None:
    with pytest.raises(BadInputError, match=r"gt\.txt"):
        tracking.sequences(written(tmp_path / "one", rows))
    with pytest.raises(BadInputError, match="holds no sequence"):
        tracking.sequences(tmp_path / "none")


def test_thinning_keeps_time_and_numbers_frames_anew(tmp_path: Path) -> None:
    given = tracking.sequences(written(tmp_path / "one", crossing()))[0]
    thin = tracking.thinned(given, 5.0)
    assert (thin.fps, len(thin.truth)) == (5.0, 12)
    np.testing.assert_array_equal(thin.truth[2], given.truth[6])
    assert tracking.thinned(given, 25.0).truth.keys() == given.truth.keys()


def test_people_who_are_easy_to_follow_are_followed_and_who_is_lost_costs(tmp_path: Path) -> None:
    given = tracking.sequences(written(tmp_path / "one", crossing()))
    perfect = [tracking.Sequence("p", 25.0, given[0].truth, given[0].truth, "true")]
    told = tracking.judge(perfect, tracking.settings_compared()["ours"])
    assert told["hota"] > 0.95
    assert (told["idf1"], told["mota"], told["identity_switches"]) == (pytest.approx(1, abs=0.03), pytest.approx(1, abs=0.03), 0)
    half = [tracking.Sequence("h", 25.0, given[0].truth, {f: rows[:1] for f, rows in given[0].truth.items()}, "half")]
    worse = tracking.judge(half, tracking.settings_compared()["ours"])
    assert worse["mota"] == pytest.approx(0.5, abs=0.03)
    assert worse["hota"] < 0.75


def test_every_setting_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "MOCAP", tmp_path)
    document = tracking.measure(written(tmp_path / "one", crossing(40)))
    assert set(document["headline"]) >= {"hota", "idf1", "mota"}
    for each in (document["at_own_rate"], *document["thinned"].values(), document["true_boxes_with_errors"]):
        assert list(each) == list(tracking.settings_compared())
        assert all(0 <= figures["hota"] <= 1 for figures in each.values())
    assert document["samples"] == {"sequences": 1, "frames": 40, "identities": 2, "boxes": 80}


def person(x: float, lean: float) -> tuple[np.ndarray, np.ndarray]:
    """(4,) box and (17, 3) points of somebody at x, told apart by how far the head is ahead."""
    points = np.zeros((17, 3), np.float32)
    points[:, 0], points[:, 1], points[:, 2] = x + lean * np.linspace(30, -30, 17), np.linspace(100, 280, 17), 0.9
    return np.array([x - 40, 90, x + 40, 290], np.float32), points


class Scripted:
    """A tracker that takes one for the other when told to."""

    def __init__(self) -> None:
        self.crossed = False

    def update(self, detections: Detections, at_us: int) -> TrackedDetections:
        ids = [2, 1] if self.crossed else [1, 2]
        return TrackedDetections(detections, np.array(ids[: len(detections)], np.uint64))


@pytest.mark.parametrize(("apart", "names"), [(30.0, [1, 2]), (400.0, [2, 1])])
def test_poses_mend_a_change_of_names_only_where_boxes_overlap(apart: float, names: list[int]) -> None:
    scripted = Scripted()
    tracker = PoseAware(scripted)
    for step in range(4):
        scripted.crossed = step == 3
        both = [person(200 + 5 * step, 1.0), person(200 + apart - 5 * step, -1.0)]
        boxes, points = (np.stack(each) for each in zip(*both, strict=True))
        found = tracker.update(Detections(boxes, np.full(2, 0.9, np.float32), points), 1_000_000 + step * 100_000)
    assert found.track_ids.tolist() == names


def test_poses_that_are_old_or_hidden_change_nothing() -> None:
    one, other = person(200, 1.0)[1], person(230, -1.0)[1]
    assert similarity(one, one, 16_000) == pytest.approx(1)
    assert similarity(one, other, 16_000) < 0.9
    hidden = other.copy()
    hidden[:, 2] = 0
    assert similarity(one, hidden, 16_000) == 0.5
