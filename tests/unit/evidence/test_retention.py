"""Rule 18: as the clock moves, everything due goes and nothing else; holds and open cases stay whatever the rules say."""

import uuid
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from app.evidence.retention import DAYS, Held, RetentionClass, Rule, due, rule_for

START = datetime(2026, 1, 1, tzinfo=UTC)
STORES = [uuid.UUID(int=1), uuid.UUID(int=2)]
DAY = timedelta(days=1)
days = st.integers(0, 400).map(lambda number: START + number * DAY)
pieces = st.lists(
    st.builds(
        Held,
        id=st.uuids(),
        store_id=st.sampled_from(STORES),
        is_playback=st.booleans(),
        size=st.integers(1, 1000),
        stored_at=days,
        held=st.booleans(),
        open_cases=st.integers(0, 1),
        closed_at=st.none() | days,
        asked=st.booleans(),
    ),
    max_size=12,
    unique_by=lambda piece: piece.id,
)
rules = st.lists(
    st.builds(
        Rule,
        store_id=st.none() | st.sampled_from(STORES),
        kind=st.sampled_from(list(RetentionClass)),
        days=st.integers(1, 200),
        most_bytes=st.none() | st.integers(1, 3000),
    ),
    max_size=4,
    unique_by=lambda rule: (rule.store_id, rule.kind),
)


@settings(max_examples=150, deadline=None)
@given(pieces, rules, st.lists(st.integers(0, 60), min_size=1, max_size=8))
def test_rule_18_as_the_clock_moves_what_is_due_goes_and_nothing_else(
    there: list[Held], known: list[Rule], steps: list[int]
) -> None:
    at, left, gone = START, list(there), set()
    for step in steps:
        at += step * DAY
        for each in (found := due(left, known, at)):
            piece = next(piece for piece in left if piece.id == each.id)
            assert not piece.held
            assert not piece.open_cases
            rule = rule_for(known, piece.store_id, piece.kind)
            aged = at >= max(piece.stored_at, piece.closed_at or piece.stored_at) + rule.days * DAY
            assert aged or piece.asked or rule.most_bytes is not None, "neither its time nor its store's budget was over"
            assert each.id not in gone
        gone |= {each.id for each in found}
        left = [piece for piece in left if piece.id not in gone]
        assert due(left, known, at) == [], "a second run at the same time deletes nothing more"
        for piece in left:
            rule = rule_for(known, piece.store_id, piece.kind)
            began = max(piece.stored_at, piece.closed_at or piece.stored_at)
            assert not piece.is_free or (at < began + rule.days * DAY and not piece.asked)
            if rule.most_bytes is not None and piece.is_free:
                same = [each for each in left if (each.store_id, each.kind) == (piece.store_id, piece.kind)]
                assert sum(each.size for each in same) <= rule.most_bytes


def test_rule_18_a_stores_rule_stands_before_its_chains_and_that_before_the_default() -> None:
    chain, store = Rule(None, RetentionClass.ALERT, 20), Rule(STORES[0], RetentionClass.ALERT, 5)
    assert [rule_for([chain, store], each, RetentionClass.ALERT).days for each in STORES] == [5, 20]
    assert rule_for([chain], STORES[0], RetentionClass.PLAYBACK).days == DAYS[RetentionClass.PLAYBACK]


def test_rule_18_the_oldest_go_first_where_a_budget_is_full_and_what_is_held_counts() -> None:
    def piece(number: int, **more: bool) -> Held:
        return Held(uuid.UUID(int=number), STORES[0], False, 100, START + number * DAY, more.get("held", False), 0, None)

    budget = [Rule(None, RetentionClass.ALERT, 3000, 250)]
    there = [piece(1, held=True), piece(2), piece(3), piece(4)]
    assert [each.id.int for each in due(there, budget, START + 5 * DAY)] == [2, 3]
