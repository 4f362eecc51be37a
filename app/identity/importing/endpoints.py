"""`/api/v1/watchlists/{id}/rows`: reads a CSV file of people for whoever imports in the browser. Nothing is stored here."""

import asyncio
import hashlib
import uuid
from typing import Annotated, Any

from fastapi import Request
from pydantic import BaseModel, Field

from app.audit.models import unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.identity import settings_repository
from app.identity.importing.rows import Refused, RowIn, demand_row, read_rows
from app.identity.lists import repository as lists
from app.identity.models import IdentitySettings
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import BadInputError, ConflictError
from app.kit.postgres import tenant_transaction
from app.tenancy.sharing.models import Category

router = guarded_router("watchlists")
Writes = Annotated[Access, require(Permission.ENROLMENTS_WRITE)]
LARGEST_FILE = 4 << 20
CSV_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}}
WHY = "Reads a file of the caller's own and stores nothing; each look at a picture and each entry leaves a row."


class ImportRowOut(BaseModel):
    """A row that may be proposed once its picture passes.

    Attributes:
        fields: of `POST /persons/{id}/enrolments`, without the picture.
        key: of this row on this list, for an Idempotency-Key: a second import enrols nobody twice.
    """

    line: int
    picture: str
    name: str
    override_reason: str
    fields: dict[str, str]
    key: str


class RefusedRowOut(BaseModel):
    """A row that is not enrolled, and why. It names nobody."""

    line: int
    picture: str
    why: str


class ImportRowsOut(BaseModel):
    """A file, row by row."""

    rows: list[ImportRowOut] = Field(description="In the file's order.")
    refused: list[RefusedRowOut]


@router.post("/watchlists/{watchlist_id}/rows", openapi_extra=CSV_BODY | unaudited(WHY), max_body_size=LARGEST_FILE)
async def read_import(request: Request, access: Writes, watchlist_id: uuid.UUID) -> ImportRowsOut:
    """What each row of a CSV file (the body, UTF-8) says, and what is wrong with it."""
    try:
        text = (await request.body()).decode()
    except UnicodeDecodeError as error:
        raise BadInputError('The file is no UTF-8 text. Save it from your spreadsheet as "CSV UTF-8".') from error
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        listed = await lists.get_list(connection, watchlist_id)
        settings = await settings_repository.get_settings(connection)
    if listed.retired_at is not None:
        raise ConflictError("This list was retired.")
    # Thousands of rows take a second, which everybody else would wait for.
    return await asyncio.to_thread(_read, text, settings, listed.category, watchlist_id)


def _read(text: str, settings: IdentitySettings, category: Category, watchlist_id: uuid.UUID) -> ImportRowsOut:
    found = ImportRowsOut(rows=[], refused=[])
    for each in read_rows(text):
        judged = each if isinstance(each, Refused) else _judged(*each, settings, category, watchlist_id)
        if isinstance(judged, Refused):
            found.refused.append(RefusedRowOut.model_validate(judged, from_attributes=True))
        else:
            found.rows.append(judged)
    return found


def _judged(
    line: int, row: RowIn, settings: IdentitySettings, category: Category, watchlist_id: uuid.UUID
) -> ImportRowOut | Refused:
    try:
        demand_row(row, settings, category, now())
    except BadInputError as error:
        return Refused(line, row.picture, error.detail)
    key = hashlib.sha256(f"{watchlist_id} {row.model_dump_json()}".encode()).hexdigest()[:32]
    fields = row.form(category) | {"watchlist_id": str(watchlist_id)}
    return ImportRowOut(
        line=line, picture=row.picture, name=row.name, override_reason=row.override_reason, fields=fields, key=key
    )
