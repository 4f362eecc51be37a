"""Drift of a chain's cameras, for the page, and of all chains, for the alert."""

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass
from typing import Final

import asyncpg

from app.auth.models import Access
from app.kit.logs import logger
from app.kit.metrics import gauge
from app.kit.postgres import DATABASE_ERRORS, Pool, TenantConnection, TenantScope, tenant_transaction
from app.models.drift import repository
from app.models.drift.models import MEASURES, CameraDrift, drifts

EVERY_S: Final = 600.0
DRIFTING: Final = gauge(
    "model_drifting_cameras",
    "Cameras of which a model's version does not answer as in the two weeks before, by what is off.",
    ("model", "measure"),
)

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class ChainDrift:
    """`watched`: cameras and versions with a baseline; `waiting`: those that have none yet."""

    found: list[CameraDrift]
    watched: int
    waiting: int


async def of_chain(pool: "Pool[asyncpg.Record]", access: Access) -> ChainDrift:
    """Of the caller's chain; the furthest off first."""
    async with tenant_transaction(pool, access.whole_chain) as connection:
        return await _look(connection)


async def _look(connection: TenantConnection) -> ChainDrift:
    found, watched, waiting = [], 0, 0
    for (camera_id, model, version), by_day in (await repository.days(connection)).items():
        drifted = drifts(by_day)
        watched, waiting = watched + (drifted is not None), waiting + (drifted is None)
        found += [CameraDrift(camera_id, model, version, each) for each in drifted or ()]
    found.sort(key=lambda each: (-abs(each.drift.spreads), each.camera_id, each.drift.measure))
    return ChainDrift(found, watched, waiting)


async def count(pool: "Pool[asyncpg.Record]") -> None:
    """Set the gauge, over all chains."""
    counted: Counter[tuple[str, str]] = Counter()
    for chain_id in await repository.chains(pool):
        async with tenant_transaction(pool, TenantScope(chain_id)) as connection:
            counted.update((each.model, each.drift.measure) for each in (await _look(connection)).found)
    DRIFTING.clear()
    for model in {model for model, _ in counted}:
        for measure in MEASURES:
            DRIFTING.labels(model, measure).set(counted[model, measure])


async def keep_counting(pool: "Pool[asyncpg.Record]", stop: asyncio.Event) -> None:
    """`count` now and then until `stop`."""
    while not stop.is_set():
        try:
            await count(pool)
        except DATABASE_ERRORS as error:
            log.warning("drift of models is not counted now", error=str(error) or type(error).__name__)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), EVERY_S)
