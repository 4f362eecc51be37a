"""`/api/v1/auth`: log-in, refresh, log-out, who am I, WebSocket tickets."""

import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request, Response
from pydantic import BaseModel, Field

from app.audit.models import OWN, Act, audited, unaudited
from app.auth.access import REFUSALS, BoundedRoute, SelfAccess, guarded_router
from app.auth.login import Attempt, Login
from app.auth.models import Place
from app.auth.opening import Issued
from app.auth.service import AuthService
from app.auth.tickets import give_ticket
from app.auth.tokens import ACCESS_LIFE, TICKET_S, AccessClaims
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import BadInputError, ForbiddenError, UnauthenticatedError
from app.kit.limits import client_of

COOKIE = "pp_refresh"
COOKIE_PATH = "/api/v1/auth"
LONGEST_DEVICE = 300
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}

open_router = APIRouter(prefix="/api/v1/auth", tags=["auth"], responses=REFUSALS, route_class=BoundedRoute)
"""Reachable without a token."""
router = guarded_router("auth")


class TokenOut(BaseModel):
    """RFC 6749. A browser receives the refresh token as a cookie only, so `refresh_token` is null there."""

    access_token: str
    token_type: Literal["bearer"]
    expires_in: int = Field(description="Seconds.")
    refresh_token: str | None


class MembershipOut(BaseModel):
    """A role, for one store, for a region, or (both null) for the whole chain."""

    role: str
    store_id: uuid.UUID | None
    region_id: uuid.UUID | None


class MeOut(BaseModel):
    """The signed-in user."""

    id: uuid.UUID
    username: str
    chain_id: uuid.UUID | None
    roles: list[str]
    permissions: list[str]
    memberships: list[MembershipOut]
    session_id: uuid.UUID | None
    duties: list[str] = Field(
        description="What must be done before the rest opens to this session: change-password, second-factor."
    )


class TicketOut(BaseModel):
    """Open `/ws?ticket=` with it, once, within `expires_in` seconds."""

    ticket: str
    expires_in: int


class LoginForm(BaseModel):
    """The OAuth2 forms `password` and `refresh_token`.

    Where a second factor is enrolled, the form `password` without `totp` is answered by a 401 problem with `code` "totp-required"
    and a `challenge` that is good for three minutes: send it with `totp` instead of name and password.
    """

    grant_type: Literal["password", "refresh_token"] = "password"
    username: str = Field(default="", max_length=100)
    password: str = Field(default="", max_length=1024)
    totp: str = Field(default="", max_length=40, description="Six digits of the authenticator app, or a recovery code.")
    challenge: str = Field(default="", max_length=1024)
    refresh_token: str = Field(default="", max_length=200)
    scope: str = Field(default="", max_length=200)
    client_id: str = Field(default="", max_length=200)
    client_secret: str = Field(default="", max_length=200)


def service_of(request: Request) -> AuthService:
    """The application's auth service."""
    found = request.app.state.auth
    assert isinstance(found, AuthService)  # noqa: S101 - set once by main
    return found


def login_of(request: Request) -> Login:
    """The application's log-in by password."""
    found = request.app.state.login
    assert isinstance(found, Login)  # noqa: S101 - set once by main
    return found


def place_of(request: Request) -> Place:
    """Where a request came from."""
    device = "".join(each for each in request.headers.get("user-agent", "") if each.isprintable())
    return Place(str(client_of(request) or ""), device[:LONGEST_DEVICE])


@open_router.post("/token", openapi_extra=audited(Act.LOG_IN))
async def token(request: Request, response: Response, form: Annotated[LoginForm, Form()]) -> TokenOut:
    """Sign in by password, or get the next access token by the refresh token (form field or cookie)."""
    if form.grant_type == "password":
        if not (form.challenge and form.totp) and not (form.username and form.password):
            raise BadInputError("username and password must not be empty.")
        attempt = Attempt(form.username, form.password, form.challenge, form.totp)
        issued = await login_of(request).log_in(attempt, place_of(request), now())
    else:
        service = service_of(request)
        presented = form.refresh_token or request.cookies.get(cookie_name(request, COOKIE))
        if not presented:
            raise UnauthenticatedError("There is no session to continue. Sign in.")
        issued = await service.refresh(presented, now())
    return _answer(request, response, issued)


