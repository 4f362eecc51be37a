"""The client against the real server: same answers whichever way, and a clear end to every failure."""

import asyncio
import signal
import time
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import tritonclient.grpc as triton_grpc
from tritonclient.utils import InferenceServerException

from app.inference import patience, shapes
from app.inference.families import Selection
from app.inference.picture import PixelPicture
from app.inference.repository import round_trip
from app.inference.shapes import check_outputs, promised
from app.inference.triton import RefusedError, TritonPose
from app.kit.errors import SetupError, UnavailableError
from tests.integration.inference.conftest import Server, options

SHARED_MEMORY = Path("/dev/shm")
ANYTHING = Selection(score=0.0001)
"""Noise holds no person, but even faint candidates must be the same ones."""


def noise(height: int = 360, width: int = 640, seed: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def regions() -> set[str]:
    return {path.name for path in SHARED_MEMORY.glob("penny-*")}


async def test_shared_memory_and_inline_requests_give_the_same(triton: Server) -> None:
    frames = [noise(seed=seed) for seed in range(3)]
    shared = TritonPose(triton.url, selection=ANYTHING, options=options())
    inline = TritonPose(triton.url, selection=ANYTHING, options=options(shared_memory=False))
    before = regions()
    try:
        ours, theirs = await shared.detect(frames), await inline.detect(frames)
        assert await shared.ready()
        assert shared._shared
        assert regions() <= before, "a killed process would leave them behind"
    finally:
        await shared.close()
        await inline.close()
    assert regions() <= before
    assert sum(map(len, ours)) > 0
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one.boxes, other.boxes)
        np.testing.assert_array_equal(one.keypoints, other.keypoints)


async def test_a_model_of_other_outputs_is_refused_with_both_named_and_one_that_is_not_there_is_waited_for(
    triton: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    await check_outputs(triton.url, "yolo_pose", "1")
    for version, url in (("77", triton.url), ("1", "127.0.0.1:9")):
        with pytest.raises(UnavailableError, match=f"does not serve yolo_pose version {version} now"):
            await check_outputs(url, "yolo_pose", version)
    (name,) = promised("yolo_pose")
    monkeypatch.setattr(shapes, "promised", lambda _model: {name: ("FP32", "N,84,anchors")})
    with pytest.raises(SetupError, match=r"answers .* as FP32 \[-1, 56, -1\], its contract says FP32 \[N,84,anchors\]"):
        await check_outputs(triton.url, "yolo_pose", "1")


async def test_results_come_in_the_order_of_frames_of_mixed_sizes(triton: Server) -> None:
    frames = [noise(360, 640), noise(480, 640), noise(360, 640, seed=9), noise(640, 480)]
    client = TritonPose(triton.url, selection=ANYTHING, options=options(batch=2))
    try:
        together = await client.detect(frames)
        alone = [(await client.detect([frame]))[0] for frame in frames]
    finally:
        await client.close()
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.scores, other.scores, atol=1e-6)
        np.testing.assert_allclose(one.boxes, other.boxes, atol=1e-3)


async def test_bgr_frames_are_the_same_picture(triton: Server) -> None:
    frame = noise()
    client = TritonPose(triton.url, selection=ANYTHING, options=options())
    try:
        rgb, bgr = await client.detect([frame, PixelPicture(np.ascontiguousarray(frame[:, :, ::-1]), "bgr")])
    finally:
        await client.close()
    np.testing.assert_allclose(rgb.boxes, bgr.boxes, atol=1e-3)


def test_the_served_network_is_the_converted_one(triton: Server) -> None:
    picture = noise(384, 640)[None]
    tensor = triton_grpc.InferInput("images", list(picture.shape), "UINT8")
    tensor.set_data_from_numpy(picture)
    with triton_grpc.InferenceServerClient(triton.url) as client:
        served = client.infer("yolo_pose", [tensor]).as_numpy("predictions")
    file = triton.models / "yolo_pose" / "1" / "model.onnx"
    direct = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]).run(None, {"images": picture})[0]
    assert served.shape == direct.shape == (1, 56, 5040)
    # bfloat16 against float32: noise is the hardest picture.
    assert np.abs(served[0, 4] - direct[0, 4]).max() < 0.05
    assert np.median(np.abs(served[0, :4] - direct[0, :4])) < 2


