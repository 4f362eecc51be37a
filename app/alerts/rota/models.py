"""The rota: who is on duty when, at the store, in the area and in the operations centre."""

import uuid
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.alerts.models import EscalationLevel
from app.behaviour.findings import Threat

THREATS = (Threat.LOW, Threat.MEDIUM, Threat.HIGH)


@dataclass(frozen=True, slots=True)
class RotaEntry:
    """One person's hours at one level.

    Attributes:
        store_id, region_id: the store, or the region of an area; both None: the operations centre of the chain.
        days: ISO days of the week, 1 is Monday, on which the duty begins.
        starts, ends: local times of `timezone`; `ends` at or before `starts` is on the next day, the same time a whole day later.
        after_s: seconds an alert waits at the level below before it comes here.
        lowest_threat: alerts below it never come here by time.
    """

    id: uuid.UUID
    store_id: uuid.UUID | None
    region_id: uuid.UUID | None
    user_id: uuid.UUID
    username: str
    days: tuple[int, ...]
    starts: time
    ends: time
    timezone: str
    after_s: int
    lowest_threat: Threat
    created_at: datetime

    @property
    def level(self) -> EscalationLevel:
        """Which level the place stands for."""
        if self.store_id is not None:
            return EscalationLevel.STORE
        return EscalationLevel.OPERATIONS_CENTRE if self.region_id is None else EscalationLevel.AREA

    def takes(self, threat: Threat) -> bool:
        """Whether alerts of this threat come here."""
        return THREATS.index(threat) >= THREATS.index(self.lowest_threat)

    def on_duty(self, at: datetime) -> bool:
        """Whether the person is on duty at `at`, by the wall clock of the place."""
        local = at.astimezone(ZoneInfo(self.timezone))
        moment, today = local.time(), local.isoweekday()
        if self.starts < self.ends:
            return today in self.days and self.starts <= moment < self.ends
        yesterday = (local - timedelta(days=1)).isoweekday()
        return (today in self.days and moment >= self.starts) or (yesterday in self.days and moment < self.ends)
