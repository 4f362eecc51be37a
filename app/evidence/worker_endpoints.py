"""How recordings get stored: a worker announces one, PUTs it to where it is told, and says that it is there.

`/api/v1/workers/evidence/...` is for the workers' key; `PUT /api/v1/uploads/{token}` is for whoever holds a token, which says
key, size, hash and end, and is good for one body.
"""

import uuid
from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Request, Response

from app.audit.models import MACHINES, unaudited
from app.auth.access import REFUSALS, guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.cameras.workers import scope_of_worker
from app.evidence import repository, service
from app.evidence.schemas import DoneOut, LostIn, UploadIn, UploadOut
from app.evidence.service import Announced
from app.evidence.storage import Storage
from app.evidence.tokens import UploadToken, read_upload, sign_upload
from app.kit.backends import backends
from app.kit.clock import from_us, now
from app.kit.errors import BadInputError, UnavailableError
from app.kit.objects.store import PutGrant
from app.kit.postgres import tenant_transaction

router = guarded_router("workers")
open_router = APIRouter(prefix="/api/v1", tags=["workers"], responses=REFUSALS)
Works = Annotated[Access, require(Permission.WORKER)]
GRANT_S: Final = 600
REGISTERS: Final = "Machines report here; a piece that is registered leaves a row and a link of custody by the system."
BODY = {
    "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}


def storage_of(request: Request) -> Storage:
    """The application's storage of evidence."""
    found = request.app.state.storage
    assert isinstance(found, Storage)  # noqa: S101 - set once by main
    return found


@router.post("/workers/evidence/{evidence_id}/upload", openapi_extra=unaudited(MACHINES), max_body_size=8 << 20)
async def announce_upload(request: Request, access: Works, evidence_id: uuid.UUID, body: UploadIn) -> UploadOut:
    """Announce a finished recording; the answer says where to PUT it, once, within ten minutes."""
    if body.from_us > body.to_us:
        raise BadInputError("from_us is after to_us.")
    pool, store = backends(request).postgres, await storage_of(request).open()
    scope = scope_of_worker(access, await repository.chain_of(pool, evidence_id))
    announced = Announced(
        body.size, bytes.fromhex(body.sha256), body.media_type, from_us(body.from_us), from_us(body.to_us), body.masked,
        [each.model_dump() for each in body.boxes],
    )  # fmt: skip
    async with tenant_transaction(pool, scope) as connection:
        piece = await service.announce(connection, evidence_id, announced)
    key = piece.s3_key or ""
    grant = store.grant(key, body.size, announced.sha256, body.media_type, GRANT_S) or _own_grant(request, key, announced)
    return UploadOut(url=grant.url, headers=grant.headers)


@router.post("/workers/evidence/{evidence_id}/uploaded", openapi_extra=unaudited(REGISTERS))
async def finish_upload(request: Request, access: Works, evidence_id: uuid.UUID) -> DoneOut:
    """Compare what is stored with what was announced; only a piece whose hash matches is registered."""
    pool, store = backends(request).postgres, await storage_of(request).open()
    scope = scope_of_worker(access, await repository.chain_of(pool, evidence_id))
    async with tenant_transaction(pool, scope) as connection:
        piece = await repository.get_evidence(connection, evidence_id)
    if piece.present_at is None:
        await service.verify_stored(store, piece)
    moment = now()
    async with tenant_transaction(pool, scope) as connection:
        piece = await service.register(connection, evidence_id, piece, moment)
    await service.protect(store, piece, moment)
    return DoneOut(state=piece.state)


@router.post("/workers/evidence/{evidence_id}/lost", status_code=204, openapi_extra=unaudited(MACHINES))
async def lose_evidence(request: Request, access: Works, evidence_id: uuid.UUID, body: LostIn) -> None:
    """It cannot be recorded, and why; operators see the sentence."""
    pool = backends(request).postgres
    scope = scope_of_worker(access, await repository.chain_of(pool, evidence_id))
    async with tenant_transaction(pool, scope) as connection:
        await service.lose(connection, evidence_id, body.reason)


@open_router.put(
    "/uploads/{token}", status_code=204, response_class=Response, openapi_extra=BODY | unaudited(REGISTERS),
    max_body_size=service.LARGEST,
)  # fmt: skip
async def put_upload(request: Request, token: str) -> Response:
    """One body, exactly as announced: written beside its place, synced, and given its name in one step. A second one gets 409."""
    allowed = read_upload(request.app.state.upload_secret, token, now())
    store = await storage_of(request).open()
    await store.receive(allowed.key, _chunks(request), allowed.size, allowed.sha256)
    return Response(status_code=204)


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    from starlette.requests import ClientDisconnect

    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect as error:
        raise UnavailableError("The upload ended early; send it again.") from error


def _own_grant(request: Request, key: str, announced: Announced) -> PutGrant:
    ends = from_us(int((now().timestamp() + GRANT_S) * 1e6))
    token = sign_upload(request.app.state.upload_secret, UploadToken(key, announced.size, announced.sha256, ends))
    return PutGrant(f"/api/v1/uploads/{token}", {"Content-Type": announced.media_type})
