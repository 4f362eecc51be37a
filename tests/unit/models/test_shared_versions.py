"""Pushed versions in a store, here a folder: whole or not there, and checked. In S3: test_model_store.py."""

import json
import uuid
from datetime import timedelta
from pathlib import Path

import pytest

from app.kit.clock import now
from app.kit.errors import ConflictError
from app.kit.ids import new_id
from app.kit.objects.files import FileStore
from app.kit.objects.store import ObjectStoreError
from app.models.folder import ModelFolder
from app.models.shared import store as shared_store
from app.models.shared.level import bring_level, check_store
from app.models.shared.store import TRIALS, VERSIONS, SharedVersions
from app.models.signing import LARGEST_TEXT
from tests.unit.models.test_admission import flip, make_version, put_key

MODEL = "yolo_pose"
CONFIG = 'name: "yolo_pose"\n'


class Breaking(FileStore):
    """Away after some puts."""

    left = 10_000

    async def put(self, key: str, body: bytes, **more: object) -> None:
        self.left -= 1
        if self.left < 0:
            raise ObjectStoreError("The store does not answer.")
        await super().put(key, body)


@pytest.fixture
def store(tmp_path: Path) -> Breaking:
    return Breaking(tmp_path / "store")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    put_key(folder)
    return folder


def make_replica(place: Path) -> ModelFolder:
    (place / "served" / MODEL).mkdir(parents=True)
    (place / "served" / MODEL / "config.pbtxt").write_text(CONFIG)
    (place / "triton" / "models" / MODEL / "1").mkdir(parents=True)
    (place / "triton" / "models" / MODEL / "config.pbtxt").write_text(CONFIG)
    return ModelFolder(place / "triton" / "models", place / "served")


async def test_a_replica_follows_what_is_published_tried_and_retired(store: Breaking, keys: Path, tmp_path: Path) -> None:
    shared, replica, late = SharedVersions(store, "ours/"), make_replica(tmp_path / "a"), make_replica(tmp_path / "b")
    package = make_version(tmp_path / "package")
    await shared.publish(TRIALS, MODEL, 1001, package)
    assert (await bring_level(shared, replica, keys)).came == [(MODEL, 1001)]
    assert (replica.trials(), replica.versions(MODEL)) == ([1001], [1])
    await shared.publish(VERSIONS, MODEL, 1001, package)
    await bring_level(shared, replica, keys)
    assert replica.versions(MODEL) == [1, 1001]
    await shared.withdraw(TRIALS, MODEL, 1001)
    await bring_level(shared, replica, keys)
    assert replica.trials() == []
    for each in (replica, late, late):
        await bring_level(shared, each, keys)
    assert late.versions(MODEL) == [1, 1001], "one that starts later has what is served, and nothing else"
    assert (late.root / MODEL / "1001" / "model.onnx").read_bytes() == (package / "model.onnx").read_bytes()
    with pytest.raises(ConflictError, match="never changed"):
        await shared.publish(VERSIONS, MODEL, 1001, package)
    await shared.withdraw(VERSIONS, MODEL, 1001)
    assert (await bring_level(shared, late, keys)).went == [(MODEL, 1001)]
    assert late.versions(MODEL) == [1]
    with pytest.raises(ConflictError, match="never changed"):
        await shared.publish(VERSIONS, MODEL, 1001, package)
    assert [key async for key in store.keys("")] == [f"ours/versions/{MODEL}/1001.json"], "of what is over no file stays"


