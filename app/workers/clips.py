"""The worker's recorder: waits for the end of what is asked for, cuts it from the ring, and does not rest until it is stored."""

import asyncio
import hashlib
import time
import uuid
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, Protocol

import aiohttp
import msgspec

from app.capture.clips import NothingRecordedError, Piece, make_clip, make_still
from app.capture.ring import PacketRing
from app.contracts.control import Recording, Seen, UploadWish
from app.kit.clock import now_us
from app.kit.logs import logger
from app.workers.sightings import Sighting
from app.workers.spool import Spool, Waiting
from app.workers.telemetry import WorkerMetrics
from app.workers.uploads import UploadRefusedError, Uploads, pause

LOOK_S: Final = 0.5
LATE_US: Final = 2_500_000
"""How long after its end a recording waits for the last pictures of a slow stream."""
MOST_CUT: Final = 1
MOST_SENT: Final = 4
"""Recordings that are cut, and uploaded, at the same time."""
MOST_WAITING: Final = 500
GIVE_UP_S: Final = 24 * 3600.0
NEAR_US: Final = 700_000
"""Boxes further from a still's moment than this say nothing about it."""
RETRIED: Final = (aiohttp.ClientError, TimeoutError, OSError, msgspec.DecodeError)

log = logger(__name__)


class Recorded(Protocol):
    """A camera whose packets are kept."""

    ring: PacketRing | None

    @property
    def sightings(self) -> Sequence[Sighting]:
        """Oldest first."""
        ...


def seen_between(sightings: Sequence[Sighting], from_us: int, to_us: int) -> list[Seen]:
    """The sightings of a recording, with times from its first picture."""
    return [
        Seen((each.at_us - from_us) // 1000, list(each.boxes)) for each in sightings if from_us - NEAR_US <= each.at_us <= to_us
    ]


def cut(recording: Recording, ring: PacketRing, sightings: Sequence[Sighting]) -> tuple[Piece, UploadWish]:
    """The finished piece (blocking).

    Raises:
        NothingRecordedError: the ring has no picture of that time.
    """
    samples = ring.cut(recording.from_us, recording.to_us)
    if not samples:
        raise NothingRecordedError("The camera's recording of that time is gone, or never was.")
    masks = ring.masks_of(samples[0].at_us, samples[-1].at_us)
    if recording.type == "still":
        near = min(sightings, key=lambda each: abs(each.at_us - recording.moment_us), default=None)
        drawn = near.boxes if near is not None and abs(near.at_us - recording.moment_us) <= NEAR_US else ()
        piece = make_still(samples, recording.moment_us, masks, drawn)
    else:
        piece = make_clip(samples, masks)
    boxes = seen_between(sightings, piece.from_us, piece.to_us)
    digest = hashlib.sha256(piece.body).hexdigest()
    return piece, UploadWish(
        len(piece.body), digest, piece.media_type, piece.from_us, piece.to_us, piece.masked, boxes
    )  # fmt: skip


class Recorder:
    """Serves the recordings that the desired state names.

    Args:
        wanted: the recordings of the last desired state.
        cameras: the running cameras by id.
    """

    def __init__(
        self,
        wanted: Callable[[], Sequence[Recording]],
        cameras: Callable[[], dict[uuid.UUID, Recorded]],
        uploads: Uploads,
        spool: Spool,
        metrics: WorkerMetrics,
    ) -> None:
        self._wanted, self._cameras, self._uploads, self._spool, self._metrics = wanted, cameras, uploads, spool, metrics
        self._tasks: dict[uuid.UUID, asyncio.Task[None]] = {}
        self._cutting, self._sending = asyncio.Semaphore(MOST_CUT), asyncio.Semaphore(MOST_SENT)

    async def run(self, stop: asyncio.Event) -> None:
        """Record until `stop`; what is not stored then lies in the spool."""
        for left in await asyncio.to_thread(self._spool.left):
            self._start(left.evidence_id, self._upload(left))
        try:
            while not stop.is_set():
                self._take_up()
                try:
                    await asyncio.wait_for(stop.wait(), LOOK_S)
                except TimeoutError:
                    continue
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            await self._uploads.close()

    def _take_up(self) -> None:
        running = self._cameras()
        for recording in self._wanted():
            if recording.evidence_id in self._tasks or len(self._tasks) >= MOST_WAITING:
                continue
            camera = running.get(recording.camera_id)
            if camera is not None:
                self._start(recording.evidence_id, self._record(recording, camera))

    def _start(self, evidence_id: uuid.UUID, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks[evidence_id] = task
        task.add_done_callback(lambda ended: self._ended(evidence_id, ended))

    def _ended(self, evidence_id: uuid.UUID, task: "asyncio.Task[None]") -> None:
        # Kept a while, so that a desired state from before the end does not begin it anew.
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a recording failed", evidence=str(evidence_id), exc_info=error)
        loop = task.get_loop()
        if not loop.is_closed():
            loop.call_later(6.0, self._tasks.pop, evidence_id, None)

    async def _record(self, recording: Recording, camera: Recorded) -> None:
        ring, sightings = camera.ring, camera.sightings
        if ring is None:
            await self._say_lost(recording.evidence_id, "This worker keeps no packets: PENNYPROTECT_RING_MB is 0.")
            return
        await _until_over(recording, ring)
        async with self._cutting:
            try:
                piece, wish = await asyncio.to_thread(cut, recording, ring, list(sightings))
            except Exception as error:  # a decoder's or a mask's: the reason is shown, and nothing unmasked leaves
                reason = error.detail if isinstance(error, NothingRecordedError) else f"It could not be cut: {error}."
                await self._say_lost(recording.evidence_id, reason)
                return
            waiting = Waiting(recording.evidence_id, wish, piece.body)
            if await asyncio.to_thread(self._spool.keep, waiting):
                waiting = Waiting(recording.evidence_id, wish)  # an hour without storage must not fill the memory
            del piece
        await self._upload(waiting)

    async def _upload(self, waiting: Waiting) -> None:
        began, attempt = time.monotonic(), 0
        while time.monotonic() - began < GIVE_UP_S:
            self._metrics.clips.spool_bytes.set(self._spool.held_bytes())
            try:
                async with self._sending:
                    body = waiting.body or await asyncio.to_thread(self._spool.body_of, waiting.evidence_id)
                    await self._uploads.store(waiting.evidence_id, waiting.wish, body)
                end = "stored"
                break
            except UploadRefusedError as error:
                log.info("a recording is not wanted any more", evidence=str(waiting.evidence_id), problem=str(error))
                end = "refused"
                break
            except RETRIED as error:
                if attempt == 0:
                    log.warning("a recording waits for its upload", problem=type(error).__name__)
                self._metrics.clips.upload_retries.inc()
                await pause(attempt)
                attempt += 1
        else:
            end = "given-up"
        self._metrics.clips.recordings.labels(end).inc()
        await asyncio.to_thread(self._spool.forget, waiting.evidence_id)

    async def _say_lost(self, evidence_id: uuid.UUID, reason: str) -> None:
        self._metrics.clips.recordings.labels("lost").inc()
        for attempt in range(5):
            try:
                await self._uploads.give_up(evidence_id, reason)
                return
            except UploadRefusedError:
                return
            except RETRIED:
                await pause(attempt)


async def _until_over(recording: Recording, ring: PacketRing) -> None:
    """Wait until the ring holds the end, or until it will not any more."""
    while ring.newest_us < recording.to_us and now_us() < recording.to_us + LATE_US:
        await asyncio.sleep(0.1 if now_us() > recording.to_us - 1_000_000 else LOOK_S)
