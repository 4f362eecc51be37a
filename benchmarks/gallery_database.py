"""The second engine beside the first: pgvector's HNSW over halfvec, strict order, its candidates ranked again exactly."""

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Any, Final

import asyncpg
import numpy as np
from pgvector.asyncpg import register_vector

from benchmarks.own_servers import OwnPostgres

CANDIDATES: Final = 40
EF_SEARCH: Final = 100
ASKED: Final = 200


class DatabaseGallery:
    """A PostgreSQL of its own with one table a size."""

    def __init__(self, folder: Path) -> None:
        self._server = OwnPostgres(folder)

    async def measure(
        self, random: np.random.Generator, sizes: list[tuple[int, int]], seconds: float, longest_s: float
    ) -> list[dict[str, Any]]:
        """Build, search, compare with float64; `longest_s` for all sizes together."""
        # The server refuses root and runs as somebody who has to get in.
        await asyncio.to_thread(self._server.folder.parent.chmod, 0o755)
        await asyncio.to_thread(self._server.create)
        try:
            async with asyncio.timeout(30):
                connection = await asyncpg.connect(self._server.url("pennyprotect_owner"))
                await register_vector(connection)
            try:
                return await _measure_all(connection, random, sizes, seconds, longest_s)
            finally:
                await connection.close()
        finally:
            await asyncio.to_thread(self._server.stop)


async def _measure_all(
    connection: Any, random: np.random.Generator, sizes: list[tuple[int, int]], seconds: float, longest_s: float
) -> list[dict[str, Any]]:
    """The smaller sizes first; those whose turn comes too late, or whose index takes too long, are named without figures."""
    found: list[dict[str, Any]] = []
    until = time.monotonic() + longest_s
    for rows, dimensions in sorted(sizes, key=lambda size: size[0] * size[1]):
        left = until - time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, left)):
                found.append(await _measure(connection, random, rows, dimensions, seconds))
        except TimeoutError:
            why = f"not done within {longest_s:.0f} s together; --full gives more"
            found.append({"rows": rows, "dimensions": dimensions, "left_out": why})
    return found


async def _measure(connection: Any, random: np.random.Generator, rows: int, dimensions: int, seconds: float) -> dict[str, Any]:
    from benchmarks.gallery import best_of, directions, questions

    vectors = directions(random, rows, dimensions)
    asked = questions(random, vectors, ASKED)
    table = f"gallery_{rows}_{dimensions}"
    await connection.execute(f"CREATE UNLOGGED TABLE {table} (id integer, embeddings halfvec({dimensions}))")
    await connection.copy_records_to_table(table, records=((number, each) for number, each in enumerate(vectors)), timeout=300)
    began = time.perf_counter()
    with contextlib.suppress(asyncpg.PostgresError):
        await connection.execute("SET maintenance_work_mem = '2GB'")
    await connection.execute(f"CREATE INDEX ON {table} USING hnsw (embeddings halfvec_ip_ops)", timeout=900)
    built = time.perf_counter() - began
    await connection.execute(f"SET hnsw.iterative_scan = strict_order; SET hnsw.ef_search = {EF_SEARCH}")
    wanted, hits, spent = best_of(vectors, asked), 0, []
    until = time.monotonic() + 4 * seconds
    for number, query in enumerate(asked):
        if time.monotonic() > until and number >= 50:
            break
        began = time.perf_counter()
        found = await connection.fetch(
            f"SELECT id FROM {table} ORDER BY embeddings <#> $1 LIMIT {CANDIDATES}",  # noqa: S608
            query, timeout=30,
        )  # fmt: skip
        nearest = np.array([row["id"] for row in found])
        best = nearest[np.argmax(vectors[nearest].astype(np.float64) @ query.astype(np.float64))] if len(nearest) else -1
        spent.append(time.perf_counter() - began)
        hits += int(best == wanted[number])
    await connection.execute(f"DROP TABLE {table}")
    near = len(spent)
    return {
        "rows": rows, "dimensions": dimensions, "build_s": round(built, 1), "queries": near,
        "top1_recall": round(hits / near, 4), "ef_search": EF_SEARCH, "candidates_ranked_again": CANDIDATES,
        "p50_ms": round(1000 * float(np.median(spent)), 2), "p99_ms": round(1000 * float(np.percentile(spent, 99)), 2),
    }  # fmt: skip
