"""What a shard's next checkpoint writes beside its state."""

import uuid
from dataclasses import dataclass, field, replace

from app.contracts.tracked import CameraHealth, TrackletClosed
from app.pipeline.configuration import CameraSetup
from app.pipeline.occurrences import AlertRow
from app.pipeline.series import SeriesRow


@dataclass(frozen=True, slots=True)
class Status:
    """A camera's health to write; `changed`: viewers hear of it."""

    setup: CameraSetup
    health: CameraHealth
    changed: bool


@dataclass(slots=True)
class Pending:
    """What the next checkpoint writes with the positions."""

    alerts: list[AlertRow] = field(default_factory=list)
    detections: list[tuple[CameraSetup, TrackletClosed]] = field(default_factory=list)
    sessions: list[tuple[CameraSetup, CameraHealth]] = field(default_factory=list)
    series: list[tuple[CameraSetup, SeriesRow]] = field(default_factory=list)
    statuses: dict[uuid.UUID, Status] = field(default_factory=dict)

    def __len__(self) -> int:
        """Rows to write."""
        rows = (self.alerts, self.detections, self.sessions, self.series, self.statuses)
        return sum(len(each) for each in rows)

    def follow(self, since: "Pending") -> None:
        """Add what came since."""
        self.alerts += since.alerts
        self.detections += since.detections
        self.sessions += since.sessions
        self.series += since.series
        for camera_id, status in since.statuses.items():
            earlier = self.statuses.get(camera_id)
            self.statuses[camera_id] = replace(status, changed=status.changed or (earlier is not None and earlier.changed))
