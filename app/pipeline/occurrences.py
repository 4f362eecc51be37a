"""From findings to alert rows: one occurrence (camera x rule x zone x presence), one id, whoever computes it. Pure."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.alerts.grouping import PLAIN, Handling
from app.alerts.models import Alert, AlertState, alert_message
from app.behaviour.findings import Finding, Phase
from app.kit.clock import from_us
from app.pipeline.configuration import CameraSetup

NAMESPACE = uuid.UUID("8b0a1c53-6f0e-5d5b-9a55-3a3f3f0f7c11")
"""Of every id this pipeline derives; never change it, or a restart in the middle of an act raises it again."""

HANDLERS = (
    *("claimed_by", "claimed_at", "acknowledged_by", "acknowledged_at", "resolved_by", "resolved_at", "outcome"),
    *("waiting_since", "escalation_level", "escalated_to", "escalated_by", "escalated_at"),
    *("snoozed_by", "snoozed_until", "snooze_reason", "revision", "second_look"),
)
"""Fields of what happens in the queue: left out of the pipeline's own `alert-changed`, which does not know them."""
STORED = (
    *("id", "state", "score", "explanation", "epoch", "started_at", "ended_at", "raised_at", "changed_at"),
    *("occurrences", "group_id", "threat"),
)
"""Fields of a changed alert that come from its row, which may stand for several occurrences."""


@dataclass(frozen=True, slots=True)
class AlertRow:
    """A finding as an alert row; for an act that goes on, the same id with newer values."""

    alert: Alert
    chain_id: uuid.UUID
    begins: bool
    trace_parent: str = ""
    """Of the frame that told it, where that is traced."""
    handling: Handling = PLAIN


def occurrence_id(camera_id: uuid.UUID, kind: str, zone_id: str, presence: str) -> uuid.UUID:
    """The id of the alert about this occurrence."""
    return uuid.uuid5(NAMESPACE, f"{camera_id}|{kind}|{zone_id}|{presence}")


def detection_id(camera_id: uuid.UUID, epoch: int, track_id: int) -> uuid.UUID:
    """The id of a tracklet's row."""
    return uuid.uuid5(NAMESPACE, f"{camera_id}|{epoch}|{track_id}")


def alert_row(setup: CameraSetup, finding: Finding, at: datetime, trace_parent: str = "") -> AlertRow:
    """The row of a finding told at `at`."""
    started = from_us(finding.started_at_us)
    alert = Alert(
        id=occurrence_id(setup.camera_id, finding.kind, finding.zone_id, finding.presence),
        store_id=setup.store_id,
        camera_id=setup.camera_id,
        zone_id=uuid.UUID(finding.zone_id) if finding.zone_id else None,
        kind=finding.kind,
        threat=finding.threat,
        state=AlertState.RAISED,
        score=finding.score,
        threshold=finding.threshold,
        explanation=dict(finding.explanation),
        track_ids=finding.track_ids,
        epoch=finding.epoch,
        started_at=started,
        ended_at=max(started, from_us(finding.ended_at_us)),
        raised_at=at,
        changed_at=at,
    )
    handling = setup.handling.get((finding.kind, finding.zone_id), PLAIN)
    return AlertRow(alert, setup.chain_id, finding.phase is Phase.BEGINS, trace_parent, handling)


def latest(rows: list[AlertRow]) -> tuple[list[AlertRow], list[AlertRow]]:
    """(to insert, to update): of several about one occurrence only the first beginning and the last update count."""
    begun: dict[uuid.UUID, AlertRow] = {}
    changed: dict[uuid.UUID, AlertRow] = {}
    for row in rows:
        if row.begins:
            begun.setdefault(row.alert.id, row)
        else:
            changed[row.alert.id] = row
    return list(begun.values()), list(changed.values())


def changed_message(row: AlertRow, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Outbox payload of `alert-changed`: the alert as far as the pipeline knows it, in the state people have put it.

    `stored` has the `STORED` fields and `track_ids` of its row; an occurrence that joined carries its alert's id.
    """
    message = alert_message(row.alert)
    body = {name: value for name, value in message["alert"].items() if name not in HANDLERS}
    body |= {name: stored[name] for name in STORED}
    return {**message, "alert": body | {"track_ids": [str(int(track_id)) for track_id in stored["track_ids"]]}}
