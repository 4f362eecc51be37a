"""The security review names every requirement of levels 1 and 2 once, and files that are there; its sums are right."""

import re
from collections import Counter
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = CHECKOUT / "docs" / "security-review.md"
STATES = {"met", "partly", "not", "n/a"}
SECTIONS = (
    "1.1:2 1.2:9 1.3:11 1.4:3 1.5:2 2.1:3 2.2:3 2.3:4 2.4:1 3.2:2 3.3:4 3.4:6 3.5:5 3.7:2 4.1:3 4.2:1 4.3:2 4.4:4"
    " 5.1:1 5.2:3 5.3:2 5.4:3 6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4 7.1:3 7.2:4 7.3:2 7.4:5 7.5:2 7.6:2 8.1:2"
    " 8.2:3 8.3:1 8.4:1 9.1:3 9.2:4 10.1:2 10.2:2 10.3:4 10.4:11 10.5:5 10.6:2 10.7:3 11.1:2 11.2:3 11.3:3 11.4:4"
    " 11.5:1 11.6:1 12.1:3 12.2:2 12.3:4 13.1:1 13.2:5 13.3:2 13.4:5 14.1:2 14.2:4 14.3:3 15.1:3 15.2:3 15.3:7"
    " 16.1:1 16.2:5 16.3:4 16.4:3 16.5:3 17.1:1 17.2:4 17.3:2"
)
"""ASVS 5.0.0: how many of each section are of level 1 or 2; they come before those of level 3."""
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| (.+?) \| (\S+) \| (.+) \|$", re.MULTILINE)
NAMED = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.\w+|Dockerfile|pyproject\.toml|\.env\.example)`")


def test_every_requirement_stands_here_once_with_its_state_and_what_shows_it() -> None:
    text = PAGE.read_text("utf-8")
    rows = ROW.findall(text)
    wanted = [
        f"{section}.{number}"
        for section, count in (each.split(":") for each in SECTIONS.split())
        for number in range(1, int(count) + 1)
    ]
    assert [number for number, *_ in rows] == wanted
    assert len(wanted) == 253
    states = Counter(state for _, _, state, _ in rows)
    assert set(states) <= STATES
    told = next(line for line in text.splitlines() if re.fullmatch(r"\| \d+ \| \d+ \| \d+ \| \d+ \|", line))
    assert [int(each) for each in re.findall(r"\d+", told)] == [states[state] for state in ("met", "partly", "not", "n/a")]


def test_what_it_names_is_there() -> None:
    named = set(NAMED.findall(PAGE.read_text("utf-8")))
    assert len(named) > 100
    assert {name for name in named if not (CHECKOUT / name).exists()} == set()
