"""Evidence in the S3 server that compose.yaml brings: no worker is sent to it, since a store that joins would not reach it."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from app.kit.objects.s3 import make_bucket, make_client
from tests.integration.service.conftest import Product
from tests.integration.service.test_evidence import BODY, beat, wish, worker

REGION = "us-east-1"


@pytest.fixture
def more_settings() -> Iterator[dict[str, Any]]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    told = {"AWS_S3_BUCKET": "pennyprotect", "AWS_REGION": REGION, "PENNYPROTECT_OBJECTS_SECRET": "made"}
    yield {**told, "PENNYPROTECT_OBJECTS": f"http://127.0.0.1:{server.get_host_and_port()[1]}"}
    server.stop()


async def test_a_clip_goes_through_the_service_once_and_into_the_bucket_that_only_it_reaches(product: Product) -> None:
    given = product.settings
    s3 = make_client(REGION, *given.s3_access)
    assert await make_bucket(s3, "pennyprotect", REGION)
    await product.alert(await product.camera())
    clip = next(each for each in (await beat(product))["recordings"] if each["type"] == "clip")
    path = f"evidence/{clip['evidence_id']}"
    status, grant = await worker(product, f"{path}/upload", wish())
    assert status == 200, grant
    assert grant["url"].startswith("/api/v1/uploads/"), "of the address by which the worker came"
    put = {"headers": grant["headers"], "token": ""}
    assert (await product.ask("PUT", grant["url"], data=b"X" + BODY[1:], **put))[0] == 422
    answers = await asyncio.gather(*(product.ask("PUT", grant["url"], data=BODY, **put) for _ in range(4)))
    assert sorted(status for status, _ in answers) == [204, 409, 409, 409]
    assert await worker(product, f"{path}/uploaded", {}) == (200, {"state": "present"})
    assert (await product.ask("GET", f"/api/v1/{path}/content"))[1] == BODY
    (there,) = s3.list_objects_v2(Bucket="pennyprotect", Prefix="evidence/")["Contents"]
    found = s3.head_object(Bucket="pennyprotect", Key=there["Key"])
    assert (found["ContentLength"], found["ObjectLockMode"]) == (len(BODY), "GOVERNANCE")
