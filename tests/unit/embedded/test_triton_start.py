"""Pushed versions before the embedded server starts; a real one: tests/integration/service/test_model_admission.py."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.embedded import triton
from app.embedded.state import open_home
from app.embedded.triton import EmbeddedTriton, Installation
from app.kit.objects.files import FileStore
from app.kit.objects.store import NoSuchObjectError, ObjectStoreError
from app.models.folder import ModelFolder
from app.models.shared.store import SharedVersions
from tests.unit.models.test_admission import flip, make_version, put_key


class Away(FileStore):
    """Raises what it is given."""

    error: Exception

    async def keys(self, prefix: str, after: str = "") -> AsyncIterator[str]:
        raise self.error
        yield prefix + after


@pytest.mark.parametrize("error", [ObjectStoreError("It does not answer."), NoSuchObjectError("No such bucket.")], ids=type)
async def test_a_store_that_is_away_or_gone_stops_no_start_and_no_check(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triton, "assemble_backends", lambda *_: None)
    put_key(tmp_path / "keys")
    store = Away(tmp_path / "store")
    store.error = error

    async def round_trip(_url: str) -> None:
        """Nothing runs."""

    with open_home(tmp_path / "home", url="") as home:
        installation = Installation(tmp_path, tmp_path, "3.11", tmp_path)
        made = EmbeddedTriton(home, round_trip, installation, tmp_path / "keys", lambda: SharedVersions(store))
        folder = ModelFolder(made.models)
        folder.place("yolo_pose", 1).mkdir(parents=True)
        (made.models / "yolo_pose" / "config.pbtxt").touch()
        for version in (1001, 1002):
            make_version(folder.place("yolo_pose", version))
        flip(folder.place("yolo_pose", 1002))
        await made.prepare()
        assert (folder.versions("yolo_pose"), list(folder.refused("yolo_pose"))) == ([1, 1001], [1002])
