"""The clips of passes, and what is said of the leads that came of them."""

import uuid
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from app.kit.errors import BadInputError, UnavailableError
from benchmarks import passes
from benchmarks.review import Heard, document

DOOR, APART = uuid.uuid4(), uuid.uuid4()


def heard(seconds: list[float], cameras: list[uuid.UUID]) -> Heard:
    return Heard(*([each - less for each in seconds] for less in (0.3, 0.2, 0.1, 0.0)), cameras=cameras)


def test_a_pass_is_somebody_who_comes_drifts_and_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes, "HERE_S", 0.8)
    monkeypatch.setattr(passes, "AWAY_S", 0.4)
    tall = np.zeros((900, 300, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "tall.png"), tall)
    clip = passes.write_passes([tmp_path / "tall.png"], tmp_path / "clip.mp4")
    with av.open(str(clip)) as container:
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert len(frames) == round((passes.HERE_S + passes.AWAY_S) * passes.FPS)
    dark = [(frame < 30).sum() for frame in frames]
    here = round(passes.HERE_S * passes.FPS)
    assert min(dark[:here]) > 100_000
    assert max(dark[here:]) < 1000
    lefts = [int(np.flatnonzero((frames[number] < 30).all(axis=0) | (frames[number][400] < 30))[0]) for number in (0, here - 1)]
    assert lefts[1] - lefts[0] == pytest.approx(passes.DRIFT * (here - 1), abs=6)
    (tmp_path / "none.jpg").write_bytes(b"nothing")
    with pytest.raises(BadInputError, match="no picture"):
        passes.write_passes([tmp_path / "none.jpg"], tmp_path / "other.mp4")


def test_leads_to_strangers_are_counted_and_are_no_times_of_the_enrolled() -> None:
    found = document(heard([0.5] * 19 + [1.5, 9.0], [DOOR] * 20 + [APART]), {APART}, 10, [Path("a")], [Path("b")])
    assert (found["headline"]["leads"], found["headline"]["leads_to_strangers"], found["headline"]["passes"]) == (20, 1, 20)
    assert (found["headline"]["p50_s"], found["headline"]["within_bar"]) == (0.4, True)
    assert found["parts"]["most_s"] == 1.4
    assert found["parts"]["pictures_p50_s"] == 0.5
    slow = document(heard([0.5] * 9 + [2.5], [DOOR] * 10), set(), 5, [], [])
    assert slow["headline"]["within_bar"] is (slow["headline"]["p95_s"] <= 2.0)
    with pytest.raises(UnavailableError, match="found in no pass"):
        document(heard([1.0], [APART]), {APART}, 10, [], [])
