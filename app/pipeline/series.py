"""What of a camera's frames is kept for replay: foot points and each rule's own scalars, in pieces of some seconds.

Never keypoints. Every frame of a camera that is analysed up to eight times a second is kept whole, so that replay sees what
the rules saw; a faster one is thinned. Pure; nothing here is written before the piece is done.
"""

import uuid
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from app.behaviour.sight import US, Measure
from app.contracts.tracked import TrackedFrame
from app.contracts.wire import floats

VERSION = 2
OTHER_FORM: Mapping[int, frozenset[str]] = {1: frozenset({"falling"}), VERSION: frozenset()}
"""Versions of pieces that are read, and the kinds whose measures have another form there: those are left out, and said to be."""
KEEP_US = 120_000
"""Frames nearer to the last kept one are left out."""
LINGERS_US = 40 * US
"""Frames without anybody are kept for so long, what rules remember of people is over then; and the last before somebody comes."""
PIECE_US = 15 * US
MOST_SAMPLES = 4000
MEASURED = ("running", "falling", "floor", "fighting", "reaching")
"""Rules that decide on what they measured of motion; all others decide on foot points."""

FeetOfFrame = tuple[list[int], list[float], list[float]]
"""Track ids, foot x and foot y of a frame's people; shares of the picture. Not to be changed afterwards."""


