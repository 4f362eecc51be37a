"""Overload and failure of the pose model: bounded, fair between cameras, and one camera's trouble stays its own."""

import asyncio
import itertools
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from structlog.testing import capture_logs

from app.kit.errors import UnavailableError
from app.perception.detections import Detections
from app.workers.cpu.analysis import Analysis
from app.workers.telemetry import WorkerMetrics

_ticks = itertools.count(1)


@dataclass
class FakeLane:
    """A camera that always has a frame, as under overload."""

    name: str
    busy: bool = False
    served_at: float = 0.0
    waits_since: float = 0.0
    yielded: int = 0
    overloaded: bool = True
    watched: bool = False
    has_frame: bool = True
    accepted: int = 0
    lost: int = 0
    still_for: int = 0
    camera: Any = field(default_factory=lambda: SimpleNamespace(camera_id="c", pose_version="1"))

    def take(self) -> Any:
        assert not self.busy, "two frames of one camera at once would lose their order"
        self.busy, self.served_at = True, float(next(_ticks))
        return SimpleNamespace(picture=None, captured_at_us=1)

    def rests(self, _frame: Any) -> bool:
        self.still_for -= 1
        return self.still_for >= 0

    def accept(self, _frame: Any, _found: Detections, _parent: str) -> None:
        self.accepted += 1

    def lose(self) -> None:
        self.lost += 1


class Model:
    """Answers after a moment, or as told; remembers how many frames it had at once."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.now, self.most = error, 0, 0

    async def detect(self, _frames: Any) -> list[Detections]:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(0.002)
            if self.error is not None:
                raise self.error
            return [Detections.empty()]
        finally:
            self.now -= 1


async def overload(lanes: list[FakeLane], models: dict[str, Model], seconds: float = 0.4, in_flight: int = 2) -> None:
    """Run an analysis that always has more frames than it can do."""
    model_of: Any = lambda lane: models[lane.name]  # noqa: E731
    given: Any = lambda: lanes  # noqa: E731
    analysis = Analysis(given, model_of, cast(Any, None), WorkerMetrics(), in_flight)
    stop = asyncio.Event()
    running = asyncio.create_task(analysis.run(stop))
    analysis.wake()
    await asyncio.sleep(seconds)
    stop.set()
    analysis.wake()
    await asyncio.wait_for(running, 20)
    assert not any(lane.busy for lane in lanes)


async def test_overload_is_bounded_and_slows_every_camera_alike() -> None:
    lanes, model = [FakeLane(name) for name in "abcde"], Model()
    await overload(lanes, dict.fromkeys("abcde", model))
    served = [lane.accepted for lane in lanes]
    assert model.most == 2
    assert min(served) > 5
    assert max(served) - min(served) <= 2


async def test_a_defect_at_one_camera_reaches_no_other() -> None:
    good, bad = FakeLane("good"), FakeLane("bad")
    with capture_logs() as logs:
        await overload([good, bad], {"good": Model(), "bad": Model(RuntimeError("a defect"))})
    assert {entry["event"] for entry in logs} == {"analysing a frame failed"}
    assert bad.accepted == 0
    assert bad.lost > 5
    assert good.lost == 0
    assert good.accepted > 5


async def test_a_model_that_is_down_is_not_asked_at_full_speed() -> None:
    lanes, model = [FakeLane("a"), FakeLane("b")], Model(UnavailableError("down"))
    await overload(lanes, dict.fromkeys("ab", model), seconds=0.6)
    assert sum(lane.accepted for lane in lanes) == 0
    assert 2 <= sum(lane.lost for lane in lanes) < 40


async def test_a_still_frame_asks_no_model_takes_no_place_and_is_not_lost() -> None:
    still, moving = FakeLane("still", still_for=50), FakeLane("moving")
    models = {"still": Model(), "moving": Model()}
    await overload([still, moving], models, seconds=0.1)
    assert still.lost == 0
    assert moving.accepted > 0
    assert still.accepted > 0, "it is looked at again once it rests no more"


class Instances:
    """Two instances of a model that take a moment each; how many frames wait at the server when one more comes."""

    def __init__(self, takes_s: float) -> None:
        self.takes_s, self.free, self.waited = takes_s, asyncio.Semaphore(2), 0.0

    async def detect(self, _frames: Any) -> list[Detections]:
        came = asyncio.get_running_loop().time()
        async with self.free:
            self.waited += asyncio.get_running_loop().time() - came
            await asyncio.sleep(self.takes_s)
        return [Detections.empty()]


async def test_the_third_frame_is_sent_when_an_instance_is_about_to_be_free() -> None:
    lanes, model = [FakeLane(name) for name in "abcd"], Instances(0.1)
    await overload(lanes, dict.fromkeys("abcd", cast(Any, model)), seconds=2.0, in_flight=3)
    served = sum(lane.accepted for lane in lanes)
    assert served > 6
    assert model.waited / served < 0.075, "a frame sent at once waits as long as an instance takes, here 100 ms for every one"
    assert max(lane.accepted for lane in lanes) - min(lane.accepted for lane in lanes) <= 3


async def test_there_is_room_only_where_a_frame_that_came_now_would_be_sent_at_once() -> None:
    lanes, model = [FakeLane("a", has_frame=False), FakeLane("b", has_frame=False)], Instances(0.1)
    analysis = Analysis(lambda: cast(Any, lanes), lambda _: cast(Any, model), cast(Any, None), WorkerMetrics(), 1)
    assert analysis.has_room
    lanes[0].has_frame = True
    assert not analysis.has_room, "a frame waits"
    lanes[0].busy = True
    assert not analysis.has_room, "it waits for its camera's frame before it"
    lanes[0].busy = False
    lanes[0].has_frame = False
    under_way = analysis._places.take()
    assert not analysis.has_room, "the only place is taken"
    analysis._places.leave(under_way)
    assert analysis.has_room


class Hangs:
    """Never answers."""

    async def detect(self, _frames: Any) -> list[Detections]:
        await asyncio.sleep(3600)
        raise AssertionError


async def test_a_version_that_hangs_takes_no_place_from_cameras_of_another(monkeypatch: Any) -> None:
    monkeypatch.setattr("app.workers.cpu.places.HANGS_S", 0.1)
    monkeypatch.setattr("app.workers.cpu.analysis.LONGEST_S", 0.8)
    lanes = [FakeLane(name) for name in ("hangs", "hangs too", "well")]
    for lane in lanes[:2]:
        lane.camera = SimpleNamespace(camera_id="c", pose_version="1001")
    await overload(lanes, {"hangs": cast(Any, Hangs()), "hangs too": cast(Any, Hangs()), "well": Model()}, seconds=0.7)
    assert lanes[2].accepted > 5, "both places are held by frames that get no answer"
    assert [lane.accepted for lane in lanes[:2]] == [0, 0]
