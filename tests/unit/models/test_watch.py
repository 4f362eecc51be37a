"""When a promotion is taken back."""

import pytest

from app.contracts.models import LATENCIES, latency_bucket
from app.models.readings.models import Sums
from app.models.shadows.models import Agreement
from app.models.watch.models import Limits, fault, lasts

LIMITS = Limits()


def sums(frames: int = 500, failures: int = 0, milliseconds: float = 25) -> Sums:
    latency = [0] * LATENCIES
    latency[latency_bucket(milliseconds / 1000)] = frames
    return Sums(
        frames=frames, failures=failures, persons=frames, score_sum=frames * 0.8, quality_sum=frames * 0.7, latency=latency
    )  # fmt: skip


def beside(both: int, alone: int = 0, likeness: float = 1.0) -> Agreement:
    return Agreement(frames=100, both=both, only_new=alone, likeness_sum=likeness * both, likened=both)


def test_nothing_speaks_against_one_that_does_as_the_one_before_it() -> None:
    assert fault(sums(), sums(), None, LIMITS) == ""
    assert fault(sums(), sums(), beside(900, 10), LIMITS) == ""
    assert fault(Sums(), Sums(), Agreement(), LIMITS) == ""


@pytest.mark.parametrize(
    ("new", "before", "agreement", "said"),
    [
        (sums(400, 40), sums(), None, "gave no answer to 40 of 440"),
        (sums(0, 60), Sums(), None, "gave no answer to 60 of 60"),
        (sums(milliseconds=200), sums(milliseconds=25), None, "slowest twentieth"),
        (sums(), sums(), beside(30, 70), "agrees with the version before it to 0.30"),
        (sums(), sums(), beside(100, 0, likeness=0.3), "to 0.30"),
    ],
)
def test_what_takes_it_back_is_said(new: Sums, before: Sums, agreement: Agreement | None, said: str) -> None:
    assert said in fault(new, before, agreement, LIMITS)


@pytest.mark.parametrize(
    ("new", "before", "agreement"),
    [
        (sums(0, 20), sums(), None),  # too few to say anything
        (sums(400, 40), sums(400, 30), None),  # the server is in trouble, not the version
        (sums(milliseconds=70), sums(milliseconds=25), None),  # within the slack
        (sums(20, milliseconds=900), sums(), None),
        (sums(milliseconds=900), sums(20), None),
        (sums(), sums(), beside(5, 20)),
    ],
)
def test_what_does_not(new: Sums, before: Sums, agreement: Agreement | None) -> None:
    assert fault(new, before, agreement, LIMITS) == ""


def test_an_engineer_may_allow_more() -> None:
    assert fault(sums(400, 40), sums(), None, Limits(failures=0.2)) == ""
    assert fault(sums(milliseconds=200), sums(), None, Limits(slower=20)) == ""
    assert fault(sums(), sums(), beside(10, 90), Limits(agreement=0)) == ""
    assert Limits.of({"slower": 3}) == Limits(slower=3.0)


def test_a_short_outage_of_the_server_is_no_failure_of_the_version() -> None:
    assert not lasts([])
    assert not lasts([(100, 0), (80, 60), (100, 0)]), "one minute"
    assert not lasts([(100, 0), (0, 60), (0, 90)]), "silence, and not for long"
    assert lasts([(80, 10), (100, 0), (90, 5)])
    assert lasts([(0, 60), (0, 60), (0, 60)])
    assert fault(sums(400, 40), sums(), None, LIMITS, lasting=False) == ""


def test_one_that_serves_all_is_timed_by_its_shadow_run_and_not_by_earlier_hours() -> None:
    assert fault(sums(milliseconds=200), sums(milliseconds=25), None, LIMITS, together=False) == ""
    slow, quick = sums(milliseconds=200).latency, sums(milliseconds=25).latency
    same_frames = Agreement(latency_new=slow, latency_old=quick)
    assert "slowest twentieth" in fault(sums(), sums(), same_frames, LIMITS, together=False)
