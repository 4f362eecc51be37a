"""SQL of what workers measured."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, get_origin

import asyncpg
import msgspec

from app.contracts.models import LATENCIES, Disagreement, ModelReading, ModelReport, ModelSums, ShadowReading, ShadowSums
from app.kit.clock import from_us
from app.kit.errors import ConflictError, UnavailableError
from app.kit.keys.models import DISAGREEMENT
from app.kit.keys.vault import Vault
from app.kit.logs import logger
from app.kit.postgres import Pool, TenantScope, tenant_transaction

MINUTES_KEPT: Final = timedelta(hours=6)
HOURS_KEPT: Final = timedelta(days=35)
STILLS_KEPT: Final = timedelta(days=7)
MOST_STILLS_KEPT: Final = 60
"""Of one shadow run: the newest."""
FORGET_EVERY_S: Final = 600.0
MOST_CAMERAS: Final = 5_000
"""Of which a page lists what was read, camera by camera."""
ACQUIRE_S: Final = 5.0

log = logger(__name__)


def summed(kind: type[ModelSums] | type[ShadowSums], *but: str) -> str:
    """Columns that add rows up, named as the fields of `kind` are, without those of `but`; 0 without a row."""
    return ", ".join(f'{_summed(each)} AS "{each.name}"' for each in msgspec.structs.fields(kind) if each.name not in but)


def _summed(field: msgspec.structs.FieldInfo) -> str:
    if get_origin(field.type) is list:  # one pass over the rows; `added_up` calls a function for each, which is for a few
        return f"ARRAY[{', '.join(_total(f'{field.name}[{place}]', 'bigint') for place in range(1, LATENCIES + 1))}]"
    return _total(f'"{field.name}"', {int: "bigint", float: "double precision"}[field.type])


def _total(column: str, kind: str) -> str:
    return f"coalesce(sum({column}), 0)::{kind}"


async def note_report(pool: "Pool[asyncpg.Record]", vault: Vault, report: ModelReport) -> None:
    """Add a report's sums to what is known, in one transaction, after its stills: one that cannot be sealed is left out."""
    for place, each in enumerate(report.disagreements):
        try:
            await _keep(pool, vault, each, uuid.uuid5(report.id, str(place)))
        except (ConflictError, UnavailableError) as error:  # the chain's key is destroyed, or its provider away
            log.warning("a still of a disagreement is not kept", camera=str(each.camera_id), problem=error.detail)
    async with pool.acquire(timeout=ACQUIRE_S) as connection, connection.transaction():
        if report.readings:
            await connection.execute("SELECT note_model_readings($1)", _rows(report.readings))
        if report.shadows:
            await connection.execute("SELECT note_model_comparisons($1)", _rows(report.shadows))


async def _keep(pool: "Pool[asyncpg.Record]", vault: Vault, each: Disagreement, made: uuid.UUID) -> None:
    """Sealed by the key of the camera's chain; once, however often a report comes that could not be noted whole."""
    which = (each.camera_id, each.model, each.version, each.against)
    async with pool.acquire(timeout=ACQUIRE_S) as connection:
        chain_id = await connection.fetchval("SELECT chain_of_disagreement($1, $2, $3, $4)", *which)
    if chain_id is None:
        return
    async with tenant_transaction(pool, TenantScope(chain_id)) as connection:
        if await connection.fetchval("SELECT EXISTS (SELECT FROM model_disagreements WHERE id = $1)", made):
            return
        sealed = await vault.seal_bytes(connection, chain_id, DISAGREEMENT, made, each.still)
        await connection.execute(
            "SELECT keep_sealed_disagreement($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            made, *which, from_us(each.captured_at_us), each.only_old, each.only_new, each.likeness, sealed, MOST_STILLS_KEPT,
        )  # fmt: skip


def _rows(several: Sequence[ModelReading | ShadowReading]) -> object:
    return msgspec.to_builtins(several)


async def forget_old(pool: "Pool[asyncpg.Record]") -> int:
    """Delete what is too old, of every chain; how many rows."""
    async with pool.acquire(timeout=ACQUIRE_S) as connection:
        query = "SELECT forget_model_readings($1, $2, $3)"
        return int(await connection.fetchval(query, MINUTES_KEPT, HOURS_KEPT, STILLS_KEPT) or 0)
