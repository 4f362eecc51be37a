"""One replay: slices of time, each read and then moved off the event loop, until it is done or its work is used up."""

import asyncio
import time
import uuid
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec

from app.behaviour.rules import RULES, read_parameters
from app.kit.clock import to_us
from app.kit.errors import BadInputError, NotFoundError, TooManyRequestsError
from app.kit.logs import logger
from app.kit.postgres import Pool, TenantScope, tenant_transaction
from app.pipeline.configuration import CameraRow, RuleRow, ZoneRow, set_up
from app.pipeline.replay import repository
from app.pipeline.replay.models import (
    Accuracy,
    Cell,
    Compared,
    Pair,
    Side,
    cells_of,
    compare,
    count,
    left_out_of,
    limits_of,
    only,
)
from app.pipeline.series import read_piece

LONGEST = timedelta(days=7)
SLICE = timedelta(minutes=10)
LEAD_IN = timedelta(minutes=2)
"""Read before the asked time, so that people who are there already are known; what begins in it is not counted."""
MOST_FRAMES = 40_000
MOST_FRAMES_A_SLICE = 150_000
BUDGET_S = 8.0
WAIT_S = 10.0

log = logger(__name__)
_one_at_a_time = asyncio.Semaphore(1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to replay: a kind of rule at a place, set otherwise."""

    store_id: uuid.UUID
    camera_id: uuid.UUID | None
    zone_id: uuid.UUID | None
    kind: str
    parameters: dict[str, Any]
    enabled: bool
    cool_down_s: float
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came out; up to `covered_until`, which is before `until` where the work was used up: go on from there."""

    covered_until: datetime
    kept_since: datetime | None
    frames: int
    accuracy: Accuracy
    limits: list[str]
    before: tuple[int, int]
    after: tuple[int, int]
    raised: tuple[int, int]
    cells: list[Cell]
    alerts: list[Compared]


async def replay(pool: "Pool[asyncpg.Record]", scope: TenantScope, wanted: Wanted) -> Replayed:
    """Replay it.

    Raises:
        BadInputError: the span, the kind or the parameters cannot be used; NotFoundError: no such place;
        TooManyRequestsError: another replay runs.
    """
    _check(wanted)
    try:
        async with asyncio.timeout(WAIT_S):
            await _one_at_a_time.acquire()
    except TimeoutError:
        raise TooManyRequestsError("Other replays run just now; try again in some seconds.") from None
    try:
        return await _replay(pool, scope, wanted)
    finally:
        _one_at_a_time.release()


def _check(wanted: Wanted) -> None:
    if wanted.kind not in RULES:
        raise BadInputError(f"Only rules about people can be replayed: {', '.join(RULES)}.")
    if not timedelta(0) < wanted.until - wanted.since <= LONGEST:
        raise BadInputError(f"Replay at most {LONGEST.days} days; `since` comes before `until`.")
    try:
        read_parameters(wanted.kind, wanted.parameters)
    except (msgspec.ValidationError, ValueError) as error:
        raise BadInputError(f"These parameters cannot be used: {error}.") from error


async def _replay(pool: "Pool[asyncpg.Record]", scope: TenantScope, wanted: Wanted) -> Replayed:
    async with tenant_transaction(pool, scope) as connection:
        rows = await repository.configuration(connection, wanted.store_id, wanted.camera_id)
        if not rows[0]:
            raise NotFoundError("There is no such camera here, or you may not see it.")
        pairs, limits = _pairs(wanted, *rows)
        cameras = list(pairs)
        kept_since = await repository.kept_since(connection, cameras)
    start = wanted.since if kept_since is None else max(wanted.since, min(kept_since, wanted.until))
    covered, frames = await _run(pool, scope, pairs, start, wanted.until)
    async with tenant_transaction(pool, scope) as connection:
        raised = await repository.raised(connection, cameras, wanted.kind, wanted.since, covered)
    limits += left_out_of(wanted.kind, pairs.values())
    return _result(wanted, list(pairs.values()), limits, kept_since, covered, frames, raised)


async def _run(
    pool: "Pool[asyncpg.Record]", scope: TenantScope, pairs: dict[uuid.UUID, Pair], start: datetime, until: datetime
) -> tuple[datetime, int]:
    """Until when it came, and how many frames it took."""
    began, at, frames = time.monotonic(), start - LEAD_IN, 0
    while at < until and frames < MOST_FRAMES and time.monotonic() - began < BUDGET_S:
        upto = min(at + (LEAD_IN + SLICE if at < start else SLICE), until)
        async with tenant_transaction(pool, scope) as connection:
            if await repository.frames_kept(connection, list(pairs), at, upto) > MOST_FRAMES_A_SLICE:
                raise BadInputError("That is too much for one replay; choose one camera.")
            pieces = await repository.pieces(connection, list(pairs), at, upto)
        frames += await asyncio.to_thread(_move, pairs, pieces)
        at = upto
    return at, frames


def _move(pairs: dict[uuid.UUID, Pair], pieces: repository.Pieces) -> int:
    frames = 0
    for camera_id, raw in pieces:
        try:
            frames += pairs[camera_id].take(read_piece(camera_id, raw))
        except (ValueError, msgspec.DecodeError, zlib.error) as error:
            log.warning("a piece kept for replay cannot be read", camera=str(camera_id), error=str(error))
        time.sleep(0.001)  # others want the interpreter too
    return frames


def _pairs(
    wanted: Wanted, cameras: list[CameraRow], zones: list[ZoneRow], rules: list[RuleRow]
) -> tuple[dict[uuid.UUID, Pair], list[str]]:
    """Both set-ups of every camera, and what makes the replay approximate."""
    place = (wanted.store_id, wanted.camera_id, wanted.zone_id, wanted.kind)
    others = [row for row in rules if (row.store_id, row.camera_id, row.zone_id, row.kind) != place]
    asked = RuleRow(*place, wanted.enabled, wanted.parameters, wanted.cool_down_s)
    sides = [set_up(cameras, zones, given, lambda sentence: None) for given in (rules, [*others, asked])]
    pairs: dict[uuid.UUID, Pair] = {}
    limits: dict[str, None] = {}
    for camera in cameras:
        before, after = (only(side[camera.camera_id], wanted.kind, camera.timezone) for side in sides)
        pairs[camera.camera_id] = Pair(Side(before, wanted.kind), Side(after, wanted.kind))
        limits |= dict.fromkeys(limits_of(wanted.kind, _elsewhere(before, wanted.kind), _elsewhere(after, wanted.kind)))
    return pairs, list(limits)


def _elsewhere(setup: Any, kind: str) -> Any:
    """The parameters outside zones, or of the first zone; None where the rule looks nowhere."""
    for rule, areas in setup.rules.all:
        if rule.kind == kind:
            return areas.elsewhere if areas.elsewhere is not None else next((given for _, given in areas.parameters), None)
    return None


def _result(
    wanted: Wanted, pairs: list[Pair], limits: list[str], kept_since: datetime | None, covered: datetime, frames: int,
    raised: tuple[int, int],
) -> Replayed:  # fmt: skip
    since_us, until_us = to_us(wanted.since), to_us(covered)
    cells = cells_of(pairs, since_us, until_us)
    occurrences = count(pairs, since_us, until_us)
    return Replayed(
        covered_until=covered,
        kept_since=kept_since,
        frames=frames,
        accuracy=Accuracy.APPROXIMATE if limits else Accuracy.EXACT,
        limits=limits,
        before=(sum(cell.before for cell in cells), occurrences[0]),
        after=(sum(cell.after for cell in cells), occurrences[1]),
        raised=raised,
        cells=cells,
        alerts=compare(pairs, since_us, until_us),
    )
