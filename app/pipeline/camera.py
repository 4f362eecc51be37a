"""One camera's frames, in order: repeats dropped, gaps counted, rules moved. Pure."""

import enum
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from app.behaviour import cameras
from app.behaviour.bodies import Floats, features_of
from app.behaviour.feet import feet_of
from app.behaviour.findings import Finding
from app.behaviour.motion import Motion
from app.behaviour.people import Continuity, PeopleState, observe
from app.behaviour.rules import RULES
from app.behaviour.sight import Sight
from app.contracts.tracked import CameraHealth, TrackedFrame
from app.pipeline.configuration import CameraSetup
from app.pipeline.series import MEASURED, Recorder, ReplayFrame
from app.pipeline.timetable import RuleAreas

CONTINUITY = Continuity()
SILENCE_MS = 10_000
"""A camera whose epoch was silent for this long follows a worker with a lower one, and one whose messages are of an earlier time:
of two workers' clocks one is wrong. The silence is by the clock of the server that takes the messages, which both write to."""
STATE_VERSION = 1


class Skip(enum.StrEnum):
    """Why a frame moved nothing."""

    DUPLICATE = "duplicate"
    LATE = "late"
    OLD_EPOCH = "old-epoch"
    OUT_OF_TIME = "out-of-time"
    UNKNOWN_CAMERA = "unknown-camera"
    POISON = "poison"


class CameraRecord(msgspec.Struct):
    """A camera's state as checkpointed; `rules` by kind, each encoded on its own so that one can change."""

    epoch: int
    sequence: int
    captured_at_us: int
    people: PeopleState
    rules: dict[str, msgspec.Raw]
    watch: cameras.Watch = msgspec.field(default_factory=cameras.Watch)
    recorded_us: int = 0


class ShardRecord(msgspec.Struct):
    """All cameras of a shard as checkpointed."""

    version: int
    cameras: dict[str, CameraRecord]


