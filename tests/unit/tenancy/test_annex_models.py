"""The annex says how long what was measured of models is kept, as it is kept."""

from app.models.readings.repository import HOURS_KEPT, MINUTES_KEPT, MOST_STILLS_KEPT, STILLS_KEPT
from app.models.shadows.repository import LONGEST
from app.tenancy.policy.annex_parts import retention


def test_the_annex_keeps_what_the_service_keeps() -> None:
    site = {"lists": [], "retention": {"defaults": [], "rules": []}, "second_look": {"enabled": False}}
    lines = {line["what"]: line for line in retention({"face": False}, site)}
    counted = next(line for what, line in lines.items() if what.startswith("What models answered"))
    hours = f"{MINUTES_KEPT.total_seconds() / 3600:g} hours by the minute"
    assert counted["kept"] == f"{hours}, {HOURS_KEPT.days} days by the hour"
    stills = next(what for what in lines if what.startswith("Stills of shadow runs"))
    assert stills == f"Stills of shadow runs, heads blurred, {MOST_STILLS_KEPT} a run"
    assert lines[stills]["kept"] == f"{STILLS_KEPT.days} days; a run takes {LONGEST.days} days at most"
