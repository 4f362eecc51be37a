"""What `bench tracking` reads, thins, errs and counts."""

from pathlib import Path

import numpy as np
import pytest

from app.kit.errors import BadInputError
from benchmarks import tracking


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


def test_every_setting_answers(tmp_path: Path) -> None:
    document = tracking.measure(written(tmp_path / "one", crossing(40)))
    assert set(document["headline"]) >= {"hota", "idf1", "mota"}
    for each in (document["at_own_rate"], *document["thinned"].values(), document["true_boxes_with_errors"]):
        assert list(each) == list(tracking.settings_compared())
        assert all(0 <= figures["hota"] <= 1 for figures in each.values())
    assert document["samples"] == {"sequences": 1, "frames": 40, "identities": 2, "boxes": 80}
