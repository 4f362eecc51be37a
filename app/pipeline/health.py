"""From a camera's health messages: when its stream session opens or ends, and when its status is worth writing. Pure."""

from dataclasses import dataclass

from app.behaviour.sight import US
from app.contracts.tracked import CameraHealth, CameraState
from app.pipeline.camera import EPOCH_SILENCE_US

STATUS_EVERY_US = 10 * US
SESSION_STATUS = {
    CameraState.LIVE: "active",
    CameraState.CONNECTING: "ended",
    CameraState.STOPPED: "ended",
    CameraState.FROZEN: "error",
    CameraState.RECONNECTING: "error",
    CameraState.REFUSED: "error",
}
"""What a camera's state makes of its session: LIVE opens or continues it, anything else ends it."""


@dataclass(slots=True)
class Known:
    """What was last heard of a camera, and when its status was last written (microseconds of the worker's clock)."""

    health: CameraHealth
    written_us: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a health message changes.

    Attributes:
        session: the stream session opens, changes or ends.
        changed: viewers must hear of it.
        write: the status row is due.
    """

    session: bool
    changed: bool
    write: bool


STALE = Verdict(session=False, changed=False, write=False)


def judge(known: Known | None, health: CameraHealth) -> Verdict:
    """What `health` changes after what is `known`; STALE for an older message."""
    if known is None:
        return Verdict(session=True, changed=True, write=True)
    last = known.health
    later_us = health.at_us - last.at_us
    if later_us < 0 and health.epoch <= last.epoch:
        return STALE
    if health.epoch < last.epoch and later_us < EPOCH_SILENCE_US:
        return STALE
    size = (health.width, health.height, health.codec) != (last.width, last.height, last.codec)
    changed = health.state is not last.state or health.reason != last.reason or size
    session = changed or health.epoch != last.epoch
    return Verdict(session, changed, changed or health.at_us - known.written_us >= STATUS_EVERY_US)
