"""Retention: delete what is due, end exports, and bring database and objects to agree, both ways; once, or every hour.

An erasure that somebody asked for does not wait for the hour. It has a database role of its own, which alone may end evidence and
write receipts. One run at a time, by a lease that it renews.
A deletion is two transactions around the removal of the object: "deleted" first, the receipt after it. A run that dies in
between is finished by the next one, and a receipt never says what did not happen.
"""

import asyncio
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any, Final

import asyncpg

from app.audit.models import Act, ActorKind, AuditEntry
from app.evidence import exports_repository, metrics, repository, service, tracks
from app.evidence import retention_repository as stored
from app.evidence.custody import Link
from app.evidence.models import Evidence, EvidenceState, ExportState
from app.evidence.retention import Due, due
from app.evidence.storage import Storage
from app.kit.clock import now
from app.kit.errors import ConflictError, PennyError, SetupError
from app.kit.ids import new_id
from app.kit.logs import logger
from app.kit.objects.store import EvidenceStore, LockedError, NoSuchObjectError
from app.kit.opening import until_open
from app.kit.operations import serve_operations
from app.kit.postgres import DATABASE_ERRORS, Pool, TenantConnection, TenantScope, connect_pool, tenant_transaction
from app.settings import Settings

EVERY_S: Final = 3600.0
FIRST_S: Final = 60.0
AGAIN_S: Final = 300.0
LOOK_S: Final = 30.0
"""Between looks whether somebody asked for an erasure."""
CLOCKS: Final = timedelta(minutes=1)
"""By how much this machine's clock may be before or after the service's."""
LEASE_S: Final = 1800.0
RENEWED_EVERY: Final = 100
"""Deletions after which the lease is renewed; each ends within the store's and the database's time-outs."""
YOUNG: Final = timedelta(days=1)
"""Objects without a row are left alone for so long by their key's day: an upload may be under way."""

UNNAMED: Final = "unnamed"
"""The class in the receipt of what the release before this one marked, which wrote the class into the reason."""
MANY: Final = 10
"""Pieces that are not all lost at once: where none of so many is there, the store is another one, or empty."""

log = logger(__name__)


@dataclass(slots=True)
class Tally:
    """What a run did."""

    deleted: int = 0
    exports_ended: int = 0
    orphans_removed: int = 0
    missing_found: int = 0
    kept_by_store: int = 0
    days_of_tracks_dropped: int = 0


