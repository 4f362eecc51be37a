"""What a person on the picture is part of: the kinds of the alerts about their track, never who they are.

The alerts come from the stores' own messages. Pure: the only time is the frame's.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from app.contracts.tracked import TrackedFrame
from app.kit.clock import to_us
from app.kit.decoding import one_error

SHOWN_US = 15_000_000
"""How long after an act was last seen its people keep the label: a few times the pause between two reports of one."""
MOST_ACTS = 64
"""Of one camera; the one heard of longest ago goes first."""
OVER = "resolved"


class _Alert(msgspec.Struct, frozen=True):
    """What counts here of `alerts.alert_body`."""

    id: uuid.UUID
    camera_id: uuid.UUID
    kind: str
    state: str
    epoch: int
    track_ids: list[str]
    ended_at: datetime


class _Message(msgspec.Struct, frozen=True):
    """A store's message; other kinds than alerts have no `alert`."""

    alert: _Alert | None = None


@dataclass(frozen=True, slots=True)
class _Act:
    kind: str
    epoch: int
    track_ids: frozenset[int]
    ended_us: int


_decode = one_error(msgspec.json.Decoder(_Message).decode)


class StoreLabels:
    """The open alerts of one store's cameras, as far as they were seen lately."""

    def __init__(self) -> None:
        self._acts: dict[uuid.UUID, dict[uuid.UUID, _Act]] = {}

    def hear(self, message: bytes) -> None:
        """Take a message of the store in: an alert counts as it was last told, a resolved one no more.

        Raises:
            ValueError: no message this version understands (`msgspec.DecodeError` is one).
        """
        alert = _decode(message).alert
        if alert is None:
            return
        acts = self._acts.setdefault(alert.camera_id, {})
        acts.pop(alert.id, None)  # and in again at the end: the order is that of hearing
        if alert.state != OVER:
            tracks = frozenset(int(track_id) for track_id in alert.track_ids)
            acts[alert.id] = _Act(alert.kind, alert.epoch, tracks, to_us(alert.ended_at))
        if len(acts) > MOST_ACTS:
            del acts[next(iter(acts))]
        if not acts:
            del self._acts[alert.camera_id]

    def of(self, frame: TrackedFrame) -> Mapping[int, list[str]]:
        """Labels of the frame's tracks, sorted; tracks without any are absent."""
        acts = self._acts.get(frame.camera_id)
        if acts is None:
            return {}
        oldest_us = frame.captured_at_us - SHOWN_US
        found: dict[int, set[str]] = {}
        for act in acts.values():
            if act.epoch == frame.epoch and act.ended_us >= oldest_us:
                for track_id in act.track_ids.intersection(frame.track_ids):
                    found.setdefault(track_id, set()).add(act.kind)
        return {track_id: sorted(kinds) for track_id, kinds in found.items()}
