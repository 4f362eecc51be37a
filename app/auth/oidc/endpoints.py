"""`/api/v1/auth/oidc`: sign in by the operator's provider, and say which group has which role."""

import uuid
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from app.audit import repository as audit
from app.audit.models import NO_STORE_DATA, SETTINGS_SHOWN, Act, AuditEntry, audited, unaudited
from app.auth.access import REFUSALS, BoundedRoute, guarded_router, identifier_of, require
from app.auth.endpoints import NO_STORE, cookie_name, is_https, keep_refresh_token, place_of
from app.auth.models import Access, Principal
from app.auth.oidc import repository
from app.auth.oidc.models import Granted, GroupMapping, OidcRefusedError
from app.auth.oidc.service import OidcService
from app.auth.permissions import Permission, Role
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import BadInputError, ConflictError, NotFoundError
from app.kit.pages import Page
from app.kit.postgres import TenantConnection, tenant_transaction

COOKIE = "pp_oidc"
PATH = "/api/v1/auth/oidc"
LOGIN_PAGE = "/login"
MOST_MAPPINGS = 500

open_router = APIRouter(prefix=PATH, tags=["auth"], responses=REFUSALS, route_class=BoundedRoute)
"""Reachable without a token: the way in."""
router = guarded_router("auth")

Parameter = Annotated[str, Query(max_length=4096)]


class ProviderOut(BaseModel):
    """Whether people can sign in by a provider, and what it is called."""

    enabled: bool
    name: str


class MappingIn(BaseModel):
    """Members of this group have this role: in one store, in a region, or (both null) in the whole chain."""

    group_name: str = Field(min_length=1, max_length=200)
    role: Role
    store_id: uuid.UUID | None = None
    region_id: uuid.UUID | None = None


class MappingOut(BaseModel):
    """A group and the role that comes with it."""

    id: uuid.UUID
    group_name: str
    role: str
    store_id: uuid.UUID | None
    region_id: uuid.UUID | None
    created_at: datetime


class ProviderDetailsOut(BaseModel):
    """What the operator set up; it is changed where the service runs, not here."""

    enabled: bool
    name: str
    issuer: str
    client_id: str
    groups_claim: str
    redirect_uri: str


def service_of(request: Request) -> OidcService | None:
    """The application's sign-in by a provider; None where the operator set none up."""
    found = request.app.state.oidc
    assert found is None or isinstance(found, OidcService)  # noqa: S101 - set once by main
    return found


@open_router.get("", openapi_extra=unaudited(NO_STORE_DATA))
async def provider(request: Request) -> ProviderOut:
    """What the log-in page needs to know."""
    service = service_of(request)
    return ProviderOut(enabled=service is not None, name="" if service is None else service.provider.settings.name)


@open_router.get(
    "/start",
    response_class=RedirectResponse,
    status_code=303,
    openapi_extra=unaudited("Nobody has come in yet; the way back is a log-in, or a refusal, and leaves its row."),
)
async def start(request: Request, following: Annotated[str, Query(alias="next", max_length=500)] = "") -> Response:
    """To the provider; a browser comes back to `callback`."""
    try:
        service = _demand(request)
        address, kept = await service.begin(_redirect_uri(request), _own_path(following))
    except OidcRefusedError as error:
        return _refused(request, error)
    response = RedirectResponse(address, 303, NO_STORE)
    name = cookie_name(request, COOKIE)
    response.set_cookie(name, kept, max_age=600, path=PATH, httponly=True, samesite="lax", secure=is_https(request))
    return response


@open_router.get("/callback", response_class=RedirectResponse, status_code=303, openapi_extra=audited(Act.LOG_IN))
async def callback(
    request: Request,
    state: Parameter = "",
    code: Parameter = "",
    iss: Parameter = "",
    error: Parameter = "",
) -> Response:
    """The provider's answer: signs in and leads to the dashboard. Refusals are problems, or the log-in page for a browser."""
    try:
        service = _demand(request)
        answer = {"state": state, "code": code, "iss": iss, "error": error}
        issued, following, user_id = await service.finish(
            answer, request.cookies.get(cookie_name(request, COOKIE), ""), place_of(request), now()
        )
    except OidcRefusedError as refused:
        return _refused(request, refused)
    identifier_of(request).forget_user(user_id)
    response = RedirectResponse(f"{LOGIN_PAGE}?{urlencode({'signed-in': 'yes', 'next': following})}", 303, NO_STORE)
    keep_refresh_token(request, response, issued)
    _forget_flow(request, response)
    return response


