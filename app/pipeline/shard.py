"""A held shard: its cameras' state, how far its streams were read, and what the next checkpoint must write. No I/O."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

import msgspec

from app.behaviour.bodies import Floats, features_of
from app.behaviour.feet import check_arrays
from app.contracts.soundness import check_frame, check_health, check_tracklet
from app.contracts.tracked import CameraHealth, TrackedFrame, decode_frame, decode_health, decode_tracklet
from app.contracts.wire import WireError
from app.kit.tracing import continue_trace
from app.pipeline.camera import Camera, Skip, encode_cameras
from app.pipeline.configuration import CameraSetup
from app.pipeline.entries import START, RawEntry, arrived_ms, earlier, id_of, message_of, order
from app.pipeline.health import STALE, Known, judge
from app.pipeline.occurrences import alert_row
from app.pipeline.pending import Pending, Status

WARM_MS = 30_000
"""What a new holder reads again of the frames, for the windows of motion that no checkpoint holds."""
POISONOUS = (msgspec.DecodeError, WireError, ValueError, ArithmeticError, LookupError, TypeError, RecursionError)
"""What a message that nobody can process may raise; it is counted and passed over."""
Setups = Mapping[uuid.UUID, CameraSetup]


@dataclass(slots=True)
class Positions:
    """The last stream id taken from each of a shard's streams."""

    frames: str = START
    tracklets: str = START
    health: str = START


@dataclass(slots=True)
class Tally:
    """Counts since they were last taken over into the metrics."""

    frames: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    poison: Counter[str] = field(default_factory=Counter)
    missing: int = 0
    newest_us: int = 0


class Arrived(NamedTuple):
    """A frame, and when it came to the server."""

    frame: TrackedFrame
    at_ms: int


