"""What `bench swap` counts, and a package that the product's own checks take."""

from prometheus_client import CollectorRegistry, Counter, generate_latest

from app.workers.telemetry import WorkerMetrics
from benchmarks.swap import COUNTED, Counters, counted, difference, document, totals


def test_the_worker_s_own_counters_are_read_by_camera() -> None:
    metrics = WorkerMetrics()
    for camera, analysed, failed in (("a", 7, 0), ("b", 5, 2)):
        metrics.analysed.labels(camera).inc(analysed)
        metrics.failed.labels(camera).inc(failed)
    metrics.dropped.labels("b").inc(1)
    found = counted(generate_latest(metrics.registry).decode())
    assert found == {
        "a": {"analysed": 7, "failed": 0, "dropped": 0},
        "b": {"analysed": 5, "failed": 2, "dropped": 1},
    }
    other = CollectorRegistry()
    Counter("pennyprotect_worker_frames_passed", "Another.", ["camera"], registry=other).labels("a").inc()
    assert counted(generate_latest(other).decode()) == {}


async def test_what_was_lost_in_a_step_is_what_counters_gained() -> None:
    at = {"a": dict.fromkeys(COUNTED, 0)}

    async def read() -> dict[str, dict[str, int]]:
        return {camera: dict(counts) for camera, counts in at.items()}

    async def work(analysed: int, failed: int) -> None:
        at["a"]["analysed"] += analysed
        at["a"]["failed"] += failed

    counters = Counters(read)
    await counters.step("before", work(10, 1))
    await counters.step("push", work(20, 0))
    await counters.step("promote", work(5, 3))
    assert [each["failed"] for each in counters.steps] == [1, 0, 3]
    made = document(counters.steps, {"report": {"in_quiet": True}}, "x.mp4")
    assert made["headline"] | {"push_s": 0} == {
        "frames": 25, "failed": 3, "dropped": 0, "lost_before": 1, "push_s": 0, "in_quiet": True,
    }  # fmt: skip
    assert difference({}, {"new": {"analysed": 2, "failed": 0, "dropped": 0}})["new"]["analysed"] == 2
    assert totals({"a": dict.fromkeys(COUNTED, 1), "b": dict.fromkeys(COUNTED, 2)}) == dict.fromkeys(COUNTED, 3)
