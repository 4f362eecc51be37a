"""Who is told what, and when. Pure."""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.alerts.rota.models import THREATS
from app.behaviour.findings import Threat
from app.notifications.models import Happening, Occasion, Planned, QuietHours, Route


def wants(route: Route, happening: Happening) -> bool:
    """Whether the channel is told. An escalation goes to people who were called, and to shared channels that ask for it."""
    if route.store_id is not None and route.store_id != happening.store_id:
        return False
    if happening.threat is not None and not reaches(happening.threat, route.lowest_threat):
        return False
    if route.user_id is not None and happening.occasion is Occasion.ALERT_ESCALATED:
        return route.user_id in happening.called
    return happening.occasion.value in route.occasions


def reaches(threat: Threat, lowest: Threat) -> bool:
    """Whether a threat is at least `lowest`."""
    return THREATS.index(threat) >= THREATS.index(lowest)


def quiet_until(quiet: QuietHours | None, threat: Threat | None, at: datetime) -> datetime | None:
    """When the quiet hours that hold this back end; None where none do."""
    if quiet is None or (quiet.threat is not None and threat is not None and reaches(threat, quiet.threat)):
        return None
    zone = ZoneInfo(quiet.timezone)
    local = at.astimezone(zone)
    over_midnight = quiet.ends <= quiet.starts
    for day in (local.date() - timedelta(days=1), local.date()):
        begins = datetime.combine(day, quiet.starts, zone)
        ends = datetime.combine(day + timedelta(days=1) if over_midnight else day, quiet.ends, zone)
        if begins <= local < ends:
            return ends.astimezone(at.tzinfo)
    return None


def plan(happening: Happening, routes: Sequence[Route], at: datetime, new_id: Callable[[], uuid.UUID]) -> list[Planned]:
    """One delivery for each channel that is told; in quiet hours for their end."""
    planned = []
    for route in routes:
        if not wants(route, happening):
            continue
        held = quiet_until(route.quiet, happening.threat, at)
        planned.append(Planned(new_id(), happening, route.id, held or at, "quiet-hours" if held else ""))
    return planned
