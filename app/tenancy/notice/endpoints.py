"""`/policy/{public id}`: the public page, without a log-in. `/api/v1/stores/{id}/policy/sign`: the sign to print."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from app.audit.models import unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.kit.backends import backends
from app.kit.errors import NotFoundError, TooManyRequestsError
from app.kit.limits import bucket_of, client_of
from app.kit.postgres import tenant_transaction
from app.tenancy.notice.limits import Allowance, Remembered
from app.tenancy.notice.models import PublicPolicy, choose_language, languages
from app.tenancy.notice.page import CONTENT_SECURITY_POLICY, page_of
from app.tenancy.notice.repository import find_public_policy
from app.tenancy.notice.sign import sign_of
from app.tenancy.policy import repository as policies
from app.tenancy.policy.models import Switch
from app.tenancy.policy.words import Words

KEPT_S = 5.0
"""A switch that goes off shows here after this long at the latest."""
A_MINUTE = 120
public_router = APIRouter(include_in_schema=False)
router = guarded_router("policy")
Writes = Annotated[Access, require(Permission.POLICY_WRITE)]


class PublicPages:
    """What is remembered between requests; one for an application."""

    def __init__(self, base: str) -> None:
        self.base = base.rstrip("/")
        self.policies: Remembered[uuid.UUID, PublicPolicy] = Remembered(KEPT_S)
        self.unknown: Remembered[uuid.UUID, bool] = Remembered(KEPT_S)
        self.allowance = Allowance(A_MINUTE)

    def address(self, request: Request, public_id: uuid.UUID) -> str:
        """Where the public page of a store is: at CLIENT_URL, else where this request came to."""
        return f"{self.base or str(request.base_url).rstrip('/')}/policy/{public_id}"


class SignIn(BaseModel):
    """What shall stand on a sign; it may be printed before anything is switched on."""

    model_config = ConfigDict(extra="forbid")

    language: str = Field(default="en", max_length=10)
    switches: list[Switch] = Field(max_length=3)
    notice_text: Words = ""


@public_router.get("/policy/{public_id}")
async def public_page(request: Request, public_id: str, language: str = "") -> HTMLResponse:
    """What this store measures, from its live settings, in the reader's language."""
    pages = pages_of(request)
    if not pages.allowance.take(bucket_of(client_of(request))):
        raise TooManyRequestsError("Too many requests from your address. Try again in a minute.", retry_after_s=30)
    policy = await _find(request, pages, public_id)
    chosen = choose_language(language[:10], request.headers.get("accept-language", ""))
    headers = {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "Cache-Control": f"public, max-age={KEPT_S:.0f}",
        "Vary": "Accept-Language",
        "Content-Language": chosen,
    }
    return HTMLResponse(page_of(policy, chosen), headers=headers)


@router.post(
    "/stores/{store_id}/policy/sign",
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {}}}},
    openapi_extra=unaudited("Draws a sign from the words given; nothing is kept."),
)
async def make_sign(request: Request, access: Writes, store_id: uuid.UUID, body: SignIn) -> Response:
    """The sign as SVG, A4, with a QR code that leads to the public page."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        site = await policies.get_site(connection, store_id)
    words = languages()[choose_language(body.language, "")]
    switches = [switch for switch in Switch if switch in body.switches]
    address = pages_of(request).address(request, site.public_id)
    drawn = sign_of(words, switches, site.name, body.notice_text, address, demo=site.demo)
    return Response(drawn, media_type="image/svg+xml")


def pages_of(request: Request) -> PublicPages:
    """The application's."""
    found = request.app.state.public_pages
    assert isinstance(found, PublicPages)  # noqa: S101 - set once by main
    return found


async def _find(request: Request, pages: PublicPages, text: str) -> PublicPolicy:
    try:
        public_id = uuid.UUID(text)
    except ValueError:
        raise NotFoundError("No store has this address.") from None
    known = pages.policies.get(public_id)
    if known is not None:
        return known
    found = None if pages.unknown.get(public_id) else await find_public_policy(backends(request).postgres, public_id)
    if found is None:
        pages.unknown.put(public_id, True)
        raise NotFoundError("No store has this address.")
    return pages.policies.put(public_id, found)
