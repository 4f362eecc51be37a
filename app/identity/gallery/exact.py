"""Exact search in memory: the best scores are those of float64 over the stored vectors, found by a bounded scan of codes."""

import os
import threading
import uuid
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.identity.gallery.block import MOST_ROWS, Block, Float32, ids_of, keys_of
from app.identity.gallery.scan import Best, Queries, products_with, scan
from app.kit.errors import BadInputError

FEW_ROWS: Final = 16_384
FEW_PRODUCTS: Final = 131_072
"""Rows, and rows times queries: below both a second thread costs more than it saves."""

ROWS_AT_ONCE: Final = 8_192
"""What a thread takes at a time at most: whichever is free takes the next."""

LEAST_ROWS: Final = 1_024
TURNS: Final = 3
"""Parts of a small gallery for each thread, so that none waits long for the last one."""

RERANKED_AT_ONCE: Final = 8_192
MOST_QUERIES: Final = 1_024


@dataclass(frozen=True, slots=True)
class Found:
    """One query's best templates, best first; fewer than asked for where there are fewer.

    Attributes:
        scores: inner products in float64; cosines, as stored vectors and queries have length 1.
    """

    ids: tuple[uuid.UUID, ...]
    scores: tuple[float, ...]


class ExactIndex:
    """Templates of one model version and one rotation. Safe to use from several threads; a search sees one state.

    Args:
        dimensions: of each vector.
        threads: that scan at once; 0: one for each core.
    """

    def __init__(self, dimensions: int, threads: int = 0) -> None:
        self.dimensions = dimensions
        self._threads = threads or len(os.sched_getaffinity(0))
        self._blocks: list[Block] = []
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(self._threads - 1, "gallery") if self._threads > 1 else None

    def __len__(self) -> int:
        return sum(block.rows for block in self._blocks)

    def bytes(self) -> int:
        """Memory held for templates."""
        return sum(block.bytes() for block in self._blocks)

    def add(self, ids: Sequence[uuid.UUID], vectors: Float32) -> None:
        """Add (n, d) vectors; an id that is there already is the caller's mistake.

        Raises:
            BadInputError: of another model's dimensions, or not finite.
        """
        given = self._checked(vectors)
        keys = keys_of(ids)
        if len(keys) != len(given):
            raise BadInputError("Each template needs an id of its own.")
        with self._lock:
            done = 0
            while done < len(given):
                if not self._blocks or not self._blocks[-1].room:
                    self._blocks.append(Block(self.dimensions))
                part = slice(done, done + min(self._blocks[-1].room, MOST_ROWS))
                self._blocks[-1].add(keys[part], given[part])
                done = part.stop

    def remove(self, ids: Sequence[uuid.UUID]) -> int:
        """Take templates out and wipe them; how many were there."""
        removed = 0
        with self._lock:
            for key in keys_of(ids):
                for block in self._blocks:
                    rows = np.flatnonzero((block.keys[: block.rows] == key).all(axis=1))
                    for row in rows[::-1].tolist():
                        block.remove(row)
                        removed += 1
            self._blocks = [block for block in self._blocks if block.rows]
        return removed

    def ids(self) -> list[uuid.UUID]:
        """Of all templates."""
        with self._lock:
            return [each for block in self._blocks for each in ids_of(block.keys[: block.rows])]

    def search(self, vectors: Float32, most: int = 1) -> list[Found]:
        """The `most` best templates for each of (m, d) vectors.

        Raises:
            BadInputError: of another model's dimensions, not finite, or too many at once.
        """
        given = self._checked(vectors)
        if len(given) > MOST_QUERIES or most < 1:
            raise BadInputError(f"At most {MOST_QUERIES} searches at once, each for one template or more.")
        if not len(given):
            return []
        queries = Queries.of(given)
        with self._lock:
            best = Best.of(len(given), min(most, max(1, len(self))))
            self._scan(queries, best)
            return self._ranked(queries, best)

    def scores(self, ids: Sequence[uuid.UUID], query: Float32) -> dict[uuid.UUID, float]:
        """Exact scores of given templates for one (d,) query; those that are not there are absent."""
        exact = self._checked(query[None])[0].astype(np.float64)
        keys, result = keys_of(ids), {}
        with self._lock:
            for key, identity in zip(keys, ids, strict=True):
                for block in self._blocks:
                    rows = np.flatnonzero((block.keys[: block.rows] == key).all(axis=1))
                    if len(rows):
                        result[identity] = float(block.vectors[rows[0]].astype(np.float64) @ exact)
        return result

    def close(self) -> None:
        """Wipe everything and end the threads."""
        with self._lock:
            for block in self._blocks:
                block.vectors[:] = 0
                block.codes[:] = 0
            self._blocks = []
        if self._pool is not None:
            self._pool.shutdown()

    def _checked(self, vectors: Float32) -> Float32:
        given = np.ascontiguousarray(vectors, np.float32)
        if given.ndim != 2 or given.shape[1] != self.dimensions:
            raise BadInputError(f"These vectors are {given.shape[1:]}, this gallery's are of {self.dimensions} numbers.")
        if not np.isfinite(given).all():
            raise BadInputError("A vector that is not finite is no template.")
        return given

    def _scan(self, queries: Queries, best: Best) -> None:
        multiply = products_with(queries)
        few = len(self) < FEW_ROWS and len(self) * len(queries.steps) < FEW_PRODUCTS
        at_once = ROWS_AT_ONCE if few else min(ROWS_AT_ONCE, max(LEAST_ROWS, len(self) // (TURNS * self._threads)))
        parts = deque(
            (number, block, slice(first, first + at_once))
            for number, block in enumerate(self._blocks)
            for first in range(0, block.rows, at_once)
        )

        def work() -> None:
            while True:
                try:
                    number, block, rows = parts.popleft()
                except IndexError:
                    return
                scan(number, block, rows, queries, multiply, best)

        helpers = 0 if self._pool is None or few else min(self._threads, len(parts)) - 1
        others = [self._pool.submit(work) for _ in range(helpers)] if self._pool is not None else []
        work()
        for done in others:
            done.result()

    def _ranked(self, queries: Queries, best: Best) -> list[Found]:
        """Candidates again, exactly."""
        scores, owners, keys = [np.empty(0)], [np.empty(0, np.int64)], [np.empty((0, 2), np.uint64)]
        for each in best.found:
            keep, block = np.flatnonzero(each.ceilings >= best.least[each.queries]), self._blocks[each.block]
            for start in range(0, len(keep), RERANKED_AT_ONCE):
                part = keep[start : start + RERANKED_AT_ONCE]
                rows, owner = each.rows[part], each.queries[part]
                scores.append(np.einsum("nd,nd->n", block.vectors[rows].astype(np.float64), queries.vectors[owner]))
                owners.append(owner)
                keys.append(block.keys[rows])
        score, owner, key = np.concatenate(scores), np.concatenate(owners), np.concatenate(keys)
        order = np.lexsort((-score, owner))
        starts = np.searchsorted(owner[order], np.arange(len(best.least) + 1))
        found = []
        for first, last in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
            chosen = order[first : min(last, first + best.floors.shape[1])]
            found.append(Found(tuple(ids_of(key[chosen])), tuple(score[chosen].tolist())))
        return found
