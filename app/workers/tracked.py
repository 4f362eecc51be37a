"""From the tracked detections of one camera to what is sent: epochs, sequence numbers, tracklets. The same for every worker."""

import uuid

from app.contracts.tracked import TrackedFrame
from app.contracts.wire import floats
from app.kit.clock import now_us
from app.perception.detections import TrackedDetections
from app.tracking.tracklets import Tracklets
from app.workers.emitter import Emitter

Size = tuple[int, int]


class TrackedStream:
    """State of one camera's stream of tracked frames. Use from one thread.

    Attributes:
        epoch: of the present connection; 0 before the first frame.
    """

    def __init__(self, camera_id: uuid.UUID, emitter: Emitter) -> None:
        self._camera_id, self._emitter = camera_id, emitter
        self.epoch = 0
        self._sequence, self._connection, self._size = 0, 0, (0, 0)
        self._tracklets: Tracklets | None = None

    @property
    def open_tracks(self) -> int:
        """Tracks that have not ended."""
        return len(self._tracklets) if self._tracklets is not None else 0

    def is_same(self, connection: int, size: Size) -> bool:
        """Whether a frame of this connection and picture size belongs to the present epoch."""
        return connection == self._connection and size == self._size

    def is_past(self, connection: int) -> bool:
        """Whether a frame comes from a connection that is gone."""
        return connection < self._connection

    def enter(self, connection: int, size: Size) -> bool:
        """Begin a new epoch where connection or picture size changed: track ids and pixels mean something else from here on.

        Epochs are wall-clock microseconds, so that those of a restarted worker are higher. True when one began.
        """
        if self.is_same(connection, size):
            return False
        self.close()
        self.epoch, self._sequence = max(self.epoch + 1, now_us()), 0
        self._connection, self._size = connection, size
        self._tracklets = Tracklets(self._camera_id, self.epoch, *size)
        return True

    def say(
        self, tracked: TrackedDetections, captured_at_us: int, received_at_us: int, policy_revision: int, trace_parent: str = ""
    ) -> TrackedFrame:
        """Emit a frame of the epoch that `enter` began, and the tracklets that ended with it."""
        assert self._tracklets is not None, "enter comes first"  # noqa: S101
        for tracklet in self._tracklets.update(tracked, captured_at_us):
            self._emitter.tracklet(tracklet)
        message = TrackedFrame(
            camera_id=self._camera_id,
            epoch=self.epoch,
            sequence=self._sequence,
            captured_at_us=captured_at_us,
            received_at_us=received_at_us,
            width=self._size[0],
            height=self._size[1],
            policy_revision=policy_revision,
            track_ids=tracked.track_ids.tolist(),
            boxes=floats(tracked.detections.boxes),
            scores=floats(tracked.detections.scores),
            keypoints=floats(tracked.detections.keypoints),
            trace_parent=trace_parent,
        )
        self._emitter.frame(message)
        self._sequence += 1
        return message

    def close(self) -> None:
        """End every open track: the stream is gone."""
        for tracklet in self._tracklets.close() if self._tracklets is not None else ():
            self._emitter.tracklet(tracklet)
