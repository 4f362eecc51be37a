"""The storm in short; `make chaos` is the long one."""

from pathlib import Path

import pytest

from tests.chaos.faults import schedule
from tests.chaos.storm import Storm
from tests.e2e.outside import outside

SECONDS, EVERY_S = 150.0, 10.0


@pytest.mark.matrix
@pytest.mark.timeout(900)
def test_nothing_is_lost_doubled_or_read_by_others_in_a_storm(tmp_path: Path) -> None:
    with outside() as around, Storm(tmp_path / "home", around, print).running() as storm:
        storm.blow(schedule(7, SECONDS, EVERY_S), SECONDS)
        figures = storm.settle()
    assert figures["broken"] == []
    assert figures["alerts"] > 0
    assert figures["deliveries"] > 0
    assert figures["clips_intact"] > 0
