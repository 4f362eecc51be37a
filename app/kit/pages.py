"""Cursor pages: `{"items": [...], "next": null}`, newest first or by id, with an opaque cursor."""

import base64
import binascii
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

from app.kit.clock import from_us, to_us
from app.kit.errors import BadInputError

T = TypeVar("T")
Row = TypeVar("Row")

LARGEST_PAGE = 500
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="Items on one page at most.")]
Cursor = Annotated[str | None, Query(max_length=200, description="`next` of the page before.")]


class Page(BaseModel, Generic[T]):
    """One page of a list; `next` is the cursor of the following one, null on the last."""

    items: list[T]
    next: str | None


def encode_cursor(at: datetime, row_id: uuid.UUID) -> str:
    """The opaque text of a position."""
    return base64.urlsafe_b64encode(to_us(at).to_bytes(8, "big") + row_id.bytes).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> tuple[datetime, uuid.UUID] | None:
    """The position in `cursor`; BadInputError when it is none of ours."""
    if not cursor:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        if len(raw) != 24:
            raise ValueError("wrong length")
        return from_us(int.from_bytes(raw[:8], "big")), uuid.UUID(bytes=raw[8:])
    except (ValueError, OverflowError, binascii.Error) as error:
        raise BadInputError("cursor is not one that a page of this list gave; start without it.") from error


def cut(rows: Sequence[Row], limit: int, place: Callable[[Row], tuple[datetime, uuid.UUID]]) -> tuple[Sequence[Row], str | None]:
    """A page from up to `limit + 1` rows: the rows to show, and the cursor of the rest."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], encode_cursor(*place(rows[limit - 1]))