@router.get("/auth/oidc/provider", openapi_extra=unaudited(SETTINGS_SHOWN))
async def provider_details(request: Request, access: Annotated[Access, require(Permission.SIGN_IN_READ)]) -> ProviderDetailsOut:
    """What the operator set up."""
    service = service_of(request)
    mine = None if service is None else service.provider.settings
    return ProviderDetailsOut(
        enabled=mine is not None,
        name=mine.name if mine else "",
        issuer=mine.issuer if mine else "",
        client_id=mine.client_id if mine else "",
        groups_claim=mine.groups_claim if mine else "",
        redirect_uri=_redirect_uri(request),
    )


@router.get("/auth/oidc/mappings", openapi_extra=unaudited(SETTINGS_SHOWN))
async def list_mappings(request: Request, access: Annotated[Access, require(Permission.SIGN_IN_READ)]) -> Page[MappingOut]:
    """Every mapping, oldest first; a chain has at most 500, so there is one page."""
    async with tenant_transaction(backends(request).postgres, access.whole_chain) as connection:
        found = await repository.mappings(connection)
    return Page(items=[_out(each) for each in found], next=None)


@router.post("/auth/oidc/mappings", status_code=201, openapi_extra=audited(Act.OIDC_MAPPING_CREATED))
async def add_mapping(
    request: Request, access: Annotated[Access, require(Permission.SIGN_IN_WRITE)], asked: MappingIn
) -> MappingOut:
    """Map a group, from each next log-in on. A mapping that exists is answered as it is, so asking twice creates once."""
    scope = access.whole_chain
    if asked.store_id is not None and asked.region_id is not None:
        raise BadInputError("A mapping is for a store or for a region, not for both.")
    granted = (asked.role.value, asked.store_id, asked.region_id)
    async with tenant_transaction(backends(request).postgres, scope) as connection:
        if len(await repository.mappings(connection)) >= MOST_MAPPINGS:
            raise ConflictError(f"A chain has at most {MOST_MAPPINGS} group mappings; remove one first.")
        made = await repository.put_mapping(connection, scope.chain_id, asked.group_name, granted)
        if made is None:
            raise NotFoundError("There is no such store or region.")
        if made[1]:
            await _audit(connection, access.principal, Act.OIDC_MAPPING_CREATED, made[0].id, granted)
    return _out(made[0])


@router.delete("/auth/oidc/mappings/{mapping_id}", status_code=204, openapi_extra=audited(Act.OIDC_MAPPING_REMOVED))
async def remove_mapping(
    request: Request, access: Annotated[Access, require(Permission.SIGN_IN_WRITE)], mapping_id: uuid.UUID
) -> None:
    """Forget a mapping. Its roles are taken away at each person's next log-in, after twelve hours at the latest."""
    async with tenant_transaction(backends(request).postgres, access.whole_chain) as connection:
        granted = await repository.remove_mapping(connection, mapping_id)
        if granted is None:
            raise NotFoundError("There is no such mapping.")
        await _audit(connection, access.principal, Act.OIDC_MAPPING_REMOVED, mapping_id, granted)


def _demand(request: Request) -> OidcService:
    service = service_of(request)
    if service is None:
        raise OidcRefusedError("not-set-up")
    return service


def _redirect_uri(request: Request) -> str:
    """Where the provider sends people back to. It is compared with what is registered there, so a forged Host leads nowhere."""
    base = request.app.state.public_url or str(request.base_url)
    return f"{base.rstrip('/')}{PATH}/callback"


def _own_path(following: str) -> str:
    """Only a path of this site."""
    safe = following.startswith("/") and not following.startswith(("//", "/\\")) and following.isprintable()
    return following if safe else "/"


def _refused(request: Request, error: OidcRefusedError) -> Response:
    """A person sees the log-in page with a sentence; a program gets the problem."""
    if "text/html" not in request.headers.get("accept", ""):
        raise error
    response = RedirectResponse(f"{LOGIN_PAGE}?{urlencode({'refused': error.code})}", 303, NO_STORE)
    _forget_flow(request, response)
    return response


def _forget_flow(request: Request, response: Response) -> None:
    response.delete_cookie(cookie_name(request, COOKIE), path=PATH, httponly=True, samesite="lax", secure=is_https(request))


def _out(mapping: GroupMapping) -> MappingOut:
    return MappingOut(
        id=mapping.id,
        group_name=mapping.group_name,
        role=mapping.role,
        store_id=mapping.store_id,
        region_id=mapping.region_id,
        created_at=mapping.created_at,
    )


async def _audit(connection: TenantConnection, who: Principal, act: Act, mapping_id: uuid.UUID, granted: Granted) -> None:
    """The group's name stays out: groups are at times named after people."""
    role, store_id, region_id = granted
    details = {"role": role} | ({} if region_id is None else {"region_id": str(region_id)})
    entry = AuditEntry(act, who.kind, who.id, who.chain_id, store_id, "oidc-mapping", mapping_id, details)
    await audit.append(connection, entry)
