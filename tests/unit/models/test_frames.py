"""Each camera's frames as the workers of a state folder counted them."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, generate_latest

from app.kit.errors import SetupError
from app.kit.operations import serve_operations
from app.models.frames import COUNTED, counted, counts_at, difference, frame_lines, totals
from app.workers.telemetry import WorkerMetrics


@pytest.fixture
def home() -> Iterator[Path]:
    """Short enough for a socket's address."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "run").mkdir()
        yield Path(folder)


def worker() -> WorkerMetrics:
    metrics = WorkerMetrics()
    for camera, due, analysed, unanswered in (("a", 9, 7, 0), ("b", 8, 5, 2)):
        metrics.due.labels(camera).inc(due)
        metrics.analysed.labels(camera).inc(analysed)
        metrics.failed.labels(camera).inc(unanswered)
    metrics.dropped.labels("b").inc(1)
    metrics.still.labels("a").inc(2)
    return metrics


EXPECTED = {
    "a": {"due": 9, "analysed": 7, "still": 2, "dropped": 0, "unanswered": 0},
    "b": {"due": 8, "analysed": 5, "still": 0, "dropped": 1, "unanswered": 2},
}


def test_the_worker_s_own_counters_are_read_by_camera() -> None:
    assert counted(generate_latest(worker().registry).decode()) == EXPECTED
    other = CollectorRegistry()
    Counter("pennyprotect_worker_frames_passed", "Another.", ["camera"], registry=other).labels("a").inc()
    assert counted(generate_latest(other).decode()) == {}


async def test_they_are_read_at_the_worker_s_socket_and_without_one_it_is_said_what_to_do(home: Path) -> None:
    metrics = worker()
    with pytest.raises(SetupError, match="No worker serves its counters"):
        await counts_at(home)
    async with serve_operations("", home, "worker-cpu", lambda: generate_latest(metrics.registry)):
        assert await counts_at(home) == EXPECTED


def test_what_cameras_gained_and_the_sum() -> None:
    before = {"a": {"due": 8, "analysed": 5, "still": 2, "dropped": 0, "unanswered": 0}}
    gained = difference(before, EXPECTED)
    assert gained == {"a": {"due": 1, "analysed": 2, "still": 0, "dropped": 0, "unanswered": 0}, "b": EXPECTED["b"]}
    assert difference({"a": EXPECTED["b"]}, EXPECTED)["a"] == EXPECTED["a"], "its worker started anew meanwhile"
    assert totals(EXPECTED) == {"due": 17, "analysed": 12, "still": 2, "dropped": 1, "unanswered": 2}
    assert totals({}) == dict.fromkeys(COUNTED, 0)


def test_a_camera_a_line_by_its_name() -> None:
    lines = list(frame_lines(EXPECTED, {"b": "Aisle 3"}))
    assert lines[0].split() == ["camera", *COUNTED]
    assert [line.split()[-5:] for line in lines[1:]] == [["8", "5", "0", "1", "2"], ["9", "7", "2", "0", "0"]]
    assert lines[1].startswith("Aisle 3 ")


async def test_what_a_gpu_worker_does_not_count_is_no_proof_that_nothing_was_lost(home: Path) -> None:
    metrics = worker()
    async with serve_operations("", home, "worker-gpu", lambda: generate_latest(metrics.registry)):
        found = await counts_at(home)
    assert found == {"a": {"analysed": 7}, "b": {"analysed": 5}}
    assert list(frame_lines(found, {}))[1].split() == ["a", "-", "7", "-", "-", "-"]
    assert totals(found)["analysed"] == 12
