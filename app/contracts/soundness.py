"""What a worker's message must be besides readable: times, counts and numbers that exist, and that the database holds."""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from app.contracts.biometrics import GaitEmbedding
from app.contracts.tracked import CameraHealth, TrackedFrame, TrackletClosed
from app.contracts.wire import WireError
from app.kit.clock import LATEST_US

MOST_PERSONS: Final = 500
"""In one frame."""
_INTEGER: Final = 1 << 31
_BIGINT: Final = 1 << 63
_LARGEST: Final = 1e9
_MOST_GAIT_BYTES: Final = 4 * 2048
_MOST_NAMED: Final = 40
_LONGEST_TEXT: Final = 60
_LONGEST_WAY: Final = 1e4
"""Of seconds of a sequence, and of shares of the picture: a joint may be guessed far outside of it."""


def check_frame(frame: TrackedFrame) -> None:
    """WireError for a frame that nobody can work with; its arrays are `behaviour.feet.check_arrays`'s."""
    if not (0 <= frame.captured_at_us <= LATEST_US and 0 <= frame.received_at_us <= LATEST_US):
        raise WireError("a tracked frame of a time that cannot be")
    if not (0 <= frame.epoch < _BIGINT and 0 <= frame.sequence < _BIGINT):
        raise WireError("a tracked frame whose epoch or sequence cannot be")
    if not (0 < frame.width < _INTEGER and 0 < frame.height < _INTEGER):
        raise WireError("a tracked frame has no size")
    if len(frame.track_ids) > MOST_PERSONS:
        raise WireError(f"a tracked frame of more than {MOST_PERSONS} persons")
    if frame.track_ids and min(frame.track_ids) < 0:
        raise WireError("a track id below zero")


def check_tracklet(tracklet: TrackletClosed) -> None:
    """WireError for an ended track that no row could hold."""
    if not 0 <= tracklet.started_at_us <= tracklet.ended_at_us <= LATEST_US:
        raise WireError("a tracklet of a time that cannot be")
    if len(tracklet.boxes) % 20:
        raise WireError("a tracklet contradicts itself")
    _check_counts(tracklet.epoch, tracklet.width, tracklet.height, tracklet.frames)
    _check_numbers(tracklet.mean_score)
    if tracklet.track_id < 0:
        raise WireError("a track id below zero")


def check_gait(gait: GaitEmbedding) -> None:
    """WireError for a result of gait that nobody can work with: too much of it, or what is no number."""
    if len(gait.embedding) > _MOST_GAIT_BYTES or bool(gait.embedding) == bool(gait.reason):
        raise WireError("a result of gait has an embedding, or the reason why it has none")
    if gait.embedding and not is_unit(gait.embedding_array()):
        raise WireError("an embedding of another length than 1")
    way = gait.way_array()
    if len(way) > _MOST_NAMED or not (np.abs(way) <= _LONGEST_WAY).all():
        raise WireError("a way that nobody walked in one sequence")
    if gait.epoch < 0 or gait.track_id < 0 or len(gait.reason) > _LONGEST_TEXT:
        raise WireError("a result of gait of a track that cannot be")
    for told in (gait.quality, gait.features):
        if len(told) > _MOST_NAMED or any(len(name) > _LONGEST_TEXT for name in told):
            raise WireError("a result of gait says too much")
        _check_numbers(*(value for value in told.values() if isinstance(value, int | float)))
        if any(isinstance(value, str) and (len(value) > _LONGEST_TEXT or "\0" in value) for value in told.values()):
            raise WireError("a text that no row can hold")


def is_unit(embedding: npt.NDArray[np.float32]) -> bool:
    """Whether an embedding (n,) has numbers and the length 1, within a hundredth."""
    return bool(np.isfinite(embedding).all()) and 0.99 < float(np.linalg.norm(embedding.astype(np.float64))) < 1.01


def check_health(health: CameraHealth) -> None:
    """WireError for a camera's state that no row could hold."""
    if not (0 <= health.at_us <= LATEST_US and health.last_frame_at_us <= LATEST_US):
        raise WireError("a camera's state of a time that cannot be")
    _check_counts(health.epoch, health.width, health.height, health.reconnects)
    if not 0 <= health.dropped < _BIGINT:
        raise WireError("a count that cannot be")
    _check_numbers(health.fps_in, health.fps_analysed, health.clock_off_s or 0.0)
    if "\0" in health.reason or "\0" in health.codec:
        raise WireError("a text that no row can hold")


def _check_counts(epoch: int, *counts: int) -> None:
    if not 0 <= epoch < _BIGINT or not all(0 <= count < _INTEGER for count in counts):
        raise WireError("a count that cannot be")


def _check_numbers(*numbers: float) -> None:
    if not all(math.isfinite(number) and abs(number) <= _LARGEST for number in numbers):
        raise WireError("a number that cannot be")
