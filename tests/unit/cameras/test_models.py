"""Zones' polygons, shown states, reconciled cameras."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import cos, pi, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cameras.models import Camera, CameraStatus, ShownState, shown_state
from app.cameras.setup.models import KnownCamera, Origin, WantedCamera, reconcile
from app.cameras.zones.models import Point, area, check_polygon
from app.kit.errors import BadInputError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SQUARE: list[Point] = [(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)]


def test_a_square_is_a_zone_and_its_last_point_may_repeat_the_first() -> None:
    assert check_polygon(SQUARE) == tuple(SQUARE)
    assert check_polygon([*SQUARE, SQUARE[0]]) == tuple(SQUARE)
    assert area(SQUARE) == pytest.approx(0.64)


@given(st.integers(3, 64), st.floats(0, 2 * pi))
def test_every_regular_polygon_is_a_zone(corners: int, turn: float) -> None:
    points = [
        (0.5 + 0.4 * cos(turn + i * 2 * pi / corners), 0.5 + 0.4 * sin(turn + i * 2 * pi / corners)) for i in range(corners)
    ]
    assert len(check_polygon(points)) == corners


@pytest.mark.parametrize(
    "points",
    [
        SQUARE[:2],
        [(0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9)],  # a bow tie
        [(0, 0), (1, 0), (0.5, 0), (0.5, 1)],  # folds back on itself
        [(0, 0), (0.5, 0.5), (1, 0), (1, 1), (0.5, 0.5), (0, 1)],  # touches a point twice
        [(0.1, 0.1), (0.1001, 0.1), (0.1, 0.1001)],
        [(0, 0), (1.01, 0), (1, 1)],
        [(0, 0), (float("nan"), 0), (1, 1)],
        [(0, 0), (0.5, 0), (1, 0)],
        [(i / 70, (i % 2) / 10) for i in range(65)],
    ],
)
def test_what_is_no_simple_polygon_is_refused(points: list[Point]) -> None:
    with pytest.raises(BadInputError):
        check_polygon(points)


def make_camera(**changes: object) -> Camera:
    status = CameraStatus("live", "", 640, 480, "h264", 15, 5, 0, 0, NOW, NOW)
    camera = Camera(uuid.UUID(int=1), uuid.UUID(int=2), "Door", "rtsp://h/x", None, 5, True, 1, NOW, status)
    return replace(camera, **changes)  # type: ignore[arg-type]


def test_a_silent_camera_does_not_look_live() -> None:
    assert shown_state(make_camera(), NOW + timedelta(seconds=29))[0] is ShownState.LIVE
    assert shown_state(make_camera(), NOW + timedelta(seconds=31))[0] is ShownState.WAITING
    assert shown_state(make_camera(enabled=False), NOW)[0] is ShownState.STOPPED
    assert shown_state(make_camera(status=None), NOW)[0] is ShownState.WAITING


def test_reconciling_adds_changes_and_removes_only_what_set_up_made() -> None:
    one, other = uuid.UUID(int=1), uuid.UUID(int=2)
    known = [KnownCamera(one, "Demo 1", "rtsp://h:1/a", Origin.DEMO), KnownCamera(other, "x", "rtsp://h/b", Origin.SETTING)]
    moved = [WantedCamera("Demo 1", "rtsp://h:2/a", Origin.DEMO), WantedCamera("x", "rtsp://h/b", Origin.SETTING)]
    changes = reconcile(moved, known)
    assert (changes.add, changes.change, changes.remove) == ([], [(one, moved[0])], [])
    own = [WantedCamera("y", "rtsp://h/c", Origin.SETTING)]
    changes = reconcile(own, known)
    assert (changes.add, changes.change, changes.remove) == (own, [], [one, other])
    assert reconcile([WantedCamera(k.name, k.url, k.origin) for k in known], known).add == []
