"""The chain as a pure thing: what each kind of tampering looks like, and that no two rows have the same bytes."""

import uuid
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audit.sealed import GENESIS, SealedRow, Walk, canonical, explain, hash_of

CHAIN = uuid.UUID(int=5)


def make_row(sequence: int, previous: bytes, **changes: object) -> SealedRow:
    row = SealedRow(
        sequence, uuid.UUID(int=1000 + sequence), CHAIN, None, "user", uuid.UUID(int=9), "log-in", "", None, "{}",
        sequence * 1000, sequence * 1000 + 5, previous, b"",
    )._replace(**changes)  # type: ignore[arg-type]  # fmt: skip
    return row._replace(hash=hash_of(row, previous))


def make_chain(length: int = 6) -> list[SealedRow]:
    rows, previous = [], GENESIS
    for sequence in range(1, length + 1):
        rows.append(make_row(sequence, previous))
        previous = rows[-1].hash
    return rows


def verdict(rows: list[SealedRow], anchors: dict[int, bytes] | None = None) -> tuple[str, int] | None:
    walk = Walk(anchors or {})
    for index, row in enumerate(rows):
        if not walk.take(row):
            claimed = next((each.sequence for each in rows if each.hash == row.previous_hash), None)
            found = explain(walk, row, rows[index + 1] if index + 1 < len(rows) else None, claimed)
            return found.kind, found.sequence
    end = walk.end()
    return None if end is None else (end.kind, end.sequence)


def changed(rows: list[SealedRow]) -> list[SealedRow]:
    return [row._replace(act="log-out") if row.sequence == 3 else row for row in rows]


def removed(rows: list[SealedRow]) -> list[SealedRow]:
    return [row for row in rows if row.sequence != 3]


def inserted(rows: list[SealedRow]) -> list[SealedRow]:
    new = make_row(3, b"\1" * 32)
    return [*rows[:2], new, *(row._replace(sequence=row.sequence + 1) for row in rows[2:])]


def inserted_with_care(rows: list[SealedRow]) -> list[SealedRow]:
    new = make_row(3, rows[1].hash, act="log-out")
    return [*rows[:2], new, *(row._replace(sequence=row.sequence + 1) for row in rows[2:])]


def swapped(rows: list[SealedRow]) -> list[SealedRow]:
    return [*rows[:2], rows[3]._replace(sequence=3), rows[2]._replace(sequence=4), *rows[4:]]


@pytest.mark.parametrize(
    ("tamper", "kind"),
    [
        (changed, "changed"),
        (removed, "removed"),
        (inserted, "inserted"),
        (inserted_with_care, "inserted"),
        (swapped, "reordered"),
    ],
)
def test_each_kind_of_tampering_is_named_with_its_row(
    tamper: Callable[[list[SealedRow]], list[SealedRow]], kind: str
) -> None:  # fmt: skip
    assert verdict(make_chain()) is None
    assert verdict(tamper(make_chain())) == (kind, 3)


def test_what_the_chain_cannot_see_the_anchor_does() -> None:
    rows = make_chain()
    anchors = {2: rows[1].hash, 6: rows[5].hash}
    assert verdict(rows, anchors) is None
    assert verdict(rows[:4]) is None
    assert verdict(rows[:4], anchors) == ("truncated", 5)
    assert verdict([], anchors) == ("truncated", 1)
    forged, previous = [], GENESIS
    for sequence in range(1, 7):
        forged.append(make_row(sequence, previous, actor_id=None))
        previous = forged[-1].hash
    assert verdict(forged) is None
    assert verdict(forged, anchors) == ("rewritten", 2)


@given(st.data())
def test_a_change_of_any_column_changes_the_bytes(data: st.DataObject) -> None:
    row = make_chain(1)[0]
    text, number, identifier = st.text(max_size=5), st.integers(0, 9), st.none() | st.uuids()
    kinds = {"act": text, "details": text, "actor_kind": text, "subject_kind": text, "at_us": number, "sequence": number}
    kinds |= {"chain_id": identifier, "store_id": identifier, "actor_id": identifier, "subject_id": identifier}
    names = sorted(kinds)
    one = row._replace(**{name: data.draw(kinds[name]) for name in names})
    two = row._replace(**{name: data.draw(kinds[name]) for name in names})
    assert (canonical(one, GENESIS) == canonical(two, GENESIS)) == (one == two)
