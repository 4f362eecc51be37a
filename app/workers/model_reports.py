"""What the worker measured of models: sums until the next report, and the reports' way to the service."""

import asyncio
import contextlib
import ssl
import uuid
from collections import deque
from collections.abc import Callable
from typing import Final, Self

import aiohttp
import msgspec
import numpy as np

from app.contracts.control import DesiredCamera
from app.contracts.models import (
    MOST_ROWS,
    MOST_STILLS,
    Disagreement,
    ModelReading,
    ModelReport,
    ShadowReading,
    latency_bucket,
)  # fmt: skip
from app.inference.face_client import FACE_MODEL, FaceAnswer
from app.kit.backoff import Backoff
from app.kit.ids import new_id
from app.kit.logs import logger
from app.kit.tls import trust
from app.models.comparison import Compared
from app.perception.detections import Detections
from app.settings import Settings

EVERY_S: Final = 5.0
ASK_S: Final = 4.0
MOST_WAITING: Final = 60
"""Reports that wait for a service that is away; the oldest is dropped, and counted."""
WITH_STILLS: Final = 3
"""The newest of them keep their stills, which are the most of their memory."""
LAST_S: Final = 1.0
"""For what waits once the worker is to stop; it is killed soon after."""

log = logger(__name__)


class Readings:
    """Sums since the last report. Event loop only.

    Attributes:
        left_out: rows beyond what a report holds, since the worker began.
    """

    def __init__(self) -> None:
        self._readings: dict[tuple[uuid.UUID, str, int], ModelReading] = {}
        self._shadows: dict[tuple[uuid.UUID, str, int, int], ShadowReading] = {}
        self._disagreements: deque[Disagreement] = deque(maxlen=MOST_STILLS)
        self.left_out = 0

    def answered(self, camera: DesiredCamera, found: Detections, took_s: float) -> None:
        """The version that a camera uses answered a frame."""
        reading = self._reading(camera)
        reading.frames += 1
        reading.persons += len(found)
        if len(found):
            reading.score_sum += float(found.scores.clip(0, 1).sum())
            reading.quality_sum += float(found.keypoints[:, :, 2].clip(0, 1).mean(axis=1).sum())
        reading.latency[latency_bucket(took_s)] += 1

    def failed(self, camera: DesiredCamera) -> None:
        """It did not."""
        self._reading(camera).failures += 1

    def looked_at_faces(self, camera: DesiredCamera, answer: FaceAnswer | None, took_s: float) -> None:
        """The face models answered a head, or did not: sums of scores and qualities alone, nothing of whose face it is."""
        key = (camera.camera_id, FACE_MODEL, int(camera.face_version))
        reading = self._readings.setdefault(key, ModelReading(*key))
        if answer is None:
            reading.failures += 1
            return
        reading.frames += 1
        reading.persons += len(answer)
        if len(answer):
            reading.score_sum += float(answer.boxes[:, 4].sum())
            reading.quality_sum += float(answer.quality.mean(axis=1).sum())
            reading.norm_sum += float(np.linalg.norm(answer.embeddings, axis=1).sum())
        reading.latency[latency_bucket(took_s)] += 1

    def compared(self, camera: DesiredCamera, one: Compared, old_s: float, new_s: float) -> None:
        """The shadowed version answered the same frame."""
        reading = self._shadow(camera)
        reading.frames += 1
        reading.agreeing += one.agrees
        reading.both += one.both
        reading.only_old += one.only_old
        reading.only_new += one.only_new
        reading.overlap_sum += sum(one.overlaps)
        reading.likeness_sum += sum(one.likenesses)
        reading.likened += len(one.likenesses)
        reading.shift_sum += sum(one.shifts)
        reading.shift_squares += sum(shift * shift for shift in one.shifts)
        reading.latency_old[latency_bucket(old_s)] += 1
        reading.latency_new[latency_bucket(new_s)] += 1

    def shadow_failed(self, camera: DesiredCamera) -> None:
        """The shadowed version did not answer."""
        self._shadow(camera).failures += 1

    def shadow_skipped(self, camera: DesiredCamera) -> None:
        """The shadowed version was not asked: others waited for it."""
        self._shadow(camera).skipped += 1

    def disagreed(self, one: Disagreement) -> None:
        """A frame worth showing; the oldest of too many goes."""
        self._disagreements.append(one)

    def take(self, worker_id: uuid.UUID) -> ModelReport | None:
        """Everything since the last time; None where nothing happened."""
        readings, shadows, shown = list(self._readings.values()), list(self._shadows.values()), list(self._disagreements)
        self._readings.clear()
        self._shadows.clear()
        self._disagreements.clear()
        if not readings and not shadows:
            return None
        self.left_out += max(0, len(readings) - MOST_ROWS) + max(0, len(shadows) - MOST_ROWS)
        return ModelReport(new_id(), worker_id, readings[:MOST_ROWS], shadows[:MOST_ROWS], shown)

    def _reading(self, camera: DesiredCamera) -> ModelReading:
        key = (camera.camera_id, camera.pose_model, int(camera.pose_version))
        if key not in self._readings:
            self._readings[key] = ModelReading(*key)
        return self._readings[key]

    def _shadow(self, camera: DesiredCamera) -> ShadowReading:
        key = (camera.camera_id, camera.pose_model, int(camera.shadow_version), int(camera.pose_version))
        if key not in self._shadows:
            self._shadows[key] = ShadowReading(*key)
        return self._shadows[key]


