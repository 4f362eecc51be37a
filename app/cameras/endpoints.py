"""`/api/v1/cameras`."""

import base64
import uuid
from typing import Annotated

from fastapi import Request

from app.audit import repository as audit
from app.audit.models import SETTINGS_SHOWN, Act, AuditEntry, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.cameras import repository, service
from app.cameras.probing import Prober, probe_details
from app.cameras.schemas import (
    CameraChange,
    CameraIn,
    CameraOut,
    ProbeIn,
    ProbeOut,
    SessionOut,
    camera_out,
    session_out,
)
from app.cameras.service import CameraDraft
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.egress import EgressPolicy
from app.kit.errors import PennyError
from app.kit.keys.vault import Vault
from app.kit.pages import Cursor, Limit, Page, cut, decode_cursor
from app.kit.postgres import tenant_transaction
from app.tenancy.idempotency import IdempotencyKey, once

router = guarded_router("cameras")
Reads = Annotated[Access, require(Permission.CAMERAS_READ)]
Writes = Annotated[Access, require(Permission.CAMERAS_WRITE)]


def vault_of(request: Request) -> Vault:
    """The application's vault."""
    found = request.app.state.vault
    assert isinstance(found, Vault)  # noqa: S101 - set once by main
    return found


def prober_of(request: Request) -> Prober:
    """The application's prober."""
    found = request.app.state.prober
    assert isinstance(found, Prober)  # noqa: S101 - set once by main
    return found


def policy_of(request: Request) -> EgressPolicy:
    """Where users' cameras may be."""
    return prober_of(request).policy


@router.get("/cameras", openapi_extra=unaudited(SETTINGS_SHOWN))
async def list_cameras(
    request: Request, access: Reads, store_id: uuid.UUID | None = None, cursor: Cursor = None, limit: Limit = 100
) -> Page[CameraOut]:
    """Cameras with the state of their streams."""
    after = decode_cursor(cursor)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        cameras = await repository.list_cameras(connection, store_id, after, limit)
    shown, following = cut(cameras, limit, lambda camera: (camera.created_at, camera.id))
    moment = now()
    return Page(items=[camera_out(camera, moment) for camera in shown], next=following)


@router.post("/cameras", status_code=201, openapi_extra=audited(Act.CAMERA_CREATED))
async def add_camera(request: Request, access: Writes, body: CameraIn, idempotency_key: IdempotencyKey = None) -> CameraOut:
    """Add a camera; a worker starts it within a heartbeat."""
    who = access.principal
    draft = CameraDraft(body.name, body.url, body.analysis_fps, body.enabled)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:

        async def make() -> CameraOut:
            moment = now()
            camera = await service.add_camera(
                connection, vault_of(request), who, body.store_id, draft, policy_of(request), moment
            )
            return camera_out(camera, moment)

        return await once(connection, who.id, idempotency_key, "POST /cameras", body, make, CameraOut)


@router.post("/cameras/probe", openapi_extra=audited(Act.CAMERA_PROBED))
async def probe_camera(request: Request, access: Writes, body: ProbeIn) -> ProbeOut:
    """Try an address: its size, rate and codec, and one picture; or a problem that says what is wrong."""
    scope = access.scope
    failed: PennyError | None = None
    try:
        found = await prober_of(request).try_url(body.url)
    except PennyError as error:
        failed = error
    async with tenant_transaction(backends(request).postgres, scope) as connection:
        who = access.principal
        entry = AuditEntry(Act.CAMERA_PROBED, who.kind, who.id, who.chain_id, details=probe_details(body.url, failed))
        await audit.append(connection, entry)
    if failed is not None:
        raise failed
    return ProbeOut(
        ok=True,
        width=found.width,
        height=found.height,
        fps=round(found.fps, 2),
        codec=found.codec,
        snapshot=base64.b64encode(found.snapshot).decode(),
    )


@router.get("/cameras/{camera_id}", openapi_extra=unaudited(SETTINGS_SHOWN))
async def get_camera(request: Request, access: Reads, camera_id: uuid.UUID) -> CameraOut:
    """One camera."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return camera_out(await repository.get_camera(connection, camera_id), now())


@router.patch("/cameras/{camera_id}", openapi_extra=audited(Act.CAMERA_CHANGED))
async def change_camera(request: Request, access: Writes, camera_id: uuid.UUID, body: CameraChange) -> CameraOut:
    """Change name, address, rate, floor or switch it off. Credentials stay unless the address has its own or another host."""
    floor = body.floor.model_dump() if body.floor is not None else {} if "floor" in body.model_fields_set else None
    draft = CameraDraft(body.name, body.url, body.analysis_fps, body.enabled, floor)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        camera = await service.change_camera(
            connection, vault_of(request), access.principal, camera_id, draft, policy_of(request)
        )
        return camera_out(camera, now())


@router.delete("/cameras/{camera_id}", status_code=204, openapi_extra=audited(Act.CAMERA_REMOVED))
async def remove_camera(request: Request, access: Writes, camera_id: uuid.UUID) -> None:
    """Remove a camera. Its alerts and detections stay."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await service.remove_camera(connection, access.principal, camera_id, now())


@router.get("/cameras/{camera_id}/sessions", openapi_extra=unaudited(SETTINGS_SHOWN))
async def list_sessions(
    request: Request, access: Reads, camera_id: uuid.UUID, cursor: Cursor = None, limit: Limit = 50
) -> Page[SessionOut]:
    """When the camera was connected, newest first."""
    before = decode_cursor(cursor)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await repository.get_camera(connection, camera_id)
        sessions = await repository.list_sessions(connection, camera_id, before, limit)
    shown, following = cut(sessions, limit, lambda session: (session.started_at, session.id))
    return Page(items=[session_out(session) for session in shown], next=following)
