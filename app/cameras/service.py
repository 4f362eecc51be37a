"""Adding, changing and removing cameras, each with its audit row in the same transaction."""

import dataclasses
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.audit import repository as audit
from app.audit.models import Act, AuditEntry
from app.auth.models import Principal
from app.cameras import repository
from app.cameras.models import Camera
from app.cameras.urls import check_camera_url, split_credentials
from app.kit.egress import EgressPolicy
from app.kit.ids import new_id
from app.kit.keys.models import CAMERA
from app.kit.keys.vault import Vault
from app.kit.postgres import TenantConnection
from app.tenancy.repository import demand_store
from app.tracking.limits import USUAL_FPS


@dataclass(frozen=True, slots=True)
class CameraDraft:
    """What a user says of a camera; None in a change means: as before. `floor` {} means that it is not known any more."""

    name: str | None = None
    url: str | None = None
    analysis_fps: float | None = None
    enabled: bool | None = None
    floor: dict[str, Any] | None = None


async def add_camera(
    connection: TenantConnection,
    vault: Vault,
    who: Principal,
    store_id: uuid.UUID,
    draft: CameraDraft,
    policy: EgressPolicy,
    now: datetime,
) -> Camera:
    """A new camera of a store in scope; NotFoundError or BadInputError otherwise."""
    await demand_store(connection, store_id)
    camera_id = new_id()
    url, credentials = split_credentials(check_camera_url(draft.url or "", policy))
    assert who.chain_id is not None  # noqa: S101 - a scope exists only with a chain
    sealed = None if credentials is None else await vault.seal(connection, who.chain_id, CAMERA, camera_id, credentials)
    camera = Camera(
        id=camera_id,
        store_id=store_id,
        name=draft.name or "",
        url=url,
        credentials=sealed,
        analysis_fps=USUAL_FPS if draft.analysis_fps is None else draft.analysis_fps,
        enabled=True if draft.enabled is None else draft.enabled,
        revision=1,
        created_at=now,
    )
    await repository.add_camera(connection, who.chain_id, camera)
    await _audit(connection, Act.CAMERA_CREATED, who, camera)
    return camera


async def change_camera(
    connection: TenantConnection,
    vault: Vault,
    who: Principal,
    camera_id: uuid.UUID,
    draft: CameraDraft,
    policy: EgressPolicy,
) -> Camera:
    """The changed camera. A new address without credentials on the same host keeps the stored ones."""
    camera = await repository.get_camera(connection, camera_id, lock=True)
    url, sealed = camera.url, camera.credentials
    if draft.url is not None and draft.url.strip() != camera.url:
        url, credentials = split_credentials(check_camera_url(draft.url, policy))
        # Credentials never follow an address to another host.
        sealed = sealed if _same_host(url, camera.url) else None
        if credentials is not None:
            assert who.chain_id is not None  # noqa: S101 - a scope exists only with a chain
            sealed = await vault.seal(connection, who.chain_id, CAMERA, camera_id, credentials)
    changed = dataclasses.replace(
        camera,
        url=url,
        credentials=sealed,
        name=camera.name if draft.name is None else draft.name,
        analysis_fps=camera.analysis_fps if draft.analysis_fps is None else draft.analysis_fps,
        enabled=camera.enabled if draft.enabled is None else draft.enabled,
        floor=camera.floor if draft.floor is None else draft.floor or None,
        revision=camera.revision + 1,
    )
    await repository.change_camera(connection, changed)
    names = [f.name for f in dataclasses.fields(Camera) if getattr(camera, f.name) != getattr(changed, f.name)]
    await _audit(connection, Act.CAMERA_CHANGED, who, camera, [name for name in names if name != "revision"])
    return changed


async def remove_camera(connection: TenantConnection, who: Principal, camera_id: uuid.UUID, now: datetime) -> None:
    """Remove a camera; its worker stops within a heartbeat."""
    camera = await repository.get_camera(connection, camera_id, lock=True)
    await repository.remove_camera(connection, camera_id, now)
    await _audit(connection, Act.CAMERA_REMOVED, who, camera)


def _same_host(one: str, other: str) -> bool:
    return one.split("://")[-1].split("/")[0] == other.split("://")[-1].split("/")[0]


async def _audit(
    connection: TenantConnection, act: Act, who: Principal, camera: Camera, changed: list[str] | None = None
) -> None:
    details = {} if changed is None else {"changed": changed}
    entry = AuditEntry(act, who.kind, who.id, who.chain_id, camera.store_id, "camera", camera.id, details)
    await audit.append(connection, entry)
