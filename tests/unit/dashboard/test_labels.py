"""Labels of people on the picture: which alerts give them, until when, and that they come right after somebody subscribes."""

import asyncio
import json
import uuid
from typing import Any

import pytest

from app.alerts.models import Alert, AlertState, Threat, alert_message
from app.contracts.live import camera_channel, store_stream
from app.contracts.tracked import TrackedFrame
from app.contracts.wire import encode
from app.dashboard import streams
from app.dashboard.hub import Hub
from app.dashboard.labels import MOST_ACTS, StoreLabels
from app.dashboard.streams import StoreStreams
from app.dashboard.viewer import Viewer
from app.kit.clock import from_us
from tests.builders import CAMERA, START_US, make_tracked_frame

STORE, OTHER = uuid.UUID(int=5), uuid.UUID(int=6)
TRACK = 2**63 + 1


def told(
    alert_id: int = 1,
    *,
    tracks: tuple[int, ...] = (TRACK,),
    state: AlertState = AlertState.RAISED,
    kind: str = "loitering",
    camera: uuid.UUID = CAMERA,
    epoch: int = 1,
    ended_s: float = 0.0,
) -> bytes:
    at = from_us(START_US + round(ended_s * 1_000_000))
    alert = Alert(
        uuid.UUID(int=alert_id), STORE, camera, None, kind, Threat.LOW, state, 0.5, 0.5, {}, tracks, epoch, at, at, at, at
    )  # fmt: skip
    return json.dumps({"type": "alert-changed", **alert_message(alert)}, default=str).encode()


def frame_of(*tracks: int, at_s: float = 0.0, epoch: int = 1, camera: uuid.UUID = CAMERA) -> TrackedFrame:
    return make_tracked_frame([(track, 0.5, 0.5) for track in tracks], at_s, epoch=epoch, camera=camera)


def test_only_the_alert_s_own_tracks_of_its_camera_and_epoch_are_labelled() -> None:
    labels = StoreLabels()
    labels.hear(told(1, tracks=(TRACK, 7)))
    labels.hear(told(2, tracks=(7,), kind="crouching"))
    labels.hear(told(3, tracks=(7,)))
    assert labels.of(frame_of(TRACK, 7, 8)) == {TRACK: ["loitering"], 7: ["crouching", "loitering"]}
    assert labels.of(frame_of(7, epoch=2)) == {}
    assert labels.of(frame_of(7, camera=OTHER)) == {}


def test_a_label_goes_when_the_alert_is_resolved_or_was_not_seen_lately() -> None:
    labels = StoreLabels()
    labels.hear(told(ended_s=10))
    assert labels.of(frame_of(TRACK, at_s=25))
    assert labels.of(frame_of(TRACK, at_s=25.1)) == {}
    labels.hear(told(ended_s=20, state=AlertState.ACKNOWLEDGED))
    assert labels.of(frame_of(TRACK, at_s=25.1))
    labels.hear(told(ended_s=25, state=AlertState.RESOLVED))
    assert labels.of(frame_of(TRACK, at_s=25.1)) == {}


def test_the_acts_of_a_camera_are_bounded_and_the_one_heard_of_longest_ago_goes() -> None:
    labels = StoreLabels()
    for number in range(MOST_ACTS):
        labels.hear(told(number, tracks=(number,)))
    labels.hear(told(0, tracks=(0,)))
    labels.hear(told(MOST_ACTS, tracks=(MOST_ACTS,)))
    assert set(labels.of(frame_of(*range(MOST_ACTS + 1)))) == {*range(MOST_ACTS + 1)} - {1}


def test_other_messages_give_no_label_and_broken_ones_are_told() -> None:
    labels = StoreLabels()
    labels.hear(b'{"type":"camera-status","camera_id":"x","state":"live"}')
    for broken in (b"", b"[]", b'{"alert":{"id":1}}', told().replace(str(TRACK).encode(), b"many")):
        with pytest.raises(ValueError):  # noqa: PT011 - msgspec's or int's
            labels.hear(broken)
    assert labels.of(frame_of(TRACK)) == {}


