"""What the graph is told and what it tells: plain values, and what an element factory is. Standard library only."""

import enum
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 15.0
FIRST_PAUSE_AFTER_NO_S: Final = 5.0
LONGEST_PAUSE_AFTER_NO_S: Final = 60.0
"""After a camera that answered and said no, as the CPU worker: accounts lock on repeated log-ins."""

UNMASKED: Final = "The privacy masks cannot be drawn on this GPU, so nothing of this camera is looked at; CPU workers draw them."
NO_SOURCE: Final = "The element that reads cameras cannot be made; is this the worker-gpu image? (docs/gpu.md)"


Masks = tuple[tuple[tuple[float, float], ...], ...]


class State(enum.StrEnum):
    """What a source is doing; the words of `CameraState`."""

    CONNECTING = "connecting"
    LIVE = "live"
    FROZEN = "frozen"
    RECONNECTING = "reconnecting"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A camera to run. Another `address`, or other `masks`, means another stream; the pace may change while it flows.

    Attributes:
        masks: polygons in 0..1 of the picture, blackened before anything else sees it.
    """

    address: str
    fps: float = 10.0
    masks: Masks = ()


@dataclass(frozen=True, slots=True)
class Change:
    """Something about a source that the worker should know. `reason` is one sentence without credentials, or ""."""

    camera: uuid.UUID
    pad: int
    connection: int
    state: State
    reason: str = ""
    size: tuple[int, int] = (0, 0)
    codec: str = ""
    reconnects: int = 0


class Elements(Protocol):
    """Makes elements. Everything vendor-specific is in here."""

    def muxer(self, most: int) -> Any:
        """Has request pads sink_0 to sink_{most - 1}; the number is what metadata calls the source."""
        ...

    def stages(self) -> list[tuple[str, Any]]:
        """Name and element of everything between muxer and sink, in order."""
        ...

    def source(self, camera: uuid.UUID, pad: int, wanted: Wanted) -> Any:
        """An element or bin that will show one source pad with decoded video."""
        ...

    def masker(self, polygons: Masks) -> Callable[[Any], object]:
        """What blackens the buffers of one connection, each in place; it raises where that cannot be proven."""
        ...

    def copied(self, buffer: Any) -> Any:
        """The picture of a decoded buffer, copied out. Raises where that cannot be."""
        ...


Admit = Callable[[str], str]
"""A camera's address to the one that is opened (blocking). NotAdmitted where it may not be."""


class NotAdmitted(Exception):  # noqa: N818 - it is told, not raised past the graph
    """An address that may not be opened; the sentence says why, without the address.

    `answered_no`: asking again soon will not help.
    """

    def __init__(self, sentence: str, *, answered_no: bool = False) -> None:
        super().__init__(sentence)
        self.answered_no = answered_no


class Fatal(Exception):  # noqa: N818 - it is told, not raised past the graph
    """The shared part of the graph failed: nothing of it can go on."""


def cannot_draw(_buffer: Any) -> None:
    """Before a masker is made, and where none can be."""
    raise RuntimeError("no masker was made")


@dataclass(slots=True)
class Slot:
    """A source's place in the graph. Times are monotonic seconds, 0.0 for not yet.

    Attributes:
        connection: number of the present one, higher than that of every earlier one of this worker.
        opened: how often it was.
        due_at: when to connect; infinite while it is connecting or runs.
        asked_at: since when its address is being judged.
        patience_s: how long this connection may take to its first picture; grows, never shrinks.
        draw: blackens what this connection's masks cover.
        unmasked: frames that were not passed on because that could not be proven.
    """

    camera: uuid.UUID
    pad: int
    wanted: Wanted
    connection: int = 0
    opened: int = 0
    bin: Any = None
    mux_pad: Any = None
    state: State = State.CONNECTING
    due_at: float = 0.0
    failures: int = 0
    asked_at: float = 0.0
    began_at: float = 0.0
    patience_s: float = 0.0
    last_at: float = 0.0
    next_at: float = 0.0
    size: tuple[int, int] = (0, 0)
    codec: str = ""
    frames_in: int = 0
    passed: int = 0
    dropped_rate: int = 0
    draw: Callable[[Any], object] = cannot_draw
    unmasked: int = 0

    @property
    def is_live(self) -> bool:
        return self.state is State.LIVE

    @property
    def reconnects(self) -> int:
        return max(0, self.opened - 1)

    def is_due(self, now: float) -> bool:
        """Whether a frame at this moment is one of the pace; counts it either way."""
        period = 1.0 / self.wanted.fps
        if now < self.next_at - period * 0.25:
            self.dropped_rate += 1
            return False
        self.next_at = max(self.next_at + period, now + period / 2)
        self.passed += 1
        return True

    def facts(self) -> "Facts":
        """Counters as they are now."""
        return Facts(self.pad, self.opened, self.state, self.frames_in, self.passed, self.size, self.reconnects, self.unmasked)


@dataclass(frozen=True, slots=True)
class Facts:
    """Counters of one source since it was wanted; `connection` counts how often it was opened."""

    pad: int
    connection: int
    state: State
    frames_in: int
    passed: int
    size: tuple[int, int]
    reconnects: int
    unmasked: int = 0


Arrived = Callable[[int, int, float, Callable[[], Any]], None]
"""Pad, presentation time in ns, monotonic seconds, and what copies its picture: a frame, masked, goes into the muxer. On a
streaming thread; the copy may be taken before this returns, and may fail."""


def pause_s(failures: int, *, answered_no: bool = False, draw: Callable[[], float] = random.random) -> float:
    """Before the next try, after so many failures in a row: doubling, bounded, with jitter."""
    first, longest = (FIRST_PAUSE_AFTER_NO_S, LONGEST_PAUSE_AFTER_NO_S) if answered_no else (FIRST_PAUSE_S, LONGEST_PAUSE_S)
    return float(min(longest, first * 2 ** min(failures, 16)) * (0.75 + 0.5 * draw()))


def plain(text: str) -> str:
    """An error of GStreamer's without anything that looks like an address: those may hold a password."""
    words = [word for word in text.split() if "://" not in word and "@" not in word]
    return " ".join(words)[:200] or "The stream failed."
