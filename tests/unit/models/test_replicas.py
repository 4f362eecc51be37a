"""Every Triton behind a name is told, the one that started late too; real ones: tests/integration/service/test_models.py."""

import asyncio
from pathlib import Path
from typing import Any, ClassVar

import asyncpg
import pytest

from app.inference.gait.placing import GAIT_MODEL
from app.kit.errors import UnavailableError
from app.kit.objects.files import FileStore
from app.models import replicas, service
from app.models.admission import repository
from app.models.admission.repository import Served
from app.models.admission.service import Admission
from app.models.folder import ModelFolder
from app.models.replicas import Replicas
from app.models.shared.store import VERSIONS, SharedVersions
from app.models.signing import RefusedPackageError
from tests.unit.models.test_admission import make_version, put_key
from tests.unit.models.test_shared_versions import make_replica

MODEL = "yolo_pose"
SETTLE = Admission.settle


class Server:
    """A Triton that reads a folder when it is told to load."""

    folder: ClassVar[set[int]] = set()
    all: ClassVar[dict[str, "Server"]] = {}
    broken: ClassVar[set[str]] = set()

    def __init__(self, url: str, _at_once: int | None = None) -> None:
        self.url, self.served, self.closed, self.loads = url, set(Server.folder), False, 0
        self.unloaded: set[str] = set()
        Server.all[url] = self

    async def load(self, model: str) -> None:
        self.loads += 1
        self.unloaded.discard(model)
        await asyncio.sleep(0)
        if self.url in Server.broken:
            raise RefusedPackageError(f"Triton cannot load it: no memory at {self.url}")
        self.served = set(Server.folder)

    async def unload(self, _model: str) -> None:
        self.served = set()

    async def ready(self, model: str, version: int) -> bool:
        return model not in self.unloaded and version in self.served

    async def close(self) -> None:
        assert not self.closed, "hung up twice"
        self.closed = True
        await asyncio.sleep(0)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What the name server says; three replicas at first."""
    Server.folder, Server.all, Server.broken = {1}, {}, set()
    monkeypatch.setattr(replicas, "Serving", Server)
    return {"triton": ["10.0.0.1", "10.0.0.2", "fd00::3"]}


def tritons(names: dict[str, list[str]]) -> Replicas:
    async def resolve(host: str) -> list[str]:
        if not names[host]:
            raise OSError("no address")
        return names[host]

    return Replicas("triton:8001", resolve)


async def test_a_load_reaches_every_replica_and_a_failure_of_one_is_told(names: dict[str, list[str]]) -> None:
    servers = tritons(names)
    await servers.servings()
    Server.folder = {1, 1001}
    assert not await servers.ready(MODEL, 1001)
    await servers.load(MODEL)
    assert await servers.ready(MODEL, 1001)
    assert set(Server.all) == {"10.0.0.1:8001", "10.0.0.2:8001", "[fd00::3]:8001"}
    Server.folder, Server.broken = {1, 1001, 1002}, {"10.0.0.2:8001"}
    with pytest.raises(RefusedPackageError, match=r"10\.0\.0\.2"):
        await servers.load(MODEL)
    assert Server.all["[fd00::3]:8001"].served == {1, 1001, 1002}, "the others ended what they began"
    assert not await servers.ready(MODEL, 1002)
    await servers.close()
    assert all(each.closed for each in Server.all.values())


async def test_replicas_come_and_go_and_a_name_without_address_changes_nothing(names: dict[str, list[str]]) -> None:
    servers = tritons(names)
    await servers.servings()
    names["triton"] = ["10.0.0.2"]
    assert len(await servers.servings()) == 1
    assert {url for url, each in Server.all.items() if each.closed} == set(Server.all) - {"triton:8001"}
    names["triton"] = []
    with pytest.raises(UnavailableError, match="no address"):
        await servers.load(MODEL)
    assert not await servers.ready(MODEL, 1)
    await servers.unload(MODEL)


async def test_several_callers_at_once_see_replicas_go_and_none_of_them_fails(names: dict[str, list[str]]) -> None:
    servers = tritons(names)
    await servers.servings()
    names["triton"] = ["10.0.0.2"]
    found = await asyncio.gather(*(servers.servings() for _ in range(3)))
    assert [[each.url for each in one] for one in found] == [["triton:8001"]] * 3  # type: ignore[attr-defined]
    assert {url for url, each in Server.all.items() if each.closed} == set(Server.all) - {"triton:8001"}


async def test_a_replica_that_a_load_does_not_change_is_named_and_let_be(
    names: dict[str, list[str]], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    servers = tritons(names)
    await servers.servings()
    stuck = Server.all["10.0.0.2:8001"]
    for each in Server.all.values():
        each.served = {1, 1001}
    stuck.served = {1}
    assert [await servers.level(MODEL, [1, 1001], most=3) for _ in range(6)] == [1, 1, 1, 0, 0, 0]
    assert stuck.loads == 3
    Server.folder = {1, 1001}
    assert await servers.level(MODEL, [1, 1001]) == 1, "a push asks all the same"
    assert await servers.level(MODEL, [1, 1001], most=3) == 0
    stuck.served = {1}
    assert await servers.level(MODEL, [1, 1001], most=3) == 1, "and a new fault is a new one"
    assert "10.0.0.2" in "".join(capsys.readouterr()) + caplog.text  # a test before this one may have set up logging


@pytest.fixture(autouse=True)
def nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """No database: tests/integration/service/test_model_admission.py."""

    async def settle(_self: Admission, *, whole: bool = True, loads: bool = False) -> bool:
        return not (whole and loads)

    monkeypatch.setattr(Admission, "settle", settle)


async def test_a_replica_that_started_beside_a_push_is_brought_level(
    names: dict[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in (1, 1001):
        (tmp_path / "models" / MODEL / str(version)).mkdir(parents=True)
    (tmp_path / "models" / MODEL / "config.pbtxt").write_text("")
    servers, folder = tritons(names), ModelFolder(tmp_path / "models")
    await servers.servings()  # ready before the push was in the folder
    Server.all["10.0.0.1:8001"].served = {1, 1001}
    Server.all["10.0.0.2:8001"].served = set()  # starting: it reads the folder by itself
    Server.folder = {1, 1001}
    monkeypatch.setattr(service, "LEVEL_EVERY_S", 0.01)
    kept, stop = service.ModelService(None, folder, tmp_path, servers), asyncio.Event()  # type: ignore[arg-type]
    task = asyncio.create_task(kept.keep_level(stop))
    async with asyncio.timeout(20):
        while Server.all["[fd00::3]:8001"].served != {1, 1001}:
            await asyncio.sleep(0.01)
    stop.set()
    await asyncio.wait_for(task, 10)
    assert Server.all["10.0.0.2:8001"].served == set()
    assert await servers.level(MODEL, [1, 1001]) == 0


async def test_comparisons_go_on_after_a_database_error_and_follow_the_store(
    names: dict[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_key(tmp_path / "keys")
    shared, folder = SharedVersions(FileStore(tmp_path / "store")), make_replica(tmp_path / "a")
    await shared.publish(VERSIONS, MODEL, 1001, make_version(tmp_path / "package"))
    asked = 0

    async def served(_pool: object) -> list[Served]:
        nonlocal asked
        asked += 1
        if asked <= 2:
            raise (asyncpg.InterfaceError("connection is closed"), TimeoutError())[asked - 1]
        return []

    monkeypatch.setattr(repository, "served", served)
    monkeypatch.setattr(Admission, "settle", SETTLE)
    servers = tritons(names)
    await servers.servings()
    Server.folder = {1, 1001}
    monkeypatch.setattr(service, "LEVEL_EVERY_S", 0.01)
    kept, stop = service.ModelService(None, folder, tmp_path / "keys", servers, shared), asyncio.Event()  # type: ignore[arg-type]
    task = asyncio.create_task(kept.keep_level(stop))
    async with asyncio.timeout(60):
        while not task.done() and any(each.served != {1, 1001} for each in Server.all.values()):
            await asyncio.sleep(0.01)
    assert not task.done(), task.exception()
    stop.set()
    await asyncio.wait_for(task, 30)
    assert folder.versions(MODEL) == [1, 1001], "a version that came while this service had the released one alone"


async def test_what_a_push_changed_before_the_comparison_began_is_not_loaded_again(
    names: dict[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in (1, 1001, 1002):
        (tmp_path / "models" / MODEL / str(version)).mkdir(parents=True)
    Server.folder = {1, 1001}
    asked, compared = asyncio.Event(), asyncio.Event()

    class Asked(ModelFolder):
        def locked(self) -> Any:
            asked.set()
            return super().locked()

    servers, folder = tritons(names), Asked(tmp_path / "models")
    await servers.servings()

    async def level(model: str, versions: list[int], most: int | None = None, *, beside: str = "") -> int:
        done = await Replicas.level(servers, model, versions, most, beside=beside)
        compared.set()
        return done

    monkeypatch.setattr(servers, "level", level)
    monkeypatch.setattr(service, "LEVEL_EVERY_S", 0.01)
    kept, stop = service.ModelService(None, folder, tmp_path, servers), asyncio.Event()  # type: ignore[arg-type]
    async with folder.locked():
        asked.clear()
        task = asyncio.create_task(kept.keep_level(stop))
        await asyncio.wait_for(asked.wait(), 20)  # it waits for the lock, and has looked at the folder
        (tmp_path / "models" / MODEL / "1002").rmdir()
    await asyncio.wait_for(compared.wait(), 20)
    stop.set()
    await asyncio.wait_for(task, 10)
    assert [each.loads for each in Server.all.values()] == [0, 0, 0]


async def test_a_replica_that_started_anew_gets_the_biometric_models_that_another_serves(
    names: dict[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for model, version in ((MODEL, 1), ("face_embedding", 1), ("face_embedding", 1001)):
        (tmp_path / "models" / model / str(version)).mkdir(parents=True)
    servers, folder = tritons(names), ModelFolder(tmp_path / "models")
    monkeypatch.setattr(service, "LEVEL_EVERY_S", 0.01)
    await servers.servings()
    one, two, three = Server.all.values()
    for each in (one, two, three):
        each.unloaded = set(service.BIOMETRIC)
    kept, stop = service.ModelService(None, folder, tmp_path, servers), asyncio.Event()  # type: ignore[arg-type]
    await kept._bring_level()
    assert [each.loads for each in (one, two, three)] == [0, 0, 0], "no store's policy had one of them loaded"
    Server.folder = one.served = {1, 1001}
    one.unloaded, two.unloaded = {"face_pipeline_crops"}, {"face_pipeline_crops", GAIT_MODEL}
    task = asyncio.create_task(kept.keep_level(stop))

    async def level() -> bool:
        asked = [("face_embedding", 1001), ("face_pipeline", 1), ("face_detection", 1), (GAIT_MODEL, 1)]
        return all([await servers.ready(*each) for each in asked])

    async with asyncio.timeout(30):
        while not await level():
            await asyncio.sleep(0.01)
    stop.set()
    await asyncio.wait_for(task, 10)
    assert "face_pipeline_crops" in three.unloaded, "nobody serves it"
