"""What health messages change."""

import pytest

from app.contracts.tracked import CameraState
from app.pipeline.health import STALE, Known, Verdict, judge
from tests.builders import make_health

LIVE = Known(make_health(CameraState.LIVE, 0, epoch=2), make_health().at_us)


@pytest.mark.parametrize(
    ("health", "verdict"),
    [
        (make_health(at_s=2, epoch=2), Verdict(session=False, changed=False, write=False)),
        (make_health(at_s=10, epoch=2), Verdict(session=False, changed=False, write=True)),
        (make_health(CameraState.FROZEN, 2, epoch=2), Verdict(session=True, changed=True, write=True)),
        (make_health(at_s=2, epoch=3), Verdict(session=True, changed=False, write=False)),
        (make_health(CameraState.FROZEN, -1, epoch=2), STALE),
        (make_health(CameraState.STOPPED, 2, epoch=1), STALE),
        (make_health(CameraState.LIVE, 20, epoch=1), Verdict(session=True, changed=False, write=True)),
    ],
)
def test_after_a_live_camera(health: object, verdict: Verdict) -> None:
    assert judge(LIVE, health) == verdict  # type: ignore[arg-type]


def test_the_first_message_is_written() -> None:
    assert judge(None, make_health()) == Verdict(session=True, changed=True, write=True)
