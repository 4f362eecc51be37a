"""Cursors of pages."""

import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.clock import from_us
from app.kit.errors import BadInputError
from app.kit.pages import cut, decode_cursor, encode_cursor

TIMES = st.integers(0, 2**52).map(from_us)


@given(TIMES, st.uuids())
def test_a_cursor_is_read_as_it_was_written(at: datetime, row_id: uuid.UUID) -> None:
    assert decode_cursor(encode_cursor(at, row_id)) == (at, row_id)


@pytest.mark.parametrize("cursor", ["x", "!", "a" * 32, "_" * 32, "AAAA"])
def test_other_text_is_refused(cursor: str) -> None:
    with pytest.raises(BadInputError):
        decode_cursor(cursor)


def test_the_next_page_begins_after_the_last_shown_row() -> None:
    rows = [(datetime(2026, 1, day, tzinfo=UTC), uuid.UUID(int=day)) for day in (1, 2, 3)]
    shown, following = cut(rows, 2, lambda row: row)
    assert (shown, decode_cursor(following)) == (rows[:2], rows[1])
    assert cut(rows, 3, lambda row: row) == (rows, None)