@open_router.post("/logout", status_code=204, openapi_extra=audited(Act.LOG_OUT))
async def logout(request: Request, response: Response) -> None:
    """End the session of the refresh cookie or of the bearer token; fine when there is none."""
    service = service_of(request)
    name = cookie_name(request, COOKIE)
    response.delete_cookie(name, path=COOKIE_PATH, httponly=True, samesite="strict", secure=is_https(request))
    response.headers.update(NO_STORE)
    identifier = request.app.state.identifier
    kept = request.cookies.get(name)
    if kept and (session := await service.session_of(kept)):
        await service.log_out(session.session_id, session.user_id, session.chain_id, now())
        identifier.forget(session.session_id)
    elif request.headers.get("authorization"):
        try:
            principal = await identifier.identify(request.headers["authorization"])
        except UnauthenticatedError:
            return
        if principal.session_id is not None and principal.chain_id is not None:
            await service.log_out(principal.session_id, principal.id, principal.chain_id, now())
            identifier.forget(principal.session_id)


@router.get("/auth/me", openapi_extra=unaudited(OWN))
async def me(access: SelfAccess) -> MeOut:
    """Who is signed in, with which roles and permissions."""
    principal = access.principal
    return MeOut(
        id=principal.id,
        username=principal.name,
        chain_id=principal.chain_id,
        roles=sorted({grant.role for grant in principal.grants if grant.role}),
        permissions=sorted(permission.value for permission in principal.permissions()),
        memberships=[MembershipOut(role=g.role, store_id=g.store_id, region_id=g.region_id) for g in principal.grants],
        session_id=principal.session_id,
        duties=list(principal.duties),
    )


@router.post("/auth/ws-ticket", openapi_extra=unaudited("A ticket shows nothing; each camera its socket watches leaves a row."))
async def ws_ticket(request: Request, response: Response, access: SelfAccess) -> TicketOut:
    """A ticket for the WebSocket."""
    principal = access.principal
    if principal.session_id is None or principal.chain_id is None or principal.token_expires_at is None:
        raise ForbiddenError("API keys open the WebSocket with their bearer header, not with a ticket.")
    claims = AccessClaims(principal.id, principal.session_id, principal.chain_id, principal.token_expires_at)
    ticket = await give_ticket(backends(request).memory, claims)
    response.headers.update(NO_STORE)
    return TicketOut(ticket=ticket, expires_in=TICKET_S)


def _answer(request: Request, response: Response, issued: Issued) -> TokenOut:
    response.headers.update(NO_STORE)
    keep_refresh_token(request, response, issued)
    # Browsers send Sec-Fetch-Site and scripts cannot take it away: a stolen script context never sees the refresh token.
    in_browser = "sec-fetch-site" in request.headers
    return TokenOut(
        access_token=issued.access_token,
        token_type="bearer",  # noqa: S106 - the kind of token, not one
        expires_in=int(ACCESS_LIFE.total_seconds()),
        refresh_token=None if in_browser else issued.refresh_token,
    )


def keep_refresh_token(request: Request, response: Response, issued: Issued) -> None:
    """The refresh token as a cookie that scripts never see."""
    if issued.refresh_token is None:
        return
    response.set_cookie(
        cookie_name(request, COOKIE),
        issued.refresh_token,
        max_age=int(issued.refresh_life.total_seconds()),
        path=COOKIE_PATH,
        httponly=True,
        samesite="strict",
        secure=is_https(request),
    )


def is_https(request: Request) -> bool:
    """Whether the browser speaks HTTPS, to us or to a proxy that is trusted."""
    return request.url.scheme == "https"


def cookie_name(request: Request, name: str) -> str:
    """The cookie's name here. Browsers take `__Secure-` over HTTPS only, so that nobody between sets one by plain HTTP."""
    return f"__Secure-{name}" if is_https(request) else name
