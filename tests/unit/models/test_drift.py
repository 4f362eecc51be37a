"""A day that is not like those before it."""

import pytest

from app.models.drift.models import drifts
from app.models.readings.models import Sums


def day(persons_a_frame: float = 2.0, score: float = 0.8, quality: float = 0.7, frames: int = 10_000, norm: float = 0.0) -> Sums:
    persons = round(frames * persons_a_frame)
    return Sums(
        frames=frames, persons=persons, score_sum=persons * score, quality_sum=persons * quality, norm_sum=persons * norm
    )  # fmt: skip


QUIET = {ago: day(2.0 + 0.2 * (ago % 3), 0.8 + 0.004 * (ago % 2)) for ago in range(1, 15)}


def measures(today: Sums) -> list[str]:
    found = drifts({0: today, **QUIET})
    assert found is not None
    return [each.measure for each in found]


def test_a_day_like_the_others_is_no_drift() -> None:
    assert measures(day(2.3, 0.803)) == []
    assert measures(day(3.0)) == [], "a busy Saturday"


@pytest.mark.parametrize(
    ("today", "measure", "sign"),
    [
        (day(0.02), "persons-a-frame", -1),
        (day(0.0), "persons-a-frame", -1),
        (day(9.0), "persons-a-frame", 1),
        (day(score=0.5), "score", -1),
        (day(quality=0.4), "quality", -1),
    ],
)
def test_what_is_off_is_named_with_its_direction(today: Sums, measure: str, sign: int) -> None:
    found = drifts({0: today, **QUIET})
    assert found is not None
    (one,) = (each for each in found if each.measure == measure)
    assert one.spreads * sign >= 4
    assert one.now != one.usual


def test_an_embedding_whose_length_changes_drifts() -> None:
    found = drifts({0: day(norm=11.0), **{ago: day(norm=18.0) for ago in range(1, 6)}})
    assert found is not None
    assert [each.measure for each in found] == ["embedding-norm"]


def test_without_a_baseline_nothing_is_said_and_a_thin_day_says_nothing() -> None:
    assert drifts({0: day(), 1: day(), 2: day()}) is None
    assert drifts({0: day(), **{ago: day(frames=50) for ago in range(1, 9)}}) is None
    assert measures(day(0.001, 0.1, frames=500)) == []
    assert drifts(QUIET) == [], "nothing today"