class Retention:
    """Runs retention over every chain."""

    def __init__(self, pool: "Pool[asyncpg.Record]", storage: Storage, tracks_days: int = tracks.DAYS) -> None:
        self._pool, self._storage, self._me, self._tracks_days = pool, storage, new_id(), tracks_days
        self._ran_at = now()
        self._acted_on: set[tuple[uuid.UUID, uuid.UUID]] = set()

    async def keep(self, stop: asyncio.Event) -> None:
        """A run an hour until `stop`; sooner after one that failed, and where somebody asked for an erasure."""
        pause = FIRST_S
        while not await self._rested(stop, pause):
            self._ran_at = now()
            try:
                tally = await self.once(now())
                log.info("retention ran", **asdict(tally))
                pause = EVERY_S
            except (PennyError, *DATABASE_ERRORS) as error:
                metrics.failures.labels(type(error).__name__).inc()
                log.warning("retention waits", error=str(error) or type(error).__name__)
                pause = AGAIN_S

    async def _rested(self, stop: asyncio.Event, seconds: float) -> bool:
        """Whether it was told to stop before the time was over or an erasure was asked for."""
        over = monotonic() + seconds
        while (left := over - monotonic()) > 0:
            if await _stopped(stop, min(left, LOOK_S)):
                return True
            with suppress(*DATABASE_ERRORS):
                if await self._erasure_asked(self._ran_at - CLOCKS):
                    break
        return stop.is_set()

    async def _erasure_asked(self, since: datetime) -> bool:
        """Whether anything is to be erased for which no run was made; what something holds stays, and costs one."""
        found = set()
        for chain_id in await stored.chains(self._pool):
            async with tenant_transaction(self._pool, TenantScope(chain_id)) as connection:
                found |= await stored.erasures_asked(connection, since)
        before, self._acted_on = self._acted_on, found
        return not found <= before

    async def once(self, at: datetime) -> Tally:
        """One run as of `at`; ConflictError where another is under way."""
        tally, store = Tally(), await self._storage.open()
        try:
            await self._lead()
            tally.days_of_tracks_dropped = await tracks.drop_old(self._pool, self._tracks_days)
            for chain_id in await stored.chains(self._pool):
                await self._chain(TenantScope(chain_id), store, at, tally)
        finally:
            with suppress(*DATABASE_ERRORS):
                await stored.leave(self._pool, self._me)
        return tally

    async def _lead(self) -> None:
        """Take or renew the lease; ConflictError where another run has it."""
        if not await stored.lead(self._pool, self._me, LEASE_S):
            raise ConflictError("Another run of retention is under way; try again when it has ended.")

    async def _chain(self, scope: TenantScope, store: EvidenceStore, at: datetime, tally: Tally) -> None:
        await self._demand_its_store(scope, store)
        async with tenant_transaction(self._pool, scope) as connection:
            wanted = due(await stored.stored(connection), await stored.rules_of(connection), at)
            begun = await stored.leaving(connection)
        for each in wanted:
            if await self._begin(scope, each):
                begun.append(each.id)
        for number, evidence_id in enumerate(begun):
            if number % RENEWED_EVERY == 0:
                await self._lead()
            await self._finish(scope, store, evidence_id, at, tally)
        await self._lead()
        async with tenant_transaction(self._pool, scope) as connection:
            over = await stored.over_exports(connection, at)
        for export_id, key in over:
            await self._end_export(scope, store, (export_id, key), at, tally)
        await self._reconcile(scope, store, at, tally)

    async def _demand_its_store(self, scope: TenantScope, store: EvidenceStore) -> None:
        """SetupError where many pieces should be stored and none is: then it is the wrong place, and says nothing of them."""
        async with tenant_transaction(self._pool, scope) as connection:
            sample = await stored.sample_of_keys(connection, MANY)
        if len(sample) < MANY:
            return
        for key in sample:
            if not await _is_gone(store, key):
                return
        async with tenant_transaction(self._pool, scope) as connection:
            keys = set((await stored.present_keys(connection)).values())
        async for key in store.keys(f"evidence/{scope.chain_id}/"):
            if key in keys:
                return
        raise SetupError(
            f"None of the {len(keys)} recordings of a chain is in the object store. Retention touches nothing until"
            " AWS_S3_BUCKET, or the state folder, names the store that holds them, or that store is restored."
        )

    async def _begin(self, scope: TenantScope, wanted: Due) -> bool:
        """Mark it; False where a hold, a case or a complaint came in between."""
        async with tenant_transaction(self._pool, scope) as connection:
            await repository.get_evidence(connection, wanted.id, lock=True)
            if not any(each.is_free for each in await stored.stored(connection, wanted.id)):
                return False
            said = {"state": EvidenceState.DELETED.value, "reason": wanted.reason, "deletion_class": wanted.kind}
            await repository.change(connection, wanted.id, **said, boxes=None)
        return True

    async def _finish(self, scope: TenantScope, store: EvidenceStore, evidence_id: uuid.UUID, at: datetime, tally: Tally) -> None:
        async with tenant_transaction(self._pool, scope) as connection:
            piece = await repository.get_evidence(connection, evidence_id)
        if not await self._erased(scope, store, piece):
            async with tenant_transaction(self._pool, scope) as connection:
                await repository.change(connection, evidence_id, locked_at_store=True)
            tally.kept_by_store += 1
            return
        kind = piece.deletion_class or UNNAMED
        async with tenant_transaction(self._pool, scope) as connection:
            await repository.change(connection, evidence_id, deleted_at=at, locked_at_store=False)
            await stored.add_receipt(connection, piece, scope.chain_id, piece.s3_key or "", kind, piece.reason, at)
            await _note(connection, piece, "deleted", at, {"class": kind, "reason": piece.reason})
        tally.deleted += 1

    async def _erased(self, scope: TenantScope, store: EvidenceStore, piece: Evidence) -> bool:
        """Whether it is gone; False where the store holds it. A hold that was lifted here may have stayed there: it goes, too."""
        key = piece.s3_key or ""
        with suppress(LockedError):
            await store.erase(key)
            return True
        async with tenant_transaction(self._pool, scope) as connection:
            if piece.held or not await stored.was_released(connection, piece.id):
                return False
        with suppress(LockedError):
            await store.protect(key, None, hold=False)
            await store.erase(key)
            return True
        return False

    async def _end_export(
        self, scope: TenantScope, store: EvidenceStore, export: tuple[uuid.UUID, str | None], at: datetime, tally: Tally
    ) -> None:
        export_id, key = export
        if key is not None:
            await store.erase(key)
        async with tenant_transaction(self._pool, scope) as connection:
            await exports_repository.change_export(connection, export_id, state=ExportState.ENDED.value)
            if key is not None:
                await stored.add_receipt(
                    connection, None, scope.chain_id, key, "export", "Its link was over, or what it shows was erased.", at
                )
        tally.exports_ended += 1

    async def _reconcile(self, scope: TenantScope, store: EvidenceStore, at: datetime, tally: Tally) -> None:
        """Objects that no row needs go; rows whose object is gone say so."""
        there = {key for folder in ("evidence", "exports") async for key in store.keys(f"{folder}/{scope.chain_id}/")}
        async with tenant_transaction(self._pool, scope) as connection:
            needed = await stored.known_keys(connection)
            present = await stored.present_keys(connection)
        for key in sorted(there - needed):
            if _is_young(key, at):
                continue
            with suppress(LockedError):
                await store.erase(key)
                async with tenant_transaction(self._pool, scope) as connection:
                    await stored.add_receipt(connection, None, scope.chain_id, key, "orphan", "No record needed it.", at)
                tally.orphans_removed += 1
        for evidence_id, key in present.items():
            if key not in there and await _is_gone(store, key):
                await self._say_missing(scope, evidence_id, at)
                tally.missing_found += 1

    async def _say_missing(self, scope: TenantScope, evidence_id: uuid.UUID, at: datetime) -> None:
        async with tenant_transaction(self._pool, scope) as connection:
            piece = await repository.get_evidence(connection, evidence_id, lock=True)
            reason = "Its bytes are gone from the store, and retention did not delete them."
            await repository.change(connection, evidence_id, state=EvidenceState.LOST.value, reason=reason)
            await _note(connection, piece, "missing", at, {})


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """The role: runs until `stop`, through any outage of the database or of the store.

    Raises:
        SetupError: DATABASE_URL is not set.
    """
    url = settings.database_dsn
    if not url:
        raise SetupError("DATABASE_URL is not set; retention needs a database with the role pennyprotect_retention.")
    async with serve_operations(settings.metrics, settings.home, "retention"):
        pool = await until_open(partial(connect_pool, url, role="retention", largest=2, prepared=settings.prepared), stop)
        if pool is None:
            return
        try:
            await Retention(pool, Storage(settings), settings.tracks_days).keep(stop)
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(2):
                    await pool.close()


async def _stopped(stop: asyncio.Event, seconds: float) -> bool:
    """Whether it was told to stop within the time."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()


async def _is_gone(store: EvidenceStore, key: str) -> bool:
    try:
        await store.stat(key)
    except NoSuchObjectError:
        return True
    return False


async def _note(connection: TenantConnection, piece: Evidence, act: str, at: datetime, details: dict[str, Any]) -> None:
    link = Link(act, ActorKind.SYSTEM.value, None, at, details)
    system = (Act.EVIDENCE_DELETED if act == "deleted" else Act.EVIDENCE_MISSING, ActorKind.SYSTEM, None)
    entry = AuditEntry(*system, piece.chain_id, piece.store_id, "evidence", piece.id, details)
    await service.note(connection, piece, link, entry)


def _is_young(key: str, at: datetime) -> bool:
    """By the day in an evidence key; an export's key has none and belongs to a row or to nobody."""
    parts = key.split("/")
    try:
        day = datetime(int(parts[3]), int(parts[4]), int(parts[5]), tzinfo=at.tzinfo)
    except (ValueError, IndexError):
        return False
    return at - day < YOUNG + timedelta(days=1)
