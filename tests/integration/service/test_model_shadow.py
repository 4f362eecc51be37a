"""A version beside the one in use: the service, the real Triton, the worker's stage."""

import asyncio
import uuid
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
from av import VideoFrame

from app.contracts.control import DesiredCamera
from app.contracts.models import LATENCIES, ModelReading, ModelReport, ShadowReading
from app.inference.triton import CallOptions, TritonPose
from app.kit.errors import UnavailableError
from app.kit.ids import new_id
from app.models.models import POSE_MODEL, place_of
from app.models.readings import repository
from app.workers.cpu.shadow import ShadowStage
from app.workers.model_reports import Readings
from tests.integration.inference.conftest import Server
from tests.integration.service import pose_models
from tests.integration.service.conftest import WORKER_KEY, Product
from tests.integration.service.test_models import (
    KEY,
    WORKER,
    act,
    more_settings,  # noqa: F401 - a fixture, as are the next two
    push,
    server,  # noqa: F401
    short_drain,  # noqa: F401
)

STARTED = 1_700_000_000_000_000


async def states(product: Product) -> dict[str, dict[str, Any]]:
    """The desired cameras by id."""
    said = {"worker_id": WORKER, "host": "h", "kind": "cpu", "capacity": 9, "running": [], "revision": ""}
    status, state = await product.ask("POST", "/api/v1/workers/heartbeat", said, token=WORKER_KEY)
    assert status == 200, state
    return {each["camera_id"]: each for each in state["cameras"]}


async def send(product: Product, report: ModelReport | bytes) -> int:
    await states(product)  # a lease is 10 s, which a busy machine may need for less than this
    body = report if isinstance(report, bytes) else msgspec.msgpack.encode(report)
    headers = {"Content-Type": "application/vnd.msgpack"}
    return (await product.ask("POST", "/api/v1/workers/models", token=WORKER_KEY, data=body, headers=headers))[0]


def picture(number: int) -> Any:
    pixels = np.full((384, 640, 3), 30 + number, np.uint8)
    return SimpleNamespace(picture=VideoFrame.from_ndarray(pixels, "rgb24"), captured_at_us=STARTED + number * 2_000_000)


async def until(what: Callable[[], bool], ends_s: float = 60) -> None:
    async with asyncio.timeout(ends_s):
        while not what():
            await asyncio.sleep(0.01)


async def measured(server: Server, wish: DesiredCamera, frames: int) -> ModelReport:  # noqa: F811 - a fixture
    """What the worker's own stage reports of a camera, after asking both versions of the real server."""
    options, clients = CallOptions(deadline_s=20.0), dict[str, TritonPose]()

    def client(model: str, version: str) -> TritonPose:
        return clients.setdefault(version, TritonPose(server.url, model, version, options=options))

    readings, stop = Readings(), asyncio.Event()
    stage = ShadowStage(client, readings)
    running = asyncio.create_task(stage.run(stop))
    try:
        for number in range(frames):
            one = picture(number)
            pixels = one.picture.to_ndarray(format="rgb24")
            found = (await client("yolo_pose", wish.pose_version).detect([pixels]))[0]
            stage.seen(wish, one, found, 0.02)
            await until(lambda: not stage._waiting)
        await until(lambda: sum(each.frames for each in readings._shadows.values()) == frames)
    finally:
        stop.set()
        await running
        for each in clients.values():
            await each.close()
    report = readings.take(uuid.UUID(WORKER))
    assert report is not None
    return report


def unavailable(_rows: object) -> object:
    raise UnavailableError("The database is away.")


