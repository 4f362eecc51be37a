"""A pushed version whose files changed on the disk: cameras leave it, no Triton loads it again, and everybody is told why."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from app.models import courtesy, service
from app.models.folder import ModelFolder
from tests.integration.inference.conftest import Server
from tests.integration.service import pose_models
from tests.integration.service.conftest import Product
from tests.integration.service.test_models import KEY, act, push, server, traffic, trusted, wanted  # noqa: F401 - a fixture

JOIN = ModelFolder.join
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def more_settings(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:  # noqa: F811 - a fixture
    monkeypatch.setattr(service, "LOOK_EVERY_S", 0.3)
    monkeypatch.setattr(service, "DRAIN_S", 1.5)
    monkeypatch.setattr(courtesy, "LOOK_S", 0.1)
    monkeypatch.setattr(courtesy, "PATIENCE_S", 0.5)
    keys = trusted(tmp_path)
    return {"TRITON_URL": server.url, "PENNYPROTECT_MODEL_REPOSITORY": server.models, "PENNYPROTECT_MODEL_KEYS": keys}


async def until(product: Product, version: int, state: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            _, known = await product.ask("GET", "/api/v1/models")
            (found,) = [each for each in known["versions"] if each["version"] == version]
            if found["state"] == state:
                return {**found, "pointer": known["pointers"][0], "watch": known["watches"][0]}
            await asyncio.sleep(0.2)


def join_changed(folder: ModelFolder, model: str, version: int) -> None:
    path = folder.trial_place(version) / "golden.npz"
    path.write_bytes(path.read_bytes() + b"\0")
    JOIN(folder, model, version)


async def test_a_version_changed_on_disk_is_refused_while_it_serves_and_when_triton_starts_anew(
    product: Product,
    server: Server,  # noqa: F811 - a fixture
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("A", "B"):
        await product.camera(name)
    package = pose_models.tar(pose_models.write(tmp_path / "p", pose_models.model(200.0), KEY, 200.0))
    status, made = await push(product, package)
    assert status == 201, made
    assert (await act(product, f"versions/{made['id']}/promote", share=1))[0] == 200
    assert set((await wanted(product)).values()) == {str(made["version"])}

    # Between the push and a restart: the service is not asked before Triton starts.
    await asyncio.to_thread(server.kill)
    path = server.models / "yolo_pose" / str(made["version"]) / "model.onnx"
    async with ModelFolder(server.models).locked():  # the service waits, so that the start alone can have refused it
        path.write_bytes(pose_models.model(400.0))
        await asyncio.to_thread(server.start)
        assert not path.exists(), "Triton has nothing to load"
    found = await until(product, made["version"], "refused")
    assert "changed since" in found["refused_because"]
    assert found["pointer"]["stable"] == 1
    assert f"Version {made['version']} is refused" in found["watch"]["taken_back_because"]
    assert set((await wanted(product)).values()) == {"1"}
    status, said = await act(product, f"versions/{made['id']}/promote", share=1)
    assert status in (409, 503), said

    # While it serves: the version before answers all the time.
    async with traffic(product, server) as seen:
        status, again = await push(product, package)
        assert (status, again["version"] > made["version"]) == (201, True), again
        assert (await act(product, f"versions/{again['id']}/promote", share=1))[0] == 200
        other = server.models / "yolo_pose" / str(again["version"]) / "golden.npz"
        other.write_bytes(other.read_bytes() + b"\0")
        found = await until(product, again["version"], "refused")
        assert set((await wanted(product)).values()) == {"1"}
        # Changed between its trial and its place among the served ones.
        fourth = pose_models.tar(pose_models.write(tmp_path / "fourth", pose_models.model(250.0), KEY, 250.0))
        with monkeypatch.context() as patch:
            patch.setattr(ModelFolder, "join", join_changed)
            status, said = await push(product, fourth)
        assert (status, "not what was checked any more" in said["detail"]) == (422, True), said
        assert ModelFolder(server.models).versions("yolo_pose") == [1]
        third = pose_models.tar(pose_models.write(tmp_path / "third", pose_models.model(300.0), KEY))
        status, kept = await push(product, third)
        assert status == 201, "the load that follows is of what was signed"
        # A key that is taken away takes what it signed along, and gives it back.
        key = tmp_path / "keys" / "team.pem"
        content = key.read_bytes()
        key.unlink()
        found = await until(product, kept["version"], "held")
        assert "No key that this installation trusts" in found["refused_because"]
        status, said = await act(product, f"versions/{kept['id']}/promote", share=1)
        assert (status, "is held" in said["detail"]) == (409, True), said
        key.write_bytes(content)
        assert (await until(product, kept["version"], "ready"))["refused_because"] == ""
    assert seen.failed == []
    rows = await product.sql("SELECT act, details->>'reason' AS why FROM audit_unsealed WHERE act LIKE 'model-r%'")
    assert sorted(row["act"] for row in rows) == ["model-refused"] * 3 + ["model-rolled-back"] * 2
    assert all("changed since" in row["why"] for row in rows)
