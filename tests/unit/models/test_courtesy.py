"""A push waits for cameras, but not for ever; one at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace

import pytest

from app.kit.errors import ConflictError
from app.models import courtesy
from app.models.courtesy import MOST_WAITING, Courtesy
from app.models.trial import Serving


def saying(*shares: float | None) -> Callable[[float], Awaitable[float | None]]:
    left = list(shares)

    async def busy(_seconds: float) -> float | None:
        return left.pop(0) if len(left) > 1 else left[0]

    return busy


@pytest.mark.parametrize(
    ("shares", "calm", "last"),
    [
        ((0.2,), True, "load"),
        ((0.95, 0.8, 0.69), True, "load"),
        ((None,), True, "load"),
        ((0.9,), False, "load, though cameras take 90% of Triton's time"),
    ],
)
async def test_a_load_waits_for_a_quiet_moment_and_says_so(shares: tuple[float | None, ...], calm: bool, last: str) -> None:
    polite = Courtesy(patience_s=0.0 if shares == (0.9,) else 60.0)
    async with polite.turn() as told:
        assert await polite.quiet(saying(*shares), told, "load") is calm
        assert list(polite.said.values()) == [last]
    assert polite.said == {}


async def test_why_it_waits_is_told_meanwhile() -> None:
    polite, seen = Courtesy(patience_s=60.0), list[str]()

    async def busy(_seconds: float) -> float:
        seen.extend(polite.said.values())
        return 0.8 if len(seen) < 2 else 0.1

    async with polite.turn() as told:
        await polite.quiet(busy, told, "load it")
    assert seen[1] == "waits to load it: cameras take 80% of Triton's time"


async def test_one_at_a_time_and_not_too_many_wait() -> None:
    polite, under_way, most = Courtesy(), 0, 0

    async def push() -> None:
        nonlocal under_way, most
        async with polite.turn():
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1

    done = await asyncio.gather(*(push() for _ in range(MOST_WAITING + 2)), return_exceptions=True)
    assert most == 1
    assert [type(each) for each in done if each is not None] == [ConflictError] * 2
    assert polite.said == {}


async def test_checks_leave_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("app.models.courtesy.asyncio.sleep", sleep)
    for took in (0.02, 30.0):
        await courtesy.rest(took)
    assert slept == [0.04, courtesy.LONGEST_REST_S]


class Stats:
    """What Triton's statistics say: 0.3 s more of computing in each look, on two instances."""

    def __init__(self) -> None:
        self.ns = 0

    async def get_model_config(self, _model: str, **_more: object) -> SimpleNamespace:
        group = SimpleNamespace(count=2, gpus=[])
        return SimpleNamespace(config=SimpleNamespace(instance_group=[group]))

    async def get_inference_statistics(self, _model: str, **_more: object) -> SimpleNamespace:
        self.ns += 100_000_000
        part = SimpleNamespace(ns=self.ns)
        stats = SimpleNamespace(compute_input=part, compute_infer=part, compute_output=part)
        return SimpleNamespace(model_stats=[SimpleNamespace(inference_stats=stats)])


async def test_how_busy_cameras_keep_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    serving, clock = Serving.__new__(Serving), SimpleNamespace(now=0.0)

    async def sleep(seconds: float) -> None:
        clock.now += seconds

    monkeypatch.setattr("app.models.trial.asyncio", SimpleNamespace(sleep=sleep, timeout=asyncio.timeout))
    monkeypatch.setattr("app.models.trial.time", SimpleNamespace(monotonic=lambda: clock.now))
    for at_once, share in ((None, 0.5), (2, 0.5), (1, 1.0), (5, 0.5)):
        monkeypatch.setattr(serving, "_client", Stats(), raising=False)
        monkeypatch.setattr(serving, "_at_once", at_once, raising=False)
        busy = await serving.busy("yolo_pose", 0.3)
        assert busy == pytest.approx(share), "0.3 s on two instances, or on cores that compute one frame at once, in 0.3 s"
