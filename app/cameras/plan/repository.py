"""SQL of floor plans. A place of a removed camera is none."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from app.cameras.plan.models import MOST_PLACES, CameraPlace, FloorPlan, PlanPicture
from app.kit.errors import NotFoundError
from app.kit.postgres import TenantConnection

_PLAN = "SELECT store_id, revision, width, height, sha256, width_m, changed_at FROM floor_plans WHERE store_id = $1"


async def find_plan(connection: TenantConnection, store_id: uuid.UUID, *, lock: bool = False) -> FloorPlan | None:
    """The plan of a store in scope with its cameras; None where there is none. `lock` keeps it until the transaction ends."""
    row = await connection.fetchrow(_PLAN + (" FOR UPDATE" if lock else ""), store_id)
    if row is None:
        return None
    places = await connection.fetch(
        "SELECT p.camera_id, p.x, p.y, p.heading_deg, p.view_deg, p.reach FROM camera_places p"
        " JOIN cameras c ON c.id = p.camera_id WHERE p.store_id = $1 AND c.deleted_at IS NULL ORDER BY p.camera_id LIMIT $2",
        store_id,
        MOST_PLACES,
    )
    return FloorPlan(**dict(row), places=tuple(CameraPlace(**dict(place)) for place in places))


def no_such_plan() -> NotFoundError:
    """The same answer for what is not there and for what one may not see."""
    return NotFoundError("This store has no floor plan yet; upload its picture first.")


async def read_picture(connection: TenantConnection, store_id: uuid.UUID) -> bytes:
    """The picture, WebP; NotFoundError where there is none."""
    webp: bytes | None = await connection.fetchval("SELECT picture FROM floor_plans WHERE store_id = $1", store_id)
    if webp is None:
        raise no_such_plan()
    return webp


async def put_picture(
    connection: TenantConnection, chain_id: uuid.UUID, store_id: uuid.UUID, picture: PlanPicture, moment: datetime
) -> None:
    """The store's first picture, or another one under the cameras that hang there."""
    await connection.execute(
        "INSERT INTO floor_plans (store_id, chain_id, revision, width, height, sha256, picture, changed_at)"
        " VALUES ($1, $2, 1, $3, $4, $5, $6, $7) ON CONFLICT (store_id) DO UPDATE SET revision = floor_plans.revision + 1,"
        " width = excluded.width, height = excluded.height, sha256 = excluded.sha256, picture = excluded.picture,"
        " changed_at = excluded.changed_at",
        store_id,
        chain_id,
        picture.width,
        picture.height,
        picture.sha256,
        picture.webp,
        moment,
    )


async def place_cameras(
    connection: TenantConnection,
    chain_id: uuid.UUID,
    plan: FloorPlan,
    places: Sequence[CameraPlace],
    width_m: float | None,
    moment: datetime,
) -> None:
    """These cameras in these places and no others. The caller holds the plan's lock."""
    await connection.execute(
        "UPDATE floor_plans SET revision = revision + 1, width_m = $2, changed_at = $3 WHERE store_id = $1",
        plan.store_id,
        width_m,
        moment,
    )
    await connection.execute("DELETE FROM camera_places WHERE store_id = $1", plan.store_id)
    await connection.executemany(
        "INSERT INTO camera_places (camera_id, chain_id, store_id, x, y, heading_deg, view_deg, reach)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        [
            (each.camera_id, chain_id, plan.store_id, each.x, each.y, each.heading_deg, each.view_deg, each.reach)
            for each in places
        ],
    )


async def remove_plan(connection: TenantConnection, store_id: uuid.UUID) -> None:
    """Take the picture away, and with it where cameras hang."""
    await connection.execute("DELETE FROM floor_plans WHERE store_id = $1", store_id)
