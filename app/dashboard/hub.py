"""Who watches what: analysis results per camera, messages per store, each encoded once and handed to every viewer."""

import asyncio
import uuid
from dataclasses import dataclass, field
from functools import partial

import msgspec

from app.contracts.live import camera_channel
from app.contracts.sockets import Gap, to_text
from app.contracts.tracked import decode_frame
from app.contracts.wire import WireError
from app.dashboard import counters
from app.dashboard.analysis import analysis_text
from app.dashboard.channels import Channels, Listener
from app.dashboard.frames import text_frame
from app.dashboard.labels import StoreLabels
from app.dashboard.streams import StoreStreams, gap_after, id_order
from app.dashboard.viewer import Viewer
from app.kit.clock import now_us
from app.kit.logs import logger
from app.kit.redis import Redis
from app.kit.tracing import continue_trace

MOST_HELD = 2000

log = logger(__name__)


def with_id(entry_id: str, message: bytes) -> str | None:
    """The store message as text with its stream id as `id`; None when it is no JSON object."""
    text = message.decode("utf-8", "replace").strip()
    if not text.startswith("{") or not text.endswith("}") or len(text) < 3:
        return None
    return f'{{"id":"{entry_id}",{text[1:]}'


def _hidden(viewer: Viewer, store: uuid.UUID, message: bytes) -> bool:
    """A lead, for somebody who may not review it. Quotes inside a JSON text are escaped, so no text can look like the type."""
    return b'"type":"match-' in message and not viewer.may_review(store)


@dataclass(frozen=True, slots=True)
class _Watched:
    """A camera that somebody watches."""

    store: uuid.UUID
    listener: Listener
    viewers: set[Viewer] = field(default_factory=set)


