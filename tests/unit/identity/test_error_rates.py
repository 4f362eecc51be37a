"""Error rates by group and of the warning about photographs and screens, on numbers whose answer is known."""

import json
from pathlib import Path

import numpy as np
import pytest

from app.identity.thresholds.measured import read_report
from app.inference.presentation import WARNS, suspicion
from app.kit.errors import BadInputError
from benchmarks import face_attacks, faces
from benchmarks.face_groups import LEAST_PEOPLE, by_group, groups_of

RANDOM = np.random.default_rng(5)


def pictures(count: int, spread: float) -> tuple[np.ndarray, list[str]]:
    """Two vectors a person; the second one off by `spread`."""
    vectors, people = [], []
    for number in range(count):
        first = RANDOM.standard_normal(64)
        for vector in (first, first + spread * RANDOM.standard_normal(64)):
            vectors.append(vector / np.linalg.norm(vector))
            people.append(f"p{number}-{spread}")
    return np.array(vectors), people


def test_rule_12_rates_by_given_group_with_intervals_and_none_inferred(tmp_path: Path) -> None:
    (easy, easy_people), (hard, hard_people) = pictures(40, 0.1), pictures(40, 1.5)
    vectors, people = np.concatenate([easy, hard]), easy_people + hard_people
    assert groups_of(tmp_path) == {}, "without the operator's file there are no groups"
    lines = ["identity,group", *(f"{each},one" for each in set(easy_people)), *(f"{each},two" for each in set(hard_people))]
    (tmp_path / "groups.csv").write_text("\n".join([*lines, "p0-0.1,few", "stranger,few"]))
    found = by_group(vectors, people, groups_of(tmp_path), 0.8)
    assert (found["one"]["people"], found["one"]["fnir"]["rate"]) == (40, 0.0)
    assert found["two"]["fnir"]["rate"] > 0.8
    for group in ("one", "two"):
        for rate in (found[group]["fnir"], found[group]["fpir"]):
            assert rate["low"] <= rate["rate"] <= rate["high"]
    assert found["few"] == {"people": 1, "why_no_rate": f"needs {LEAST_PEOPLE} people at least"}
    (tmp_path / "groups.csv").write_text("identity\nx\n")
    with pytest.raises(BadInputError, match="identity and group"):
        groups_of(tmp_path)


def test_no_error_among_few_people_is_no_rate_of_zero() -> None:
    vectors, people = pictures(8, 0.05)
    found = faces.intervals(vectors, people)
    assert found["fnir_at_fpir_1e_2"] == [0.0, pytest.approx(1 - 0.025 ** (1 / 8), abs=1e-4)]


def test_a_report_of_enough_people_calibrates_and_its_tail_foretells_how_often_strangers_score(tmp_path: Path) -> None:
    vectors, people = pictures(120, 0.1)
    document = faces.calibration(vectors, people)
    report = tmp_path / "report.json"
    report.write_text(json.dumps(document))
    made = read_report(report, "face_embedding", "1")
    names = np.array(people)
    others = (vectors @ vectors.T)[names[:, None] != names[None, :]]
    assert (others >= made["threshold"]).mean() < 1e-3, "strangers above it"
    assert made["threshold"] < 0.9 < (vectors[::2] * vectors[1::2]).sum(axis=1).min(), "and the same person is found"
    for of, said in ((("face_embedding", "2"), "in use"), (("other", "1"), "in use")):
        with pytest.raises(BadInputError, match=said):
            read_report(report, *of)
    few, names_of_few = pictures(30, 0.1)
    report.write_text(json.dumps(faces.calibration(few, names_of_few)))
    with pytest.raises(BadInputError, match="100"):
        read_report(report, "face_embedding", "1")
    assert "not_calibrated" in faces.calibration(few[:8], names_of_few[:8])
    report.write_text("{}")
    with pytest.raises(BadInputError, match="no calibration"):
        read_report(report, "face_embedding", "1")


def head(seed: int) -> np.ndarray:
    """A smooth oval with eyes on a soft background, with a sensor's noise."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:200, 0:200].astype(np.float32)
    oval = np.exp(-(((columns - 100) / 50) ** 4) - ((rows - 100) / 70) ** 4)
    grey = 90 + 80 * oval + 20 * np.sin(columns / 40 + seed)
    for x in (80, 120):
        grey -= 60 * np.exp(-(((columns - x) / 7) ** 2) - ((rows - 85) / 5) ** 2)
    return np.asarray((grey[:, :, None] * (1.0, 0.85, 0.75) + random.normal(0, 3, (200, 200, 3))).clip(0, 255), np.uint8)


def test_photographs_and_screens_are_warned_of_and_heads_are_not() -> None:
    heads = [head(seed) for seed in range(12)]
    found = face_attacks.rates(heads)
    assert found["warned_of_genuine"]["rate"] == 0
    assert found["missed_screen"]["rate"] < 0.5
    assert 0 < found["missed_print"]["rate"] < 1, "a sheet so near that its rim is out of sight is not noticed"
    assert found["missed_print"]["low"] <= found["missed_print"]["rate"] <= found["missed_print"]["high"]


@pytest.mark.parametrize("crop", [np.zeros((20, 20, 3), np.uint8), np.full((60, 300, 3), 255, np.uint8), head(1)[:49, :49]])
def test_small_and_empty_crops_say_nothing(crop: np.ndarray) -> None:
    assert suspicion(crop) < WARNS
