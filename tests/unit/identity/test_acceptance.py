"""What an acceptance test says of its passes."""

import json
from pathlib import Path

import numpy as np
import pytest

from app.identity.decision.tail import calibrate
from app.identity.decision.thresholds import STRICTEST, details_of
from app.kit.errors import BadInputError
from benchmarks.acceptance import STRANGERS, Pass, measured, rates, report, wilson


def test_rule_11_rates_by_camera_and_light_and_what_is_recorded() -> None:
    passes = [Pass("door", "day", "ada", "ada", seen=True)] * 8 + [Pass("door", "night", "ada", "", seen=False)] * 2
    passes += [Pass("till", "day", "bea", "ada", seen=True)] + [Pass("till", "day", "bea", "bea", seen=True)] * 9
    passes += [Pass("door", "day", STRANGERS, "", seen=True)] * 99 + [Pass("till", "night", STRANGERS, "bea", seen=True)]
    found = report(passes, refused=1, enrolled=3, threshold=0.95)
    assert found["headline"] == {"fpir": 0.01, "fnir": 0.15, "failure_to_enrol": 0.25, "threshold": 0.95}
    assert found["by_light"]["night"]["fnir"]["rate"] == 1.0
    assert found["by_camera"]["door"]["fpir"] == wilson(0, 99)
    assert found["by_camera"]["till"]["fnir"]["rate"] == 0.1, "another one's name is a miss"
    record = found["record"]
    assert (record["cameras"], record["strangers"], record["false_matches"]) == (2, 100, 1)
    assert (record["enrolled"], record["misses"], record["switch"]) == (20, 3, "face")


def test_a_pushed_version_is_tested_by_its_own_threshold_and_named_in_the_record(tmp_path: Path) -> None:
    drawn = [np.random.default_rng(each).normal(0.7, 0.05, 60) for each in range(20)]
    details = details_of(calibrate(drawn), 1e-3)
    file = tmp_path / "measured.json"
    file.write_text(json.dumps({"version": 1002, "threshold": 0.8, "details": details}))
    version, thresholds = measured(file)
    assert version == "1002"
    assert 0.8 <= thresholds.measured("face_embedding", version, 4) < STRICTEST
    assert report([], refused=1, enrolled=3, threshold=0.8, version=version)["record"]["face_version"] == 1002
    assert "face_version" not in report([], refused=1, enrolled=3, threshold=0.8)["record"]
    file.write_text("{}")
    with pytest.raises(BadInputError, match="models calibrate --json"):
        measured(file)


def test_intervals_of_few_passes_are_wide_and_none_is_no_rate() -> None:
    assert wilson(0, 10)["high"] > 0.25
    assert wilson(0, 1000)["high"] < 0.005
    assert rates([])["fpir"]["rate"] is None
