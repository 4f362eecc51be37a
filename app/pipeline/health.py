"""From a camera's health messages: when its stream session opens or ends, and when its status is worth writing. Pure."""

from dataclasses import dataclass

from app.behaviour.sight import US
from app.contracts.tracked import CameraHealth, CameraState
from app.pipeline.camera import SILENCE_MS

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
    """What was last heard of a camera, when its status was last written (microseconds of the worker's clock), and when the
    server took what was heard (milliseconds of its own clock)."""

    health: CameraHealth
    written_us: int
    arrived_ms: int


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


def judge(known: Known | None, health: CameraHealth, arrived_ms: int) -> Verdict:
    """What `health`, which came at `arrived_ms`, changes after what is `known`; STALE for an older message.

    Where nothing newer came for long, what seems older is not: the worker's clock was set back, or another's is right.
    """
    if known is None:
        return Verdict(session=True, changed=True, write=True)
    last = known.health
    older = health.epoch < last.epoch or (health.epoch == last.epoch and health.at_us < last.at_us)
    if older and 0 <= arrived_ms - known.arrived_ms < SILENCE_MS:
        return STALE
    size = (health.width, health.height, health.codec) != (last.width, last.height, last.codec)
    changed = health.state is not last.state or health.reason != last.reason or size
    session = changed or health.epoch != last.epoch
    return Verdict(session, changed, changed or not 0 <= health.at_us - known.written_us < STATUS_EVERY_US)
