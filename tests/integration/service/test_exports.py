"""Rule 21 on the running service: an export is blurred, signed, fetched by a link that ends, and verified offline."""

import asyncio
import io
import json
import subprocess
import sys
import uuid
import zipfile
from pathlib import Path
from typing import Any

import av
import pytest

from app.evidence import exporting
from app.evidence.exporting import MOST_TRIES, Exporter
from app.kit.objects.files import FileStore
from app.kit.objects.store import ObjectStoreError
from tests.integration.service.conftest import Product
from tests.integration.service.test_evidence import beat, stored, wish, worker
from tests.unit.evidence.test_redaction import film

SUBJECT = "9223372036854775813"
FRAMES = [{"at_ms": at, "persons": [[SUBJECT, 0.0, 0.1, 0.4, 0.9], ["8", 0.6, 0.1, 0.9, 0.9]]} for at in range(0, 2001, 200)]


def verify(package: Path, *more: str) -> tuple[int, Any]:
    command = [sys.executable, "-m", "app.cli", "evidence", "verify", str(package), "--json", *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


async def clip_of(product: Product) -> str:
    alert = await product.alert(await product.camera())
    assert alert
    clip = next(each for each in (await beat(product))["recordings"] if each["type"] == "clip")
    body, path = film(), f"evidence/{clip['evidence_id']}"
    given = wish(body, from_us=clip["from_us"], to_us=clip["to_us"], boxes=FRAMES)
    grant = (await worker(product, f"{path}/upload", given))[1]
    assert (await product.ask("PUT", grant["url"], token="", data=body, headers=grant["headers"]))[0] == 204
    assert (await worker(product, f"{path}/uploaded", {}))[0] == 200
    return str(clip["evidence_id"])


async def until_made(product: Product, path: str) -> dict[str, Any]:
    for _ in range(900):
        listed = (await product.ask("GET", f"{path}/exports"))[1]["items"]
        if listed[0]["state"] in ("ready", "failed"):
            return dict(listed[0])
        await asyncio.sleep(0.1)
    raise AssertionError(listed)


@pytest.fixture
def no_pose(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pose model finds nobody more than the tracks have."""

    class Nobody:
        async def detect(self, frames: list[Any]) -> list[Any]:
            import numpy as np

            from app.perception.detections import Detections

            return [
                Detections(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty((0, 17, 3), np.float32))
                for _ in frames
            ]

    original = Exporter.__init__
    monkeypatch.setattr(
        Exporter, "__init__", lambda self, pool, storage, vault, _pose: original(self, pool, storage, vault, Nobody())
    )


@pytest.mark.usefixtures("no_pose")
async def test_rule_21_from_a_clip_to_a_verified_package(product: Product, tmp_path: Path) -> None:
    clip = await clip_of(product)
    path = f"/api/v1/evidence/{clip}"
    asked = {"purpose": "Report K-7", "recipient": "Police, Ms Ä"}
    status, made = await product.ask("POST", f"{path}/export", asked)
    assert (status, made["subjects"], made["redaction"]) == (201, [SUBJECT], "bodies")
    export = await until_made(product, path)
    assert (export["state"], export["link"]) == ("ready", None)
    status, package = await product.ask("GET", made["link"], token="")
    assert status == 200
    file = tmp_path / "package.zip"
    file.write_bytes(package)
    fingerprint = (await product.ask("GET", "/api/v1/evidence-key"))[1]["fingerprint"]
    code, found = await asyncio.to_thread(verify, file, "--key", fingerprint)
    assert (code, found["whole"], found["findings"]) == (0, True, [])
    assert (found["export"]["recipient"], found["export"]["redaction"]) == ("Police, Ms Ä", "bodies")
    assert found["export"]["looked_again"] > 0

    with zipfile.ZipFile(io.BytesIO(package)) as archive, av.open(io.BytesIO(archive.read("recording.mp4"))) as container:
        shown = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
        custody = json.loads(archive.read("custody.json"))
    assert [each["act"] for each in custody] == ["registered", "export-asked-for"]
    for picture in shown:
        assert picture[40:150, 200:280].astype(int).std() < 25, "the other one is blurred"
        assert picture[40:150, 10:120].astype(int).std() > 90, "the subject is not"

    own = f"{path}/exports/{made['id']}/package"
    assert await product.ask("GET", own) == (200, package), "who is signed in takes it along under his own name"
    assert (await product.ask("GET", own, token=""))[0] == 401
    assert (await product.ask("GET", f"/api/v1/evidence/{await clip_of(product)}/exports/{made['id']}/package"))[0] == 404
    assert [each["downloads"] for each in (await product.ask("GET", f"{path}/exports"))[1]["items"]] == [1], "of the link alone"

    place = package.index(b"mdat") + 2000
    file.write_bytes(package[:place] + bytes([package[place] ^ 1]) + package[place + 1 :])
    code, found = await asyncio.to_thread(verify, file)
    assert (code, found["findings"]) == (1, ["recording.mp4 was changed"])

    status, jpeg = await product.ask("GET", f"{path}/preview?at_ms=500")
    assert (status, jpeg[:2]) == (200, b"\xff\xd8")
    await product.sql("UPDATE evidence_exports SET expires_at = now()")
    assert (await product.ask("GET", made["link"], token=""))[0] == 403
    assert (await product.ask("GET", made["link"] + "x", token=""))[0] == 403
    assert (await product.ask("GET", own))[0] == 403
    acts = (await product.ask("GET", f"{path}/custody"))[1]
    assert acts["whole"]
    assert [each["act"] for each in acts["items"]] == [
        "registered", "export-asked-for", "exported", "fetched", "fetched", "previewed",
    ]  # fmt: skip
    assert [each["actor_kind"] for each in acts["items"] if each["act"] == "fetched"] == ["system", "user"]


async def test_without_the_pose_model_everything_but_the_subject_is_blurred(product: Product) -> None:
    clip = await clip_of(product)
    path = f"/api/v1/evidence/{clip}"
    made = (await product.ask("POST", f"{path}/export", {"purpose": "p", "recipient": "r"}))[1]
    assert (await until_made(product, path))["state"] == "ready"
    package = (await product.ask("GET", made["link"], token=""))[1]
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        assert json.loads(archive.read("manifest.json"))["export"]["redaction"] == "everyone"


async def test_an_export_waits_while_the_store_is_away_and_is_made_when_it_is_back(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip, away = await clip_of(product), MOST_TRIES + 2
    path, first = f"/api/v1/evidence/{clip}", FileStore.get

    async def get(store: FileStore, key: str) -> bytes:
        nonlocal away
        if away and key.startswith("evidence/"):
            away -= 1
            raise ObjectStoreError("The bucket does not answer.")
        return await first(store, key)

    monkeypatch.setattr(FileStore, "get", get)
    monkeypatch.setattr(exporting, "AWAY_S", 1.5)
    assert (await product.ask("POST", f"{path}/export", {"purpose": "p", "recipient": "r"}))[0] == 201
    async with asyncio.timeout(60):
        while "does not answer" not in (shown := (await product.ask("GET", f"{path}/exports"))[1]["items"][0])["reason"]:
            await asyncio.sleep(0.05)
    assert shown["state"] == "making", "whoever asked sees what it waits for"
    made = await until_made(product, path)
    assert (made["state"], made["reason"], away) == ("ready", "", 0)


async def test_a_package_of_a_piece_that_is_deleted_while_it_is_made_goes_with_it(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip, over = await clip_of(product), asyncio.Event()
    put, put_off = FileStore.put, Exporter._put_off

    async def ended_meanwhile(store: FileStore, key: str, body: bytes, **more: Any) -> None:
        await put(store, key, body, **more)
        if key.startswith("exports/"):
            await product.sql("UPDATE evidence SET state = 'deleted' WHERE id = $1", uuid.UUID(clip))
            await product.sql("UPDATE evidence_exports SET state = 'ended'")

    async def seen(*given: Any) -> None:
        await put_off(*given)
        over.set()

    monkeypatch.setattr(FileStore, "put", ended_meanwhile)
    monkeypatch.setattr(Exporter, "_put_off", seen)
    assert (await product.ask("POST", f"/api/v1/evidence/{clip}/export", {"purpose": "p", "recipient": "r"}))[0] == 201
    await asyncio.wait_for(over.wait(), 120)
    (row,) = await product.sql("SELECT state, s3_key FROM evidence_exports")
    assert (row["state"], row["s3_key"]) == ("ended", None)
    assert [key async for key in FileStore(product.settings.home / "objects").keys("exports/")] == []


async def test_a_store_that_takes_no_package_costs_tries(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    clip, put, refused = await clip_of(product), FileStore.put, 0

    async def full(store: FileStore, key: str, body: bytes, **more: Any) -> None:
        nonlocal refused
        if key.startswith("exports/"):
            refused += 1
            raise ObjectStoreError("The bucket refused: QuotaExceeded.")
        await put(store, key, body, **more)

    monkeypatch.setattr(FileStore, "put", full)
    monkeypatch.setattr(exporting, "AWAY_S", 0.1)
    path = f"/api/v1/evidence/{clip}"
    assert (await product.ask("POST", f"{path}/export", {"purpose": "p", "recipient": "r"}))[0] == 201
    made = await until_made(product, path)
    assert (made["state"], "QuotaExceeded" in made["reason"], refused) == ("failed", True, MOST_TRIES)


async def test_what_cannot_be_exported_says_so(product: Product) -> None:
    await product.alert(await product.camera())
    clip = next(each for each in (await beat(product))["recordings"] if each["type"] == "clip")
    path, asked = f"/api/v1/evidence/{clip['evidence_id']}", {"purpose": "p", "recipient": "r"}
    assert (await product.ask("POST", f"{path}/export", asked))[0] == 409
    await stored(product, clip)  # bytes that are no film
    assert (await product.ask("POST", f"{path}/export", asked))[0] == 201
    assert (await until_made(product, path))["state"] == "failed"
    assert (await product.ask("POST", f"{path}/export", {"purpose": "", "recipient": "r"}))[0] == 422
