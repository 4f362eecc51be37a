"""Rule 1 in the GPU worker's batches: Triton's own counters of the face models, in a batch that mixes stores.

Triton and the metadata library are real. nvinferserver's secondary mode is stood in for by a few lines that obey the
rendered configuration as its documentation says: gie id, class ids, least size.
"""

import asyncio
from typing import Any

import numpy as np
import pytest
from tritonclient.grpc import InferInput, aio

from app.inference.contract import PoseContract
from app.inference.loading import CROP_MODELS, ModelLoading
from app.workers.gpu.configuration import FACE_ID, GpuSettings, face
from app.workers.gpu.handover import FrameCopy, Handover
from app.workers.gpu.nvds import PydsReader
from app.workers.gpu.probes import PosePlan, Probes
from app.workers.gpu.schema import parse_inference
from app.workers.gpu.sources import Source, Sources
from tests.integration.inference.conftest import Server, triton
from tests.integration.inference.test_faces import stage_faces
from tests.nvds import layout
from tests.nvds.batches import EIGHT, Batch, Frame, attach_tensor, camera, made, pose_tensor

__all__ = ["triton"]
pytestmark = pytest.mark.skipif(bool(layout.why_not()), reason=layout.why_not() or "there")


class Secondary:
    """What nvinferserver does with `config_infer_secondary_face.txt`."""

    def __init__(self, client: aio.InferenceServerClient, text: str) -> None:
        self._client, self._said = client, parse_inference(text)

    async def run(self, batch: Batch) -> int:
        """Ask about every object that the configuration chooses; how many."""
        control, backend = self._said.input_control, self._said.infer_config.backend
        least = control.object_control.bbox_filter
        chosen = [
            each
            for frame in range(len(batch.frames))
            for each in batch.objects(frame)
            if each.unique_component_id == control.operate_on_gie_id
            and each.class_id in control.operate_on_class_ids
            and each.rect_params.width >= least.min_width
            and each.rect_params.height >= least.min_height
        ]
        dims = list(backend.inputs[0].dims)
        for start in range(0, len(chosen), self._said.infer_config.max_batch_size):
            part = chosen[start : start + self._said.infer_config.max_batch_size]
            tensor = InferInput(backend.inputs[0].name, [len(part), *dims], "UINT8")
            tensor.set_data_from_numpy(np.zeros((len(part), *dims), np.uint8))
            result = await self._client.infer(backend.triton.model_name, [tensor], str(backend.triton.version), client_timeout=60)
            for each, row in zip(part, result.as_numpy("face"), strict=True):
                attach_tensor(batch, layout.address_of(each), "obj", FACE_ID, "face", row, (dims[1], dims[0]))
        return len(chosen)


async def counted(client: aio.InferenceServerClient, model: str, least: int) -> int:
    """Inferences Triton counts for a model, once there are `least`: it counts one a moment after its answer went out."""
    async with asyncio.timeout(30):
        while True:
            found: Any = await client.get_inference_statistics(model, as_json=True, client_timeout=10)
            count = sum(int(each.get("inference_count", 0)) for each in found["model_stats"])
            if count >= least:
                return count
            await asyncio.sleep(0.05)


@pytest.mark.timeout(300)
async def test_rule_01_sources_of_a_mixed_batch_whose_switch_is_off_never_reach_the_face_model(triton: Server) -> None:
    from tests.nvds import pyds

    await asyncio.to_thread(stage_faces, triton)
    loading, client = ModelLoading(triton.url), aio.InferenceServerClient(triton.url)
    allowed = {1, 3}
    sources, handover = Sources(lambda one: any(one == camera(number, face=True) for number in allowed)), Handover(lambda: None)
    for number in range(4):
        sources.put(Source(camera(number, face=number in (1, 3)), number, flowing=True))
    probes = Probes(PydsReader(pyds), PosePlan(PoseContract.of("yolo_pose")), sources, handover)
    secondary = Secondary(client, face(GpuSettings(triton=triton.url)))
    try:
        await loading.load(CROP_MODELS)

        async def batch_of(number: int) -> tuple[int, list[FrameCopy]]:
            frames = [Frame(pad, pose_tensor(EIGHT[: pad + 1]), number=number, pts_ns=number) for pad in range(4)]
            with made(frames) as batch:
                probes.after_pose(batch.buffer)
                batch.track()
                asked = await secondary.run(batch)
                probes.after_tracker(batch.buffer)
            taken = []
            while (frame := handover.take()) is not None:
                taken.append(frame)
            return asked, taken

        asked, taken = await batch_of(1)
        assert asked == 2 + 4, "the persons of cameras 1 and 3"
        assert await counted(client, "face_pipeline_crops", 6) == 6
        assert await counted(client, "face_pipeline", 6) == 6, "each crop went through detection, alignment and embedding"
        assert [len(frame.found) for frame in taken] == [1, 2, 3, 4]
        allowed.discard(3)  # one store's switch goes off while batches run
        assert (await batch_of(2))[0] == 2
        assert await counted(client, "face_pipeline_crops", 8) == 8
        allowed.clear()  # the grant grew old
        assert (await batch_of(3))[0] == 0
        allowed.add(1)  # Triton counts late: by the time that these are counted, what came before them was
        assert (await batch_of(4))[0] == 2
        assert await counted(client, "face_pipeline_crops", 10) == 10
        assert await counted(client, "face_embedding", 0) == 0, "no face in a black crop, so nothing to embed"
        assert not probes.wrong
    finally:
        await loading.unload(CROP_MODELS)
        await loading.close()
        await client.close()