class Hub:
    """The live side of one process."""

    def __init__(self, bus: Redis, memory: Redis) -> None:
        self.channels = Channels(memory)
        self.streams = StoreStreams(bus, self._store_message, traced=True)
        self.stopping = asyncio.Event()
        self._alerts = StoreStreams(bus, self._alert)
        self._labels: dict[uuid.UUID, StoreLabels] = {}
        """Of the stores whose cameras are watched."""
        self._cameras: dict[uuid.UUID, _Watched] = {}
        self._stores: dict[uuid.UUID, dict[Viewer, list[tuple[str, str]] | None]] = {}
        """Store -> viewer -> what is held back while it resumes, else None."""

    async def run(self) -> None:
        """Receive until `stopping` is set."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.channels.run(self.stopping))
            group.create_task(self.streams.run(self.stopping))
            group.create_task(self._alerts.run(self.stopping))

    def subscribe(self, viewer: Viewer, camera: uuid.UUID, store: uuid.UUID) -> None:
        """Analysis results of `camera` go to `viewer`."""
        viewer.cameras[camera] = store
        if camera not in self._cameras:
            listener = partial(self._frame, camera)
            self._cameras[camera] = _Watched(store, listener)
            self.channels.listen(camera_channel(camera), listener)
            counters.watched_cameras.set(len(self._cameras))
        if store not in self._labels:
            self._labels[store] = StoreLabels()
            self._alerts.follow(store)
        self._cameras[camera].viewers.add(viewer)

    def unsubscribe(self, viewer: Viewer, camera: uuid.UUID) -> None:
        """No more of them; the channel is left with the last viewer."""
        viewer.cameras.pop(camera, None)
        watched = self._cameras.get(camera)
        if watched is None:
            return
        watched.viewers.discard(viewer)
        if not watched.viewers:
            self.channels.leave(camera_channel(camera), watched.listener)
            del self._cameras[camera]
            counters.watched_cameras.set(len(self._cameras))
            if all(other.store != watched.store for other in self._cameras.values()):
                self._alerts.leave(watched.store)
                del self._labels[watched.store]

    async def join(self, viewer: Viewer, store: uuid.UUID) -> None:
        """Messages of `store` go to `viewer` from now on. RedisError when the bus does not answer."""
        await self.streams.join(store)
        self._stores.setdefault(store, {}).setdefault(viewer, None)

    async def resume(self, viewer: Viewer, store: uuid.UUID, last_id: str) -> None:
        """Join and send what came after `last_id` first; a `gap` says what is gone. Ids rise, none comes twice.

        Raises:
            ValueError: `last_id` is no stream id.
            RedisError: the bus does not answer.
        """
        id_order(last_id)
        await self.streams.join(store)
        viewers = self._stores.setdefault(store, {})
        held: list[tuple[str, str]] = []
        viewers[viewer] = held
        try:
            sent = await self._replay(viewer, store, last_id)
        finally:
            if viewers.get(viewer) is held:
                viewers[viewer] = None
        for entry_id, text in held:
            if id_order(entry_id) > id_order(sent):
                viewer.offer_message(text)

    async def _replay(self, viewer: Viewer, store: uuid.UUID, last_id: str) -> str:
        """Offer what is stored after `last_id`; the id of the last."""
        gone_to = gap_after(last_id, await self.streams.span(store))
        if gone_to is not None:
            viewer.offer_message(to_text(Gap(store, last_id, gone_to)))
            if id_order(last_id) > id_order(gone_to):
                return gone_to
        position = last_id
        while page := await self.streams.after(store, position):
            for entry_id, message, _ in page:
                position = entry_id
                if _hidden(viewer, store, message):
                    continue
                if (text := with_id(entry_id, message)) is not None:
                    viewer.offer_message(text)
            await viewer.room()
        return position

    def leave(self, viewer: Viewer, store: uuid.UUID) -> None:
        """No more of this store."""
        viewers = self._stores.get(store)
        if viewers is not None:
            viewers.pop(viewer, None)
            if not viewers:
                del self._stores[store]
                self.streams.leave(store)

    def stores_of(self, viewer: Viewer) -> list[uuid.UUID]:
        """Stores this viewer joined."""
        return [store for store, viewers in self._stores.items() if viewer in viewers]

    def forget(self, viewer: Viewer) -> None:
        """The viewer is gone."""
        for camera in tuple(viewer.cameras):
            self.unsubscribe(viewer, camera)
        for store in self.stores_of(viewer):
            self.leave(viewer, store)

    def _frame(self, camera: uuid.UUID, message: bytes) -> None:
        watched = self._cameras.get(camera)
        if watched is None:
            return
        try:
            frame = decode_frame(message)
            if frame.camera_id != camera:
                raise WireError("a frame of another camera")
            with continue_trace("analysis-result", frame.trace_parent, camera_id=str(camera)):
                text = analysis_text(frame, self._labels[watched.store].of(frame))
        except (msgspec.DecodeError, ValueError, OverflowError) as error:  # OverflowError: a time beyond the calendar
            counters.messages_unreadable.labels("frame").inc()
            log.warning("a live frame cannot be read", camera=str(camera), error=str(error))
            return
        counters.capture_to_result.observe(max(0.0, (now_us() - frame.captured_at_us) / 1e6))
        frame_once = text_frame(text)
        for viewer in watched.viewers:
            viewer.offer_result(text, frame_once)
        counters.results_sent.inc(len(watched.viewers))

    def _alert(self, store: uuid.UUID, _entry_id: str, message: bytes) -> None:
        labels = self._labels.get(store)
        if labels is None:
            return
        try:
            labels.hear(message)
        except (ValueError, OverflowError) as error:
            counters.messages_unreadable.labels("alert").inc()
            log.warning("an alert cannot be read for its label", store=str(store), error=str(error))

    def _store_message(self, store: uuid.UUID, entry_id: str, message: bytes) -> None:
        text = with_id(entry_id, message)
        if text is None:
            counters.messages_unreadable.labels("store").inc()
            return
        frame = text_frame(text)
        for viewer, held in self._stores.get(store, {}).items():
            if _hidden(viewer, store, message):
                continue
            if held is None:
                viewer.offer_message(text, frame)
            elif len(held) < MOST_HELD:
                held.append((entry_id, text))
            else:
                viewer.give_up()