class Shard:
    """One of the 64, while this process holds its lease.

    Attributes:
        token: fencing token; every checkpoint presents it.
        taken: positions of what was processed; `fetched`: of what was read from Redis and may still wait in the queue.
        urgent: a new alert waits: checkpoint now.
        dirty: something moved since the last checkpoint.
        warm_until: frames up to this id were processed by the holder before; they only fill windows of motion.
        held: False once the lease is gone; batches still on their way are then dropped.
    """

    __slots__ = ("cameras", "dirty", "fetched", "held", "known", "number", "pending", "taken", "token", "urgent", "warm_until")

    def __init__(self, number: int, token: int, taken: Positions, cameras: dict[uuid.UUID, Camera]) -> None:
        self.number = number
        self.token = token
        self.taken = taken
        self.fetched = Positions(earlier(taken.frames, WARM_MS), taken.tracklets, taken.health)
        self.warm_until = taken.frames
        self.cameras = cameras
        self.known: dict[uuid.UUID, Known] = {}
        self.pending = Pending()
        self.urgent = False
        self.dirty = False
        self.held = True

    def take_frames(self, entries: Sequence[RawEntry], setups: Setups, at: datetime, tally: Tally) -> None:
        """Process frames in order. A message that cannot be processed is counted and passed over."""
        frames = self.read(entries, tally)
        if frames is not None:
            self.move(frames, bodies_of([each.frame for each in frames], setups), entries, setups, at, tally)

    def read(self, entries: Sequence[RawEntry], tally: Tally) -> list[Arrived] | None:
        """The frames to `move` by; None where all of them were processed before. What cannot be is counted and passed over."""
        if self.warm_until != START:
            entries = self._warm(entries)
            if not entries:
                return None
        tally.frames += len(entries)
        frames: list[Arrived] = []
        for entry in entries:
            try:
                frame = decode_frame(message_of(entry))
                check_frame(frame)
                check_arrays(frame)
                frames.append(Arrived(frame, arrived_ms(entry)))
            except POISONOUS as error:
                _poisoned("frame", error, tally)
        return frames

    def move(
        self, frames: Sequence[Arrived], bodies: Sequence[Floats | None], entries: Sequence[RawEntry], setups: Setups,
        at: datetime, tally: Tally,
    ) -> None:  # fmt: skip
        """Move on by what `read` gave of these entries, with the features of their people."""
        for (frame, came_ms), features in zip(frames, bodies, strict=True):
            try:
                self._take_frame(frame, features, came_ms, setups, at, tally)
            except POISONOUS as error:
                _poisoned("frame", error, tally)
        self.dirty = True
        self.taken.frames = id_of(entries[-1])

    def start_over(self) -> None:
        """The stream of frames begins anew: what comes was not processed before, whatever its ids."""
        self.fetched.frames = self.warm_until = START

    def _warm(self, entries: Sequence[RawEntry]) -> Sequence[RawEntry]:
        """Fill windows of motion with what was processed before; returns the rest."""
        until = order(self.warm_until)
        for index, entry in enumerate(entries):
            if order(id_of(entry)) > until:
                self.warm_until = START
                return entries[index:]
            with suppress(*POISONOUS):
                frame = decode_frame(message_of(entry))  # one that cannot be processed was counted when it was
                camera = self.cameras.get(frame.camera_id)
                if camera is not None:
                    camera.warm(frame)
        return ()

    def _take_frame(
        self, frame: TrackedFrame, bodies: Floats | None, came_ms: int, setups: Setups, at: datetime, tally: Tally
    ) -> None:
        setup = setups.get(frame.camera_id)
        if setup is None or not setup.enabled:
            tally.skipped[Skip.UNKNOWN_CAMERA] += 1
            return
        camera = self.cameras.get(frame.camera_id)
        if camera is None:
            camera = self.cameras[frame.camera_id] = Camera()
        parent = ""
        if frame.trace_parent:
            with continue_trace("rules", frame.trace_parent, camera_id=str(frame.camera_id)) as parent:
                result = camera.take(frame, setup, bodies, came_ms)
        else:
            result = camera.take(frame, setup, bodies, came_ms)
        if camera.series.done:
            self.pending.series += [(setup, row) for row in camera.series.take_done()]
        tally.newest_us = frame.captured_at_us
        if type(result) is list:
            if result:
                for finding in result:
                    row = alert_row(setup, finding, at, parent)
                    self.pending.alerts.append(row)
                    self.urgent = self.urgent or row.begins
        else:
            tally.skipped[str(result)] += 1
        if camera.missing:
            tally.missing += camera.missing
            camera.missing = 0

    def take_tracklets(self, entries: Sequence[RawEntry], setups: Setups, tally: Tally) -> None:
        """Queue the rows of closed tracklets. A message that no row can hold is counted and passed over."""
        self.dirty = True
        for entry in entries:
            try:
                tracklet = decode_tracklet(message_of(entry))
                check_tracklet(tracklet)
            except POISONOUS as error:
                _poisoned("tracklet", error, tally)
                continue
            setup = setups.get(tracklet.camera_id)
            if setup is None:
                tally.skipped[Skip.UNKNOWN_CAMERA] += 1
            else:
                self.pending.detections.append((setup, tracklet))
        self.taken.tracklets = id_of(entries[-1])

    def take_health(self, entries: Sequence[RawEntry], setups: Setups, at: datetime, tally: Tally) -> None:
        """Queue what health messages change about stream sessions and status, and what the rules about cameras say to them.

        A message that cannot be processed, or that no row can hold, is counted and passed over.
        """
        self.dirty = True
        for entry in entries:
            try:
                health = decode_health(message_of(entry))
                check_health(health)
                setup = setups.get(health.camera_id)
                if setup is None:
                    tally.skipped[Skip.UNKNOWN_CAMERA] += 1
                else:
                    self._take_health(setup, health, arrived_ms(entry), at)
            except POISONOUS as error:
                _poisoned("health", error, tally)
        self.taken.health = id_of(entries[-1])

    def _take_health(self, setup: CameraSetup, health: CameraHealth, came_ms: int, at: datetime) -> None:
        known = self.known.get(health.camera_id)
        verdict = judge(known, health, came_ms)
        if verdict is STALE:
            return
        if setup.enabled:
            camera = self.cameras.get(health.camera_id)
            if camera is None:
                camera = self.cameras[health.camera_id] = Camera()
            camera.series.close_old(health.at_us)
            self.pending.series += [(setup, row) for row in camera.series.take_done()]
            rows = [alert_row(setup, finding, at) for finding in camera.take_health(health, setup)]
            self.pending.alerts += rows
            self.urgent = self.urgent or any(row.begins for row in rows)
        if verdict.session:
            self.pending.sessions.append((setup, health))
        if verdict.write:
            waiting = self.pending.statuses.get(health.camera_id)
            changed = verdict.changed or (waiting is not None and waiting.changed)
            self.pending.statuses[health.camera_id] = Status(setup, health, changed)
        if known is None or verdict.write:
            self.known[health.camera_id] = Known(health, health.at_us, came_ms)
        else:
            known.health, known.arrived_ms = health, came_ms

    def close_series(self, setups: Setups) -> None:
        """Have what was recorded for replay written, before another holder goes on."""
        for camera_id, camera in self.cameras.items():
            camera.series.close()
            rows = camera.series.take_done()
            if rows and camera_id in setups:
                self.pending.series += [(setups[camera_id], row) for row in rows]
                self.dirty = True

    def encode(self, setups: Setups) -> bytes:
        """The rule state to checkpoint; cameras that are gone are let go."""
        for camera_id in [each for each in self.cameras if each not in setups]:
            del self.cameras[camera_id]
        for camera_id in [each for each in self.known if each not in setups]:
            del self.known[camera_id]
        return encode_cameras(self.cameras)

    def positions(self) -> Positions:
        """Where the shard is now. A copy."""
        return replace(self.taken)

    def hand_over(self) -> Pending:
        """What waits, to be written with the state and the positions of this moment; see `take_back`."""
        pending, self.pending = self.pending, Pending()
        self.urgent = self.dirty = False
        return pending

    def take_back(self, pending: Pending) -> None:
        """What was handed over was not written: it waits again, before what came since."""
        pending.follow(self.pending)
        self.pending = pending
        self.urgent = any(row.begins for row in pending.alerts)
        self.dirty = True


def bodies_of(frames: Sequence[TrackedFrame], setups: Setups) -> Sequence[Floats | None]:
    """Features of the people of each frame of whose camera a rule looks at bodies: together they cost less than one by one."""
    looked_at = {camera_id: _about_bodies(setups.get(camera_id)) for camera_id in {frame.camera_id for frame in frames}}
    found = iter(features_of([frame for frame in frames if looked_at[frame.camera_id]])) if any(looked_at.values()) else iter(())
    return [next(found) if looked_at[frame.camera_id] else None for frame in frames]


def _about_bodies(setup: CameraSetup | None) -> bool:
    return setup is not None and setup.rules.about_bodies


def _poisoned(kind: str, error: Exception, tally: Tally) -> None:
    tally.poison[f"{kind}: {type(error).__name__}: {error}"[:200]] += 1
    tally.skipped[Skip.POISON] += 1
