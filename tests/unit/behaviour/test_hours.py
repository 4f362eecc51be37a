"""Hours of a rule: midnight, weekdays, and the two nights a year when clocks change."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.behaviour.hours import DAYS, Span, in_force, local_time, open_at, zone_of
from app.behaviour.rules import read_parameters

NIGHT = Span("22:00", "06:00", ("sat",))


def at(text: str, zone: str = "Europe/Berlin") -> datetime:
    """The wall clock of a zone at a moment given in UTC."""
    return local_time(round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1e6), zone_of(zone))


@pytest.mark.parametrize(
    ("moment", "opened"),
    [
        ("2026-01-10 20:59", False),  # Saturday 21:59 in Berlin
        ("2026-01-10 21:00", True),
        ("2026-01-11 04:59", True),  # Sunday 5:59: of Saturday's night
        ("2026-01-11 05:00", False),
        ("2026-01-11 22:00", False),  # Sunday's own night is not set
        ("2026-07-11 20:00", True),  # summer: 22:00 is two hours ahead of UTC
        ("2026-07-11 19:59", False),
    ],
)
def test_a_night_belongs_to_the_day_it_starts_on(moment: str, opened: bool) -> None:
    assert open_at([NIGHT], at(moment)) is opened


def test_an_hour_that_daylight_saving_skips_does_not_come_and_one_that_comes_twice_counts_twice() -> None:
    hour = [Span("02:00", "03:00")]
    spring = [open_at(hour, at(f"2026-03-29 {clock}")) for clock in ("00:30", "00:59", "01:00", "01:30")]
    autumn = [open_at(hour, at(f"2026-10-25 {clock}")) for clock in ("00:30", "01:30", "02:00")]
    assert (spring, autumn) == ([False] * 4, [True, True, False])


@given(st.datetimes(timezones=st.just(UTC)), st.integers(0, 1439), st.integers(0, 1439))
def test_two_spans_that_meet_cover_the_week_and_never_overlap(moment: datetime, one: int, other: int) -> None:
    clocks = [f"{each // 60:02}:{each % 60:02}" for each in (one, other)]
    first, second = open_at([Span(clocks[0], clocks[1])], moment), open_at([Span(clocks[1], clocks[0])], moment)
    assert first != second if one != other else first and second


def test_no_hours_are_all_hours_and_a_zone_nobody_knows_is_utc() -> None:
    assert open_at([], at("2026-01-01 00:00"))
    assert zone_of("Mars/Olympus") is UTC
    assert len(DAYS) == 7


@pytest.mark.parametrize(
    "span", [{"start": "24:00", "end": "06:00"}, {"start": "22:00", "end": "6:00"}, {"start": "22:00"},
             {"start": "22:00", "end": "06:00", "days": []}, {"start": "22:00", "end": "06:00", "days": ["Sunday"]}],
)  # fmt: skip
def test_hours_that_say_nothing_are_refused(span: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        read_parameters("falling", {"hours": [span]})


DAY = {"start": "08:00", "end": "20:00"}
EVENING = {"start": "18:00", "end": "20:00"}


def test_other_values_hold_in_their_hours_the_first_that_fits_and_only_while_the_rule_looks_at_all() -> None:
    others = [{"hours": [EVENING], "parameters": {"threshold": 0.7}}, {"hours": [DAY], "parameters": {"stays_down_s": 3.0}}]
    rule = read_parameters("falling", {"threshold": 0.6, "hours": [DAY], "other_hours": others})
    noon, evening, night = (in_force(rule, at(f"2026-01-10 {clock}")) for clock in ("11:00", "17:30", "22:00"))
    assert (noon.threshold, noon.stays_down_s) == (0.6, 3.0)
    assert (evening.threshold, evening.stays_down_s) == (0.7, 1.5)
    assert night is None
    assert in_force(noon, at("2026-01-10 22:00")) is noon  # what holds then has no hours of its own


@pytest.mark.parametrize(
    "other",
    [
        {"hours": [], "parameters": {}},
        {"hours": [DAY], "parameters": {"threshold": 2}},
        {"hours": [DAY], "parameters": {"treshold": 0.5}},
        {"hours": [DAY], "parameters": {"hours": []}},
        {"hours": [DAY]},
    ],
)
def test_other_values_are_checked_like_the_rule_s_own(other: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        read_parameters("falling", {"other_hours": [other]})
