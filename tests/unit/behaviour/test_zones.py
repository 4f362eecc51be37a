"""Point in polygon against a plain reference."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.behaviour.zones import Zone, ZoneSet

SHARES = st.floats(0, 1, width=32)
POLYGONS = st.lists(st.tuples(SHARES, SHARES), min_size=3, max_size=9)


def reference(polygon: list[tuple[float, float]], x: float, y: float) -> bool:
    """Even-odd rule, one edge at a time."""
    inside = False
    for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) / (y2 - y1) * (y - y1) + x1:
            inside = not inside
    return inside


@given(st.lists(POLYGONS, max_size=4), st.lists(st.tuples(SHARES, SHARES), max_size=9))
def test_all_people_against_all_zones_agrees_with_the_reference(
    polygons: list[list[tuple[float, float]]], points: list[tuple[float, float]]
) -> None:
    zones = ZoneSet([Zone(str(index), tuple(polygon)) for index, polygon in enumerate(polygons)])
    found = zones.inside([x for x, _ in points], [y for _, y in points])
    assert found == [[reference(polygon, x, y) for polygon in polygons] for x, y in points]
    crowd = 200 * points  # past the number up to which people are taken one after the other
    assert zones.inside([x for x, _ in crowd], [y for _, y in crowd]) == 200 * found


def test_a_square_and_a_zone_that_intersects_itself() -> None:
    square = Zone("a", ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)))
    bow = Zone("b", ((0.2, 0.2), (0.8, 0.8), (0.8, 0.2), (0.2, 0.8)))
    assert ZoneSet([square, bow]).inside([0.5, 0.25, 0.9], [0.3, 0.5, 0.5]) == [[True, False], [True, True], [False, False]]


@pytest.mark.parametrize("polygon", [(), ((0.0, 0.0), (1.0, 1.0)), ((0.0, 0.0), (1.0, math.nan), (1.0, 1.0))])
def test_what_is_no_polygon_is_refused(polygon: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ValueError, match="three or more"):
        ZoneSet([Zone("a", polygon)])
