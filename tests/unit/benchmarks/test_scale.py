"""The knee is found between what was held and what was not, and what it would take is told from the cost of a frame."""

from typing import Any, cast

import pytest

from benchmarks.scale import FIRST, MOST, PIPELINES, Scale, Step, _document, _knee, needed


class Holding:
    """Pipelines that hold so many cameras."""

    def __init__(self, most: int) -> None:
        self.most, self.caught_up = most, 0

    async def step(self, cameras: int, _seconds: float) -> Step:
        return Step(1, cameras, 1000, 1.0, 0.5 if cameras <= self.most else 9.0, 100.0, 20.0, 10.0)

    async def catch_up(self) -> None:
        self.caught_up += 1


@pytest.mark.parametrize("most", [FIRST, 100, 300, 1000, 3000])
async def test_the_knee_lies_where_the_pipelines_stop_to_keep_up(most: int) -> None:
    pipelines = Holding(most)
    steps = await _knee(cast(Scale, pipelines), 5.0)
    found = max(step.cameras for step in steps if step.held)
    lost = min((step.cameras for step in steps if not step.held), default=2 * MOST)
    assert found <= most < lost
    assert lost - found <= max(1, found) / 2
    assert pipelines.caught_up == len(steps), "no step begins with what the one before left"
    from_above = [step for step in await _knee(cast(Scale, Holding(most)), 5.0, 16 * FIRST) if step.held]
    assert max(step.cameras for step in from_above) > most / 2, "where more pipelines hold less, that is found too"


async def test_of_pipelines_that_hold_nothing_or_everything_no_knee_is_claimed() -> None:
    nothing = await _knee(cast(Scale, Holding(0)), 5.0)
    assert [step.held for step in nothing] == [False]
    everything = await _knee(cast(Scale, Holding(10 * MOST)), 5.0)
    assert all(step.held for step in everything)
    document: dict[str, Any] = _document({1: nothing}, [])
    assert document["headline"]["cameras_held"] == {"1": 0}
    assert document["headline"]["cores_for_320000_frames_per_s"] == {}


async def test_what_a_chain_needs_is_told_from_the_cost_of_a_frame() -> None:
    assert needed(320_000, 100.0) == 32.0
    document = _document({pipelines: await _knee(cast(Scale, Holding(200)), 5.0) for pipelines in PIPELINES}, [])
    assert document["headline"]["cores_for_320000_frames_per_s"] == {"pipeline": 32, "postgres": 6, "memory_valkey": 3}
    assert document["headline"]["bottleneck"] == "pipeline"


def test_a_sender_that_falls_behind_is_no_held_step() -> None:
    assert Step(1, 64, 100, 0.99, 0.1, 1, 1, 1).held
    assert not Step(1, 64, 100, 0.8, 0.1, 1, 1, 1).held
