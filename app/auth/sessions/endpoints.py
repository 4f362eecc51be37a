"""`/api/v1/auth/sessions`: where one is signed in, and how to end it; `/api/v1/users/{id}/sessions` for administrators."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Request
from pydantic import BaseModel

from app.audit import repository as audit
from app.audit.models import OWN, STAFF_SHOWN, Act, AuditEntry, audited, unaudited
from app.auth.access import SelfAccess, guarded_router, identifier_of, require
from app.auth.account.repository import demand_user
from app.auth.account.service import scope_of
from app.auth.models import Access, Principal
from app.auth.permissions import Permission
from app.auth.sessions import repository
from app.auth.sessions.models import ListedSession
from app.auth.tokens import IDLE_LIFE
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import NotFoundError
from app.kit.pages import Cursor, Limit, Page, cut, decode_cursor
from app.kit.postgres import TenantConnection, tenant_transaction

router = guarded_router("auth")

EndsSessions = Annotated[Access, require(Permission.SESSIONS_END)]


class LoginSessionOut(BaseModel):
    """One place where the person is signed in."""

    id: uuid.UUID
    current: bool
    method: Literal["password", "oidc"]
    second_factor: bool
    device: str
    address: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


@router.get("/auth/sessions", openapi_extra=unaudited(OWN))
async def list_sessions(request: Request, access: SelfAccess, cursor: Cursor = None, limit: Limit = 100) -> Page[LoginSessionOut]:
    """Where you are signed in, newest first."""
    async with tenant_transaction(backends(request).postgres, scope_of(access.principal)) as connection:
        return await _page(connection, access.principal.id, access.principal.session_id, cursor, limit)


@router.delete("/auth/sessions", status_code=204, openapi_extra=audited(Act.SESSIONS_ENDED))
async def end_other_sessions(request: Request, access: SelfAccess) -> None:
    """End every session of yours but this one."""
    who = access.principal
    async with tenant_transaction(backends(request).postgres, scope_of(who)) as connection:
        ended = await repository.end_all(connection, who.id, who.session_id, now())
        await _audit(connection, who, Act.SESSIONS_ENDED, who.id, ended)
    identifier_of(request).forget_user(who.id)


@router.delete("/auth/sessions/{session_id}", status_code=204, openapi_extra=audited(Act.SESSION_ENDED))
async def end_session(request: Request, access: SelfAccess, session_id: uuid.UUID) -> None:
    """End one session of yours."""
    who = access.principal
    async with tenant_transaction(backends(request).postgres, scope_of(who)) as connection:
        if not await repository.end(connection, session_id, who.id, now()):
            raise NotFoundError("There is no such session, or it has ended.")
        entry = AuditEntry(Act.SESSION_ENDED, who.kind, who.id, who.chain_id, None, "session", session_id)
        await audit.append(connection, entry)
    identifier_of(request).forget(session_id)


@router.get("/users/{user_id}/sessions", openapi_extra=unaudited(STAFF_SHOWN))
async def list_sessions_of(
    request: Request, access: EndsSessions, user_id: uuid.UUID, cursor: Cursor = None, limit: Limit = 100
) -> Page[LoginSessionOut]:
    """Where somebody is signed in, newest first."""
    async with tenant_transaction(backends(request).postgres, access.whole_chain) as connection:
        await demand_user(connection, user_id)
        return await _page(connection, user_id, access.principal.session_id, cursor, limit)


@router.delete("/users/{user_id}/sessions", status_code=204, openapi_extra=audited(Act.SESSIONS_ENDED))
async def end_sessions_of(request: Request, access: EndsSessions, user_id: uuid.UUID) -> None:
    """End every session of somebody; their open pages stop within seconds."""
    async with tenant_transaction(backends(request).postgres, access.whole_chain) as connection:
        await demand_user(connection, user_id)
        ended = await repository.end_all(connection, user_id, None, now())
        await _audit(connection, access.principal, Act.SESSIONS_ENDED, user_id, ended)
    identifier_of(request).forget_user(user_id)


async def _page(
    connection: TenantConnection, user_id: uuid.UUID, current: uuid.UUID | None, cursor: str | None, limit: int
) -> Page[LoginSessionOut]:
    found = await repository.listed(connection, user_id, now() - IDLE_LIFE, decode_cursor(cursor), limit)
    shown, following = cut(found, limit, lambda each: (each.created_at, each.id))
    return Page(items=[_out(each, current) for each in shown], next=following)


def _out(session: ListedSession, current: uuid.UUID | None) -> LoginSessionOut:
    return LoginSessionOut(
        id=session.id,
        current=session.id == current,
        method=session.method.value,
        second_factor=session.second_factor,
        device=session.device,
        address=session.address,
        created_at=session.created_at,
        last_used_at=session.last_used_at,
        expires_at=session.expires_at,
    )


async def _audit(connection: TenantConnection, who: Principal, act: Act, user_id: uuid.UUID, ended: int) -> None:
    details = {"sessions_ended": ended}
    await audit.append(connection, AuditEntry(act, who.kind, who.id, who.chain_id, None, "user", user_id, details))