async def test_what_a_store_holds_is_checked_before_it_is_in_the_folder(
    store: Breaking, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, replica = SharedVersions(store), make_replica(tmp_path / "a")
    one = await shared.publish(VERSIONS, MODEL, 1001, make_version(tmp_path / "p1"))
    await shared.publish(VERSIONS, MODEL, 1002, make_version(tmp_path / "p2", content=b"another"))
    await store.put(f"{one.place}/model.onnx", b"changed")
    done = await bring_level(shared, replica, keys)
    assert (done.came, list(done.refused)) == ([(MODEL, 1002)], [(MODEL, 1001)])
    assert "changed since" in replica.refused(MODEL)[1001]
    assert await check_store(shared, replica, keys) == {}, "what is served here is what lies there"
    other = next(each for each in await shared.published(VERSIONS) if each.version == 1002)
    kept = await store.get(f"{other.place}/golden.npz")
    await store.put(f"{other.place}/golden.npz", b"changed")
    with monkeypatch.context() as patch:  # a folder that goes on serving it while others could not begin
        patch.setattr(ModelFolder, "set_aside", lambda *_: None)
        assert "changed since" in (await check_store(shared, replica, keys))[MODEL, 1002]
    await store.put(f"{other.place}/golden.npz", kept)
    flip(replica.root / MODEL / "1002")
    assert "changed since" in (await bring_level(shared, replica, keys)).refused[MODEL, 1002]
    assert (await bring_level(shared, replica, keys), replica.versions(MODEL)) == (type(done)(), [1]), "refused once and for all"
    for odd in (
        "versions/yolo pose/1008",
        f"versions/{MODEL}/²",
        f"versions/{MODEL}/x y",
        f"versions/{MODEL}/1005 .json",
        f"versions/{MODEL}/01006.json",
    ):
        place = tmp_path / "store" / f"{odd.removesuffix('.json')}.json"  # what no client of ours would write
        place.parent.mkdir(exist_ok=True)
        place.write_text(json.dumps({"place": other.place}), "utf-8")
    await store.put(f"versions/{MODEL}/1.json", json.dumps({"place": ""}).encode())
    await store.put(f"versions/{MODEL}/1007.json", json.dumps({"place": "staged/../elsewhere"}).encode())
    await store.put(f"versions/{MODEL}/1003.json", b"{")
    await store.put(f"versions/{MODEL}/1004.json", json.dumps({"place": "../elsewhere"}).encode())
    assert (await bring_level(shared, replica, keys)).came == []
    assert replica.versions(MODEL) == [1], "the released version is no record's"


async def test_what_was_tried_on_a_replica_does_not_join_when_it_was_changed(store: Breaking, keys: Path, tmp_path: Path) -> None:
    shared, replica, package = SharedVersions(store), make_replica(tmp_path / "a"), make_version(tmp_path / "package")
    await shared.publish(TRIALS, MODEL, 1001, package)
    await bring_level(shared, replica, keys)
    flip(replica.trial_place(1001))
    await shared.publish(VERSIONS, MODEL, 1001, package)
    assert (await bring_level(shared, replica, keys)).came == [(MODEL, 1001)]
    assert (replica.place(MODEL, 1001) / "model.onnx").read_bytes() == (package / "model.onnx").read_bytes()


async def test_a_host_without_the_key_waits_and_refuses_nothing(store: Breaking, keys: Path, tmp_path: Path) -> None:
    shared, replica = SharedVersions(store), make_replica(tmp_path / "a")
    await shared.publish(VERSIONS, MODEL, 1001, make_version(tmp_path / "package"))
    kept = (keys / "team.pem").read_bytes()
    (keys / "team.pem").unlink()
    done = await bring_level(shared, replica, keys)
    assert (done.came, done.refused, replica.refused(MODEL)) == ([], {}, {})
    (keys / "team.pem").write_bytes(kept)
    assert (await bring_level(shared, replica, keys)).came == [(MODEL, 1001)]


async def test_a_large_object_is_not_read_and_the_record_of_a_retired_version_once(
    store: Breaking, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, replica, read = SharedVersions(store), make_replica(tmp_path / "a"), list[str]()
    real = store.get

    async def get(key: str) -> bytes:
        read.append(key)
        return await real(key)

    monkeypatch.setattr(store, "get", get)
    made = await shared.publish(VERSIONS, MODEL, 1001, make_version(tmp_path / "package"))
    await store.put(f"{made.place}/contract.toml", b"#" * (LARGEST_TEXT + 1))
    assert "contract.toml is missing" in (await bring_level(shared, replica, keys)).refused[MODEL, 1001]
    assert not [key for key in read if key.endswith("contract.toml")]
    await shared.withdraw(VERSIONS, MODEL, 1001)
    await shared.published(VERSIONS)
    read.clear()
    assert ([each.place for each in await shared.published(VERSIONS)], read) == ([""], [])


@pytest.mark.parametrize("puts", range(7))
async def test_a_push_that_dies_is_no_version_and_leaves_nothing_for_good(
    puts: int, store: Breaking, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, replica, package = SharedVersions(store), make_replica(tmp_path / "a"), make_version(tmp_path / "package")
    store.left = puts
    with pytest.raises(ObjectStoreError):
        await shared.publish(VERSIONS, MODEL, 1001, package)
    store.left = 100
    assert (await bring_level(shared, replica, keys)).came == []
    assert [key async for key in store.keys("")] == []
    await store.put(f"staged/{MODEL}/1001/{uuid.uuid4()}/model.onnx", b"killed before it could clear")
    published = await shared.publish(VERSIONS, MODEL, 1001, package)
    monkeypatch.setattr(shared_store, "now", lambda: now() + timedelta(days=2))
    await shared.sweep()
    left = [key async for key in store.keys("staged/")]
    assert sum(key.startswith(published.place) for key in left) == 6, "what a record names stays"


async def test_what_is_staged_by_a_push_under_way_is_not_swept(store: Breaking, monkeypatch: pytest.MonkeyPatch) -> None:
    shared, young = SharedVersions(store), f"staged/{MODEL}/1001/{new_id()}/model.onnx"
    await store.put(young, b"on its way")
    assert await shared.sweep() == 0
    monkeypatch.setattr(shared_store, "now", lambda: now() + timedelta(days=2))
    assert (await shared.sweep(), [key async for key in store.keys("")]) == (1, [])
