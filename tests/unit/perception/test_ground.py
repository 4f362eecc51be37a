"""The floor in metres: what a camera sees of a rectangle tells where everything else on the floor is, or is refused."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.perception.ground import ground_of

Point = tuple[float, float]
SQUARE = [(0.2, 0.9), (0.8, 0.9), (0.7, 0.6), (0.3, 0.6)]


def seen(x: float, y: float, height: float, pitch: float, focal: float) -> Point:
    """Where a camera over (0, 0), looking along +y and down by `pitch`, sees a point of the floor: shares of a 16:9 picture."""
    c, s = math.cos(pitch), math.sin(pitch)
    depth = y * c + height * s
    return 0.5 + focal * x / depth / (16 / 9), 0.5 + focal * (height * c - y * s) / depth


@settings(max_examples=60, deadline=None)
@given(
    st.floats(2.2, 4.0), st.floats(0.25, 0.9), st.floats(0.7, 1.5), st.floats(-0.5, 0.5), st.floats(0.0, 1.5),
    st.floats(0.0, 2.0), st.booleans(),
)  # fmt: skip
def test_distances_on_the_floor_are_found_again(
    height: float, pitch: float, focal: float, aside: float, x: float, y: float, clockwise: bool
) -> None:
    far = height / math.tan(pitch)  # where the middle of the picture is
    width, depth = 0.3 * far, 0.4 * far
    corners = [(aside - width / 2, far - depth / 2), (aside + width / 2, far - depth / 2)]
    corners += [(aside + width / 2, far + depth / 2), (aside - width / 2, far + depth / 2)]
    if clockwise:
        corners = [corners[0], *reversed(corners[1:])]
    places = [seen(*corner, height, pitch, focal) for corner in corners]
    lengths = (depth, width) if clockwise else (width, depth)
    if min(lengths) < 0.5 or not all(0 <= value <= 1 for place in places for value in place):
        return
    ground = ground_of(places, *lengths)
    one, other = (aside, far), (aside + 0.1 * x, far + 0.2 * (y - 1))
    found = ground.apart(seen(*one, height, pitch, focal), seen(*other, height, pitch, focal))
    assert found == pytest.approx(math.dist(one, other), abs=1e-3)


def test_what_is_at_or_over_the_horizon_is_no_place() -> None:
    ground = ground_of(SQUARE, 3.0, 4.0)
    places = ground.metres([0.5, 0.5, 0.5, math.nan], [0.75, 0.31, 0.05, 0.5])
    assert np.isfinite(places[0]).all()
    assert np.isnan(places[1:]).all()
    assert ground.apart((0.5, 0.75), (0.5, 0.05)) is None


@pytest.mark.parametrize(
    ("corners", "lengths", "says"),
    [
        (SQUARE[:3], (3, 4), "four points"),
        ([*SQUARE[:3], (0.3, math.nan)], (3, 4), "four points"),
        ([*SQUARE[:3], (1.3, 0.6)], (3, 4), "four points"),
        (SQUARE, (0.1, 4), "lengths"),
        (SQUARE, (3, math.nan), "lengths"),
        ([SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]], (3, 4), "cross"),
        ([SQUARE[0], SQUARE[0], SQUARE[2], SQUARE[3]], (3, 4), "same place"),
        ([(0.2, 0.9), (0.5, 0.75), (0.8, 0.6), (0.3, 0.6)], (3, 4), "one line"),
        ([(0.2, 0.9), (0.8, 0.9), (0.5, 0.85), (0.45, 0.5)], (3, 4), "cross"),  # one corner points inwards
        ([(0.50, 0.50), (0.53, 0.50), (0.53, 0.53), (0.50, 0.53)], (3, 4), "too small"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_rectangle_on_the_floor_is_refused(corners: Any, lengths: tuple[float, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        ground_of(corners, *lengths)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=4, max_size=4), st.floats(0.5, 100), st.floats(0.5, 100))
def test_any_four_points_are_refused_or_have_their_corners_where_they_were_said(
    corners: list[Point], first_m: float, second_m: float
) -> None:
    try:
        ground = ground_of(corners, first_m, second_m)
    except ValueError:
        return
    found = ground.metres([x for x, _ in corners], [y for _, y in corners])
    expected = [[0, 0], [first_m, 0], [first_m, second_m], [0, second_m]]
    assert np.allclose(found, expected, atol=1e-3 * max(first_m, second_m))
