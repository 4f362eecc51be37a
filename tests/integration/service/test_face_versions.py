"""A version of the face embedding is used once lists are embedded by it, its threshold is measured and stores have tested it."""

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from app.identity.calibration.cli import calibrate
from app.identity.calibration.measuring import calibrated_on
from app.identity.decision.thresholds import WANTED_FPIR, details_of
from app.identity.templates import embedder
from app.inference.contract import SERVED
from app.inference.face_client import FaceAnswer
from app.inference.loading import ModelLoading
from app.kit.errors import UnavailableError
from app.models import courtesy, service
from tests.integration.inference.conftest import Server
from tests.integration.service import face_models, pose_models
from tests.integration.service.conftest import Product
from tests.integration.service.faces import GOOD, DrawnFaces
from tests.integration.service.test_identity import Desk, desk  # noqa: F401 - a fixture
from tests.integration.service.test_models import KEY, act, push, server, trusted  # noqa: F401 - a fixture
from tests.integration.service.test_policy import desired

TODAY = date.today().isoformat()  # noqa: DTZ011
pytestmark = pytest.mark.timeout(300)


class Versioned(DrawnFaces):
    """The released version answers always, another one once it is `loaded`."""

    loaded = False

    async def find(self, picture: npt.NDArray[np.uint8], most: int = 1, version: str = "1") -> FaceAnswer:
        if version != "1" and not Versioned.loaded:
            raise UnavailableError("It is not loaded.")
        return await super().find(picture, most, version)