class Piece(msgspec.Struct, array_like=True, frozen=True):
    """A piece as stored, compressed.

    Attributes:
        at_us: int64 bytes (f,); counts: uint16 bytes (f,), people of each frame.
        tracks: ids; who: uint16 bytes (s,), place of each sample's id there.
        feet: float32 bytes (s, 3): foot x, foot y, box height; shares of the picture.
        areas: zone ids, "" first; measures: by kind (values a measure, float32 bytes (m, 3 + values)): place of the frame, of the
            person in it, of the area, and the values.
    """

    version: int
    epoch: int
    width: int
    height: int
    at_us: bytes
    counts: bytes
    tracks: list[int]
    who: bytes
    feet: bytes
    areas: list[str]
    measures: dict[str, tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """A piece to write."""

    epoch: int
    started_at_us: int
    ended_at_us: int
    frames: int
    samples: int
    series: bytes


Kept = tuple[int, list[int], bytes, FeetOfFrame, Mapping[str, list[Measure]]]
"""When, the frame's track ids and boxes, feet, what was measured."""
Shape = tuple[int, int, int]
"""epoch, width, height."""
_piece_decoder = msgspec.msgpack.Decoder(Piece)


class Recorder:
    """Collects one camera's frames; `done` are pieces to be written, `recorded_us` the last frame in one of them."""

    __slots__ = ("_empty", "_frames", "_last_person_us", "_last_us", "_samples", "_shape", "done", "recorded_us")

    def __init__(self, recorded_us: int = 0) -> None:
        self.done: list[SeriesRow] = []
        self.recorded_us = recorded_us
        self._frames: list[Kept] = []
        self._samples = 0
        self._empty: tuple[int, TrackedFrame] | None = None
        self._shape: Shape = (0, 0, 0)
        self._last_us = self._last_person_us = -LINGERS_US

    def take(self, at_us: int, frame: TrackedFrame, feet: FeetOfFrame, measured: Mapping[str, list[Measure]]) -> None:
        """Keep a frame, unless the last kept one is too near."""
        if feet[0]:
            self._last_person_us = at_us
            if self._empty is not None:
                (empty_us, empty), self._empty = self._empty, None
                if self._last_us < empty_us < at_us and empty.epoch == frame.epoch:
                    self._keep(empty_us, empty, ([], [], []), {})
        elif at_us - self._last_person_us > LINGERS_US:
            self._empty = (at_us, frame)
            return
        if not 0 <= at_us - self._last_us < KEEP_US:
            self._keep(at_us, frame, feet, measured)

    def _keep(self, at_us: int, frame: TrackedFrame, feet: FeetOfFrame, measured: Mapping[str, list[Measure]]) -> None:
        if self._frames and self._breaks(at_us, frame):
            self.close()
        self._last_us = at_us
        self._shape = (frame.epoch, frame.width, frame.height)
        self._frames.append((at_us, frame.track_ids, frame.boxes, feet, measured))
        self._samples += len(feet[0])
        if self._samples >= MOST_SAMPLES:
            self.close()

    def _breaks(self, at_us: int, frame: TrackedFrame) -> bool:
        other = self._shape != (frame.epoch, frame.width, frame.height)
        first_us = self._frames[0][0]
        # Each camera at moments of its own, or all that began together would be packed and written together again and again.
        apart_us = frame.camera_id.int % PIECE_US
        over = (at_us + apart_us) // PIECE_US > (first_us + apart_us) // PIECE_US
        return other or at_us <= self._frames[-1][0] or over

    def close_old(self, at_us: int) -> None:
        """Close a piece that no frame has continued for long; called now and then."""
        if self._frames and at_us - self._frames[0][0] >= 2 * PIECE_US:
            self.close()

    def close(self) -> None:
        """What was collected becomes a piece."""
        if self._frames:
            self.done.append(_row(self._frames, self._shape, self._samples))
            self.recorded_us = self._frames[-1][0]
            self._frames, self._samples = [], 0

    def take_done(self) -> list[SeriesRow]:
        """The pieces to be written; they are forgotten here."""
        done, self.done = self.done, []
        return done


def _row(kept: list[Kept], shape: Shape, samples: int) -> SeriesRow:
    epoch, width, height = shape
    tracks: dict[int, int] = {}
    who = [tracks.setdefault(track, len(tracks)) for _, _, _, (ids, _, _), _ in kept for track in ids]
    feet = np.empty((samples, 3), "<f4")
    feet[:, 0] = [x for _, _, _, (_, of_frame, _), _ in kept for x in of_frame]
    feet[:, 1] = [y for _, _, _, (_, _, of_frame), _ in kept for y in of_frame]
    feet[:, 2] = _heights(kept, height)
    areas, measures = _measured(kept)
    piece = Piece(
        VERSION, epoch, width, height, np.array([each[0] for each in kept], "<i8").tobytes(),
        np.array([len(each[3][0]) for each in kept], "<u2").tobytes(), list(tracks), np.array(who, "<u2").tobytes(),
        feet.tobytes(), areas, {kind: (len(rows[0]) - 3, floats(np.array(rows, np.float32))) for kind, rows in measures.items()},
    )  # fmt: skip
    raw = zlib.compress(msgspec.msgpack.encode(piece), 1)
    return SeriesRow(epoch, kept[0][0], kept[-1][0], len(kept), samples, raw)


def _heights(kept: list[Kept], height: int) -> "npt.NDArray[np.float32] | list[float]":
    """Height of the box of each sample, a share of the picture."""
    boxes = np.frombuffer(b"".join([each[2] for each in kept]), "<f4").reshape(-1, 4)
    of_boxes: npt.NDArray[np.float32] = (boxes[:, 3] - boxes[:, 1]) / np.float32(height)
    if all(ids == seen for _, ids, _, (seen, _, _), _ in kept):
        return of_boxes
    of_samples: list[float] = []
    left = iter(of_boxes.tolist())
    for _, ids, _, (seen, _, _), _ in kept:  # somebody was left out, or came later in the order
        by_track = {track: next(left) for track in ids}
        of_samples += [by_track.get(track, 0.0) for track in seen]
    return of_samples


def _measured(kept: list[Kept]) -> tuple[list[str], dict[str, list[tuple[float, ...]]]]:
    """Areas by place, and the rows of each kind."""
    areas: dict[str, int] = {"": 0}
    measures: dict[str, list[tuple[float, ...]]] = {}
    for place, (_, _, _, _, measured) in enumerate(kept):
        for kind, each in measured.items():
            if each and kind in MEASURED:
                rows = measures.setdefault(kind, [])
                rows += [(place, index, areas.setdefault(area, len(areas)), *values) for index, area, values in each]
    return list(areas), measures


@dataclass(frozen=True, slots=True)
class ReplayFrame:
    """A frame as it was kept: without keypoints, its boxes as narrow as a line, and what the rules measured.

    `left_out`: kinds that were measured in a form of an earlier version, which is not in `measured`.
    """

    frame: TrackedFrame
    measured: dict[str, list[Measure]]
    left_out: frozenset[str] = frozenset()


def read_piece(camera_id: uuid.UUID, raw: bytes) -> Iterator[ReplayFrame]:
    """The frames of a stored piece, in order.

    Raises:
        ValueError, msgspec.DecodeError, zlib.error: not a piece of a version that is read.
    """
    piece = _piece_decoder.decode(zlib.decompress(raw))
    left_out = OTHER_FORM.get(piece.version)
    if left_out is None:
        raise ValueError(f"a piece of version {piece.version}, this version reads {', '.join(map(str, OTHER_FORM))}")
    times = np.frombuffer(piece.at_us, "<i8").tolist()
    ends = np.cumsum(np.frombuffer(piece.counts, "<u2"), dtype=np.int64).tolist()
    who = np.frombuffer(piece.who, "<u2").tolist()
    feet = np.frombuffer(piece.feet, "<f4").reshape(-1, 3).astype(np.float64)
    boxes = _boxes(feet, piece.width, piece.height)
    measured = _measures(piece, left_out)
    begin = 0
    for place, (at_us, end) in enumerate(zip(times, ends, strict=True)):
        count = end - begin
        frame = TrackedFrame(
            camera_id, piece.epoch, place, at_us, at_us, piece.width, piece.height, 0,
            [piece.tracks[each] for each in who[begin:end]], boxes[begin:end].tobytes(),
            np.ones(count, "<f4").tobytes(), bytes(17 * 3 * 4 * count),
        )  # fmt: skip
        yield ReplayFrame(frame, measured.get(place, {}), left_out)
        begin = end


def _boxes(feet: npt.NDArray[np.float64], width: int, height: int) -> npt.NDArray[np.float32]:
    """(s, 4): boxes whose bottom centre is the foot point."""
    x, y, body = feet[:, 0] * width, feet[:, 1] * height, feet[:, 2] * height
    return np.stack([x, y - body, x, y], axis=1).astype("<f4")


def _measures(piece: Piece, left_out: frozenset[str]) -> dict[int, dict[str, list[Measure]]]:
    found: dict[int, dict[str, list[Measure]]] = {}
    for kind, (values, raw) in piece.measures.items():
        if kind in left_out:
            continue
        rows: list[list[Any]] = np.frombuffer(raw, "<f4").reshape(-1, 3 + values).tolist()
        for place, person, area, *measure in rows:
            by_kind = found.setdefault(int(place), {})
            by_kind.setdefault(kind, []).append((int(person), piece.areas[int(area)], tuple(measure)))
    return found
