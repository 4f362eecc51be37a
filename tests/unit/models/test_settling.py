"""Before a load: what folder, store and disk say of rows. With a database: tests/integration/service/test_model_admission.py."""

import errno
import hashlib
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.kit.clock import now
from app.kit.errors import SetupError, UnavailableError
from app.kit.objects.files import FileStore
from app.kit.objects.store import ObjectStoreError, Stored
from app.models.admission import repository
from app.models.admission.checking import GONE
from app.models.admission.repository import Served
from app.models.admission.service import Admission
from app.models.folder import ModelFolder
from app.models.placement import Placement
from app.models.shared import store as shared_store
from app.models.shared.store import TRIALS, VERSIONS, SharedVersions
from app.models.signing import MANIFEST, UNTRUSTED
from tests.unit.models.test_admission import flip, make_version, put_key
from tests.unit.models.test_shared_versions import make_replica

MODEL = "yolo_pose"


class Outages(FileStore):
    """Away while `away`."""

    away = False

    async def get(self, key: str) -> bytes:
        self._ask()
        return await super().get(key)

    async def put(self, key: str, body: bytes, **_: object) -> None:
        self._ask()
        await super().put(key, body)

    async def stat(self, key: str) -> Stored:
        self._ask()
        return await super().stat(key)

    async def remove(self, key: str) -> None:
        self._ask()
        await super().remove(key)

    async def keys(self, prefix: str, after: str = "") -> AsyncIterator[str]:
        self._ask()
        async for key in super().keys(prefix, after):
            yield key

    def _ask(self) -> None:
        if self.away:
            raise ObjectStoreError("The store does not answer.")


class Settling(Admission):
    """What is written down goes into lists."""

    serves, used = True, False

    def __init__(self, folder: ModelFolder, keys: Path, store: FileStore | None = None) -> None:
        async def may_serve(_model: str, _version: int) -> bool:
            return self.serves

        self.placement = Placement(folder, keys, None if store is None else SharedVersions(store))
        super().__init__(None, folder, keys, self.placement, may_serve)  # type: ignore[arg-type]
        self.refused: dict[int, str] = {}
        self.left: dict[int, str] = {}

    async def _refuse(self, one: Served, why: str) -> bool:
        self.refused[one.version] = why
        return True

    async def _lead_back(self, one: Served, why: str) -> bool:
        self.left[one.version] = why
        return True

    async def _is_used(self, _one: Served) -> bool:
        return self.used


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> list[Served]:
    """Of the database."""
    found: list[Served] = []

    async def served(_pool: object) -> list[Served]:
        return list(found)

    monkeypatch.setattr(repository, "served", served)
    return found


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    put_key(tmp_path / "keys")
    return tmp_path / "keys"


def row(package: Path, version: int = 1001) -> Served:
    return Served(uuid.uuid4(), uuid.uuid4(), MODEL, version, hashlib.sha256((package / MANIFEST).read_bytes()).digest())


async def test_a_store_that_is_away_refuses_no_version_and_what_comes_later_is_taken(
    rows: list[Served], keys: Path, tmp_path: Path
) -> None:
    package, store = make_version(tmp_path / "package"), Outages(tmp_path / "store")
    rows.append(row(package))
    await SharedVersions(store).publish(VERSIONS, MODEL, 1001, package)
    host = make_replica(tmp_path / "b")  # of a service that begins with a folder of its own
    settling = Settling(host, keys, store)
    store.away = True
    assert not await settling.settle(loads=True)
    settling.used = True
    with pytest.raises(UnavailableError, match="would take it from them"):
        await settling.settle(loads=True)
    assert not await settling.settle(), "a look only says so"
    assert (settling.refused, settling.left) == ({}, {})
    settling.serves = False
    assert await settling.settle(loads=True)
    assert (settling.refused, settling.left) == ({}, {1001: GONE}), "cameras leave what no Triton serves, and may come back"
    store.away = False
    settling.left.clear()
    assert not await settling.settle(loads=True)
    assert (settling.refused, settling.left, host.versions(MODEL)) == ({}, {}, [1, 1001])


