"""Exports: ask for a package, preview its redaction, fetch it by its link until that ends."""

import asyncio
import hashlib
import uuid
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from app.audit import repository as audit
from app.audit.models import Act, ActorKind, AuditEntry, audited, unaudited
from app.auth.access import REFUSALS, guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.evidence import exports_repository, repository, service
from app.evidence.custody import Link
from app.evidence.endpoints import LISTED
from app.evidence.exporting import Exporter, signing_key, watermark_of
from app.evidence.models import Evidence, Export, ExportState, Redaction
from app.evidence.package import fingerprint_of
from app.evidence.recoding import preview
from app.evidence.repository import link_by
from app.evidence.schemas import ExportIn, ExportOut, KeyOut, export_out
from app.evidence.tokens import link_digest, link_secret
from app.evidence.worker_endpoints import storage_of
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import BadInputError, ConflictError, ForbiddenError, NotFoundError
from app.kit.ids import new_id
from app.kit.pages import Page
from app.kit.postgres import TenantConnection, TenantScope, tenant_transaction

router = guarded_router("evidence")
open_router = APIRouter(prefix="/api/v1/public", tags=["evidence"], responses=REFUSALS)
"""Reachable with an export's link alone."""
Reads = Annotated[Access, require(Permission.EVIDENCE_READ)]
Exports = Annotated[Access, require(Permission.EVIDENCE_EXPORT)]
PREVIEW_S: Final = 60.0
JPEG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/jpeg": {}}, "description": "One picture of the export"}}
ZIP: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": {}}, "description": "The package"}}
OVER: Final = "This link is over. Ask whoever gave it to you for a new one."
FETCHED: Final = "Whoever holds the link fetches it; a row and a link of custody say so, by the system."


def exporter_of(request: Request) -> Exporter:
    """The application's exporter."""
    found = request.app.state.exporter
    assert isinstance(found, Exporter)  # noqa: S101 - set once by main
    return found


@router.post("/evidence/{evidence_id}/export", status_code=201, openapi_extra=audited(Act.EVIDENCE_EXPORT_ASKED_FOR))
async def ask_for_export(request: Request, access: Exports, evidence_id: uuid.UUID, body: ExportIn) -> ExportOut:
    """Ask for a package. `link` is in this answer only; it opens once the export is ready and until `expires_at`."""
    secret, moment = link_secret(), now()
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        piece = await repository.get_evidence(connection, evidence_id, lock=True)
        service.demand_present(piece)
        export = await _draft(connection, access, piece, body, moment)
        await exports_repository.add_export(connection, export, link_digest(secret))
        details = {"export_id": str(export.id), "redaction": export.redaction.value}
        link = link_by(access.principal, "export-asked-for", moment, **details)
        entry = service.entry_of(access.principal, Act.EVIDENCE_EXPORT_ASKED_FOR, piece, **details)
        await service.note(connection, piece, link, entry)
    exporter_of(request).woken.set()
    return export_out(export, f"/api/v1/public/exports/{secret}")


@router.get("/evidence/{evidence_id}/exports", openapi_extra=unaudited(LISTED))
async def list_exports(request: Request, access: Reads, evidence_id: uuid.UUID) -> Page[ExportOut]:
    """The exports of a piece, newest first, without their links."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await repository.get_evidence(connection, evidence_id)
        found = await exports_repository.exports_of(connection, evidence_id)
    return Page(items=[export_out(each) for each in found], next=None)


@router.get(
    "/evidence/{evidence_id}/exports/{export_id}/package",
    response_class=Response,
    responses=ZIP,
    openapi_extra=audited(Act.EVIDENCE_EXPORT_FETCHED),
)
async def take_package(request: Request, access: Exports, evidence_id: uuid.UUID, export_id: uuid.UUID) -> Response:
    """The package, for somebody signed in, whom custody names, until its link ends. `downloads` counts the link's alone."""
    moment = now()
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        piece = await repository.get_evidence(connection, evidence_id, lock=True)
        export = await exports_repository.get_export(connection, export_id)
        if export.evidence_id != piece.id:
            raise NotFoundError("There is no such export of this piece.")
        _demand_ready(export, moment)
        details = {"export_id": str(export_id)}
        entry = service.entry_of(access.principal, Act.EVIDENCE_EXPORT_FETCHED, piece, **details)
        await service.note(connection, piece, link_by(access.principal, "fetched", moment, **details), entry)
    return await _package(request, export)