def test_what_a_request_does_not_ask_about_is_left_out_and_the_rest_is_the_same(triton: Server) -> None:
    picture = noise(384, 640)[None]
    tensor = triton_grpc.InferInput("images", list(picture.shape), "UINT8")
    tensor.set_data_from_numpy(picture)
    with triton_grpc.InferenceServerClient(triton.url) as client:

        def served(**parameters: str) -> np.ndarray:
            return client.infer("yolo_pose", [tensor], parameters=parameters, client_timeout=30).as_numpy("predictions")[0]

        everything = served()
        least = float(np.quantile(everything[4], 0.9))
        best = served(least_score=str(least))
        wanted = everything[4] >= least
        np.testing.assert_array_equal(best[4], everything[4])
        np.testing.assert_allclose(best[:, wanted], everything[:, wanted], atol=0.01)
        assert np.median(np.abs(best[:4, ~wanted] - everything[:4, ~wanted])) > 2, "it was asked, and heard"
        for wrong in ("1.5", "-1", "nan", "much"):
            with pytest.raises(InferenceServerException, match=f"least_score is '{wrong}'") as refused:
                served(least_score=wrong)
            assert "INVALID_ARGUMENT" in str(refused.value.status()), "to ask again would change nothing"
        np.testing.assert_array_equal(served(), everything)


async def test_cameras_ask_about_candidates_that_count_as_persons_only(triton: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    client, said = TritonPose(triton.url, selection=Selection(score=0.3), options=options()), list[object]()
    infer = client._client.infer

    async def noted(*args: object, **more: object) -> object:
        said.append(more["parameters"])
        return await infer(*args, **more)

    monkeypatch.setattr(client._client, "infer", noted)
    try:
        await client.detect([noise()])
    finally:
        await client.close()
    assert said == [{"least_score": "0.3"}]


def test_a_bad_input_is_that_requests_error_only(triton: Server) -> None:
    with triton_grpc.InferenceServerClient(triton.url) as client:
        for shape in ((1, 33, 47, 3), (1, 0, 640, 3), (1, 6400, 6400, 3)):
            tensor = triton_grpc.InferInput("images", list(shape), "UINT8")
            tensor.set_data_from_numpy(np.zeros(shape, np.uint8))
            with pytest.raises(InferenceServerException):
                client.infer("yolo_pose", [tensor], client_timeout=30)
    asyncio.run(round_trip(triton.url))


async def test_an_unknown_model_or_version_is_refused(triton: Server) -> None:
    client = TritonPose(triton.url, version="77", options=options())
    try:
        with pytest.raises(RefusedError, match="version 77"):
            await client.detect([noise()])
        assert not await client.ready()
    finally:
        await client.close()


async def test_no_server_is_said_at_once() -> None:
    client = TritonPose("127.0.0.1:9", options=options(deadline_s=30.0))
    start = time.monotonic()
    try:
        with pytest.raises(UnavailableError, match="cannot be reached"):
            await client.detect([noise()])
    finally:
        await client.close()
    assert time.monotonic() - start < 15


async def test_a_frozen_server_costs_a_deadline_and_nothing_after(triton: Server) -> None:
    client = TritonPose(triton.url, selection=ANYTHING, options=options(deadline_s=3.0, patience_s=600.0))
    try:
        wanted = await eventually(client, noise())
        triton.signal(signal.SIGSTOP)
        try:
            start = time.monotonic()
            with pytest.raises(UnavailableError):
                await client.detect([noise(seed=1)])
            assert time.monotonic() - start < 60, "it does not say that it lives, so nobody waits ten minutes"
        finally:
            triton.signal(signal.SIGCONT)
        found = await eventually(client, noise())
    finally:
        await client.close()
    np.testing.assert_array_equal(found.boxes, wanted.boxes)


async def test_a_model_process_that_is_killed_costs_no_frame(triton: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of two, between requests, as where memory runs short: the server starts it anew. (Killed or stopped within a request, a
    lock that it holds can end the whole server: that is `test_a_restarted_server_is_found_again_with_shared_memory`.)"""
    monkeypatch.setattr(patience, "LIVES_S", 600.0)  # of a machine that does much else
    client = TritonPose(triton.url, selection=ANYTHING, options=options(deadline_s=0.5, patience_s=600.0))
    try:
        wanted = await eventually(client, noise())
        triton.models_of("yolo_pose")[0].kill()
        found = [(await client.detect([noise()]))[0].boxes for _ in range(4)]
    finally:
        await client.close()
    for each in found:
        np.testing.assert_array_equal(each, wanted.boxes)


async def test_a_restarted_server_is_found_again_with_shared_memory(triton: Server) -> None:
    client = TritonPose(triton.url, selection=ANYTHING, options=options())
    try:
        wanted = await eventually(client, noise())
        await asyncio.to_thread(triton.kill)
        for _ in range(12):  # more than there are slots: failing must not use them up
            with pytest.raises(UnavailableError):
                await client.detect([noise()])
        await asyncio.to_thread(triton.start)
        start = time.monotonic()
        found = await eventually(client, noise())
        assert time.monotonic() - start < 30
        assert client._shared, "it must not fall back to inline requests"
    finally:
        await client.close()
    np.testing.assert_array_equal(found.boxes, wanted.boxes)


async def eventually(client: TritonPose, frame: np.ndarray) -> object:
    """The answer, once the server has woken up."""
    for _ in range(40):
        try:
            return (await client.detect([frame]))[0]
        except UnavailableError:
            await asyncio.sleep(0.25)
    raise AssertionError("the client did not find the server again")
