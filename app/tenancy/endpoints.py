"""`/api/v1/stores`."""

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Request
from pydantic import BaseModel

from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.kit.backends import backends
from app.kit.pages import Cursor, Limit, Page, cut, decode_cursor
from app.kit.postgres import tenant_transaction
from app.tenancy import repository

router = guarded_router("stores")


class StoreOut(BaseModel):
    """One shop."""

    id: uuid.UUID
    name: str
    timezone: str
    created_at: datetime


@router.get("/stores")
async def list_stores(
    request: Request,
    access: Annotated[Access, require(Permission.STORES_READ)],
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[StoreOut]:
    """The stores the caller may see."""
    after = decode_cursor(cursor)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        stores = await repository.list_stores(connection, after, limit)
    shown, following = cut(stores, limit, lambda store: (store.created_at, store.id))
    items = [StoreOut(id=s.id, name=s.name, timezone=s.timezone, created_at=s.created_at) for s in shown]
    return Page(items=items, next=following)
