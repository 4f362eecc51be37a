"""Anonymous ids of visits, from one look to the next."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count

from app.visits.models import LONGEST_VISIT_S, Before, Track
from app.visits.visits import Changes, changes
from tests.unit.visits.test_linking import A, make_track

VISIT, OTHER = uuid.UUID(int=77), uuid.UUID(int=78)


def fresh() -> Iterator[uuid.UUID]:
    return (uuid.UUID(int=1000 + number) for number in count())


def change(tracks: Sequence[Track], before: Sequence[int | None], decided: Sequence[bool] = ()) -> Changes:
    ids = fresh()
    joined = [None if each is None else Before(each, 2) for each in before]
    return changes(tracks, joined, list(decided) or [False] * len(tracks), lambda: next(ids))


def test_tracks_that_are_joined_get_one_fresh_id_and_keep_it() -> None:
    tracks = [make_track(A, number, number + 0.5) for number in range(3)]
    first = uuid.UUID(int=1000)
    done = change(tracks, [None, 0, None])
    assert done == Changes(((0, first, 0), (1, first, 2)), ())
    again = [replace(tracks[0], visit_id=first), replace(tracks[1], visit_id=first), tracks[2]]
    assert change(again, [None, 0, 1]).put == ((1, first, 2), (2, first, 2))
    again[1] = replace(again[1], rivals=2)
    assert change(again[:2], [None, 0]) == Changes((), ())  # nothing new


def test_one_track_alone_is_no_visit_and_leaves_one_when_its_join_is_taken_back() -> None:
    tracks = [make_track(A, 0, 1), replace(make_track(A, 2, 3), visit_id=VISIT)]
    assert change(tracks, [None, None]) == Changes((), (1,))
    assert change(tracks, [None, None], [True, True]) == Changes((), ())


def test_what_was_decided_keeps_its_visit_and_no_two_people_share_one() -> None:
    """An undecided track that carried the visit of another person's decided tracks gets another id when it leaves them."""
    old = replace(make_track(A, 0, 1), visit_id=VISIT)
    stray = replace(make_track(A, 2, 3), visit_id=VISIT)
    late = make_track(A, 5, 6)
    done = change([stray, old, late], [None, None, 0], [False, True, False])
    assert done.put == ((0, uuid.UUID(int=1000), 0), (2, uuid.UUID(int=1000), 2))
    done = change([old, stray, late], [None, None, 0], [True, False, False])
    assert done == Changes(((2, VISIT, 2),), (1,))


def test_a_visit_met_by_another_takes_the_id_of_its_earlier_track() -> None:
    tracks = [replace(make_track(A, n, n + 0.5), visit_id=each) for n, each in enumerate((VISIT, VISIT, OTHER, OTHER))]
    done = change(tracks, [None, 0, 1, 2])
    assert {visit for _, visit, _ in done.put} == {VISIT}


def test_a_first_sighting_has_no_doubt_unless_its_join_lies_before_the_window() -> None:
    tracks = [replace(make_track(A, n, n + 0.5), visit_id=VISIT, rivals=3) for n in range(2)]
    assert change(tracks, [None, 0]).put == ((0, VISIT, 0), (1, VISIT, 2))
    assert change(tracks, [None, 0], [True, False]).put == ((1, VISIT, 2),)


def test_who_is_always_there_begins_another_visit_after_some_hours() -> None:
    """Ten-minute pieces of a day, looked at one after the other as they end."""
    known: dict[int, tuple[uuid.UUID, int]] = {}
    begins = [number * 600.0 for number in range(144)]
    ids = fresh()
    for last in range(1, len(begins)):
        shown = [
            replace(
                make_track(A, begins[n], begins[n] + 599),
                visit_id=known[n][0] if n in known else None,
                rivals=known[n][1] if n in known else 0,
                visit_began_s=min(begins[m] for m in known if known[m][0] == known[n][0]) if n in known else None,
            )
            for n in (last - 1, last)
        ]
        done = changes(shown, [None, Before(0, 0)], [True, False], lambda: next(ids))
        known |= {last - 1 + place: (visit, rivals) for place, visit, rivals in done.put}
    visits: dict[uuid.UUID, list[float]] = {}
    for n, (visit, _) in known.items():
        visits.setdefault(visit, []).append(begins[n])
    assert len(known) == 144
    assert len(visits) == 6
    assert all(max(each) - min(each) <= LONGEST_VISIT_S for each in visits.values())
