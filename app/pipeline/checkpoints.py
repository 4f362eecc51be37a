"""Checkpoints beside the processing: what shards hold at one moment is handed over, and written while frames go on.

There are two ways to the database. Shards take turns on the first, an eighth of them at a time, so that encoding their state
never holds frames up for long. A shard with a new alert does not wait for its turn, nor for what is written of others' meanwhile:
it has the second. One transaction is under way on each, a shard is in one of them at most, and what fails is the shard's again.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping

import asyncpg

from app.kit.ids import SHARDS
from app.kit.logs import logger
from app.kit.postgres import Pool
from app.pipeline import metrics
from app.pipeline.checkpoint_repository import REFUSED_ROW, ShardCommit, Written, commit
from app.pipeline.shard import Setups, Shard

CHECKPOINT_S = 1.0
"""How often each shard is written."""
TURNS = 8
BESIDE_S = 1.0
"""For so long frames go on beside a transaction. It is slow where the database is, not because of them: its statements take turns
with shards. Waiting for each that took over 0.1 s made a second of a slow database two of standing frames."""
MOST_PENDING = 5000
"""Rows of a shard that wait for a checkpoint; more make it due at once, and frames wait for the one under way."""

log = logger(__name__)


class Way:
    """One transaction at a time to the database.

    Attributes:
        began: when the last one did, monotonic seconds.
    """

    def __init__(self) -> None:
        self.began = 0.0
        self._task: asyncio.Task[None] | None = None
        self._shards: frozenset[int] = frozenset()

    @property
    def under_way(self) -> bool:
        """Whether a transaction goes on."""
        return self._task is not None and not self._task.done()

    @property
    def free(self) -> bool:
        """Whether the next transaction may begin: none goes on, and the last one did not fail unheard."""
        return self._task is None or (self._task.done() and not self._task.cancelled() and self._task.exception() is None)

    def writes(self, shard: Shard) -> bool:
        """Whether the transaction under way holds a state of this shard."""
        return shard.number in self._shards and self.under_way

    def begin(self, task: "asyncio.Task[None]", shards: Iterable[Shard]) -> None:
        """Keep the task that writes these shards."""
        self._task, self._shards, self.began = task, frozenset(shard.number for shard in shards), time.monotonic()

    def heard(self) -> None:
        """Raises why the last transaction failed, once."""
        if self._task is not None and self._task.done():
            last, self._task = self._task, None
            last.result()

    async def idle(self) -> None:
        """Wait for the transaction under way."""
        if self._task is not None:
            await asyncio.wait({self._task})

    def forget(self) -> None:
        """Whatever the last transaction came to."""
        if self._task is not None and not self._task.cancelled():
            self._task.exception()
        self._task = None


class Checkpoints:
    """Writes the shards of one pipeline. `ended` is called whenever a transaction is over, however."""

    def __init__(self, pool: "Pool[asyncpg.Record]", owner: uuid.UUID, ended: Callable[[], None] = lambda: None) -> None:
        self.pool = pool
        self.owner = owner
        self._ended = ended
        self.turns, self.alerts = Way(), Way()
        self._turn = 0
        self.due = time.monotonic()

    @property
    def under_way(self) -> bool:
        """Whether a transaction goes on."""
        return self.turns.under_way or self.alerts.under_way

    def behind(self, shards: Mapping[int, Shard]) -> bool:
        """Whether frames must wait for what is under way: it takes long, or too many rows wait for the next.

        Its statements take turns with the frames, so a backlog of frames would make it last and last.
        """
        if not self.under_way:
            return False
        since = min(way.began for way in (self.turns, self.alerts) if way.under_way)
        long = time.monotonic() - since > BESIDE_S
        return long or any(shard.urgent and len(shard.pending) > MOST_PENDING for shard in shards.values())

    def start(self, shards: Mapping[int, Shard], setups: Setups, *, take_turns: bool = True) -> None:
        """Begin to write who hurries and, if they `take_turns`, whose turn it is, where nothing is under way already.

        Raises:
            StaleLeaseError, asyncpg.PostgresError, OSError, TimeoutError: why the one before failed.
        """
        self.alerts.heard()
        self.turns.heard()
        self.hurry(shards.values(), setups)
        if not take_turns or self.turns.under_way:
            return
        turns = self._turns()
        mine = [shard for shard in shards.values() if shard.number % TURNS in turns and shard.dirty and not shard.urgent]
        self._begin(self.turns, [shard for shard in mine if not self.alerts.writes(shard)], setups)

    def hurry(self, shards: Iterable[Shard], setups: Setups) -> None:
        """Begin to write those of the shards that have a new alert; who cannot now has it at the next `start`. Raises nothing."""
        if self.alerts.free:
            moved = [shard for shard in shards if shard.urgent and shard.dirty and not self.turns.writes(shard)]
            self._begin(self.alerts, moved, setups)

    def _begin(self, way: Way, moved: list[Shard], setups: Setups) -> None:
        if moved:
            task = asyncio.create_task(self._write(moved, setups))
            way.begin(task, moved)
            task.add_done_callback(lambda _task: self._ended())

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
        """Wait for what is under way; `start` tells how it went."""
        await self.turns.idle()
        await self.alerts.idle()

    async def write(self, shards: Collection[Shard], setups: Setups, together: int = SHARDS) -> None:
        """Write all of them that moved, after what is under way, and wait for it: so many `together` in one transaction.

        Raises:
            StaleLeaseError: see `commit`; the shards that were not written hold their pending rows.
        """
        await self.idle()
        self.turns.forget()  # what they did not write is written now
        self.alerts.forget()
        moved = [shard for shard in shards if shard.dirty]
        for first in range(0, len(moved), together):
            await self._write(moved[first : first + together], setups)

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
