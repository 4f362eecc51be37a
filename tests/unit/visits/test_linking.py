"""Which track came before which: by time, place and drawn ways, for all tracks at once."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.perception.ground import ground_of
from app.tenancy.policy.models import Switch
from app.tenancy.policy.models_in_use import JOINING, models_in_use
from app.visits import linking
from app.visits.linking import FASTEST_M_PER_S, LINGER_S, SLOWEST_M_PER_S, predecessors
from app.visits.models import LONGEST_VISIT_S, Before, Key, Passage, Stand, Track

A, B, C = (uuid.UUID(int=number) for number in (1, 2, 3))
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
MIDDLE, RIGHT, LEFT = Stand(0.5, 0.8, 0.4), Stand(0.95, 0.8, 0.4), Stand(0.05, 0.8, 0.4)
WAY = Passage(A, B, 6.0)
RIGHT_HALF, LEFT_HALF = ([(x, 0.0), (x + 0.5, 0.0), (x + 0.5, 1.0), (x, 1.0)] for x in (0.5, 0.0))


def make_track(
    camera: uuid.UUID, begins: float, ends: float, first: Stand = MIDDLE, last: Stand = MIDDLE, track: int = 0
) -> Track:
    key = Key(camera, 1, track or round(begins * 1000), BEGAN + timedelta(seconds=begins))
    return Track(key, begins, ends, first, last)


def joins(tracks: Sequence[Track], *passages: Passage, after: float = -1.0) -> list[int | None]:
    return [None if each is None else each.index for each in predecessors(tracks, passages, {}, after)]


@pytest.mark.parametrize("cameras", [(A, B), (B, A)])
def test_a_way_is_walked_in_either_direction_no_faster_and_no_slower_than_people_walk(
    cameras: tuple[uuid.UUID, uuid.UUID],
) -> None:
    def after(gap: float, *passages: Passage) -> list[int | None]:
        return joins([make_track(cameras[0], 0, 10), make_track(cameras[1], 10 + gap, 30)], *passages)

    assert after(5.5, WAY) == [None, 0]
    assert after(6.0 / FASTEST_M_PER_S - 0.1, WAY) == [None, None]
    assert after(6.0 / SLOWEST_M_PER_S + LINGER_S + 0.1, WAY) == [None, None]
    assert after(5.5) == [None, None]
    assert after(5.5, Passage(A, C, 6.0)) == [None, None]
    assert after(-2.0, WAY) == [None, None]
    assert after(-2.0, Passage(A, B, 0.0)) == [None, 0]  # the pictures overlap


def test_who_leaves_elsewhere_does_not_take_the_way() -> None:
    way = Passage(A, B, 6.0, RIGHT_HALF, LEFT_HALF)
    taken = [make_track(A, 0, 10, last=RIGHT), make_track(B, 16, 30, first=LEFT)]
    assert joins(taken, way) == [None, 0]
    assert joins([replace(taken[0], last=LEFT), taken[1]], way) == [None, None]
    assert joins([taken[0], replace(taken[1], first=RIGHT)], way) == [None, None]


def test_joins_are_chosen_together_and_doubt_is_told() -> None:
    """Taken one after the other, the first to come would get whoever left nearest to the usual time; the second nobody."""
    left = [make_track(A, 0, 10), make_track(A, 1, 13)]
    came = [make_track(B, 18.5, 30), make_track(B, 22, 30)]
    found = predecessors([*left, *came], [WAY], {}, -1.0)
    assert [each and each.index for each in found] == [None, None, 0, 1]
    assert all(each.rivals > 0 for each in found if each is not None)
    alone = predecessors([left[0], came[0]], [WAY], {}, -1.0)
    assert alone == [None, Before(0, 0)]


def test_a_track_that_breaks_off_goes_on_nearby() -> None:
    ended = make_track(A, 0, 10)
    assert joins([ended, make_track(A, 12, 20, first=Stand(0.55, 0.8, 0.4))]) == [None, 0]
    assert joins([ended, make_track(A, 11, 20, first=Stand(0.05, 0.8, 0.1))]) == [None, None]
    assert joins([ended, make_track(A, 40, 50)]) == [None, None]
    # The same shares of the picture are 20 m on this floor.
    floor = ground_of([(0.1, 0.9), (0.9, 0.9), (0.9, 0.1), (0.1, 0.1)], 100.0, 100.0)
    near = [ended, make_track(A, 12, 20, first=Stand(0.66, 0.8, 0.4))]
    assert joins(near) == [None, 0]
    assert predecessors(near, [], {A: floor}, -1.0) == [None, None]


def test_all_rivals_are_counted_and_not_only_those_that_may_be_chosen() -> None:
    left = [make_track(A, 0, 10 + number / 100, track=number + 1) for number in range(12)]
    found = predecessors([*left, make_track(B, 15.5, 30)], [WAY], {}, -1.0)[-1]
    assert found is not None
    assert found.rivals == 11


@pytest.mark.parametrize("after", [-1.0, 850.0])
def test_pieces_of_one_track_follow_each_other_whoever_else_would_fit_better(after: float) -> None:
    piece = make_track(A, 0, 600, track=7)
    next_piece = make_track(A, 600.2, 840, first=Stand(0.6, 0.8, 0.4), track=7)  # moved on by a step
    newcomer = make_track(A, 600.3, 900, track=8)  # where the first piece ended
    found = predecessors([next_piece, newcomer, piece], [WAY], {}, after)
    assert found == [Before(2, 0) if after < 0 else None, None, None]
    other = make_track(B, 605.5, 900)
    assert joins([piece, next_piece, other], WAY, after=after) == [None, 0 if after < 0 else None, None]


def test_what_is_decided_is_joined_to_nothing_before_it_and_may_still_be_followed() -> None:
    tracks = [make_track(A, 0, 10), make_track(B, 15.5, 30), make_track(A, 35.5, 50)]
    assert joins(tracks, WAY) == [None, 0, 1]
    assert joins(tracks, WAY, after=30.0) == [None, None, 1]
    assert joins([], WAY) == []


def test_other_figures_are_another_version_so_that_acceptance_tests_of_these_lapse() -> None:
    figures = {name: value for name, value in vars(linking).items() if name.isupper() and isinstance(value, int | float)}
    assert {"UNDECIDED_S", "WINDOW_S"} <= set(figures)
    figures["LONGEST_VISIT_S"] = LONGEST_VISIT_S
    mark = hashlib.sha256(repr(sorted(figures.items())).encode()).hexdigest()[:8]
    assert (JOINING, mark) == ("visit joining 2", "55783ab3"), "raise JOINING, then write both here"
    assert models_in_use()[Switch.RE_IDENTIFICATION] == JOINING


TRACKS = st.lists(st.tuples(st.sampled_from([A, B, C]), st.floats(0, 120), st.floats(0.5, 40)), max_size=30)


@settings(max_examples=40, deadline=None)
@given(TRACKS)
def test_every_track_has_one_before_and_one_after_it_at_most(drawn: list[tuple[uuid.UUID, float, float]]) -> None:
    tracks = [make_track(camera, begins, begins + lasts, track=n + 1) for n, (camera, begins, lasts) in enumerate(drawn)]
    ways = [WAY, Passage(B, C, 0.0), Passage(A, C, 20.0)]
    found = predecessors(tracks, ways, {}, 40.0)
    earlier = [each.index for each in found if each is not None]
    assert len(set(earlier)) == len(earlier)
    for track, before in zip(tracks, found, strict=True):
        assert before is None or (
            tracks[before.index].started_s < track.started_s and track.ended_s > 40.0 and before.rivals >= 0
        )
    total = sum(each is not None for each in predecessors(tracks[::-1], ways, {}, 40.0))
    assert total == len(earlier)
