"""What workers measured: whose counts, how much of it is looked at, when it goes, and when it says nothing."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.contracts.models import LATENCIES, Disagreement, ModelReading, ModelReport, ShadowReading
from app.kit.ids import new_id
from app.kit.postgres import connect_pool
from app.lifespan import vault_of
from app.models.drift import repository as drift
from app.models.folder import ModelFolder
from app.models.models import POSE_MODEL
from app.models.readings import repository
from app.models.service import ModelService
from app.models.shadows import repository as shadows
from app.models.shadows.service import end_overdue
from app.models.trial import Serving
from app.models.watch.service import Watcher
from tests.integration.inference.conftest import Server
from tests.integration.service.conftest import Product
from tests.integration.service.test_models import server  # noqa: F401 - a fixture
from tests.integration.service.test_store_workers import camera_in, second_store


@pytest.fixture
async def pool(product: Product) -> AsyncIterator[Any]:
    found = await connect_pool(product.settings.database_dsn, role="test", largest=2)
    yield found
    await found.close()


async def report(
    product: Product, pool: Any, readings: list[ModelReading], shadows: list[ShadowReading], kept: list[Disagreement]
) -> None:
    await repository.note_report(
        pool, vault_of(product.settings, pool), ModelReport(new_id(), uuid.uuid4(), readings, shadows, kept)
    )


async def test_cameras_of_stores_with_workers_of_their_own_compare_nothing(
    product: Product, pool: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    harbour = await second_store(product)
    here, there = uuid.UUID((await product.camera())["id"]), uuid.UUID((await camera_in(product, harbour))["id"])
    await product.sql(
        "INSERT INTO model_shadows (id, chain_id, model, version, share, started_by)"
        " SELECT $1, chain_id, 'yolo_pose', 1001, 1, $1 FROM cameras WHERE id = $2",
        new_id(), here,
    )  # fmt: skip
    await product.sql(
        "INSERT INTO api_keys (id, chain_id, name, key_hash, permissions, stores, regions)"
        " SELECT $1, chain_id, 'harbour', '', '{worker}', ARRAY[$2::uuid], '{}' FROM cameras WHERE id = $3",
        new_id(), uuid.UUID(harbour), here,
    )  # fmt: skip

    async def said() -> tuple[set[uuid.UUID], set[uuid.UUID]]:
        """Cameras with comparisons and with stills, after one report of both."""
        latency = [0, 3, *[0] * (LATENCIES - 2)]
        ones = [
            ShadowReading(each, POSE_MODEL, 1001, 1, frames=3, both=2, only_new=1, overlap_sum=1.5, latency_new=latency)
            for each in (here, there)
        ]
        kept = [Disagreement(each, POSE_MODEL, 1001, 1, 1_700_000_000_000_000, 0, 1, 1.0, b"jpeg") for each in (here, there)]
        await report(product, pool, [], ones, kept)
        compared = await product.sql("SELECT camera_id FROM model_comparisons")
        return {row[0] for row in compared}, {row[0] for row in await product.sql("SELECT camera_id FROM model_disagreements")}

    assert await said() == ({here}, {here})
    await product.sql("UPDATE api_keys SET revoked_at = now() WHERE name = 'harbour'")
    assert await said() == ({here, there}, {here, there})

    monkeypatch.setattr(shadows, "MOST_CAMERAS", 1)
    shown = (await product.ask("GET", "/api/v1/models/shadow"))[1]
    total = shown["total"]
    assert [each["camera_id"] for each in shown["cameras"]] == [str(min(here, there))]
    assert (total["frames"], total["persons_both"], total["box_overlap"], total["p50_ms_new"]) == (9, 6, 0.75, 7.5), "of all"


async def test_drift_says_what_it_did_not_look_at(product: Product, pool: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cameras = [uuid.UUID((await product.camera(name))["id"]) for name in ("A", "B", "C")]
    await report(
        product, pool, [ModelReading(each, POSE_MODEL, 1, frames=5, persons=5, score_sum=4.0) for each in cameras], [], []
    )

    async def shown() -> tuple[int, int]:
        status, found = await product.ask("GET", "/api/v1/models/drift")
        assert status == 200, found
        return found["watched"] + found["waiting"], found["left_out"]

    assert await shown() == (3, 0)
    monkeypatch.setattr(drift, "MOST_CAMERAS", 1)
    assert await shown() == (1, 2)


async def test_forgotten_runs_end(product: Product, pool: Any) -> None:
    """After a week by themselves, which is in the audit; weeks later they go, but the last of a model."""
    await product.camera()
    begin = (
        "INSERT INTO model_shadows (id, chain_id, model, version, share, started_by, started_at, ended_at)"
        " SELECT gen_random_uuid(), chain_id, 'yolo_pose', 1009, 1, gen_random_uuid(), now() - $1::integer * interval '1 day',"
        " now() - $2::integer * interval '1 day' FROM cameras LIMIT 1"
    )
    for began, ended in ((50, 40), (45, 36), (8, None)):
        await product.sql(begin, began, ended)
    assert (await end_overdue(pool), await end_overdue(pool)) == (1, 0)
    (told,) = await product.sql("SELECT actor_kind FROM audit_unsealed WHERE act = 'model-shadow-ended'")
    assert told["actor_kind"] == "system"
    await repository.forget_old(pool)
    (left,) = await product.sql("SELECT version, ended_at FROM model_shadows")
    assert left["ended_at"] is not None
    await product.sql("UPDATE model_shadows SET ended_at = now() - interval '40 days'")
    await repository.forget_old(pool)
    assert len(await product.sql("SELECT version FROM model_shadows")) == 1


@pytest.mark.timeout(300)
async def test_an_outage_of_the_server_is_no_version_s_fault_whichever_service_saw_it(
    product: Product,
    pool: Any,
    server: Server,  # noqa: F811 - a fixture
    tmp_path: Path,
) -> None:
    camera = uuid.UUID((await product.camera())["id"])
    await product.sql(
        "INSERT INTO model_pointers (chain_id, model, stable, candidate, share, changed_at)"
        " SELECT chain_id, 'yolo_pose', 1, 1001, 0.5, now() - interval '5 minutes' FROM cameras WHERE id = $1",
        camera,
    )

    async def look() -> int:
        """As a service of its own does."""
        serving = Serving(server.url)
        try:
            return await Watcher(pool, ModelService(pool, ModelFolder(server.models), tmp_path, serving)).round()
        finally:
            await serving.close()

    server.kill()
    await report(product, pool, [ModelReading(camera, POSE_MODEL, 1001, frames=100, failures=20)], [], [])
    assert await look() == 0, "the version before it does not answer either"
    await asyncio.to_thread(server.start)
    assert await look() == 0, "it answers again, and what failed meanwhile says nothing"
    await product.sql("UPDATE model_pointers SET away_at = now() - interval '4 minutes'")
    assert await look() == 1, "what failed long after does"
    (row,) = await product.sql("SELECT candidate, reason FROM model_pointers")
    assert row["candidate"] is None
    assert "gave no answer to 20 of 120" in row["reason"]


async def test_what_people_decided_is_told_by_version_once_enough_did(product: Product) -> None:
    one, two = (await product.camera("one")), (await product.camera("two"))

    async def used(camera: dict[str, Any], version: int) -> None:
        await product.sql(
            "INSERT INTO model_readings (chain_id, camera_id, model, version, span, since, frames, failures, persons, score_sum,"
            " quality_sum, norm_sum, latency) SELECT chain_id, id, 'yolo_pose', $1, 'hour', hour, 1, 0, 1, 1, 1, 0,"
            " '{0}' FROM cameras, generate_series(date_trunc('hour', now()) - interval '1 hour', now(), '1 hour') AS hour"
            " WHERE id = $2",
            version,
            uuid.UUID(camera["id"]),
        )

    async def decide(camera: dict[str, Any], outcome: str, times: int) -> None:
        for _ in range(times):
            alert = uuid.UUID(await product.alert(camera))
            await product.sql("UPDATE alerts SET state = 'resolved', outcome = $2 WHERE id = $1", alert, outcome)

    async def told() -> list[tuple[Any, ...]]:
        status, found = await product.ask("GET", "/api/v1/models/outcomes")
        assert (status, found["least"]) == (200, 20), found
        return [tuple(each[name] for name in ("version", "raised", "right", "wrong", "false_share")) for each in found["items"]]

    await used(one, 1)
    await used(two, 1001)
    await decide(one, "correct", 14)
    await decide(one, "action-taken", 1)
    await decide(one, "false", 5)
    await decide(one, "unknown", 2)
    await decide(two, "false", 19)
    assert await told() == [("1", 22, 15, 5, 0.25), ("1001", 19, 0, 0, None)], "of few nothing is told"
    await decide(two, "false", 1)
    assert (await told())[1] == ("1001", 20, 0, 20, 1.0)
    await used(two, 1)
    assert [row[0] for row in await told()] == ["1"], "an hour with two versions is of neither"
