"""Models change while cameras go on: the service, the real Triton, a worker's heartbeat and requests all the time."""

import asyncio
import shutil
import signal
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.embedded.state import open_home
from app.embedded.triton import EmbeddedTriton
from app.inference import repository
from app.inference.contract import SERVED
from app.inference.triton import CallOptions, TritonPose
from app.models import courtesy, service
from tests.integration.inference.conftest import Server
from tests.integration.service import pose_models
from tests.integration.service.conftest import WORKER_KEY, Product

LONG = aiohttp.ClientTimeout(total=240)
KEY = Ed25519PrivateKey.generate()
WORKER = str(uuid.uuid4())


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A Triton whose released pose model is a tiny one."""
    with open_home(tmp_path / "triton-home", url="") as home:
        triton = EmbeddedTriton(home, repository.round_trip, keys=trusted(tmp_path))
        shutil.copytree(SERVED / "yolo_pose", triton.models / "yolo_pose")
        (triton.models / "yolo_pose" / "1").mkdir()
        (triton.models / "yolo_pose" / "1" / "model.onnx").write_bytes(pose_models.checked(pose_models.model(100.0)))
        running = Server(triton, tmp_path / "triton.log")
        try:
            running.start()
            yield running
        finally:
            running.kill()


@pytest.fixture
def more_settings(server: Server, tmp_path: Path) -> dict[str, Any]:
    keys = trusted(tmp_path)
    return {"TRITON_URL": server.url, "PENNYPROTECT_MODEL_REPOSITORY": server.models, "PENNYPROTECT_MODEL_KEYS": keys}


def trusted(tmp_path: Path) -> Path:
    """The folder with the team's public key."""
    keys = tmp_path / "keys"
    keys.mkdir(exist_ok=True)
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (keys / "team.pem").write_bytes(KEY.public_key().public_bytes(*form))
    return keys


@pytest.fixture(autouse=True)
def short_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "DRAIN_S", 1.5)
    monkeypatch.setattr(courtesy, "LOOK_S", 0.1)
    monkeypatch.setattr(courtesy, "PATIENCE_S", 0.5)


async def push(product: Product, package: bytes, query: str = "?accept_licence=MIT&slower=20") -> tuple[int, Any]:
    """By default as slow as it likes: how long an answer takes here depends on what else the machine does."""
    headers = {"Content-Type": "application/x-tar"}
    return await product.ask("POST", f"/api/v1/models/versions{query}", data=package, headers=headers, timeout=LONG)


async def act(product: Product, path: str, **body: Any) -> tuple[int, Any]:
    return await product.ask("POST", f"/api/v1/models/{path}", body, timeout=LONG)


async def wanted(product: Product) -> dict[str, str]:
    """Version by camera, as a worker is told."""
    said = {"worker_id": WORKER, "host": "h", "kind": "cpu", "capacity": 9, "running": [], "revision": ""}
    status, state = await product.ask("POST", "/api/v1/workers/heartbeat", said, token=WORKER_KEY)
    assert status == 200, state
    return {each["camera_id"]: each["pose_version"] for each in state["cameras"]}


@dataclass
class Traffic:
    """What a worker's requests met."""

    answered: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)


@asynccontextmanager
async def traffic(product: Product, server: Server) -> AsyncIterator[Traffic]:
    """Asks all the time, with the version of the last heartbeat, as the worker does."""
    seen, over = Traffic(), asyncio.Event()
    clients: dict[str, TritonPose] = {}
    frame = np.full((384, 640, 3), 7, np.uint8)

    async def ask() -> None:
        while not over.is_set():
            for version in set((await wanted(product)).values()):
                options = CallOptions(deadline_s=20.0)
                client = clients.setdefault(version, TritonPose(server.url, "yolo_pose", version, options=options))
                for _ in range(5):
                    try:
                        assert len((await client.detect([frame]))[0]) == 1
                        seen.answered[version] = seen.answered.get(version, 0) + 1
                    except Exception as error:
                        seen.failed.append(repr(error))
            await asyncio.sleep(0.02)

    task = asyncio.create_task(ask())
    try:
        yield seen
    finally:
        over.set()
        await task
        for client in clients.values():
            await client.close()


