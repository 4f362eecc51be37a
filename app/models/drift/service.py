"""Drift of a chain's cameras, for the page, and of all chains, for the alert."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import asyncpg

from app.auth.models import Access
from app.kit.keeping import keep
from app.kit.logs import logger
from app.kit.metrics import gauge
from app.kit.postgres import Pool, TenantScope, tenant_transaction
from app.models.drift import repository
from app.models.drift.models import MEASURES, CameraDrift, drifts
from app.models.readings.models import Sums

EVERY_S: Final = 600.0
DRIFTING: Final = gauge(
    "model_drifting_cameras",
    "Cameras of which a model's version does not answer as in the two weeks before, by what is off.",
    ("model", "measure"),
)

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class ChainDrift:
    """`watched`: cameras and versions with a baseline; `waiting`: those that have none yet; `left_out`: nobody looked at them."""

    found: list[CameraDrift]
    watched: int
    waiting: int
    left_out: int


async def of_chain(pool: "Pool[asyncpg.Record]", access: Access) -> ChainDrift:
    """Of the caller's chain; the furthest off first."""
    return await _look(pool, access.whole_chain)


async def _look(pool: "Pool[asyncpg.Record]", scope: TenantScope) -> ChainDrift:
    async with tenant_transaction(pool, scope) as connection:
        days, left_out = await repository.days(connection)
    if left_out:
        log.warning("drift of some cameras and versions is not looked at: there are too many", left_out=left_out)
    return await asyncio.to_thread(_weigh, days, left_out)  # medians of thousands of cameras


def _weigh(days: Mapping[repository.Key, Mapping[int, Sums]], left_out: int) -> ChainDrift:
    found, watched, waiting = list[CameraDrift](), 0, 0
    for (camera_id, model, version), by_day in days.items():
        drifted = drifts(by_day)
        watched, waiting = watched + (drifted is not None), waiting + (drifted is None)
        found += [CameraDrift(camera_id, model, version, each) for each in drifted or ()]
    found.sort(key=lambda each: (-abs(each.drift.spreads), each.camera_id, each.drift.measure))
    return ChainDrift(found, watched, waiting, left_out)


async def count(pool: "Pool[asyncpg.Record]") -> None:
    """Set the gauge, over all chains."""
    counted: Counter[tuple[str, str]] = Counter()
    for chain_id in await repository.chains(pool):
        counted.update((each.model, each.drift.measure) for each in (await _look(pool, TenantScope(chain_id))).found)
    DRIFTING.clear()
    for model in {model for model, _ in counted}:
        for measure in MEASURES:
            DRIFTING.labels(model, measure).set(counted[model, measure])


async def keep_counting(pool: "Pool[asyncpg.Record]", stop: asyncio.Event) -> None:
    """`count` now and then until `stop`."""
    await keep(lambda: count(pool), EVERY_S, stop, "drift of models is not counted now")
