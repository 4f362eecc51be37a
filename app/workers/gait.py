"""Gait of people in front of cameras whose store allows it: the side path of every worker, which pose never waits for.

Nothing is held and no gait model is loaded unless a fresh grant says `gait` for some camera. Keypoints stay in memory for
seconds (`gait_tracks`); what the model says goes the way of faces' embeddings, into memory for seconds more.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final, Protocol

import msgspec

from app.contracts.biometrics import GaitEmbedding
from app.contracts.control import DesiredCamera
from app.contracts.tracked import TrackedFrame
from app.contracts.wire import floats
from app.inference.gait.client import MOST_SEQUENCES, GaitResult, PoseSequence, TritonGait
from app.inference.gait.placing import GAIT_MODEL, GAIT_VERSION, place
from app.inference.gait.quality import Unfit
from app.inference.loading import LocalModels, ModelLoading, NotLoadedError
from app.inference.triton import is_local
from app.kit.errors import PennyError
from app.kit.logs import logger
from app.settings import Settings
from app.workers.control import Grant, permitted, wanted
from app.workers.emitter import Emitter
from app.workers.gait_tracks import Due, GaitTracks
from app.workers.keeping import CHECK_EVERY_S, KeptModels, Loading, pause
from app.workers.telemetry import GaitMetrics, WorkerMetrics

OLDEST_S: Final = 4.0
"""A result that waits longer on its way out is dropped: Redis was away."""

log = logger(__name__)


class GaitModel(Protocol):
    """Describes and embeds sequences."""

    async def look(self, sequences: Sequence[PoseSequence]) -> list[GaitResult | Unfit]:
        """Of each a result, or why there is none. PennyError when the model does not answer."""
        ...


class GaitStage:
    """Takes keypoints off tracked frames, asks the model at a track's best moments and at its end, emits what it says.

    Args:
        grant: the present grant of the control plane.
        emit: takes a result and whether it may still be sent when its turn comes.
    """

    def __init__(
        self, grant: Callable[[], Grant], model: GaitModel, loading: Loading,
        emit: Callable[[GaitEmbedding, Callable[[], bool]], None], metrics: GaitMetrics,
    ) -> None:  # fmt: skip
        self._grant, self._model, self._emit, self._metrics = grant, model, emit, metrics
        self._tracks = GaitTracks()
        self._kept = KeptModels("gait", loading, self._needed, self._tracks.forget, metrics.loaded)

    def offer(self, frame: TrackedFrame) -> None:
        """Hold a frame's keypoints where its camera's gait may be looked at; returns at once."""
        if self._kept.ready and frame.track_ids and self._may(frame.camera_id, frame.policy_revision) is not None:
            self._metrics.dropped.labels("full").inc(self._tracks.see(frame, time.monotonic()))

    async def run(self, stop: asyncio.Event) -> None:
        """Look at what is due until `stop`; bring the model when a camera needs it, take it away when none does."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._kept.run(stop))
            while not stop.is_set():
                self._tracks.keep(lambda camera, revision: self._may(camera, revision) is not None)
                due = self._tracks.due(time.monotonic(), MOST_SEQUENCES) if self._kept.ready else []
                if due:
                    await self._look(due, stop)
                self._metrics.held.set(len(self._tracks))
                if len(due) < MOST_SEQUENCES:
                    await pause(stop, CHECK_EVERY_S)
        self._tracks.forget()

    def _needed(self) -> bool:
        return wanted(self._grant(), time.monotonic(), "gait")

    def _may(self, camera_id: uuid.UUID, revision: int) -> DesiredCamera | None:
        return permitted(self._grant(), camera_id, revision, time.monotonic(), "gait")

    async def _look(self, due: list[Due], stop: asyncio.Event) -> None:
        began = time.monotonic()
        self._metrics.asked.inc(len(due))
        try:
            found = await self._model.look([each.sequence for each in due])
        except PennyError as error:
            self._metrics.dropped.labels("model").inc(len(due))
            if isinstance(error, NotLoadedError):
                self._kept.doubt()
            log.info("the gait model does not answer", problem=str(error)[:120])
            return await pause(stop, CHECK_EVERY_S)
        except Exception as error:  # keypoints of a kind nobody has met: the cameras go on
            self._metrics.dropped.labels("model").inc(len(due))
            log.warning("gait could not be looked at", kind=type(error).__name__)
            return None
        finally:
            for each in due:
                each.wipe()
        self._metrics.seconds.observe(time.monotonic() - began)
        for each, result in zip(due, found, strict=True):
            self._say(each, result, began)
        return None

    def _say(self, due: Due, result: GaitResult | Unfit, began: float) -> None:
        """The policy is looked at again, now that the answer is there."""
        camera = self._may(due.track[0], due.revision)
        if camera is None:
            return self._metrics.dropped.labels("policy").inc()

        def sendable() -> bool:
            return time.monotonic() - began <= OLDEST_S and self._may(due.track[0], due.revision) is not None

        self._emit(message_of(camera, due, result), sendable)
        self._metrics.emitted.inc()
        return None


def message_of(camera: DesiredCamera, due: Due, result: GaitResult | Unfit) -> GaitEmbedding:
    """What is said of a sequence."""
    said = GaitEmbedding(
        camera_id=camera.camera_id,
        store_id=camera.store_id,
        epoch=due.track[1],
        track_id=due.track[2],
        captured_at_us=due.captured_at_us,
        policy_revision=due.revision,
        model=GAIT_MODEL,
        model_version=GAIT_VERSION,
        embedding=b"",
        quality={},
        features={},
        reason=result.value if isinstance(result, Unfit) else "",
    )
    if isinstance(result, Unfit):
        return said
    quality = {**asdict(result.quality), "facing": result.quality.facing.value}
    return msgspec.structs.replace(
        said, model=result.model, model_version=result.version, embedding=floats(result.embedding), quality=quality,
        features=asdict(result.features), way=floats(due.way),
    )  # fmt: skip


def gait_models(settings: Settings) -> LocalModels:
    """Who brings the gait model: this worker, where the embedded server's repository is; else the server's operator."""
    folder: Path = settings.home.absolute() / "triton" / "models"
    ours = is_local(settings.triton_url) and folder.is_dir()
    return LocalModels(ModelLoading(settings.triton_url), (lambda: _place(folder)) if ours else None, (GAIT_MODEL,))


def _place(folder: Path) -> None:
    place(folder)


async def watch_gait(
    settings: Settings, grant: Callable[[], Grant], emitter: Emitter, metrics: WorkerMetrics, stop: asyncio.Event
) -> None:
    """The gait path of a worker, over everything that it says, until `stop`."""
    model, loading = TritonGait(settings.triton_url), gait_models(settings)
    stage = GaitStage(grant, model, loading, emitter.probe, GaitMetrics(metrics.registry))
    emitter.heard = stage.offer
    try:
        await stage.run(stop)
    finally:
        emitter.heard = None
        await model.close()
        await loading.close()
