"""What a camera's rules hold at a moment, by the store's clock and through what is kept of a minute."""

from datetime import UTC, datetime

from app.behaviour.rules import RULES, Areas, read_parameters
from app.behaviour.zones import Zone, ZoneSet
from app.pipeline.timetable import Timetable

SQUARE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
NIGHT = [{"hours": [{"start": "22:00", "end": "06:00"}], "parameters": {"zone_dwell_s": 5.0}}]


def at(text: str) -> int:
    """Microseconds of a moment given in UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1e6)


def test_a_zone_that_only_has_other_values_at_night_changes_with_the_stores_clock() -> None:
    always = read_parameters("loitering", {"zone_dwell_s": 40.0})
    by_night = read_parameters("loitering", {"zone_dwell_s": 40.0, "other_hours": NIGHT})
    zones = ZoneSet([Zone("a", SQUARE), Zone("b", SQUARE)])
    areas = Areas(zones, (("a", always), ("b", by_night)), None)
    table = Timetable(((RULES["loitering"], areas),), "Europe/Berlin")

    def dwell(moment: str) -> list[float]:
        ((_, found),) = table.at(at(moment))
        assert [zone for zone, _ in found.parameters] == ["a", "b"] == list(found.zones.ids), "the rule always looks"
        return [each.zone_dwell_s for _, each in found.parameters]

    assert dwell("2026-01-10 20:59:59") == [40.0, 40.0]  # 21:59 in Berlin
    assert dwell("2026-01-10 21:00:00") == [40.0, 5.0]
    assert dwell("2026-01-11 04:59:59") == [40.0, 5.0]
    assert dwell("2026-01-11 05:00:00") == [40.0, 40.0]
    assert dwell("2026-07-10 20:00:00") == [40.0, 5.0]  # summer


def test_other_values_outside_zones_change_a_rule_without_any_zone() -> None:
    areas = Areas(ZoneSet(), (), read_parameters("loitering", {"zone_dwell_s": 40.0, "other_hours": NIGHT}))
    table = Timetable(((RULES["loitering"], areas),))
    found = [table.at(at(moment))[0][1].elsewhere.zone_dwell_s for moment in ("2026-01-10 12:00", "2026-01-10 23:00")]
    assert found == [40.0, 5.0]
