"""One pipeline's work: holds shards, moves the rules by what was read, and checkpoints with everything they caused."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice

import asyncpg

from app.kit.clock import now, now_us
from app.kit.ids import SHARDS, new_id
from app.kit.logs import logger
from app.kit.opening import BACKOFF
from app.kit.postgres import DATABASE_ERRORS, Pool
from app.pipeline import metrics
from app.pipeline.checkpoint_repository import StaleLeaseError
from app.pipeline.checkpoints import MOST_PENDING, Checkpoints
from app.pipeline.configuration import set_up
from app.pipeline.configuration_repository import (
    configuration_revision,
    forget_old_series,
    make_partitions,
    read_configuration,
)
from app.pipeline.errands import Errand
from app.pipeline.holding import Reviews, shard_of_grant
from app.pipeline.lease_repository import release_leases
from app.pipeline.leases import RENEW_S
from app.pipeline.reading import Batch, Entries, Kind, Reader, parts
from app.pipeline.shard import Setups, Shard, Tally, bodies_of

CONFIGURATION_S = 1.0
PARTITIONS_S = 3600.0
PARTITIONS_AGAIN_S = 60.0
LAST_COMMIT_S = 2.5

log = logger(__name__)


class Pipeline:
    """One pipeline process's work, on a database pool and two readers.

    Everything that moves a shard happens in `run`, one step after the other; the readers, the transactions of checkpoints, the
    looks at the leases and at the configuration, and the partitions run beside it.
    """

    def __init__(self, pool: "Pool[asyncpg.Record]", queue: "asyncio.Queue[Batch]", readers: tuple[Reader, ...]) -> None:
        self.me = new_id()
        self.pool = pool
        self.queue = queue
        self.readers = readers
        self.shards: dict[int, Shard] = {}
        self.setups: Setups = {}
        self.tally = Tally()
        self._revision = -1
        self.checkpoints = Checkpoints(pool, self.me, self._wake)
        self.reviews = Reviews(pool, self.me, self._wake)
        self._leases_due = 0.0
        self.errands = Errand(self.load_configuration, self._wake), Errand(self._make_partitions, self._wake)
        self._told: set[str] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until stopped; then write what is left and hand the shards back."""
        failures = 0
        while not stop.is_set():
            try:
                await self._housekeeping()
                if failures:  # nothing more is taken in that perhaps cannot be written
                    await self.checkpoint(together=max(1, SHARDS >> failures))
                elif self.checkpoints.behind(self.shards) or self.reviews.long:
                    await self._idle()
                look_first = self.reviews.come_first(self._leases_due, self.checkpoints.turns.began)
                self.checkpoints.start(self.shards, self.setups, take_turns=not look_first)
                await asyncio.sleep(0)  # a full queue would not let the transaction begin
                failures = 0
            except StaleLeaseError as error:
                self._lose(error.tokens)
                continue
            except DATABASE_ERRORS as error:
                if not failures:
                    log.warning("the database does not answer", error=str(error) or type(error).__name__)
                metrics.outages.labels("database").inc()
                with suppress(TimeoutError):
                    async with asyncio.timeout(BACKOFF.delay_s(failures)):
                        await stop.wait()
                failures += 1
                continue
            await self._process_next()
        await self._leave()

    async def _process_next(self) -> None:
        wait = min(self._leases_due, *(errand.due for errand in self.errands), self.checkpoints.due) - time.monotonic()
        try:
            async with asyncio.timeout(max(0.01, wait)):
                batch = await self.queue.get()
        except TimeoutError:
            return
        try:
            await self._move(batch)
        finally:
            self.queue.task_done()
        self._count()
        metrics.queued.set(self.queue.qsize())

    async def _move(self, batch: Batch) -> None:
        """As `process`; statements of transactions take turns with shards, not with whole batches."""
        for part in parts(batch.entries):
            for _ in self._steps(batch.kind, part):
                self.checkpoints.hurry(self.shards.values(), self.setups)
                if self.checkpoints.under_way or self.reviews.open:
                    await asyncio.sleep(0)

    def process(self, batch: Batch) -> None:
        """Move every shard of a batch that is still held."""
        for part in parts(batch.entries):
            list(self._steps(batch.kind, part))
        self._count()

    def _steps(self, kind: Kind, part: Entries) -> Iterator[None]:
        """Move the shards of a part of a batch, one a step; what bodies of all its frames look like is worked out at once."""
        held = [(shard, entries) for shard, entries in part if shard.held]
        read = [shard.read(entries, self.tally) for shard, entries in held] if kind == "frames" else []
        bodies = iter(bodies_of([each.frame for frames in read for each in frames or ()], self.setups))
        for number, (shard, entries) in enumerate(held):
            if kind == "frames":
                if (frames := read[number]) is None:
                    continue
                shard.move(frames, list(islice(bodies, len(frames))), entries, self.setups, now(), self.tally)
            elif kind == "tracklets":
                shard.take_tracklets(entries, self.setups, self.tally)
            else:
                shard.take_health(entries, self.setups, now(), self.tally)
            shard.urgent = shard.urgent or len(shard.pending) > MOST_PENDING
            yield

    def _count(self) -> None:
        if self.tally.newest_us:
            metrics.lag.observe(max(0.0, (now_us() - self.tally.newest_us) / 1e6))
        for what in self.tally.poison:
            self._tell_once(what)
        self.tally.poison.clear()
        metrics.count(self.tally)

    def _tell_once(self, what: str) -> None:
        kind = what[:60]
        if kind not in self._told and len(self._told) < 100:
            self._told.add(kind)
            log.warning("a message cannot be processed and is passed over; said once", message=what)

    async def _housekeeping(self) -> None:
        if self._revision < 0 and time.monotonic() >= self.errands[0].due:  # frames of a camera not known are passed over
            await self.load_configuration()
        for errand in self.errands:
            errand.look()
        if time.monotonic() >= self._leases_due and not self.checkpoints.turns.under_way:
            self._review()
        await self._reviewed()

    async def _make_partitions(self) -> float:
        """Seconds until the next time. Without them detections go to the default partition: no reason to hold alerts back."""
        try:
            await make_partitions(self.pool)
            await forget_old_series(self.pool)
        except DATABASE_ERRORS as error:
            log.warning("partitions cannot be made yet", error=str(error) or type(error).__name__)
            return PARTITIONS_AGAIN_S
        return PARTITIONS_S

    async def load_configuration(self) -> float:
        """Read cameras, zones and rules again if they changed. Seconds until the next time."""
        revision = await configuration_revision(self.pool)
        if revision != self._revision:
            rows = await read_configuration(self.pool)
            self.setups = set_up(*rows, complain=lambda sentence: log.warning("configuration left out", reason=sentence))
            self._revision = revision
            log.info("configuration read", revision=revision, cameras=len(self.setups))
        return CONFIGURATION_S

    async def keep_leases(self) -> None:
        """Renew, hand back what others should hold, take what nobody holds."""
        self._review()
        await self._idle()
        await self._reviewed()

    def _review(self) -> None:
        """Look at the leases beside the frames. No shard has its turn meanwhile: both lock rows of leases. Alerts do not wait."""
        self.reviews.start({number: shard.token for number, shard in self.shards.items()})

    async def _idle(self) -> None:
        """Wait for what is under way at the database."""
        await self.checkpoints.idle()
        await self.reviews.idle()

    async def _reviewed(self) -> None:
        """Take in what a look at the leases showed."""
        review = self.reviews.take()
        if review is None:
            return
        self._leases_due = self.reviews.began + RENEW_S
        self._lose({number: shard.token for number, shard in self.shards.items() if number not in review.kept})
        excess = tuple(number for number in review.excess if number in self.shards)
        if excess:
            leaving = [self.shards[number] for number in excess]
            for shard in leaving:
                shard.close_series(self.setups)
            await self.checkpoint(leaving)
            await release_leases(self.pool, self.me, {shard.number: shard.token for shard in leaving})
            self._drop(excess)
            log.info("shards handed back", shards=len(excess), held=len(self.shards))
        for grant in review.granted:
            self.shards[grant.shard] = shard_of_grant(grant)
        if review.granted:
            log.info("shards taken", shards=len(review.granted), held=len(self.shards))
        if review.granted or excess:
            self._follow()

    def _lose(self, tokens: Mapping[int, int]) -> None:
        """Drop what is held by these tokens. A shard that was granted anew meanwhile has a later one, and stays."""
        shards = frozenset(each.number for each in self.shards.values() if tokens.get(each.number) == each.token)
        if shards:
            metrics.stale.inc(len(shards))
            log.warning("shards lost: their leases ran out and moved", shards=sorted(shards))
            self._drop(shards)
            self._follow()

    def _drop(self, shards: "frozenset[int] | tuple[int, ...]") -> None:
        for number in shards:
            shard = self.shards.pop(number, None)
            if shard is not None:
                shard.held = False

    def _follow(self) -> None:
        metrics.shards.set(len(self.shards))
        for reader in self.readers:
            reader.follow(self.shards.values())

    async def checkpoint(self, shards: list[Shard] | None = None, together: int = SHARDS) -> None:
        """Write the positions, state and pending rows of these shards, or all, that moved.

        Args:
            together: shards in one transaction. On a machine that is far too busy the server ends one of all of them before it is
                through, again and again: after each failure fewer are written at once, and some get through.

        Raises:
            StaleLeaseError: see `commit`; the shards that were not written still hold their pending rows.
        """
        await self.checkpoints.write(self.shards.values() if shards is None else shards, self.setups, together)

    def _wake(self) -> None:
        """A transaction is over: the next may be due. An empty batch, or any other, ends the wait for one."""
        with suppress(asyncio.QueueFull):
            self.queue.put_nowait(Batch("frames"))

    async def _leave(self) -> None:
        for errand in self.errands:
            errand.stop()
        try:
            async with asyncio.timeout(LAST_COMMIT_S):
                await self._idle()
                with suppress(*DATABASE_ERRORS):  # what was just granted is released with the rest
                    await self._reviewed()
                for shard in self.shards.values():
                    shard.close_series(self.setups)
                await self.checkpoint()
                tokens = {number: shard.token for number, shard in self.shards.items()}
                await release_leases(self.pool, self.me, tokens, leaving=True)
        except (*DATABASE_ERRORS, StaleLeaseError) as error:
            log.warning("the last checkpoint was not written; the next holder starts from the one before", error=str(error))