async def test_what_nobody_signed_is_taken_away_before_a_load_whatever_the_rows_say(
    rows: list[Served], keys: Path, tmp_path: Path
) -> None:
    host = make_replica(tmp_path / "a")
    for version in (1001, 1002, 1500):
        make_version(host.place(MODEL, version))
    rows += [row(host.place(MODEL, 1001))]
    flip(host.place(MODEL, 1500))  # no row, or one that is being retired
    settling = Settling(host, keys)
    assert not await settling.settle(loads=True)
    assert (host.versions(MODEL), settling.refused) == ([1, 1001, 1002], {})
    rows += [row(make_version(tmp_path / "another", content=b"another"), 1002)]
    await settling.settle(loads=True)
    assert "not the one that was pushed" in settling.refused[1002]
    assert host.versions(MODEL) == [1, 1001]
    (keys / "team.pem").unlink()
    await settling.settle(loads=True)
    assert (settling.left, host.versions(MODEL), list(settling.refused)) == ({1001: UNTRUSTED}, [1], [1002])


async def test_a_full_disk_refuses_nothing_and_lets_nothing_be_loaded(
    rows: list[Served], keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = make_replica(tmp_path / "a")
    rows.append(row(make_version(host.place(MODEL, 1001))))
    flip(host.place(MODEL, 1001))
    settling = Settling(host, keys)

    def full(*_args: object, **_more: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("app.models.folder.tempfile.mkdtemp", full)
        with pytest.raises(SetupError, match="No space left"):
            await settling.settle(loads=True)
    assert settling.refused == {}, "while its files lie there, the next look must still see it"
    await settling.settle(loads=True)
    assert (host.versions(MODEL), list(settling.refused)) == ([1], [1001])


async def test_another_signed_package_in_the_store_is_not_taken_and_is_found(
    rows: list[Served], keys: Path, tmp_path: Path
) -> None:
    store, host = Outages(tmp_path / "store"), make_replica(tmp_path / "a")
    package, worse = make_version(tmp_path / "package"), make_version(tmp_path / "worse", content=b"older, worse")
    shared, settling = SharedVersions(store), Settling(host, keys, store)
    made = await shared.publish(VERSIONS, MODEL, 1001, package)
    rows.append(row(package))
    await settling.settle()
    assert host.versions(MODEL) == [1, 1001]
    for each in worse.iterdir():
        await store.put(f"{made.place}/{each.name}", each.read_bytes())
    await settling.placement.look_again(await settling.pushed(), whole=False)
    assert "not the package" in host.refused(MODEL)[1001]
    await settling.settle()
    assert list(settling.refused) == [1001]
    late = make_replica(tmp_path / "late")
    await Settling(late, keys, store).settle()
    assert "not the one that was pushed" in late.refused(MODEL)[1001]


async def test_a_store_that_fails_at_the_end_hides_no_result_and_is_told_later(
    keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, host, package = Outages(tmp_path / "store"), make_replica(tmp_path / "a"), make_version(tmp_path / "package")
    shared, placement = SharedVersions(store), Placement(host, keys, SharedVersions(store))
    await placement.open_trial(MODEL, 1001, package)
    async with host.locked():
        await placement.join(MODEL, 1001, package)
        assert host.versions(MODEL) == [1, 1001]
        store.away = True
        with pytest.raises(ObjectStoreError):  # a retirement is not done
            await placement.leave(MODEL, 1001)
        await placement.close_trial(MODEL, 1001)
        assert (host.versions(MODEL), host.trials()) == ([1], [])
        store.away = False
        await placement.clear({(MODEL, 1001)})
        assert len([*await shared.published(VERSIONS), *await shared.published(TRIALS)]) == 2, "a push may be under way"
        monkeypatch.setattr(shared_store, "now", lambda: now() + timedelta(hours=2))
        await placement.clear({(MODEL, 1001)})
        assert [each.place != "" for each in await shared.published(VERSIONS)] == [True], "it has a row"
        assert await shared.published(TRIALS) == []
        await placement.clear(set())
        assert [each.place for each in await shared.published(VERSIONS)] == [""]


async def test_a_join_that_fails_leaves_nothing_and_says_why(keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, host, package = Outages(tmp_path / "store"), make_replica(tmp_path / "a"), make_version(tmp_path / "package")
    placement = Placement(host, keys, SharedVersions(store))

    async def level(_self: Placement) -> None:
        make_version(host.place(MODEL, 1001))
        store.away = True
        raise SetupError("The disk is full.")

    monkeypatch.setattr(Placement, "level", level)
    async with host.locked():
        with pytest.raises(SetupError, match="The disk is full"):
            await placement.join(MODEL, 1001, package)
    assert host.versions(MODEL) == [1]
