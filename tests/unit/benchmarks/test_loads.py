"""The slope of what loads leave in memory."""

import numpy as np
import pytest

from benchmarks.loads import slope_mb


@pytest.mark.parametrize(("a_load", "noise"), [(0.0, 0.0), (0.25, 0.0), (12.0, 1.0)])
def test_a_leak_shows_as_its_slope_and_what_is_warmed_up_at_first_does_not(a_load: float, noise: float) -> None:
    random = np.random.default_rng(3)
    held = [300 + min(number, 20) * 30 + a_load * number + noise * random.standard_normal() for number in range(60)]
    assert slope_mb(held) == pytest.approx(a_load, abs=0.1)


def test_one_odd_look_moves_it_little() -> None:
    held = [300.0] * 60
    held[45] = 900.0
    assert slope_mb(held) == 0.0