class ModelReports:
    """Sends reports until the service has them; a service that is away costs the oldest, never memory or a frame.

    Args:
        on_drop: told how many reports were lost; rows that one had no room for count as one more.
        trusted: whom to trust for an https service; None for the system's authorities.
    """

    def __init__(
        self, service_url: str, key: str, worker_id: uuid.UUID, readings: Readings, on_drop: Callable[[int], None],
        trusted: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        self._url, self._trusted = service_url.rstrip("/") + "/api/v1/workers/models", trusted or True
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/vnd.msgpack"}
        self._worker_id, self._readings, self._on_drop = worker_id, readings, on_drop
        self._waiting: deque[ModelReport] = deque()

    @classmethod
    def of(cls, settings: Settings, worker_id: uuid.UUID, readings: Readings, on_drop: Callable[[int], None]) -> Self:
        """Those of a worker that these settings describe."""
        key, trusted = settings.worker_key.get_secret_value(), trust(settings.ca_file)
        return cls(settings.service_address, key, worker_id, readings, on_drop, trusted)

    async def run(self, stop: asyncio.Event) -> None:
        """A report every few seconds until `stop`, then a last one, for a second at most."""
        retry, failures = Backoff(first_s=1.0, longest_s=30.0), 0
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ASK_S), headers=self._headers) as session:
            while not stop.is_set():
                pause = retry.delay_s(failures - 1) if failures else EVERY_S
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), pause)
                if stop.is_set():
                    break
                self._pack()
                problem = await self._send_until(session, stop)
                if problem and not failures:
                    log.warning("readings of models wait for the service", problem=problem)
                failures = failures + 1 if problem else 0
            self._pack()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_S):
                    await self._send(session)

    async def _send_until(self, session: aiohttp.ClientSession, stop: asyncio.Event) -> str:
        """`_send`, but given up once the worker is to stop: the last report is sent anew."""
        sending, ended = asyncio.create_task(self._send(session)), asyncio.create_task(stop.wait())
        try:
            await asyncio.wait((sending, ended), return_when=asyncio.FIRST_COMPLETED)
            return sending.result() if sending.done() else ""
        finally:
            ended.cancel()
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sending

    def _pack(self) -> None:
        left_out = self._readings.left_out
        if (report := self._readings.take(self._worker_id)) is None:
            return
        if self._readings.left_out > left_out:
            self._on_drop(1)
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.popleft()
            self._on_drop(1)
        self._waiting.append(report)
        if len(self._waiting) > WITH_STILLS:
            older = self._waiting[-WITH_STILLS - 1]
            self._waiting[-WITH_STILLS - 1] = msgspec.structs.replace(older, disagreements=[])

    async def _send(self, session: aiohttp.ClientSession) -> str:
        """All that wait, oldest first; what went wrong, or ""."""
        while self._waiting:
            try:
                body = msgspec.msgpack.encode(self._waiting[0])
                async with session.post(self._url, data=body, ssl=self._trusted) as reply:
                    await reply.read()
                    status = reply.status
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                return type(error).__name__
            if status in (404, 405, 413, 422):  # an older service, or a report that it will never take
                self._on_drop(1)
            elif status >= 300:
                return f"status {status}"
            self._waiting.popleft()
        return ""
