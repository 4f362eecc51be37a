"""A soak that ends before its time tells what it saw and why it ended, and writes that as it goes."""

import json
from collections import Counter
from pathlib import Path

from tests.soak.__main__ import LEAST_MINUTES, Seen
from tests.soak.growth import FIGURES, Look


def looks(minutes: float, an_hour: float) -> list[Look]:
    return [
        Look(10.0 * number, {"service": dict.fromkeys(FIGURES, 100.0 + an_hour * number / 360)}, {"service": 7})
        for number in range(int(6 * minutes) + 1)
    ]


def test_what_was_seen_so_far_is_written_and_judged_once_it_lasted_long_enough(tmp_path: Path) -> None:
    seen = Seen(60, tmp_path / "soak.json", Counter(messages=9, sockets=2), Counter(cycles=1), looks(12, 90.0))
    assert seen.keep()["broken"] == []
    seen.looks = looks(LEAST_MINUTES, 90.0)
    assert len(seen.keep()["broken"]) == len(FIGURES)
    told = json.loads((tmp_path / "soak.json").read_text())
    assert told["minutes_seen"] == LEAST_MINUTES
    assert told["growth_judged"]
    assert {row["figure"] for row in told["growth"] if row["rises"]} == set(FIGURES)


def test_nothing_seen_is_no_clean_run() -> None:
    broken = Seen(60, None, Counter(), Counter({"failed: push 503": 2}), faults=["not ready in 300 s"]).document()["broken"]
    assert broken == [
        "not ready in 300 s", "visitors failed 0 times of 0, and saw 0 messages", "models: push 503 (2 times)",
        "models: no version came and went",
    ]  # fmt: skip
    assert Seen(60, None, Counter(messages=1, sockets=1), None).document()["broken"] == []
