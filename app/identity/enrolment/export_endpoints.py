"""`/api/v1/watchlists/{id}/export`: who is on a list, in the columns of an import. No picture and no template leaves."""

import uuid
from typing import Annotated, Any

from fastapi import Request
from pydantic import BaseModel

from app.audit.models import Act, audited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.identity.enrolment import repository
from app.identity.enrolment.person_endpoints import note
from app.identity.enrolment.schemas import enrolment_out
from app.identity.importing.rows import COLUMNS, MOST_ROWS
from app.identity.lists import repository as lists
from app.kit.backends import backends
from app.kit.errors import BadInputError, ForbiddenError
from app.kit.postgres import tenant_transaction

router = guarded_router("enrolments")
Writes = Annotated[Access, require(Permission.WATCHLISTS_WRITE)]
LEADING = ("id", "state")
"""Columns before those of an import, which an import does not take."""


class WatchlistExportOut(BaseModel):
    """A list's entries: `columns` in their order, and a row each."""

    columns: list[str]
    rows: list[dict[str, Any]]


@router.get("/watchlists/{watchlist_id}/export", openapi_extra=audited(Act.WATCHLIST_EXPORTED))
async def export_watchlist(request: Request, access: Writes, watchlist_id: uuid.UUID) -> WatchlistExportOut:
    """Entries that have not ended, with every ground, for a list at home in scope; `picture` stays empty."""
    columns = [*LEADING, *COLUMNS]
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        listed = await lists.get_list(connection, watchlist_id)
        stores = access.scope.store_ids
        if stores is not None and listed.store_id not in stores:
            raise ForbiddenError("A list is exported by its home store.")
        states = ["draft", "proposed", "approved"]
        found = await repository.list_enrolments(connection, watchlist_id=watchlist_id, states=states, limit=MOST_ROWS)
        if len(found) > MOST_ROWS:
            raise BadInputError(f"The list has more than {MOST_ROWS:,} entries; ask for them by pages at /enrolments.")
        names = await repository.names_of(connection, {each.person_id for each in found})
        await note(
            connection, access, Act.WATCHLIST_EXPORTED, listed.store_id, "watchlist", watchlist_id, {"entries": len(found)}
        )
    rows = []
    for each in found:
        said = enrolment_out(each).model_dump(mode="json") | {"name": names.get(each.person_id, ""), "picture": ""}
        rows.append({name: said[name] for name in columns})
    return WatchlistExportOut(columns=columns, rows=rows)
