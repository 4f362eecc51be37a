"""Checkpoints beside the processing: what shards hold at one moment is handed over, and written while frames go on.

Shards take turns, an eighth of them at a time, so that encoding their state never holds frames up for long. A shard with a new
alert does not wait for its turn. One transaction is under way at a time; what fails is the shard's again.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Collection, Mapping

import asyncpg

from app.kit.logs import logger
from app.kit.postgres import Pool
from app.pipeline import metrics
from app.pipeline.checkpoint_repository import REFUSED_ROW, ShardCommit, Written, commit
from app.pipeline.shard import Setups, Shard

CHECKPOINT_S = 1.0
"""How often each shard is written."""
TURNS = 8
BESIDE_S = 0.1
"""For so long frames go on beside a transaction."""
MOST_PENDING = 5000
"""Rows of a shard that wait for a checkpoint; more make it due at once, and frames wait for the one under way."""

log = logger(__name__)


class Checkpoints:
    """Writes the shards of one pipeline. `ended` is called whenever a transaction is over, however."""

    def __init__(self, pool: "Pool[asyncpg.Record]", owner: uuid.UUID, ended: Callable[[], None] = lambda: None) -> None:
        self.pool = pool
        self.owner = owner
        self._ended = ended
        self._under_way: asyncio.Task[None] | None = None
        self._began = 0.0
        self._turn = 0
        self.due = time.monotonic()

    @property
    def under_way(self) -> bool:
        """Whether a transaction goes on."""
        return self._under_way is not None and not self._under_way.done()

    def behind(self, shards: Mapping[int, Shard]) -> bool:
        """Whether frames must wait for the transaction under way: it takes long, or too many rows wait for the next.

        Its statements take turns with the frames, so a backlog of frames would make it last and last.
        """
        if not self.under_way:
            return False
        long = time.monotonic() - self._began > BESIDE_S
        return long or any(shard.urgent and len(shard.pending) > MOST_PENDING for shard in shards.values())

    def start(self, shards: Mapping[int, Shard], setups: Setups) -> None:
        """Begin to write whose turn it is and who hurries, unless a transaction is under way.

        Raises:
            StaleLeaseError, asyncpg.PostgresError, OSError, TimeoutError: why the one before failed.
        """
        if self.under_way:
            return
        if self._under_way is not None:
            last, self._under_way = self._under_way, None
            last.result()
        turns = self._turns()
        if moved := [shard for shard in shards.values() if shard.dirty and (shard.urgent or shard.number % TURNS in turns)]:
            self._began = time.monotonic()
            self._under_way = asyncio.create_task(self._write(moved, setups))
            self._under_way.add_done_callback(lambda _task: self._ended())

    def _turns(self) -> set[int]:
        """Whose turn it is; more than one where the last transaction took long."""
        turns: set[int] = set()
        moment = time.monotonic()
        while moment >= self.due and len(turns) < TURNS:
            self._turn = (self._turn + 1) % TURNS
            turns.add(self._turn)
            self.due += CHECKPOINT_S / TURNS
        self.due = max(self.due, moment)
        return turns

    async def idle(self) -> None:
        """Wait for the transaction under way; `start` tells how it went."""
        if self._under_way is not None:
            await asyncio.wait({self._under_way})

    async def write(self, shards: Collection[Shard], setups: Setups) -> None:
        """Write all of them that moved, after the transaction under way, and wait for it.

        Raises:
            StaleLeaseError: see `commit`; nothing was written and the shards hold their pending rows.
        """
        await self.idle()
        if self._under_way is not None and not self._under_way.cancelled():
            self._under_way.exception()  # what it did not write is written now
        self._under_way = None
        if moved := [shard for shard in shards if shard.dirty]:
            await self._write(moved, setups)

    async def _write(self, moved: list[Shard], setups: Setups) -> None:
        moved.sort(key=lambda shard: shard.number)
        states = [(shard.positions(), shard.encode(setups)) for shard in moved]  # what fails here has taken nothing yet
        commits: list[ShardCommit] = []
        started = time.perf_counter()
        try:
            for shard, state in zip(moved, states, strict=True):
                commits.append(ShardCommit(shard.number, shard.token, *state, shard.hand_over()))
            written = await self._commit(commits)
        except BaseException:
            for shard, each in zip(moved, commits, strict=False):
                shard.take_back(each.pending)
            raise
        metrics.checkpoint.observe(time.perf_counter() - started)
        for row in (row for each in commits for row in each.pending.alerts):
            if row.begins and row.alert.id in written.raised:
                metrics.alerts.labels(row.alert.kind).inc()
                log.info("alert raised", alert=str(row.alert.id), kind=row.alert.kind, camera=str(row.alert.camera_id))

    async def _commit(self, commits: list[ShardCommit]) -> Written:
        try:
            return await commit(self.pool, self.owner, commits)
        except REFUSED_ROW as error:
            log.warning("the database refused a row, writing each apart", error=str(error))
            written = await commit(self.pool, self.owner, commits, apart=True)
            metrics.refused.inc(len(written.refused))
            return written
