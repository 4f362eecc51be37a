"""Workers on the memory Redis: whether any reported lately, and which key may send frames of which camera."""

import uuid
from collections.abc import Iterable

from app.auth.models import Access
from app.contracts.control import LEASE_S
from app.kit.errors import ForbiddenError, NotFoundError
from app.kit.postgres import TenantScope
from app.kit.redis import Redis

SEEN = "presence:workers"


def stores_of_worker(access: Access) -> list[uuid.UUID] | None:
    """The stores whose cameras, passwords included, this key may be given; None for a key of the platform.

    Raises:
        ForbiddenError: a key of one chain that names no store: `pennyprotect workers create` makes none such.
    """
    if access.principal.chain_id is None:
        return None
    stores = access.scope.store_ids
    if stores is None:
        raise ForbiddenError("Workers need a key of the platform or of named stores; `pennyprotect workers create` makes one.")
    return sorted(stores)


def scope_of_worker(access: Access, chain_id: uuid.UUID) -> TenantScope:
    """What this key may touch of a chain: everything, or its own stores. NotFoundError for a key of another chain."""
    stores = stores_of_worker(access)
    if stores is None:
        return TenantScope(chain_id)
    if access.principal.chain_id != chain_id:
        raise NotFoundError("There is no such thing, or this key may not see it.")
    return TenantScope(chain_id, frozenset(stores))


async def note_worker(memory: Redis, worker_id: uuid.UUID, key_id: uuid.UUID, cameras: Iterable[uuid.UUID]) -> None:
    """Remember a heartbeat, and for the length of a lease that frames of these cameras may come with this key."""
    async with memory.pipeline(transaction=False) as pipe:
        pipe.set(SEEN, str(worker_id), ex=int(LEASE_S))
        for camera_id in cameras:
            pipe.set(_allowed(camera_id), str(key_id), ex=int(LEASE_S))
        await pipe.execute()


async def any_worker(memory: Redis) -> bool:
    """Whether a worker reported within the last lease."""
    return bool(await memory.exists(SEEN))


async def allowed_cameras(memory: Redis, key_id: uuid.UUID, cameras: list[uuid.UUID]) -> set[uuid.UUID]:
    """Those of `cameras` whose frames may come with this key."""
    if not cameras:
        return set()
    holders = await memory.mget([_allowed(camera_id) for camera_id in cameras])
    wanted = str(key_id).encode()
    return {camera_id for camera_id, holder in zip(cameras, holders, strict=True) if holder == wanted}


def _allowed(camera_id: uuid.UUID) -> str:
    return f"presence:ingest:{camera_id}"