@pytest.mark.timeout(300)
async def test_a_shadow_is_compared_on_a_share_of_cameras_and_has_no_effect(
    product: Product,
    server: Server,  # noqa: F811 - a fixture
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("A", "B", "C"):
        await product.camera(name)
    assert (await product.ask("GET", "/api/v1/models/shadow"))[0] == 404
    other = pose_models.tar(pose_models.write(tmp_path / "other", pose_models.model(400.0), KEY, 400.0))
    made = (await push(product, other))[1]
    path, version = f"versions/{made['id']}", str(made["version"])
    status, begun = await act(product, f"{path}/shadow", share=1)
    assert (status, begun["version"], begun["ended_at"]) == (200, made["version"], None), begun
    wanted = await states(product)
    assert {(each["pose_version"], each["shadow_version"]) for each in wanted.values()} == {("1", version)}
    assert (await act(product, f"{path}/retire"))[0] == 409, "it is being compared"

    camera = next(iter(wanted.values()))
    report = await measured(server, msgspec.convert(camera, DesiredCamera), 4)
    stranger = ModelReading(new_id(), "yolo_pose", 1, frames=99)
    report = msgspec.structs.replace(report, readings=[*report.readings, stranger])
    with monkeypatch.context() as patch:  # the stills are kept, the sums are not
        patch.setattr(repository, "_rows", unavailable)
        assert await send(product, report) == 503
    assert (await send(product, report), await send(product, report)) == (204, 204)
    assert await send(product, b"nothing") == 422
    status, shown = await product.ask("GET", "/api/v1/models/shadow")
    total = shown["total"]
    assert status == 200, shown
    assert (total["frames"], total["persons_both"], total["persons_only_in_use"], total["persons_only_new"]) == (4, 0, 4, 4)
    assert (total["agreement"], total["frames_agreeing"]) == (0.0, 0)
    assert total["p95_ms_new"] > 0
    (kept,) = shown["disagreements"]
    assert (kept["camera_id"], kept["persons_only_new"]) == (camera["camera_id"], 1)
    status, jpeg = await product.ask("GET", f"/api/v1/models/disagreements/{kept['id']}/picture")
    assert (status, jpeg[:2]) == (200, b"\xff\xd8")
    (row,) = await product.sql("SELECT still, picture, picture_key FROM model_disagreements")
    assert (row["still"], row["picture"][:4], row["picture_key"]) == (None, b"PPk1", 1), "sealed by the chain's key"
    assert b"\xff\xd8\xff" not in row["picture"]
    rows = await product.sql("SELECT span, frames, persons FROM model_readings ORDER BY span")
    assert [tuple(row) for row in rows] == [("hour", 4, 4), ("minute", 4, 4)], "once, and of no stranger's camera"

    places = sorted(place_of(uuid.UUID(each), POSE_MODEL) for each in wanted)
    share = (places[0] + places[-1]) / 2
    assert (await act(product, f"{path}/promote", share=share))[0] == 200
    pairs = {each["camera_id"]: (each["pose_version"], each["shadow_version"]) for each in (await states(product)).values()}
    expected = {each: (version, "1") if place_of(uuid.UUID(each), POSE_MODEL) < share else ("1", version) for each in wanted}
    assert (pairs, len(set(pairs.values()))) == (expected, 2), "the comparison goes on on both sides"
    await compared_from_both_sides(product, uuid.UUID(camera["camera_id"]), made["version"])
    status, ended = await act(product, "shadow/end")
    assert (status, ended["version"]) == (200, made["version"]), ended
    assert {each["shadow_version"] for each in (await states(product)).values()} == {""}
    assert (await act(product, "shadow/end"))[0] == 409
    assert (await product.ask("GET", "/api/v1/models/shadow"))[1]["total"]["frames"] == 14, "the report stays"
    assert await send(product, msgspec.structs.replace(report, id=new_id())) == 204
    assert (await product.ask("GET", "/api/v1/models/shadow"))[1]["total"]["frames"] == 14, "what comes late counts for nothing"

    await product.sql(
        "INSERT INTO model_readings (chain_id, camera_id, model, version, span, since, frames, failures, persons, score_sum,"
        " quality_sum, norm_sum, latency) SELECT chain_id, id, 'yolo_pose', 7, 'hour', now() - ago * interval '1 day'"
        " - interval '1 hour', 9000, 0, CASE ago WHEN 0 THEN 90 ELSE 18000 + 100 * ago END, 9000, 9000, 0, '{}'"
        " FROM cameras, generate_series(0, 6) AS ago WHERE id = $1",
        uuid.UUID(camera["camera_id"]),
    )
    drifted = (await product.ask("GET", "/api/v1/models/drift"))[1]
    assert [(each["measure"], each["now"]) for each in drifted["items"]] == [("persons-a-frame", 0.01)]
    assert (drifted["items"][0]["version"], drifted["watched"]) == (7, 1)

    await product.sql("UPDATE tenant_keys SET wrapped = NULL, destroyed_at = now()")
    async with asyncio.timeout(60):  # an open key is remembered for a moment
        while (await product.ask("GET", f"/api/v1/models/disagreements/{kept['id']}/picture"))[0] != 404:
            await asyncio.sleep(0.2)
    await product.sql("UPDATE model_disagreements SET kept_at = now() - interval '8 days'")
    pool = product.owner
    assert await repository.forget_old(pool) >= 1
    assert (await product.ask("GET", f"/api/v1/models/disagreements/{kept['id']}/picture"))[0] == 404
    acts = await product.sql("SELECT act, count(*) FROM audit_unsealed WHERE act LIKE 'model-s%' GROUP BY act ORDER BY act")
    assert [row["act"] for row in acts] == ["model-shadow-ended", "model-shadow-started", "model-still-shown"]


async def compared_from_both_sides(product: Product, camera: uuid.UUID, version: int) -> None:
    """A camera on the new version compares it with the one before it: the same comparison, turned round."""
    before = (await product.ask("GET", "/api/v1/models/shadow"))[1]["total"]
    quick, slow = [7, *[0] * (LATENCIES - 1)], [*[0] * (LATENCIES - 1), 7]
    ones = [
        ShadowReading(
            camera, "yolo_pose", 1, version, frames=7, failures=5, both=10, only_old=3, only_new=1, shift_sum=2.0,
            latency_old=slow, latency_new=quick,
        ),
        ShadowReading(camera, "yolo_pose", version, 1, frames=3, only_new=2),
    ]  # fmt: skip
    assert await send(product, ModelReport(new_id(), uuid.UUID(WORKER), [], ones, [])) == 204
    after = (await product.ask("GET", "/api/v1/models/shadow"))[1]["total"]
    names = ("frames", "failures", "persons_both", "persons_only_in_use", "persons_only_new")
    assert [after[name] - before[name] for name in names] == [10, 0, 10, 1, 5]
    assert after["score_shift"] == pytest.approx(-0.2)
    (row,) = await product.sql("SELECT against, latency_old[1] AS quick, latency_new[16] AS slow FROM model_comparisons")
    assert (row["against"], row["quick"], row["slow"]) == (1, 7, 7)