@router.get(
    "/evidence/{evidence_id}/preview", response_class=Response, responses=JPEG, openapi_extra=audited(Act.EVIDENCE_PREVIEWED)
)
async def preview_export(
    request: Request,
    access: Exports,
    evidence_id: uuid.UUID,
    redaction: Redaction = Redaction.BODIES,
    subject: Annotated[list[str] | None, Query(max_length=50)] = None,
    at_ms: Annotated[int | None, Query(ge=0, le=3_600_000)] = None,
) -> Response:
    """One picture as the export would show it: the moment's, or the one at `at_ms`."""
    moment = now()
    asked = ExportIn(purpose="preview", recipient="PREVIEW", redaction=redaction, subjects=subject)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        piece = await repository.get_evidence(connection, evidence_id, lock=True)
        service.demand_present(piece)
        boxes = await repository.boxes_of(connection, evidence_id)
        export = await _draft(connection, access, piece, asked, moment)
        entry = service.entry_of(access.principal, Act.EVIDENCE_PREVIEWED, piece)
        await service.note(connection, piece, link_by(access.principal, "previewed", moment), entry)
    body = await (await storage_of(request).open()).get(piece.s3_key or "")
    async with asyncio.timeout(PREVIEW_S):
        wanted = _moment_ms(piece) if at_ms is None else at_ms
        scene = await exporter_of(request).scene_of(piece, body, boxes, export, wanted)
        jpeg = await asyncio.to_thread(preview, body, piece.media_type or "", scene, wanted, watermark_of(export))
    return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store", "X-Redaction": scene.mode.value})


@router.get(
    "/evidence-key", openapi_extra=unaudited("Shows the public half of the key that signs packages; nothing of a store is in it.")
)
async def get_signing_key(request: Request, access: Exports) -> KeyOut:
    """The chain's public key: tell its fingerprint to whoever gets a package, on another way than the package."""
    scope = TenantScope(access.scope.chain_id)
    async with tenant_transaction(backends(request).postgres, scope) as connection:
        key = await signing_key(connection, request.app.state.vault, scope.chain_id)
    public = key.public_key().public_bytes_raw()
    return KeyOut(algorithm="Ed25519", public_key=public.hex(), fingerprint=fingerprint_of(public))


@open_router.get("/exports/{token}", response_class=Response, responses=ZIP, openapi_extra=unaudited(FETCHED))
async def fetch_export(request: Request, token: str) -> Response:
    """The package, for whoever holds the link, until it ends."""
    if len(token) > 100:
        raise ForbiddenError("This link opens nothing.")
    pool, moment = backends(request).postgres, now()
    export_id, chain_id = await exports_repository.by_link(pool, link_digest(token))
    async with tenant_transaction(pool, TenantScope(chain_id)) as connection:
        export = await exports_repository.get_export(connection, export_id)
        _demand_ready(export, moment)
        piece = await repository.get_evidence(connection, export.evidence_id, lock=True)
        await exports_repository.count_download(connection, export_id)
        details = {"export_id": str(export_id)}
        await repository.add_custody(connection, piece, Link("fetched", ActorKind.SYSTEM.value, None, moment, details))
        system = (Act.EVIDENCE_EXPORT_FETCHED, ActorKind.SYSTEM, None, chain_id, piece.store_id)
        await audit.append(connection, AuditEntry(*system, "evidence", piece.id, details))
    return await _package(request, export)


def _demand_ready(export: Export, moment: datetime) -> None:
    """ForbiddenError once it has ended, ConflictError before it is made."""
    if moment >= export.expires_at or export.state is ExportState.ENDED:
        raise ForbiddenError(OVER)
    if export.state is not ExportState.READY:
        raise ConflictError("The package is not ready yet; try again in a minute.", state=export.state.value)


async def _package(request: Request, export: Export) -> Response:
    package = await (await storage_of(request).open()).get(export.s3_key or "")
    if (await asyncio.to_thread(hashlib.sha256, package)).digest() != export.sha256:
        raise ConflictError("The stored package is not the one that was made; ask for a new export.")
    named = f'attachment; filename="evidence-{export.evidence_id}.zip"'
    return Response(package, media_type="application/zip", headers={"Content-Disposition": named, "Cache-Control": "no-store"})


async def _draft(connection: TenantConnection, access: Access, piece: Evidence, body: ExportIn, moment: datetime) -> Export:
    if body.subjects is None:
        subjects = await repository.tracks_of_alert(connection, piece.alert_id)
    elif all(each.isdigit() and len(each) <= 20 for each in body.subjects):
        subjects = tuple(int(each) for each in body.subjects)
    else:
        raise BadInputError("subjects are track ids.")
    return Export(
        id=new_id(), chain_id=piece.chain_id, store_id=piece.store_id, evidence_id=piece.id, state=ExportState.WAITING, reason="",
        purpose=body.purpose, recipient=body.recipient, redaction=body.redaction, subjects=subjects,
        requested_by=access.principal.id, created_at=moment, expires_at=moment + timedelta(hours=body.valid_hours), s3_key=None,
        size=None, sha256=None, downloads=0,
    )  # fmt: skip


def _moment_ms(piece: Evidence) -> float:
    begins = piece.recorded_from or piece.moment
    return max(0.0, (piece.moment - begins).total_seconds() * 1000)
