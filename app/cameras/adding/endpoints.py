"""`/api/v1/cameras/discover` and `/api/v1/cameras/import`."""

import uuid
from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from app.audit import repository as audit
from app.audit.models import SETTINGS_SHOWN, Act, AuditEntry, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.cameras import repository, service
from app.cameras.adding.discovery import Discoverer
from app.cameras.adding.lists import Line, read_list
from app.cameras.endpoints import policy_of, vault_of
from app.cameras.service import CameraDraft
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import BadInputError
from app.kit.logs import redact
from app.kit.postgres import TenantConnection, tenant_transaction
from app.tenancy.idempotency import IdempotencyKey, once
from app.tenancy.repository import demand_store

router = guarded_router("cameras")
Writes = Annotated[Access, require(Permission.CAMERAS_WRITE)]
MOST_KNOWN = 10_000


class DiscoverIn(BaseModel):
    """How long to listen."""

    model_config = ConfigDict(extra="forbid")

    seconds: Annotated[float, Field(ge=0.5, le=10)]


class DeviceOut(BaseModel):
    """An ONVIF camera that answered."""

    endpoint: str = Field(description="The device's own id.")
    host: str
    name: str
    hardware: str
    url: str = Field(description="The usual start of its RTSP address; path and credentials are the camera's.")


class DiscoveredOut(BaseModel):
    """Who answered, by address."""

    items: list[DeviceOut]


class ImportIn(BaseModel):
    """Cameras of one store as CSV: name,url or name,url,analysis_fps."""

    model_config = ConfigDict(extra="forbid")

    store_id: uuid.UUID
    csv: Annotated[str, Field(max_length=256 << 10)]


class LineOut(BaseModel):
    """What became of one line, or would."""

    line: int
    name: str
    url: str = Field(description="Without credentials.")
    problem: str = Field(description="One sentence, empty when the camera can be added.")


class ImportOut(BaseModel):
    """All lines; with a problem in any of them none is added."""

    added: int
    lines: list[LineOut]


def discoverer_of(request: Request) -> Discoverer:
    """The application's."""
    found = request.app.state.discoverer
    assert isinstance(found, Discoverer)  # noqa: S101 - set once by main
    return found


@router.post("/cameras/discover", openapi_extra=audited(Act.CAMERAS_DISCOVERED))
async def discover(request: Request, access: Writes, body: DiscoverIn) -> DiscoveredOut:
    """Ask the service's network for ONVIF cameras; those that may not be reached are left out."""
    scope = access.scope
    found = await discoverer_of(request).find(body.seconds)
    async with tenant_transaction(backends(request).postgres, scope) as connection:
        who = access.principal
        entry = AuditEntry(Act.CAMERAS_DISCOVERED, who.kind, who.id, who.chain_id, details={"answered": len(found)})
        await audit.append(connection, entry)
    return DiscoveredOut(
        items=[
            DeviceOut(
                endpoint=each.endpoint,
                host=each.host,
                name=each.name,
                hardware=each.hardware,
                url=f"rtsp://{_place(each.host)}:554/",
            )
            for each in found
        ]
    )


@router.post("/cameras/import/check", openapi_extra=unaudited(SETTINGS_SHOWN))
async def check_import(request: Request, access: Writes, body: ImportIn) -> ImportOut:
    """Judge every line of a list; nothing is added."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return _shown(await _lines(request, connection, body), 0)


@router.post("/cameras/import", status_code=201, openapi_extra=audited(Act.CAMERA_CREATED))
async def import_cameras(request: Request, access: Writes, body: ImportIn, idempotency_key: IdempotencyKey = None) -> ImportOut:
    """Add every camera of a list, or none when a line has a problem."""
    who = access.principal
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:

        async def make() -> ImportOut:
            lines = await _lines(request, connection, body)
            wrong = [line for line in lines if line.problem]
            if wrong or not lines:
                detail = f"Line {wrong[0].number}: {wrong[0].problem}" if wrong else "The list names no camera."
                raise BadInputError(f"{detail} Nothing was added.")
            for line in lines:
                draft = CameraDraft(line.name, line.url, line.analysis_fps, True)
                await service.add_camera(connection, vault_of(request), who, body.store_id, draft, policy_of(request), now())
            return _shown(lines, len(lines))

        return await once(connection, who.id, idempotency_key, "POST /cameras/import", body, make, ImportOut)


async def _lines(request: Request, connection: TenantConnection, body: ImportIn) -> list[Line]:
    await demand_store(connection, body.store_id)
    known = await repository.list_cameras(connection, body.store_id, None, MOST_KNOWN)
    return read_list(body.csv, policy_of(request), frozenset(camera.name for camera in known))


def _shown(lines: list[Line], added: int) -> ImportOut:
    return ImportOut(
        added=added,
        lines=[LineOut(line=line.number, name=line.name, url=redact(line.url), problem=line.problem) for line in lines],
    )


def _place(host: str) -> str:
    return f"[{host}]" if ":" in host else host
