"""Promotions that are taken back by themselves: the service, the real Triton, and what workers report."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.contracts.models import ModelReading, ModelReport
from app.kit.ids import new_id
from app.kit.postgres import connect_pool
from app.models.folder import ModelFolder
from app.models.service import ModelService
from app.models.trial import Serving
from app.models.watch.service import Watcher
from tests.integration.inference.conftest import Server
from tests.integration.service import pose_models
from tests.integration.service.conftest import Product
from tests.integration.service.test_model_shadow import send, states
from tests.integration.service.test_models import (
    KEY,
    WORKER,
    act,
    more_settings,  # noqa: F401 - a fixture, as are the next two
    push,
    server,  # noqa: F401
    short_drain,  # noqa: F401
)


@pytest.fixture
async def watcher(product: Product, server: Server, tmp_path: Path) -> AsyncIterator[Watcher]:  # noqa: F811 - a fixture
    """Another one than the service's own, which looks every few seconds."""
    pool = await connect_pool(product.settings.database_dsn, role="test", largest=2)
    serving = Serving(server.url)
    yield Watcher(pool, ModelService(pool, ModelFolder(server.models), tmp_path, serving))
    await serving.close()
    await pool.close()


def reading(camera: str, version: int, frames: int, failures: int) -> ModelReport:
    one = ModelReading(uuid.UUID(camera), "yolo_pose", version, frames=frames, failures=failures)
    return ModelReport(new_id(), uuid.UUID(WORKER), [one], [], [])


@pytest.mark.timeout(300)
async def test_a_promotion_that_fails_requests_is_taken_back_by_itself_and_says_why(
    product: Product,
    server: Server,  # noqa: F811 - a fixture
    tmp_path: Path,
    watcher: Watcher,
) -> None:
    for name in ("A", "B"):
        await product.camera(name)
    good = pose_models.tar(pose_models.write(tmp_path / "good", pose_models.model(300.0), KEY))
    made = (await push(product, good))[1]
    camera = next(iter(await states(product)))

    async def stands() -> dict[str, Any]:
        known = (await product.ask("GET", "/api/v1/models"))[1]
        return {**known["pointers"][0], **known["watches"][0]}

    async def promoted(share: float, **limits: float) -> None:
        assert (await act(product, f"versions/{made['id']}/promote", share=share, limits=limits))[0] == 200
        # What workers said before it was promoted does not count, nor does the rest of that minute.
        await product.sql("UPDATE model_pointers SET changed_at = now() - interval '5 minutes'")

    async def taken_back() -> dict[str, Any]:
        async with asyncio.timeout(60):
            while not (found := await stands())["taken_back_because"]:
                await asyncio.sleep(0.1)
        return found

    async def two_minutes_of(frames: int, failures: int) -> None:
        assert await send(product, reading(camera, made["version"], frames, failures)) == 204
        await product.sql("UPDATE model_readings SET since = since - interval '1 minute' WHERE span = 'minute'")
        assert await watcher.round() == 0, "a minute may be an outage of the server"
        assert (await stands())["stable"] == made["version"], "nor did the service's own watcher"
        assert await send(product, reading(camera, made["version"], frames, failures)) == 204

    for share in (0.5, 1.0):
        await promoted(share)
        if share < 1:
            assert await send(product, reading(camera, made["version"], 100, 20)) == 204
        else:
            await two_minutes_of(50, 10)
        found = await taken_back()
        assert (found["stable"], found["candidate"], found["watched_until"]) == (1, None, None)
        assert "gave no answer to 20 of" in found["taken_back_because"]
        assert {each["pose_version"] for each in (await states(product)).values()} == {"1"}
        await product.sql("DELETE FROM model_readings")
    rows = await product.sql("SELECT actor_kind, details FROM audit_unsealed WHERE act = 'model-rolled-back'")
    assert {row["actor_kind"] for row in rows} == {"system"}
    await promoted(1.0, failures=0.5)
    await two_minutes_of(50, 10)
    (known,) = await product.sql("SELECT sum(failures) AS failures FROM model_readings WHERE span = 'minute'")
    assert known["failures"] == 20
    assert await watcher.round() == 0, "the engineer allowed more"
    assert (await stands())["stable"] == made["version"]
    other = pose_models.tar(pose_models.write(tmp_path / "other", pose_models.model(400.0), KEY, 400.0))
    path = f"versions/{(await push(product, other))[1]['id']}"
    assert (await act(product, f"{path}/promote", share=0.5))[0] == 409, "the one before is watched still"
    assert (await act(product, f"{path}/promote", share=1))[0] == 200
    assert (await act(product, f"versions/{made['id']}/retire"))[0] == 409, "cameras may have to go back to it"
