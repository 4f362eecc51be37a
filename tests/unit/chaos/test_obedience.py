"""A worker that looks at faces after the policy was switched off is noticed; one that starts anew is not blamed for it."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.chaos.leaping import FILE, ahead_s, leap
from tests.chaos.obedience import OBEYS_S, Obedience, asked_in


def told(readings: list[tuple[float, float | None]], off_at_s: float = 10.0) -> list[str]:
    found = Obedience()
    assert [found.read(*each) for each in ((0.0, 40.0), (8.0, 44.0))] == ["", ""]
    assert found.asked == 44.0
    found.off_at_s = off_at_s
    return [found.read(*each) for each in readings]


@pytest.mark.parametrize(
    "readings",
    [
        [(11.0, 46.0), (10.0 + OBEYS_S, 48.0), (17.0, 48.0), (19.0, 48.0)],  # five seconds are allowed
        [(15.5, 48.0), (17.0, None), (19.0, 0.0), (21.0, 0.0)],  # killed, and started anew
        [(16.0, None), (18.0, None)],
    ],
)
def test_who_stops_within_five_seconds_obeys(readings: list[tuple[float, float | None]]) -> None:
    assert set(told(readings)) == {""}


@pytest.mark.parametrize(
    "readings", [[(15.0, 48.0), (17.0, 49.0)], [(15.0, 48.0), (17.0, None), (19.0, 2.0)], [(15.0, 4.0), (17.0, 2.0)]]
)
def test_who_goes_on_or_starts_anew_with_it_does_not(readings: list[tuple[float, float | None]]) -> None:
    assert "after the policy was switched off" in told(readings)[-1]


def test_on_again_it_may_look_and_off_again_it_may_not() -> None:
    found = Obedience(off_at_s=0.0)
    assert found.read(6.0, 3.0) == ""
    found.off_at_s = None
    assert found.read(8.0, 9.0) == ""
    found.off_at_s = 9.0
    assert found.read(15.0, 12.0) == ""
    assert found.read(17.0, 13.0) == "1 faces or walks were looked at 8.0 s after the policy was switched off"
    assert (found.asked, found.judged) == (6.0, 1)


def test_a_workers_counters_are_read() -> None:
    page = "# TYPE x\npennyprotect_worker_faces_asked_total 3.0\npennyprotect_worker_gaits_asked_total 4.0\nother_total 9\n"
    assert asked_in(page) == 7.0
    assert asked_in("HTTP/1.0 503\r\n\r\n") is None


def test_a_clock_leaps_for_those_who_follow_it_and_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    assert ahead_s(file) == 0.0
    follows = f"from pathlib import Path\nfrom tests.chaos.leaping import *\nfollow(Path({str(file)!r}))\n"
    code = f"{follows}from app.kit.clock import now_us\nfor _ in range(2):\n    input()\n    print(now_us(), flush=True)\n"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        for seconds in (-3600.0, 0.0):
            leap(file, seconds)
            other.stdin.write("\n")
            other.stdin.flush()
            assert int(other.stdout.readline()) / 1e6 - time.time() == pytest.approx(seconds, abs=60)
    assert FILE == "CHAOS_CLOCK"
