"""Versions in a bucket (nanio, which checks signatures): the service publishes, the Tritons' folders follow, each checks."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from app.inference.contract import SERVED
from app.models import courtesy, service
from app.models.folder import ModelFolder
from app.models.shared.level import bring_level
from app.models.shared.opening import open_shared
from app.models.shared.store import VERSIONS
from tests.integration.inference.conftest import Server
from tests.integration.kit.test_objects import KEY as ACCESS
from tests.integration.kit.test_objects import REGION, SECRET, make_bucket, nanio  # noqa: F401 - a fixture
from tests.integration.service import pose_models
from tests.integration.service.conftest import Product
from tests.integration.service.test_models import KEY, act, push, server, trusted, wanted  # noqa: F401 - a fixture

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def more_settings(
    server: Server,  # noqa: F811 - a fixture, as is the next
    nanio: str,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, Any]:
    monkeypatch.setattr(service, "DRAIN_S", 1.5)
    monkeypatch.setattr(service, "LOOK_EVERY_S", 0.3)
    monkeypatch.setattr(courtesy, "LOOK_S", 0.1)
    monkeypatch.setattr(courtesy, "PATIENCE_S", 0.5)
    return {
        "TRITON_URL": server.url, "PENNYPROTECT_MODEL_REPOSITORY": server.models, "PENNYPROTECT_MODEL_KEYS": trusted(tmp_path),
        "PENNYPROTECT_MODEL_STORE": f"s3://{make_bucket(nanio)}/ours", "AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": ACCESS,
        "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_ENDPOINT_URL_S3": nanio,
    }  # fmt: skip


async def test_a_version_reaches_every_folder_by_the_bucket_and_a_changed_object_none(
    product: Product,
    server: Server,  # noqa: F811 - a fixture
    tmp_path: Path,
) -> None:
    await product.camera("A")
    shared, keys = open_shared(product.settings), tmp_path / "keys"
    assert shared is not None

    async def replica(name: str) -> ModelFolder:
        """Another machine's folder after `models sync`."""
        root = tmp_path / name / "triton" / "models"
        if not root.exists():
            shutil.copytree(SERVED / "yolo_pose", root / "yolo_pose")
            (root / "yolo_pose" / "1").mkdir()
        found = ModelFolder(root)
        await bring_level(shared, found, keys)
        return found

    first, second = (
        pose_models.tar(pose_models.write(tmp_path / f"p{x:.0f}", pose_models.model(x), KEY, x)) for x in (200.0, 300.0)
    )
    status, made = await push(product, first)
    assert status == 201, made
    assert (await replica("there")).versions("yolo_pose") == [1, made["version"]]
    assert (await replica("there")).trials() == []
    assert (await act(product, f"versions/{made['id']}/promote", share=1))[0] == 200
    assert set((await wanted(product)).values()) == {str(made["version"])}

    status, other = await push(product, second)
    assert status == 201, other
    (record,) = [each for each in await shared.published(VERSIONS) if each.version == other["version"]]
    await shared._store.put(f"ours/{record.place}/model.onnx", pose_models.model(500.0))
    fresh = await replica("fresh")
    assert fresh.versions("yolo_pose") == [1, made["version"]], "what was changed in the bucket is loaded nowhere"
    assert "changed since" in fresh.refused("yolo_pose")[other["version"]]
    assert (await replica("there")).versions("yolo_pose") == [1, made["version"]]

    assert (await act(product, "rollback"))[0] == 200
    status, gone = await act(product, f"versions/{made['id']}/retire")
    assert (status, gone["state"]) == (200, "retired"), gone
    assert made["version"] not in (await replica("there")).versions("yolo_pose")
    # A Triton that starts on an empty disk asks the bucket first.
    here = ModelFolder(server.models)
    async with here.locked():  # the service looks at it, too
        await asyncio.to_thread(shutil.rmtree, here.place("yolo_pose", other["version"]))
        await bring_level(shared, here, keys)
        assert "changed since" in here.refused("yolo_pose")[other["version"]]
    async with asyncio.timeout(60):
        while [each.place for each in await shared.published(VERSIONS) if each.version == other["version"]] != [""]:
            await asyncio.sleep(0.2)
    _, known = await product.ask("GET", "/api/v1/models")
    assert {each["state"] for each in known["versions"]} == {"refused", "retired"}, "no other Triton takes what is refused"
