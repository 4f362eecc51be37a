"""Holding shards: looks at the leases beside the processing, and the shards that come of them."""

import asyncio
import time
import uuid
from collections.abc import Callable

import asyncpg
import msgspec

from app.kit.logs import logger
from app.kit.postgres import Pool
from app.pipeline.camera import decode_cameras
from app.pipeline.checkpoints import BESIDE_S
from app.pipeline.lease_repository import Grant, Review, review_leases
from app.pipeline.shard import Positions, Shard

log = logger(__name__)


class Reviews:
    """Looks at the leases, one at a time. `ended` is called whenever one is over, however.

    Attributes:
        began: when the last one did, monotonic seconds.
    """

    def __init__(self, pool: "Pool[asyncpg.Record]", me: uuid.UUID, ended: Callable[[], None]) -> None:
        self._pool, self._me, self._ended = pool, me, ended
        self._task: asyncio.Task[Review] | None = None
        self.began = 0.0

    @property
    def open(self) -> bool:
        """Whether there is one that was not taken in yet."""
        return self._task is not None

    @property
    def long(self) -> bool:
        """Whether frames must wait for the one under way, as for a checkpoint."""
        return self.open and time.monotonic() - self.began > BESIDE_S

    def come_first(self, due: float, turn_began: float) -> bool:
        """Whether no shard may have its turn before the next one ends: where all of them take long, they alternate.

        Args:
            due: when the next one is.
            turn_began: when shards had their last turn.
        """
        return self.open or (time.monotonic() >= due and turn_began > self.began)

    def start(self, tokens: dict[int, int]) -> None:
        """Begin, with the token of each shard held, unless one is open."""
        if self._task is None:
            self.began = time.monotonic()
            self._task = asyncio.create_task(review_leases(self._pool, self._me, tokens))
            self._task.add_done_callback(lambda _task: self._ended())

    async def idle(self) -> None:
        """Wait for the one under way."""
        if self._task is not None:
            await asyncio.wait({self._task})

    def take(self) -> Review | None:
        """What the one that is done showed, once.

        Raises:
            asyncpg.PostgresError, OSError, TimeoutError: why it failed.
        """
        if self._task is None or not self._task.done():
            return None
        task, self._task = self._task, None
        return task.result()


def shard_of_grant(grant: Grant) -> Shard:
    """A shard as its last holder checkpointed it; afresh if that cannot be read."""
    try:
        cameras = decode_cameras(grant.rule_state)
    except (msgspec.DecodeError, ValueError) as error:
        log.warning("a checkpoint cannot be read, its rules start afresh", shard=grant.shard, error=str(error))
        cameras = {}
    positions = grant.positions
    return Shard(grant.shard, grant.token, Positions(positions.frames, positions.tracklets, positions.health), cameras)
