"""`/api/v1/enrolments/{id}/gait`: the template of an entry's walk, which supports leads to that entry, and leads to nobody."""

import hashlib
import uuid
from typing import Annotated

from fastapi import Query, Request

from app.audit.models import Act, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.identity.enrolment import repository as enrolments
from app.identity.enrolment.service import chain_of, note_refusal
from app.identity.gait import repository, service
from app.identity.gait.schemas import GaitClipIn, GaitMade, GaitProfileOut, GaitReasonIn, GaitRemovedOut, Words, profile_out
from app.identity.gait.walking import LARGEST_CLIP, WalkReader
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import NotFoundError, PennyError
from app.kit.pages import Page
from app.kit.postgres import TenantConnection, tenant_transaction
from app.tenancy.idempotency import IdempotencyKey, once

router = guarded_router("gait")
Reads = Annotated[Access, require(Permission.WATCHLISTS_READ)]
Writes = Annotated[Access, require(Permission.ENROLMENTS_WRITE)]
Approves = Annotated[Access, require(Permission.ENROLMENTS_APPROVE)]
CLIP = {"requestBody": {"required": True, "content": {"video/mp4": {"schema": {"type": "string", "format": "binary"}}}}}
_SHOWN = "Shows whether an entry has a gait template and how good it is, without its numbers; each act on it leaves a row."


@router.get("/enrolments/{enrolment_id}/gait", openapi_extra=unaudited(_SHOWN))
async def list_gait(request: Request, access: Reads, enrolment_id: uuid.UUID) -> Page[GaitProfileOut]:
    """The entry's gait templates, the newest first, on one page."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await enrolments.get_enrolment(connection, enrolment_id)
        found = await repository.profiles_of(connection, enrolment_id)
    return Page(items=[profile_out(each) for each in found], next=None)


@router.post(
    "/enrolments/{enrolment_id}/gait",
    status_code=201,
    openapi_extra=CLIP | audited(Act.GAIT_PROPOSED),
    max_body_size=LARGEST_CLIP,
)
async def propose_gait(
    request: Request,
    access: Writes,
    enrolment_id: uuid.UUID,
    source: Annotated[Words, Query(description="Which footage this is, and how it is known to show the enrolled person.")],
    idempotency_key: IdempotencyKey = None,
) -> GaitProfileOut:
    """Measure the walk of the one person in a clip (MP4 as the body, 4 seconds or more). The clip is not kept."""
    who, pool = access.principal, backends(request).postgres
    chain_of(who)
    async with tenant_transaction(pool, access.scope) as connection:
        await service.demand_entry(connection, enrolment_id, now())
    raw = await request.body()
    reader: WalkReader = request.app.state.walk_reader
    walk = await reader.read(raw)
    asked = GaitClipIn(enrolment_id=enrolment_id, source=source, clip_sha256=hashlib.sha256(raw).hexdigest())
    async with tenant_transaction(pool, access.scope) as connection:

        async def make() -> GaitMade:
            vault = request.app.state.vault
            return GaitMade(id=(await service.propose(connection, vault, who, enrolment_id, walk, source, now())).id)

        address = f"POST /enrolments/{enrolment_id}/gait"
        made = await once(connection, who.id, idempotency_key, address, asked, make, GaitMade)
        return profile_out(await service.get_profile(connection, enrolment_id, made.id))


@router.post("/enrolments/{enrolment_id}/gait/approve", openapi_extra=audited(Act.GAIT_APPROVED))
async def approve_gait(request: Request, access: Approves, enrolment_id: uuid.UUID, body: GaitReasonIn) -> GaitProfileOut:
    """Approve a template that somebody else proposed: it is searched from now on."""
    pool = backends(request).postgres
    try:
        async with tenant_transaction(pool, access.scope) as connection:
            return profile_out(await service.approve(connection, access.principal, enrolment_id, body.reason, now()))
    except NotFoundError:
        raise
    except PennyError as error:
        async with tenant_transaction(pool, access.scope) as connection:
            await note_refusal(connection, access.principal, enrolment_id, "approve gait", error)
        raise


@router.post("/enrolments/{enrolment_id}/gait/remove", openapi_extra=audited(Act.GAIT_REMOVED))
async def remove_gait(request: Request, access: Writes, enrolment_id: uuid.UUID, body: GaitReasonIn) -> GaitRemovedOut:
    """Remove the entry's gait templates, and what gait said of its leads. The entry itself stays."""
    async with tenant_transaction(backends(request).postgres, access.everywhere) as connection:
        await _at_home(connection, access, enrolment_id)
        return GaitRemovedOut(removed=await service.remove(connection, access.principal, enrolment_id, body.reason))


async def _at_home(connection: TenantConnection, access: Access, enrolment_id: uuid.UUID) -> None:
    entry, stores = await enrolments.get_enrolment(connection, enrolment_id), access.scope.store_ids
    if stores is not None and entry.store_id not in stores:
        raise NotFoundError(enrolments.NO_ENROLMENT)
