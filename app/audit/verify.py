"""Verifies whole ledgers: recomputes every hash, compares with the anchors, names the first row that fails."""

import uuid
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

import asyncpg

from app.audit import metrics
from app.audit.anchors import Anchors
from app.audit.ledger_repository import Connection, all_ledgers, read_bodies, read_ledger, reading, record_check, sequence_of_hash
from app.audit.sealed import Break, SealedRow, Walk, explain
from app.kit.postgres import Pool

Progress = Callable[[int], None]
"""Called with the rows verified so far, of all ledgers."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What the verification of one ledger found.

    Attributes:
        rows: rows that hold, from the first on.
        anchors: anchors outside the database that agreed.
    """

    ledger: uuid.UUID
    rows: int
    anchors: int
    broken: Break | None


async def verify_all(
    pool: "Pool[asyncpg.Record]",
    anchors: Anchors,
    *,
    every_anchor: bool = False,
    record: bool = False,
    progress: Progress = lambda _rows: None,
) -> list[Finding]:
    """Every ledger that has rows or anchors, as of one moment.

    Raises:
        BrokenAnchorsError: the anchors were changed.
        ObjectStoreError: they cannot be read.
    """
    # Anchors first: a head anchored later than the snapshot would look cut off.
    anchored = await anchors.read(every=every_anchor)
    findings = []
    done = 0
    async with reading(pool) as connection:
        for ledger in sorted({*await all_ledgers(connection), *anchored}):
            finding = await _verify(connection, ledger, anchored.get(ledger, {}), partial(_onward, progress, done))
            done += finding.rows
            findings.append(finding)
    if record:
        for finding in findings:
            broken = finding.broken
            sequence, says = (broken.sequence, broken.says) if broken else (None, "")
            await record_check(pool, finding.ledger, finding.rows, finding.anchors, sequence, says)
    return findings


def _onward(progress: Progress, before: int, rows: int) -> None:
    progress(before + rows)


async def _verify(
    connection: "Connection[asyncpg.Record]", ledger: uuid.UUID, anchored: Mapping[int, bytes], progress: Progress
) -> Finding:
    walk = Walk(anchored)
    async with aclosing(read_bodies(connection, ledger)) as batches:
        async for rows in batches:
            if not all(walk.step(*row) for row in rows):
                break
            metrics.verified.inc(len(rows))
            progress(walk.rows)
        else:
            return Finding(ledger, walk.rows, walk.compared, walk.end())
    async for (row,) in read_ledger(connection, ledger, walk.rows, 1):
        broken = await _explain(connection, ledger, walk, row)
        return Finding(ledger, min(walk.rows, broken.sequence - 1), walk.compared, broken)
    raise AssertionError("the row that did not hold is gone from this snapshot")


async def _explain(connection: "Connection[asyncpg.Record]", ledger: uuid.UUID, walk: Walk, row: SealedRow) -> Break:
    following: SealedRow | None = None
    async for rows in read_ledger(connection, ledger, row.sequence, 1):
        following = rows[0]
        break
    claimed = await sequence_of_hash(connection, ledger, row.previous_hash)
    return explain(walk, row, following, claimed)
