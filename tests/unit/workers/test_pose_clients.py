"""One client a version in use, and none of one that is not."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from app.inference.triton import TritonPose
from app.workers import pose_clients
from app.workers.cpu.worker import Models


def lane(version: str) -> Any:
    return SimpleNamespace(camera=SimpleNamespace(pose_model="yolo_pose", pose_version=version))


async def test_a_version_that_no_camera_uses_any_more_is_let_go_after_its_last_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pose_clients, "LONGEST_S", 0.2)
    closed: list[object] = []

    async def close(self: TritonPose) -> None:
        closed.append(self)

    monkeypatch.setattr(TritonPose, "close", close)
    models = Models("127.0.0.1:9")
    old, new = models.of(lane("1")), models.of(lane("1001"))
    assert models.of(lane("1")) is old
    models.keep({("yolo_pose", "1001")})
    assert closed == [], "a request may be under way"
    await asyncio.sleep(0.4)
    assert closed == [old]
    assert models.of(lane("1001")) is new
    again = models.of(lane("1"))
    assert again is not old
    models.keep(set())
    await models.close()
    assert set(closed) == {old, new, again}