@dataclass(slots=True)
class Camera:
    """The state of one camera between frames; `motion` and what `series` has not yet closed are never checkpointed.

    `arrived_ms`: when the epoch's last frame came to the server, 0 where a checkpoint does not say.
    """

    epoch: int = -1
    sequence: int = -1
    captured_at_us: int = 0
    people: PeopleState = field(default_factory=PeopleState)
    rules: dict[str, Any] = field(default_factory=dict)
    missing: int = 0
    motion: Motion = field(default_factory=Motion)
    watch: cameras.Watch = field(default_factory=cameras.Watch)
    series: Recorder = field(default_factory=Recorder)
    arrived_ms: int = 0

    def take_health(self, health: CameraHealth, setup: CameraSetup) -> list[Finding]:
        """What the rules about the camera itself say to a health message; the caller has dropped stale ones."""
        return cameras.step(self.watch, health, setup.rules.about_camera(health.at_us))

    def take(
        self, frame: TrackedFrame, setup: CameraSetup, bodies: Floats | None = None, arrived_ms: int | None = None
    ) -> list[Finding] | Skip:
        """Move on by one frame. `bodies`: its people's features, where somebody has worked them out for many frames at once.

        `arrived_ms`: when it came to the server; without, at the moment it shows.

        Raises:
            WireError: the frame contradicts itself; nothing was changed but its sequence.
        """
        skip = self._in_order(frame, frame.captured_at_us // 1000 if arrived_ms is None else arrived_ms)
        if skip is not None:
            return skip
        sight = observe(self.people, frame, CONTINUITY)
        if sight is None:
            return Skip.OUT_OF_TIME
        sight.ground = setup.ground
        rules = setup.rules.at(frame.captured_at_us)
        looked_at = setup.rules.about_bodies and any(rule.about_bodies for rule, _ in rules)
        self._move(sight, frame, bodies, looked_at)
        findings = self._step(sight, rules)
        feet = ([person.track_id for person in sight.seen], sight.x, sight.y)
        self.series.take(sight.at_us, frame, feet, sight.measured)
        return findings

    def replay(self, kept: ReplayFrame, setup: CameraSetup) -> list[Finding]:
        """Move on by one kept frame: the same rules, on what they measured then. Frames come in their order.

        Raises:
            WireError: the frame contradicts itself.
        """
        frame = kept.frame
        self.epoch, self.captured_at_us = frame.epoch, frame.captured_at_us
        sight = observe(self.people, frame, CONTINUITY)
        if sight is None:
            return []
        by_track = {person.track_id: person for person in sight.seen}
        in_order = len(sight.seen) == len(frame.track_ids) == len(by_track)
        if in_order:  # what was measured names people by their place in the frame
            sight.seen = [by_track[track] for track in frame.track_ids]
            sight.x, sight.y = [person.x for person in sight.seen], [person.y for person in sight.seen]
        sight.ground = setup.ground
        sight.measured = {kind: kept.measured.get(kind, []) if in_order else [] for kind in MEASURED}
        return self._step(sight, setup.rules.at(sight.at_us))

    def _step(self, sight: Sight, rules: Sequence[RuleAreas]) -> list[Finding]:
        findings: list[Finding] = []
        for rule, areas in rules:
            state = self.rules.get(rule.kind)
            self.rules[rule.kind], found = rule.step(rule.state() if state is None else state, sight, areas)
            if found:
                findings.extend(found)
        if len(self.rules) > len(rules):  # one was switched off: its acts end untold, and nobody would forget its people
            self.rules = {rule.kind: self.rules[rule.kind] for rule, _ in rules}
        return findings

    def warm(self, frame: TrackedFrame) -> None:
        """Fill the window of motion from a frame whose findings the checkpoint holds already; changes nothing else.

        Raises:
            WireError: the frame contradicts itself.
        """
        if frame.epoch != self.people.epoch or frame.captured_at_us > self.people.clock_us:
            return
        found = feet_of(frame)
        if frame.captured_at_us > self.series.recorded_us:
            self.series.take(
                frame.captured_at_us,
                frame,
                ([each[0] for each in found], [each[1] for each in found], [each[2] for each in found]),
                {},
            )
        known = [(index, self.people.tracks[track]) for index, track in enumerate(frame.track_ids) if track in self.people.tracks]
        bodies = features_of([frame])[0]
        self.motion.take(frame.captured_at_us, bodies[[index for index, _ in known]], [number for _, number in known])

    def _move(self, sight: Sight, frame: TrackedFrame, bodies: Floats | None, looked_at: bool) -> None:
        """Fill the window of motion, if a rule looks at bodies; one that is switched on later sees what moves from then on."""
        if sight.shifted_us:
            self.motion.shift(sight.shifted_us)
        self.motion.forget(sight.forgotten)
        sight.motion = self.motion
        if looked_at:
            if bodies is None:
                bodies = features_of([frame])[0]
            seen = [person.track_id for person in sight.seen]
            if seen != frame.track_ids:  # most often everybody is seen, in the frame's order
                places = {track: index for index, track in enumerate(frame.track_ids)}
                bodies = bodies[[places[track] for track in seen]]
            self.motion.take(frame.captured_at_us, bodies, [person.number for person in sight.seen])

    def _in_order(self, frame: TrackedFrame, arrived_ms: int) -> Skip | None:
        if frame.epoch == self.epoch:
            if frame.sequence <= self.sequence:
                return Skip.DUPLICATE if frame.sequence == self.sequence else Skip.LATE
            self.missing += frame.sequence - self.sequence - 1
        elif frame.epoch < self.epoch and not self._silent(arrived_ms):
            return Skip.OLD_EPOCH
        self.arrived_ms = arrived_ms
        self.epoch, self.sequence, self.captured_at_us = frame.epoch, frame.sequence, frame.captured_at_us
        return None

    def _silent(self, arrived_ms: int) -> bool:
        """Whether nothing of the epoch came for long; after a restart, or where the server's clock was set back, from now on."""
        if not self.arrived_ms or arrived_ms < self.arrived_ms:
            self.arrived_ms = arrived_ms
        return arrived_ms - self.arrived_ms >= SILENCE_MS


_encoder = msgspec.msgpack.Encoder()
_shard_decoder = msgspec.msgpack.Decoder(ShardRecord)
_rule_decoders = {kind: msgspec.msgpack.Decoder(rule.state) for kind, rule in RULES.items()}


def encode_cameras(cameras: dict[uuid.UUID, Camera]) -> bytes:
    """The checkpoint of a shard's cameras."""
    records = {
        str(camera_id): CameraRecord(
            camera.epoch,
            camera.sequence,
            camera.captured_at_us,
            camera.people,
            {kind: msgspec.Raw(_encoder.encode(state)) for kind, state in camera.rules.items()},
            camera.watch,
            camera.series.recorded_us,
        )
        for camera_id, camera in cameras.items()
    }
    return _encoder.encode(ShardRecord(STATE_VERSION, records))


def decode_cameras(raw: bytes) -> dict[uuid.UUID, Camera]:
    """The cameras of a checkpoint; {} for an empty one.

    A rule this version does not know, or whose state changed its shape, starts afresh.

    Raises:
        msgspec.DecodeError: not a checkpoint of this version.
    """
    if not raw:
        return {}
    record = _shard_decoder.decode(raw)
    if record.version != STATE_VERSION:
        raise msgspec.DecodeError(f"checkpoint of version {record.version}, this version writes {STATE_VERSION}")
    return {uuid.UUID(camera_id): _camera(each) for camera_id, each in record.cameras.items()}


def _camera(record: CameraRecord) -> Camera:
    rules: dict[str, Any] = {}
    for kind, raw in record.rules.items():
        decoder = _rule_decoders.get(kind)
        if decoder is None:
            continue
        try:
            rules[kind] = decoder.decode(raw)
        except msgspec.ValidationError:
            continue
    place = (record.epoch, record.sequence, record.captured_at_us)
    return Camera(*place, record.people, rules, watch=record.watch, series=Recorder(record.recorded_us))
