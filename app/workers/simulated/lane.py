"""One simulated camera: a script told as a worker tells a real camera's frames, health, tracklets and watched pictures."""

import asyncio
import contextlib
import time
import uuid
from typing import Final, Protocol

import cv2
import numpy as np

from app.contracts.control import DesiredCamera
from app.contracts.tracked import SIMULATED_CODEC, CameraHealth, CameraState, TrackedFrame, TrackletClosed
from app.contracts.wire import floats
from app.kit.clock import now_us
from app.perception.detections import TrackedDetections
from app.perception.keypoints import SKELETON
from app.tracking.tracklets import Tracklets
from app.workers.simulated.acts import FPS, HEIGHT, SCRIPTS, WIDTH, Script, seen_at

SCHEME: Final = "simulated://"
HEALTH_EVERY_S: Final = 2.0
LABEL: Final = "SIMULATED: drawn figures, no camera"


class Outlet(Protocol):
    """Where a camera's messages go; `workers.emitter.Emitter` is one."""

    def frame(self, frame: TrackedFrame) -> None:
        """A tracked frame."""

    def tracklet(self, tracklet: TrackletClosed) -> None:
        """An ended track."""

    def health(self, health: CameraHealth) -> None:
        """The camera's state."""

    def picture(self, camera: uuid.UUID, captured_at_us: int, jpeg: bytes) -> None:
        """A watched picture."""


def script_of(url: str) -> Script | None:
    """The script that an address names; None for the address of a real camera or of no script."""
    return SCRIPTS.get(url.removeprefix(SCHEME).strip("/")) if is_simulated(url) else None


def is_simulated(url: str) -> bool:
    """Whether an address is one of a simulated camera."""
    return url.startswith(SCHEME)


def drawn(tracked: TrackedDetections) -> bytes:
    """JPEG of the figures, half size, labelled as simulated."""
    picture = np.full((HEIGHT // 2, WIDTH // 2, 3), 40, np.uint8)
    for person in tracked.detections.keypoints:
        places = [(int(x / 2), int(y / 2)) for x, y, _ in person.tolist()]
        for one, other in SKELETON:
            if person[one, 2] > 0.3 and person[other, 2] > 0.3:
                cv2.line(picture, places[one], places[other], (200, 200, 120), 3)
    cv2.putText(picture, LABEL, (12, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 1)
    return cv2.imencode(".jpg", picture)[1].tobytes()


class SimulatedLane:
    """Plays a script from its beginning, frame by frame in real time, until stopped.

    Has what the CPU worker asks of a camera (`cpu.lane.Lane`), and never a frame for a model.
    """

    has_frame: Final = False

    def __init__(self, camera: DesiredCamera, script: Script, outlet: Outlet) -> None:
        self.camera, self.script = camera, script
        self.busy = False
        self.served_at = 0.0
        self.watched = False
        self._outlet = outlet
        self._stop = asyncio.Event()
        self._epoch, self._sequence = now_us(), 0
        self._tracklets = Tracklets(camera.camera_id, self._epoch, WIDTH, HEIGHT)
        self._last_us = 0

    def stop(self) -> None:
        """End `run` soon."""
        self._stop.set()

    def adjust(self, camera: DesiredCamera) -> bool:
        """Take over a changed wish; False where another script is wanted."""
        if camera.url != self.camera.url:
            return False
        self.camera = camera
        return True

    async def run(self) -> None:
        """Play until `stop`."""
        start, chance, told, health_at = time.monotonic(), np.random.default_rng(), 0, 0.0
        while not self._stop.is_set():
            at_s = told / FPS
            self.tell(seen_at(self.script, at_s, chance), now_us())
            if time.monotonic() >= health_at:
                self._say_health(CameraState.LIVE)
                health_at = time.monotonic() + HEALTH_EVERY_S
            told = max(told + 1, int((time.monotonic() - start) * FPS))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), max(0.0, start + told / FPS - time.monotonic()))
        for tracklet in self._tracklets.close():
            self._outlet.tracklet(tracklet)
        self._say_health(CameraState.STOPPED)

    def tell(self, tracked: TrackedDetections, at_us: int) -> TrackedFrame:
        """Hand on one frame captured at `at_us`."""
        found = tracked.detections
        frame = TrackedFrame(
            self.camera.camera_id, self._epoch, self._sequence, at_us, at_us, WIDTH, HEIGHT, self.camera.policy_revision,
            tracked.track_ids.tolist(), floats(found.boxes), floats(found.scores), floats(found.keypoints),
        )  # fmt: skip
        self._sequence += 1
        self._last_us = at_us
        self._outlet.frame(frame)
        for tracklet in self._tracklets.update(tracked, at_us):
            self._outlet.tracklet(tracklet)
        if self.watched:
            self._outlet.picture(self.camera.camera_id, at_us, drawn(tracked))
        return frame

    def _say_health(self, state: CameraState) -> None:
        self._outlet.health(
            CameraHealth(
                self.camera.camera_id,
                self._epoch,
                now_us(),
                state,
                "",
                WIDTH,
                HEIGHT,
                SIMULATED_CODEC,
                FPS,
                FPS,
                0,
                self._last_us,
                0,
            )
        )
