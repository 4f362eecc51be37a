"""What a worker may run, by the clock."""

import asyncio
import os
import time
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.contracts.control import BIOMETRICS_STOP_S, DesiredCamera, DesiredState
from app.workers.control import ControlLoop, Grant, biometrics_allowed, cameras_to_run, worker_identity


def wish(*numbers: int, lease_s: float = 10.0) -> DesiredState:
    cameras = [
        DesiredCamera(uuid.UUID(int=n), uuid.UUID(int=1), "rtsp://h/x", 5.0, "yolo_pose", "1", 1, face=False, gait=False)
        for n in numbers
    ]
    return DesiredState("r1", lease_s, cameras)


@given(st.floats(0, 30))
def test_cameras_run_exactly_as_long_as_their_lease(age: float) -> None:
    running = cameras_to_run(Grant(wish(1, 2), asked_at=100.0), 100.0 + age)
    assert set(running) == ({uuid.UUID(int=1), uuid.UUID(int=2)} if 100.0 + age - 100.0 < 10.0 else set())


def test_a_worker_without_any_grant_runs_nothing() -> None:
    assert cameras_to_run(Grant(), time.monotonic()) == {}


@pytest.mark.parametrize(("age", "allowed"), [(0.0, True), (BIOMETRICS_STOP_S - 0.01, True), (BIOMETRICS_STOP_S, False)])
def test_biometrics_need_a_fresh_policy(age: float, allowed: bool) -> None:
    assert biometrics_allowed(Grant(wish(1), asked_at=50.0), 50.0 + age) is allowed


def test_changes_are_told_once() -> None:
    told: list[set[uuid.UUID]] = []
    running = lambda: list(told[-1]) if told else []  # noqa: E731
    loop = ControlLoop("http://h", "k", uuid.UUID(int=9), "cpu", 4, running, lambda cameras: told.append(set(cameras)))
    loop._grant = Grant(wish(1), time.monotonic())
    loop._tell()
    loop._tell()
    loop._grant = Grant(wish(1), time.monotonic() - 11)
    loop._tell()
    assert told == [{uuid.UUID(int=1)}, set()]


def test_a_camera_whose_loop_failed_is_told_again() -> None:
    told: list[set[uuid.UUID]] = []
    running = [uuid.UUID(int=1), uuid.UUID(int=2)]
    loop = ControlLoop("http://h", "k", uuid.UUID(int=9), "cpu", 4, lambda: running, lambda cameras: told.append(set(cameras)))
    loop._grant = Grant(wish(1, 2), time.monotonic())
    loop._tell()
    running.remove(uuid.UUID(int=2))
    loop._tell()
    assert told == [{uuid.UUID(int=1), uuid.UUID(int=2)}] * 2


def test_a_restarted_worker_keeps_its_id_and_a_second_one_gets_its_own(tmp_path: Path) -> None:
    first, lock = worker_identity(tmp_path / "id")
    second, none = worker_identity(tmp_path / "id")
    assert none is None
    assert second != first
    assert lock is not None
    os.close(lock)
    again, lock = worker_identity(tmp_path / "id")
    assert again == first
    assert lock is not None
    os.close(lock)


async def test_an_answer_that_comes_after_the_stop_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[set[uuid.UUID]] = []
    stop = asyncio.Event()
    loop = ControlLoop("http://h", "k", uuid.UUID(int=9), "cpu", 4, list, lambda cameras: told.append(set(cameras)))

    async def answered(_session: object) -> str:
        stop.set()
        loop._grant = Grant(wish(1), time.monotonic())
        return ""

    monkeypatch.setattr(loop, "_beat", answered)
    async with asyncio.timeout(30):
        await loop.run(stop)
    assert told == []
