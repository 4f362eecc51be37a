"""Which camera stands behind each pad of the muxer: written by the graph's thread, read by the streaming thread."""

import math
import time
import uuid
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from app.contracts.control import DesiredCamera
from app.workers.gpu.graph import Change, State
from app.workers.shadow import EVERY_US, is_shadowed

TIMES_KEPT: Final = 64
COPIES_KEPT: Final = 3


@dataclass(slots=True)
class Source:
    """One camera on its pad.

    Attributes:
        connection: rises with every (re)connection; frames of older ones are not its.
        flowing: whether this connection has given a frame yet. Until then what arrives is a rest of the one before.
        size: width and height of the last frame, pixels.
    """

    camera: DesiredCamera
    source_id: int
    connection: int = 1
    flowing: bool = False
    size: tuple[int, int] = (0, 0)
    frames: int = 0
    passed_over: int = 0
    last_frame_at: float = 0.0
    _sampled_at: float = -math.inf
    _copies: OrderedDict[int, Any] = field(default_factory=OrderedDict)
    _arrived: OrderedDict[int, float] = field(default_factory=OrderedDict)

    def arrived(self, pts_ns: int, now: float) -> None:
        """Remember when a frame left the decoder (monotonic seconds)."""
        self._arrived[pts_ns] = now
        if len(self._arrived) > TIMES_KEPT:
            self._arrived.popitem(last=False)

    def sample(self, pts_ns: int, now: float, copy: Callable[[], Any]) -> bool:
        """Keep a copy of one frame a second or so, while another version is to be asked about some; False where that failed."""
        if not is_shadowed(self.camera) or now - self._sampled_at < EVERY_US / 1e6:
            return True
        self._sampled_at = now
        try:
            self._copies[pts_ns] = copy()
        except Exception:  # a picture of another kind: this camera's shadow sees nothing, its analysis goes on
            return False
        if len(self._copies) > COPIES_KEPT:
            self._copies.popitem(last=False)
        return True

    def copy_of(self, pts_ns: int) -> Any:
        """The copy of a frame, once; None where none was kept."""
        return self._copies.pop(pts_ns, None) if self._copies else None

    def waited(self, pts_ns: int, now: float) -> float | None:
        """Seconds since a frame left the decoder; None when that is not known."""
        at = self._arrived.get(pts_ns)
        return None if at is None else now - at


class Sources:
    """The table of pads. A pad's entry is replaced whole, so a reader sees the old one or the new one.

    Attributes:
        unanswered: frames without an answer of the pose model, by camera.
        uncopied: frames for a shadowed version that could not be copied.
    """

    def __init__(self, face_allowed: Callable[[DesiredCamera], bool] = lambda _camera: False) -> None:
        self._by_pad: dict[int, Source] = {}
        self.unanswered: Counter[uuid.UUID] = Counter()
        self.uncopied = 0
        self._face_allowed = face_allowed

    def at(self, source_id: int) -> Source | None:
        """The camera on a pad, once its present connection gives frames."""
        found = self._by_pad.get(source_id)
        return found if found is not None and found.flowing else None

    def get(self, source_id: int) -> Source | None:
        """The camera on a pad, flowing or not."""
        return self._by_pad.get(source_id)

    def put(self, source: Source) -> None:
        """Place a camera on its pad."""
        self._by_pad[source.source_id] = source

    def drop(self, source_id: int) -> None:
        """Clear a pad."""
        self._by_pad.pop(source_id, None)

    def heard(self, change: Change, camera: DesiredCamera | None) -> None:
        """A source changed; `camera` is what is wanted of it, None where nothing is any more."""
        if change.state is State.LIVE:
            source = self._by_pad.get(change.pad)
            if source is not None:
                source.connection, source.flowing = change.connection, True
        elif change.state is State.STOPPED:
            self.drop(change.pad)
        elif camera is not None:
            self.put(Source(camera, change.pad, change.connection))

    def all(self) -> list[Source]:
        """Every camera."""
        return list(self._by_pad.values())

    def by_camera(self, camera_id: uuid.UUID) -> Source | None:
        """A camera's entry."""
        return next((each for each in self.all() if each.camera.camera_id == camera_id), None)

    def may_look_at_faces(self, source: Source) -> bool:
        """Whether a fresh grant allows it at this moment."""
        return source.camera.face and self._face_allowed(source.camera)


def now() -> float:
    """Monotonic seconds."""
    return time.monotonic()


def replace_off(camera: DesiredCamera) -> DesiredCamera:
    """The same camera with every biometric switch off."""
    return DesiredCamera(**{**{name: getattr(camera, name) for name in camera.__struct_fields__}, "face": False, "gait": False})
