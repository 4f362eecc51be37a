"""What health messages change."""

import pytest

from app.contracts.tracked import CameraHealth, CameraState
from app.pipeline.health import STALE, Known, Verdict, judge
from tests.builders import make_health

LIVE = Known(make_health(CameraState.LIVE, 0, epoch=2), make_health().at_us, 1000)


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
def test_after_a_live_camera(health: CameraHealth, verdict: Verdict) -> None:
    assert judge(LIVE, health, 1000 + max(0, health.at_us - LIVE.health.at_us) // 1000) == verdict


@pytest.mark.parametrize(("epoch", "at_s"), [(2, -3600.0), (1, 2.0), (1, -3600.0)])
def test_what_seems_older_counts_where_nothing_newer_came_for_long(epoch: int, at_s: float) -> None:
    health = make_health(CameraState.LIVE, at_s, epoch=epoch)
    assert judge(LIVE, health, 10_999) == STALE
    assert judge(LIVE, health, 11_000) == Verdict(session=epoch != 2, changed=False, write=at_s < 0)


def test_the_first_message_is_written() -> None:
    assert judge(None, make_health(), 1000) == Verdict(session=True, changed=True, write=True)
