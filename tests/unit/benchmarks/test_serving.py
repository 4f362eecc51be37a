"""The knee of a serving curve, and how instances are set."""

from pathlib import Path

import pytest

from app.kit.errors import SetupError
from benchmarks.serving import Cell, _set_instances, knee, quantile


def cell(at_once: int, rate: float) -> Cell:
    return Cell(2, 1, at_once, rate, 10.0, 20.0)


def test_the_knee_is_the_fewest_requests_that_come_near_the_best_rate() -> None:
    assert knee([cell(8, 60.0), cell(1, 30.0), cell(2, 57.5), cell(4, 60.5)]).at_once == 2
    assert knee([cell(1, 30.0)]).at_once == 1


def test_quantiles_are_milliseconds() -> None:
    assert quantile([0.010, 0.020, 0.030], 0.5) == 20.0


def test_instances_are_changed_in_the_one_place_that_says_them(tmp_path: Path) -> None:
    config = tmp_path / "cpu.pbtxt"
    config.write_text('name: "m"\ninstance_group [ { count: 2 kind: KIND_CPU } ]\n')
    _set_instances(config, 1)
    assert "{ count: 1 kind" in config.read_text()
    assert [each.name for each in tmp_path.iterdir()] == ["cpu.pbtxt"]
    config.write_text("name: 1")
    with pytest.raises(SetupError, match="instances"):
        _set_instances(config, 2)
