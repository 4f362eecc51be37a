"""What a principal may watch, asked of the database under its own scope and written to the audit."""

import uuid

import asyncpg

from app.audit import repository as audit
from app.audit.models import Act, AuditEntry
from app.auth.models import Principal
from app.auth.permissions import Permission
from app.cameras import repository as cameras
from app.cameras.masks.repository import list_masks
from app.cameras.models import Camera
from app.kit.errors import ForbiddenError
from app.kit.postgres import Pool, tenant_transaction
from app.tenancy.repository import demand_store


async def see_store(pool: "Pool[asyncpg.Record]", who: Principal, store_id: uuid.UUID) -> None:
    """NotFoundError or ForbiddenError unless `who` may read this store's messages."""
    async with tenant_transaction(pool, who.scope(Permission.ALERTS_READ)) as connection:
        await demand_store(connection, store_id)


async def see_cameras(
    pool: "Pool[asyncpg.Record]", who: Principal, camera_ids: list[uuid.UUID], act: Act = Act.LIVE_VIEW
) -> list[Camera]:
    """The cameras, if `who` may watch all of them live; the view is audited. NotFoundError or ForbiddenError otherwise."""
    async with tenant_transaction(pool, who.scope(Permission.LIVE_VIEW)) as connection:
        found = [await cameras.get_camera(connection, camera_id) for camera_id in camera_ids]
        for camera in found:
            entry = AuditEntry(act, who.kind, who.id, who.chain_id, camera.store_id, "camera", camera.id)
            await audit.append(connection, entry)
    return found


async def has_masks(pool: "Pool[asyncpg.Record]", who: Principal, camera_id: uuid.UUID) -> bool:
    """Whether a camera that `who` may watch has privacy masks now."""
    async with tenant_transaction(pool, who.scope(Permission.LIVE_VIEW)) as connection:
        return bool(await list_masks(connection, camera_id))


def still_sees(who: Principal, permission: Permission, store_id: uuid.UUID) -> bool:
    """Whether the permission, as granted now, still covers a store that it covered before."""
    try:
        scope = who.scope(permission)
    except ForbiddenError:
        return False
    return scope.store_ids is None or store_id in scope.store_ids
