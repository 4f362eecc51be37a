"""From an alert to a receipt with an S3 server that checks signatures: the steps of the end-to-end test, by the API.

The worker is the test's: it announces a film and PUTs it to the presigned address, as a worker does. No pose model looks again.
"""

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Iterator
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from app.kit.ids import new_id
from app.pipeline.dispatcher import run as dispatch
from app.settings import Settings
from tests.e2e import evidence_steps as steps
from tests.e2e.evidence_steps import AFTER_S, PRE_ROLL_S, Shop
from tests.e2e.outside import Outside, bucket, outside
from tests.e2e.product import Product as Running
from tests.integration.conftest import Database, Valkey
from tests.integration.service.conftest import Product
from tests.integration.service.test_evidence import beat, wish, worker

FPS, SIZE = 5, (320, 240)
SUBJECT, OTHER = "9223372036854775813", "77"


@pytest.fixture(scope="module")
def around() -> Iterator[Outside]:
    with outside() as made:
        yield made


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[dict[str, str]]:
    with bucket(tmp_path / "bucket") as told:
        yield told


@pytest.fixture
def more_settings(storage: dict[str, str]) -> dict[str, Any]:
    return {**storage, "PENNYPROTECT_WEBHOOK_NETWORKS": "127.0.0.0/8"}


@contextlib.asynccontextmanager
async def dispatching(product: Product, database: Database, bus: Valkey, around: Outside) -> AsyncIterator[None]:
    """The dispatcher, which sends notifications."""
    given: dict[str, Any] = around.settings | {
        "_env_file": None, "DATABASE_URL": database.url("dispatcher"), "REDIS_URL": bus.url("dispatcher"),
        "PENNYPROTECT_HOME": product.settings.home, "PENNYPROTECT_PORT": str(product.settings.port),
        "PENNYPROTECT_SECRET_KEY": product.settings.secret_key.get_secret_value(),
    }  # fmt: skip
    stop = asyncio.Event()
    task = asyncio.create_task(dispatch(Settings(**given), stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)


def film() -> bytes:
    """Half a minute of a picture full of detail."""
    pixels = np.random.default_rng(7).integers(0, 255, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    out = BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "crf": "28", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt, stream.time_base = *SIZE, "yuv420p", Fraction(1, FPS)
        for _ in range(int((PRE_ROLL_S + AFTER_S) * FPS)):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return out.getvalue()


async def raised(product: Product) -> str:
    """An alert, and what the outbox says of it."""
    alert = await product.alert(await product.camera())
    payload = {"id": alert, "kind": "loitering", "threat": "medium", "state": "raised", "started_at": "2026-11-25T12:00:00Z"}
    await product.sql(
        "INSERT INTO outbox (id, chain_id, store_id, kind, payload) SELECT $1, chain_id, store_id, 'alert-raised',"
        " jsonb_build_object('store_id', store_id, 'alert', $2::text::jsonb) FROM alerts WHERE id = $3",
        new_id(), json.dumps(payload), uuid.UUID(alert),
    )  # fmt: skip
    return alert


async def record(product: Product) -> None:
    """Upload what the heartbeat asks for: the film, and a still."""
    for wanted in (await beat(product))["recordings"]:
        body, media = (film(), "video/mp4") if wanted["type"] == "clip" else (b"\xff\xd8 a still", "image/jpeg")
        seen = [
            {"at_ms": at, "persons": [[SUBJECT, 0.05, 0.1, 0.35, 0.9], [OTHER, 0.6, 0.1, 0.9, 0.9]]}
            for at in range(0, 30_000, 1000)
        ]
        span = {"from_us": wanted["from_us"], "to_us": wanted["to_us"], "media_type": media, "boxes": seen}
        status, grant = await worker(product, f"evidence/{wanted['evidence_id']}/upload", wish(body, **span))
        assert (status, grant["url"].startswith("http")) == (200, True), grant
        async with product.session.put(grant["url"], data=body, headers=grant["headers"]) as answer:
            assert answer.status == 200, await answer.text()
        assert await worker(product, f"evidence/{wanted['evidence_id']}/uploaded", {}) == (200, {"state": "present"})


@pytest.mark.timeout(240)
async def test_from_an_alert_to_a_receipt_with_a_bucket(
    product: Product, database: Database, bus: Valkey, around: Outside, storage: dict[str, str], tmp_path: Path
) -> None:
    extra = {**storage, "DATABASE_URL": database.url("retention")}
    running = Running(home=product.settings.home, port=product.settings.port, extra=extra, token=product.token)
    shop = Shop(running, around, tmp_path, redaction="everyone", admin_url=database.url("admin"))
    await asyncio.to_thread(steps.make_channels, shop)
    async with dispatching(product, database, bus, around):
        alert = {"id": await raised(product)}
        await asyncio.to_thread(steps.both_arrive, shop, alert)
    await record(product)

    def hand_over() -> None:
        clip = steps.clip_of(shop, alert, 30)
        steps.fetch_and_verify(shop, clip, steps.ask_for_export(shop, clip))
        steps.retention_deletes_what_is_due(shop, clip, alert)

    await asyncio.to_thread(hand_over)
    assert not (product.settings.home / "objects" / "evidence").exists(), "everything lies in the bucket"