class Bus:
    """The two reads that following a store takes, of streams in memory."""

    def __init__(self) -> None:
        self.streams: dict[str, list[tuple[bytes, dict[bytes, bytes]]]] = {}

    def add(self, store: uuid.UUID, message: bytes) -> None:
        entries = self.streams.setdefault(store_stream(store), [])
        entries.append((b"%d-0" % (len(entries) + 1), {b"m": message}))

    async def xrevrange(self, name: str, count: int) -> list[Any]:
        return self.streams.get(name, [])[::-1][:count]

    async def xread(self, wanted: dict[str, str], **_how: int) -> list[Any]:
        await asyncio.sleep(0.001)
        after = {name: int(last.partition("-")[0]) for name, last in wanted.items()}
        return [
            (name.encode(), entries[after[name] :])
            for name, entries in self.streams.items()
            if after.get(name, 10**9) < len(entries)
        ]


async def heard(hub: Hub, tracks: int) -> None:
    """Wait until the hub has labels for so many tracks."""
    async with asyncio.timeout(20):
        while STORE not in hub._labels or len(hub._labels[STORE].of(frame_of(1, 2, 3))) < tracks:
            await asyncio.sleep(0.005)


async def test_who_subscribes_sees_labels_of_alerts_that_came_before_and_after() -> None:
    bus = Bus()
    hub = Hub(bus, None)  # type: ignore[arg-type]
    reading = asyncio.create_task(hub._alerts.run(hub.stopping))
    viewer = Viewer()
    bus.add(STORE, told(1, tracks=(1,)))
    hub.subscribe(viewer, CAMERA, STORE)
    await heard(hub, 1)
    bus.add(STORE, told(2, tracks=(2,)))
    await heard(hub, 2)
    hub.channels._deliver(camera_channel(CAMERA), encode(frame_of(1, 2, 3)))
    persons = json.loads(await asyncio.wait_for(viewer.take(), 20))["persons"]
    assert [person["labels"] for person in persons] == [["loitering"], ["loitering"], []]
    hub.subscribe(viewer, OTHER, STORE)
    hub.unsubscribe(viewer, CAMERA)
    assert set(hub._labels) == {STORE}
    hub.forget(viewer)
    assert hub._labels == {}
    hub.stopping.set()
    await asyncio.wait_for(reading, 20)


async def test_following_begins_with_the_tail_of_a_long_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "TAIL", 2)
    bus, heard = Bus(), []
    for number in range(5):
        bus.add(STORE, b"%d" % number)
    followed = StoreStreams(bus, lambda _store, _id, message: heard.append(message))  # type: ignore[arg-type]
    followed.follow(STORE)
    await followed._find_tails()
    await followed._read()
    assert heard == [b"3", b"4"]
    followed.leave(STORE)
    bus.add(STORE, b"5")
    await followed._read()
    assert heard == [b"3", b"4"]


async def test_a_message_that_cannot_be_taken_ends_nothing() -> None:
    hub = Hub(Bus(), None)  # type: ignore[arg-type]
    viewer, heard = Viewer(), []
    hub.subscribe(viewer, CAMERA, STORE)

    def fail(_message: bytes) -> None:
        raise RuntimeError("broken")

    hub.channels.listen("channel", fail)
    hub.channels.listen("channel", heard.append)
    hub.channels._deliver("channel", b"x")
    assert heard == [b"x"]
    beyond_the_calendar = make_tracked_frame(start_us=2**62)
    for bad in (encode(beyond_the_calendar), b"no frame"):
        hub.channels._deliver(camera_channel(CAMERA), bad)
    hub.channels._deliver(camera_channel(CAMERA), encode(frame_of(1)))
    assert json.loads(await asyncio.wait_for(viewer.take(), 20))["persons"]
