"""A leak is found under noise and correlated looks, a level is not called one, and what fills by design may."""

import random

import pytest

from tests.soak.growth import FIGURES, Look, ended, growths, started_again, table

MINUTES = 50


def looks(an_hour: float, seed: int, *, figure: str = "memory_mb", part: str = "service", noise: float = 2.0) -> list[Look]:
    """Fifty minutes, six looks a minute; neighbours resemble each other, as memory does."""
    chance, drift, found = random.Random(seed), 0.0, []
    for number in range(6 * MINUTES):
        drift = 0.7 * drift + chance.gauss(0, noise)
        at_s = 600 + 10.0 * number
        values = dict.fromkeys(FIGURES, 100.0) | {figure: 100.0 + an_hour * at_s / 3600 + drift}
        found.append(Look(at_s, {part: values}, {part: 7}))
    return found


def rising(given: list[Look]) -> list[tuple[str, str]]:
    return [(each.part, each.figure) for each in growths(given) if each.rises]


def test_a_level_that_wanders_is_no_leak() -> None:
    assert [rising(looks(0.0, seed)) for seed in range(15)] == [[]] * 15


@pytest.mark.parametrize(("figure", "an_hour"), [("memory_mb", 20.0), ("files", 20.0), ("threads", 20.0)])
def test_a_leak_is_found_in_each_figure(figure: str, an_hour: float) -> None:
    for seed in range(4):
        assert rising(looks(an_hour, seed, figure=figure)) == [("service", figure)]
        assert rising(looks(-an_hour, seed, figure=figure)) == []


def test_one_file_every_five_minutes_is_a_leak() -> None:
    given = looks(0.0, 1, noise=0.0)
    for number, look in enumerate(given):
        dict.__setitem__(look.parts["service"], "files", float(100 + number // 30))  # type: ignore[arg-type]
    assert rising(given) == [("service", "files")]


def test_what_fills_by_design_may_and_says_why() -> None:
    assert rising(looks(8.0, 2, part="bus")) == []
    assert rising(looks(60.0, 2, part="bus")) == [("bus", "memory_mb")]
    assert "streams fill" in table(growths(looks(8.0, 2, part="bus")))
    assert "RISES" in table(growths(looks(60.0, 2, part="bus")))


def test_too_few_looks_say_nothing_and_a_restart_is_seen() -> None:
    given = looks(500.0, 3)[:5]
    assert rising(given) == []
    again = [*given, Look(9e3, given[0].parts, {"service": 8})]
    assert started_again(given) == []
    assert started_again(again) == ["service"]
    assert ended(again) == []
    assert ended([*again, Look(9.1e3, {}, {})]) == ["service"]
