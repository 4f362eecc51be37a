"""What `bench swap` counts, the rate it gives cameras, and what it concludes."""

from typing import Any

import pytest

from app.models.frames import COUNTED
from benchmarks.swap_counts import Counters, document, rate_for, verdict


def step(**counts: int) -> dict[str, Any]:
    return {"step": "x", "seconds": 1.0, **dict.fromkeys(COUNTED, 0), **counts}


async def test_what_was_lost_in_a_step_is_what_counters_gained() -> None:
    at = {"a": dict.fromkeys(COUNTED, 0)}

    async def read() -> dict[str, dict[str, int]]:
        return {camera: dict(counts) for camera, counts in at.items()}

    async def work(**counts: int) -> None:
        for name, count in counts.items():
            at["a"][name] += count

    swap, control = Counters(read, settle_s=0.0), Counters(read, settle_s=0.0)
    await control.step("control before", work(due=10, analysed=10))
    await swap.step("push", work(due=21, analysed=19, still=1, dropped=1))
    await swap.step("promote", work(due=8, analysed=5, unanswered=3))
    assert [each["unanswered"] for each in swap.steps] == [0, 3]
    made = document(swap.steps, control.steps, {"machine_fps": 12.0}, {"report": {"in_quiet": True}}, "x.mp4")
    counted = {
        name: made["headline"][name] for name in ("due", "answered", "dropped", "unanswered", "control_due", "machine_fps")
    }
    assert counted == {"due": 29, "answered": 25, "dropped": 1, "unanswered": 3, "control_due": 10, "machine_fps": 12.0}
    assert [each["step"] for each in made["steps"]] == ["push", "promote", "control before"]


@pytest.mark.parametrize(
    ("capacity", "cameras", "fps"),
    [(12.0, 2, 3.0), (13.9, 2, 3.0), (14.0, 2, 3.5), (60.0, 2, 5.0), (1.2, 2, 0.5), (12.0, 4, 1.5)],
)
def test_cameras_get_half_of_what_the_machine_analyses(capacity: float, cameras: int, fps: float) -> None:
    assert rate_for(capacity, cameras) == fps


@pytest.mark.parametrize(
    ("swap", "control", "said"),
    [
        ({}, {}, "no camera lost a frame"),
        ({}, {"dropped": 4}, "no camera lost a frame"),
        ({"dropped": 90}, {"dropped": 1}, "90 frames were lost during the swap, 1 in as long a time without one"),
        ({"dropped": 1, "unanswered": 2}, {}, "3 frames were lost during the swap, none in as long a time without one"),
        (
            {"dropped": 4}, {"unanswered": 5},
            "4 frames were lost during the swap, 5 in as long a time without one: these cameras are too many for this machine",
        ),
    ],
)  # fmt: skip
def test_a_reader_is_told_what_the_counters_prove(swap: dict[str, int], control: dict[str, int], said: str) -> None:
    assert verdict([step(), step(**swap)], [step(**control)]) == said