@pytest.mark.timeout(300)
async def test_a_model_is_pushed_promoted_rolled_back_and_retired_and_no_request_fails(
    product: Product, server: Server, tmp_path: Path
) -> None:
    for name in ("A", "B", "C", "D", "E"):
        await product.camera(name)
    good = pose_models.tar(pose_models.write(tmp_path / "good", pose_models.model(300.0), KEY))
    async with traffic(product, server) as seen:
        assert (await push(product, good, ""))[1]["detail"].startswith("It is under 'MIT'")
        status, made = await push(product, good)
        assert status == 201, made
        assert made["report"]["golden_images"] == 1
        assert made["report"]["in_quiet"] in (True, False)
        assert (await product.ask("GET", "/api/v1/models"))[1]["pushing"] == []
        version = str(made["version"])
        assert (await push(product, good))[1]["id"] == made["id"], "the same package is one version"
        assert set((await wanted(product)).values()) == {"1"}, "no camera uses what nobody promoted"
        path = f"versions/{made['id']}"
        status, pointer = await act(product, f"{path}/promote", share=0.5)
        assert (status, pointer["candidate"], pointer["stable"]) == (200, made["version"], 1)
        told = await wanted(product)
        assert set(told.values()) <= {"1", version}
        assert await wanted(product) == told, "the same cameras each time"
        for _ in range(5):
            assert (await act(product, f"{path}/promote", share=1))[0] == 200
            assert set((await wanted(product)).values()) == {version}
            assert (await act(product, f"{path}/retire"))[0] == 409
            assert (await act(product, "rollback"))[0] == 200
            assert set((await wanted(product)).values()) == {"1"}
        assert (await act(product, "rollback"))[0] == 409
        status, gone = await act(product, f"{path}/retire")
        assert (status, gone["state"]) == (200, "retired"), gone
        assert (await act(product, f"{path}/promote", share=1))[0] in (409, 503)
    assert not (server.models / "yolo_pose" / version).exists()
    assert seen.failed == []
    assert seen.answered["1"] > 20
    assert seen.answered[version] > 0
    rows = await product.sql("SELECT act, count(*) AS n FROM audit_unsealed WHERE act LIKE 'model-%' GROUP BY act")
    counted = {row["act"]: row["n"] for row in rows}
    assert counted == {
        "model-refused": 1, "model-pushed": 1, "model-promoted": 6, "model-rolled-back": 5, "model-retired": 1
    }  # fmt: skip


@pytest.mark.timeout(300)
async def test_what_is_broken_is_refused_with_its_reason_and_the_old_one_serves(
    product: Product, server: Server, tmp_path: Path
) -> None:
    good = pose_models.write(tmp_path / "good", pose_models.model(300.0), KEY)

    def changed(name: str, file: str, content: bytes) -> bytes:
        folder = shutil.copytree(good, tmp_path / name)
        (folder / file).write_bytes(content)
        return pose_models.tar(folder)

    def signed(name: str, content: bytes, package: str = pose_models.PACKAGE) -> bytes:
        return pose_models.tar(pose_models.write(tmp_path / name, content, KEY, package=package))

    whole = (good / "model.onnx").read_bytes()
    stranger = pose_models.write(tmp_path / "stranger", whole, Ed25519PrivateKey.generate())
    cases = {
        "no whole tar": b"\x00nothing",
        "lacks": pose_models.tar(_few(good, tmp_path)),
        "truncated or changed": changed("truncated", "model.onnx", whole[:-40]),
        "No key that this installation trusts": pose_models.tar(stranger),
        "is no signature": changed("unsigned", "manifest.sig", b"!none!"),
        "no readable ONNX": signed("broken", b"no model at all"),
        "its contract says": signed("shape", pose_models.model(300.0, rows=50)),
        "has no output": signed("name", pose_models.model(300.0, output="other")),
        "no number": signed("nan", pose_models.model(300.0, nan=True)),
        "otherwise than promised": signed("moved", pose_models.model(320.0)),
        "too loose": signed("loose", whole, pose_models.PACKAGE.replace("2.0", "200.0")),
        "ms a frame": signed("slow", pose_models.model(300.0, slow=3)),
    }
    async with traffic(product, server) as seen:
        for said, package in cases.items():
            status, answer = await push(product, package, "?accept_licence=MIT")
            assert status == 422, (said, answer)
            assert said in answer["detail"], (said, answer)
    assert seen.failed == []
    assert [path.name for path in server.models.iterdir()] == ["yolo_pose"]
    assert sorted(path.name for path in (server.models / "yolo_pose").iterdir() if path.name.isdigit()) == ["1"]
    assert (await product.ask("GET", "/api/v1/models"))[1]["versions"] == []


def _few(good: Path, tmp_path: Path) -> Path:
    folder = shutil.copytree(good, tmp_path / "few")
    (folder / "golden.npz").unlink()
    return folder


@pytest.mark.matrix
@pytest.mark.timeout(300)
async def test_two_pushes_race_and_a_triton_killed_in_the_middle_comes_back_at_the_promoted_version(
    product: Product, server: Server, tmp_path: Path
) -> None:
    one, two, three = (
        pose_models.tar(pose_models.write(tmp_path / f"p{x:.0f}", pose_models.model(x), KEY, x)) for x in (200.0, 300.0, 400.0)
    )
    async with traffic(product, server) as seen:
        (first, made), (second, other) = await asyncio.gather(push(product, one), push(product, two))
    assert (first, second) == (201, 201), (made, other)
    assert made["version"] != other["version"]
    assert seen.failed == []
    assert (await act(product, f"versions/{made['id']}/promote", share=1))[0] == 200

    pushing = asyncio.create_task(push(product, three))
    while not any(server.models.glob("trial_*")):
        await asyncio.sleep(0.005)
    server.signal(signal.SIGKILL)
    status, answer = await pushing
    assert status == 503, answer
    server.kill()
    await asyncio.to_thread(server.start)
    assert [path.name for path in server.models.iterdir()] == ["yolo_pose"]
    client = TritonPose(server.url, "yolo_pose", str(made["version"]), options=CallOptions(deadline_s=20.0))
    found = (await client.detect([np.full((384, 640, 3), 7, np.uint8)]))[0]
    await client.close()
    assert abs(float(found.boxes[0].reshape(2, 2).mean(axis=0)[0]) - 200) < 2
    assert (await push(product, three))[0] == 201, "and the push is simply done again"