@pytest.fixture
def more_settings(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:  # noqa: F811 - a fixture
    monkeypatch.setattr("app.lifespan.TritonFaces", Versioned)
    monkeypatch.setattr(Versioned, "loaded", False)
    monkeypatch.setattr(embedder, "EVERY_S", 0.3)
    monkeypatch.setattr(service, "DRAIN_S", 0.5)
    monkeypatch.setattr(courtesy, "LOOK_S", 0.1)
    monkeypatch.setattr(courtesy, "PATIENCE_S", 0.5)
    shutil.copytree(SERVED / "face_embedding", server.models / "face_embedding")
    (server.models / "face_embedding" / "1").mkdir()
    (server.models / "face_embedding" / "1" / "model.onnx").write_bytes(face_models.model(1))
    keys = trusted(tmp_path)
    return {"TRITON_URL": server.url, "PENNYPROTECT_MODEL_REPOSITORY": server.models, "PENNYPROTECT_MODEL_KEYS": keys}


async def until(what: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await what():
            await asyncio.sleep(0.2)


def measured() -> dict[str, Any]:
    """What `models calibrate` sends, of people whose embeddings are drawn."""
    vectors = np.random.default_rng(3).standard_normal((48, 128))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = calibrated_on([str(each // 2) for each in range(48)], vectors)
    return {**details_of(found, WANTED_FPIR), "pictures": 48, "data_set": "drawn"}


class Asked(Versioned):
    """As `models calibrate` makes its client."""

    def __init__(self, url: str, deadline_s: float) -> None:
        super().__init__(url, "1", deadline_s)


async def calibrated(product: Product, version: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the command says that it measured and the running service took."""
    for who in range(20, 44):
        (folder / str(who)).mkdir(parents=True)
        for number in range(2):
            cv2.imwrite(str(folder / str(who) / f"{number}.png"), np.full((8, 8, 3), (GOOD, 1, who), np.uint8))
    said: list[str] = []
    monkeypatch.setattr("app.models.evaluation.faces.TritonFaces", Asked)
    monkeypatch.setattr("app.identity.calibration.cli.settings", lambda: product.settings)
    monkeypatch.setattr("app.identity.calibration.cli.typer.echo", said.append)
    await asyncio.to_thread(calibrate, folder, int(version), as_json=True)
    return dict(json.loads(said[-1]))


async def test_rule_10_11_a_face_version_is_used_once_lists_are_embedded_thresholds_measured_and_stores_have_tested_it(
    desk: Desk,  # noqa: F811 - a fixture
    server: Server,  # noqa: F811 - a fixture
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    product = desk.product
    await desk.approved(1)
    new, right = face_models.model(2), face_models.answer(2)
    good = pose_models.tar(face_models.write(tmp_path / "good", new, KEY, right))
    status, said = await push(product, good)
    assert (status, "holds no face model now" in said["detail"]) == (503, True), said
    loading = ModelLoading(server.url)
    await loading.load(("face_embedding",))
    for name, promised, reason in (
        ("other", face_models.answer(1), "otherwise than promised"),
        ("few", right[:1], "two people or more"),
    ):
        package = face_models.write(tmp_path / name, new, KEY, promised)
        status, said = await push(product, pose_models.tar(package))
        assert (status, reason in said["detail"]) == (422, True), said
    status, made = await push(product, good)
    assert status == 201, made
    version, path = str(made["version"]), f"versions/{made['id']}"

    async def told() -> tuple[str, bool]:
        one = await desired(product, desk.camera)
        return one["face_version"], one["face"]

    async def templates() -> dict[str, int]:
        rows = await product.sql("SELECT model_version, count(*) AS n FROM facial_profiles GROUP BY 1")
        return {row["model_version"]: row["n"] for row in rows}

    async def refused(share: float = 1) -> str:
        status, said = await act(product, f"{path}/promote", share=share)
        assert status == 409, said
        assert await told() == ("1", True), "what is in use goes on"
        return str(said["detail"])

    assert "1 of 1 entries of your lists have no template" in await refused(0.5)
    Versioned.loaded = True

    async def embedded() -> bool:
        return await templates() == {"1": 1, version: 1}

    await until(embedded)
    assert "no calibrated threshold" in await refused()
    wild = {"drawn": [[0.3, 0.05, 0.1, 1e6]]}
    status, said = await act(product, f"{path}/calibration", **measured() | wild)
    assert status == 422, said
    status, said = await act(product, f"{path}/calibration", **measured() | {"people": 3})
    assert status == 422, said
    low = {"start": -1.0, "share": 0.05, "scale": 1e-6, "shape": 0.0}
    status, said = await act(product, f"{path}/calibration", **measured() | {"tail": low, "drawn": [[*low.values()]]})
    assert (status, "is the least" in said["detail"]) == (422, True), "curves by which anybody is everybody"
    said = await calibrated(product, version, tmp_path / "faces", monkeypatch)
    assert (said["people"], said["details"]["pictures"], 0 < said["threshold"] < 0.99) == (24, 48, True), said
    assert "acceptance test" in await refused()
    test = {
        "switch": "face", "performed_on": TODAY, "performed_by": "Test team", "cameras": 2, "strangers": 500,
        "false_matches": 1, "enrolled": 50, "misses": 2, "passed": True,
    }  # fmt: skip
    for wrong in ({"face_version": 7}, {"face_version": int(version), "switch": "gait"}):
        assert (await product.ask("POST", f"{desk.path}/acceptance-tests", {**test, **wrong}))[0] in (404, 422)
    status, kept = await product.ask("POST", f"{desk.path}/acceptance-tests", {**test, "face_version": int(version)})
    assert status == 201, kept
    assert await told() == ("1", True), "the test of another version ends nothing of the one in use"
    status, said = await act(product, f"{path}/calibration", **measured())
    assert status == 201, said
    assert "acceptance test" in await refused(), "a test of an earlier threshold counts no more"
    mine = {**test, "face_version": int(version)}
    assert (await product.ask("POST", f"{desk.path}/acceptance-tests", mine))[0] == 201
    assert "somebody else" in await refused(), "who calibrated it does not say alone that it is well"
    for passed, token in ((True, desk.administrator), (False, desk.administrator), (True, None)):
        status, said_so = await product.ask("POST", f"{desk.path}/acceptance-tests", {**mine, "passed": passed}, token=token)
        assert status == 201, said_so
    assert "somebody else" in await refused(), "nor against the newest word of the others"
    theirs = await product.ask("POST", f"{desk.path}/acceptance-tests", mine, token=desk.administrator)
    assert theirs[0] == 201, theirs

    thresholds = f"/api/v1/stores/{await product.store()}/match-thresholds"
    before = (await product.ask("GET", thresholds))[1]
    assert before["model_version"] == "1"
    for _ in range(2):
        assert (await act(product, f"{path}/promote", share=1))[0] == 200
        assert await told() == (version, True), "the store's test of it counts"
        status, denied = await act(product, f"{path}/calibration", **measured())
        assert (status, "is in use" in denied["detail"]) == (409, True), "nobody lowers alone what is searched by"
        after = (await product.ask("GET", thresholds))[1]
        assert (after["model_version"], after["lowest"]) == (version, pytest.approx(said["threshold"], abs=1e-5))
        assert (await act(product, "rollback", model="face_embedding"))[0] == 200
        assert await told() == ("1", True)
        assert (await product.ask("GET", thresholds))[1] == before
    assert await templates() == {"1": 1, version: 1}, "both serve"
    await desk.approved(2, "Bea Example")

    async def both() -> bool:
        return await templates() == {"1": 2, version: 2}

    await until(both)
    status, gone = await act(product, f"{path}/retire")
    assert (status, gone["state"]) == (200, "retired"), gone

    async def left() -> bool:
        return await templates() == {"1": 2}

    await until(left)
    await loading.close()
    acts = {row["act"] for row in await product.sql("SELECT act FROM audit_unsealed")}
    assert {"model-calibrated", "model-promoted", "model-rolled-back", "templates-turned"} <= acts
