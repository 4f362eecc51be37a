"""What pipelines, their probes and their sources counted, added to the worker's metrics."""

import uuid
from collections.abc import Collection, Mapping
from functools import partial

from app.contracts.control import DesiredCamera
from app.workers.gpu.building import Pipeline
from app.workers.gpu.cameras import GpuCamera
from app.workers.gpu.gauges import GpuMetrics, Totals
from app.workers.gpu.versions import Version, ran
from app.workers.shadow import Shadowing


class Counting:
    """Adds what totals rose by since the last look. Event loop only."""

    def __init__(self, gpu: GpuMetrics, shadow: Shadowing) -> None:
        self._gpu, self._shadow, self._add = gpu, shadow, Totals().add

    def count(
        self, pipelines: Collection[Pipeline], cameras: Mapping[uuid.UUID, GpuCamera], wanted: Mapping[uuid.UUID, DesiredCamera]
    ) -> None:
        """Look at every pipeline and camera, say the cameras' health, read the GPUs."""
        facts = {camera: fact for pipeline in pipelines for camera, fact in pipeline.graph.facts().items()}
        for camera_id, camera in cameras.items():
            fact = facts.get(camera_id)
            camera.count(fact)
            self._add(f"{camera_id}.unmasked", fact.unmasked if fact is not None else 0, self._gpu.wrong.labels("unmasked").inc)
            camera.say_health()
        for pipeline in pipelines:
            self._count_one(pipeline, wanted)
        self._gpu.read_gpus()

    def _count_one(self, pipeline: Pipeline, wanted: Mapping[uuid.UUID, DesiredCamera]) -> None:
        for camera_id, total in list(pipeline.sources.unanswered.items()):
            if camera_id in wanted:
                self._add(f"{id(pipeline)}.{camera_id}", total, partial(self._fail, wanted[camera_id], pipeline.key))
        self._add(f"{id(pipeline)}.copy", pipeline.sources.uncopied, self._gpu.wrong.labels("copy").inc)
        for why, total in list(pipeline.probes.wrong.items()):
            self._add(f"{id(pipeline)}.{why}", total, self._gpu.wrong.labels(why).inc)
        self._add(f"{id(pipeline)}!", pipeline.handover.dropped, self._gpu.handover_dropped.inc)

    def _fail(self, camera: DesiredCamera, key: Version, frames: float) -> None:
        for _ in range(round(frames)):
            self._shadow.answered(ran(camera, key), None, 0, None, 0.0)
