"""Searching a gallery: the product's exact engine, faiss IndexFlatIP, usearch exact and pgvector HNSW in one run, taking turns.

Vectors are random directions, the hardest case for bounds (nothing about them can be learned); half of the queries lie near an
enrolled vector, as a face of an enrolled person does, half near none.

It ends within four minutes: what its time does not allow is named in `left_out`. `--full` takes as long as everything takes.
"""

import asyncio
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.identity.gallery.exact import ExactIndex
from app.kit.errors import BadInputError
from benchmarks.document import BenchArguments
from benchmarks.gallery_database import DatabaseGallery

Float32 = npt.NDArray[np.float32]
SIZES: Final = ((100_000, 512), (1_000_000, 512), (10_000, 128), (10_000, 512), (100_000, 128), (1_000_000, 128))
"""What has a bound of its own first, then the largest: what the time does not allow is what says least."""

BATCH: Final = 64
MOST_ROUNDS: Final = 400
LEAST_ROUNDS: Final = 3
AGREEMENT: Final = 256
TARGET: Final = (100_000, 512)
"""The size with a bound of its own (p99, one query): measured longer than the others."""

LONGEST_S: Final = 200.0
LONGEST_FULL_S: Final = 3600.0
SHARE_THAT_GROWS: Final = 0.6
DATABASE_S: Final = 45.0
"""Kept free for the database's index, which is built anew for each size."""

HNSW_ROWS: Final = 100_000
"""Larger HNSW indexes take longer to build than a benchmark may."""


def directions(random: np.random.Generator, rows: int, dimensions: int) -> Float32:
    """(n, d) of length 1, made in parts so that little memory is used beside them."""
    made = np.empty((rows, dimensions), np.float32)
    for first in range(0, rows, 65_536):
        part = random.standard_normal((min(65_536, rows - first), dimensions), dtype=np.float32)
        made[first : first + len(part)] = part / np.linalg.norm(part, axis=1, keepdims=True)
    return made


def questions(random: np.random.Generator, vectors: Float32, count: int) -> Float32:
    """Half near a stored vector (cosine about 0.6), half strangers."""
    asked = directions(random, count, vectors.shape[1])
    near = vectors[random.integers(0, len(vectors), count // 2)]
    asked[: count // 2] = near + 1.3 * asked[: count // 2]
    return np.asarray(asked / np.linalg.norm(asked, axis=1, keepdims=True), np.float32)


def best_of(vectors: Float32, asked: Float32) -> npt.NDArray[np.int64]:
    """(m,) the row of the highest float64 inner product."""
    best, where = np.full(len(asked), -np.inf), np.zeros(len(asked), np.int64)
    exact = asked.astype(np.float64)
    for first in range(0, len(vectors), 32_768):
        scores = exact @ vectors[first : first + 32_768].astype(np.float64).T
        top = scores.argmax(axis=1)
        value = scores[np.arange(len(asked)), top]
        better = value > best
        best[better], where[better] = value[better], first + top[better]
    return where


def others() -> dict[str, Any]:
    """The libraries compared with. BadInputError when they are not installed."""
    try:
        import faiss
        from usearch.compiled import MetricKind
        from usearch.index import search
    except ImportError as error:
        raise BadInputError(
            "bench gallery compares with faiss-cpu and usearch, which are development tools; `make lint` sets them up."
        ) from error
    return {"faiss": faiss, "usearch": search, "inner": MetricKind.IP}


def in_turns(calls: dict[str, Callable[[int], object]], seconds: float) -> dict[str, npt.NDArray[np.float64]]:
    """Seconds of each call: one after the other in changing order, so that all meet the same machine."""
    spent: dict[str, list[float]] = {name: [] for name in calls}
    names, until, number = list(calls), time.monotonic() + seconds, 0
    while number < LEAST_ROUNDS or (time.monotonic() < until and number < MOST_ROUNDS):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            began = time.perf_counter()
            calls[name](number)
            spent[name].append(time.perf_counter() - began)
        number += 1
    return {name: np.array(each) for name, each in spent.items()}


def figures(spent: dict[str, npt.NDArray[np.float64]]) -> dict[str, float]:
    """Medians and the product's p99 in milliseconds, and how many times faster it is."""
    own = float(np.median(spent["exact"]))
    found = {f"{name}_p50_ms": round(1000 * float(np.median(each)), 3) for name, each in spent.items()}
    found["exact_p99_ms"] = round(1000 * float(np.percentile(spent["exact"], 99)), 3)
    for name in spent.keys() - {"exact"}:
        found[f"{name}_time_to_exact_ratio"] = round(float(np.median(spent[name])) / own, 2)
    return found | {"rounds": len(spent["exact"])}


def measure(random: np.random.Generator, rows: int, dimensions: int, seconds: float, known: dict[str, Any]) -> dict[str, Any]:
    """One size, in memory: both batches, agreement, bytes."""
    vectors = directions(random, rows, dimensions)
    asked = questions(random, vectors, AGREEMENT)
    index = ExactIndex(dimensions)
    began = time.perf_counter()
    index.add([uuid.UUID(int=number) for number in range(rows)], vectors)
    built = time.perf_counter() - began
    flat = known["faiss"].IndexFlatIP(dimensions)
    flat.add(vectors)
    found = np.concatenate([[each.ids[0].int for each in index.search(asked[i : i + BATCH])] for i in range(0, AGREEMENT, BATCH)])
    single = np.array([index.search(each[None])[0].ids[0].int for each in asked])
    wanted = best_of(vectors, asked)
    document: dict[str, Any] = {
        "rows": rows, "dimensions": dimensions,
        "top1_agreement": float(min((found == wanted).mean(), (single == wanted).mean())),
        "build_s": round(built, 2), "exact_mib": round(index.bytes() / 2**20, 1), "float32_mib": round(vectors.nbytes / 2**20, 1),
    }  # fmt: skip
    for batch in (1, BATCH):
        longer = 4 if (rows, dimensions, batch) == (*TARGET, 1) else 1
        parts = [asked[i : i + batch] for i in range(0, AGREEMENT, batch)]
        calls: dict[str, Callable[[int], object]] = {
            "exact": lambda n, parts=parts: index.search(parts[n % len(parts)]),  # type: ignore[misc]
            "faiss_flat": lambda n, parts=parts: flat.search(parts[n % len(parts)], 1),  # type: ignore[misc]
        }
        if rows * batch <= 10_000_000:
            calls["usearch_exact"] = lambda n, parts=parts: known["usearch"](  # type: ignore[misc]
                vectors, parts[n % len(parts)], 1, known["inner"], exact=True
            )
        document[f"batch_{batch}"] = figures(in_turns(calls, longer * seconds))
    index.close()
    return document


async def run(arguments: BenchArguments) -> dict[str, Any]:
    """Each size as far as memory and time allow, then the database's index on the smaller ones."""
    known, random, began = others(), np.random.default_rng(1), time.monotonic()
    until = began + (LONGEST_FULL_S if arguments.full else LONGEST_S)
    each = max(1.0, arguments.seconds / 10)
    found: list[dict[str, Any]] = []
    left_out: list[dict[str, Any]] = []
    for rows, dimensions in SIZES:
        started = time.monotonic()
        if (why := _too_much(rows * dimensions, until - DATABASE_S - started, found)) is not None:
            left_out.append({"rows": rows, "dimensions": dimensions, "why": why})
            continue
        found.append(await asyncio.to_thread(measure, random, rows, dimensions, each, known))
        found[-1]["took_s"] = round(time.monotonic() - started, 1)
    with tempfile.TemporaryDirectory(prefix="pennyprotect-gallery-") as folder:
        small = [(each["rows"], each["dimensions"]) for each in found if each["rows"] <= HNSW_ROWS]
        left = max(20.0, until - time.monotonic())
        database = await DatabaseGallery(Path(folder) / "postgres").measure(random, small, each, left)
    return _document(found, database, left_out) | {"took_s": round(time.monotonic() - began, 1)}


def _too_much(numbers: int, seconds: float, before: list[dict[str, Any]]) -> str | None:
    """Why a gallery of so many numbers is left out: its copies (ours, faiss', codes, float64) or its time do not fit.

    Its time is foreseen by that of the sizes before it on this machine, of which a part does not grow.
    """
    if numbers * 16 > _available_bytes():
        return f"needs {numbers * 16 / 2**30:.1f} GiB of memory"
    foreseen = [SHARE_THAT_GROWS * numbers / (each["rows"] * each["dimensions"]) * each["took_s"] for each in before]
    if foreseen and min(foreseen) > seconds:
        return "the time was over; --full measures it"
    return None


def _available_bytes() -> int:
    """Memory that can be had without swapping, page cache included."""
    fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    return int(fields["MemAvailable"].split()[0]) * 1024


def _document(found: list[dict[str, Any]], database: list[dict[str, Any]], left_out: list[dict[str, Any]]) -> dict[str, Any]:
    ratios = [each[batch]["faiss_flat_time_to_exact_ratio"] for each in found for batch in ("batch_1", f"batch_{BATCH}")]
    target = next((each for each in found if (each["rows"], each["dimensions"]) == TARGET), found[-1])
    return {
        "what": "gallery: exact search in memory beside faiss IndexFlatIP, usearch exact and pgvector HNSW",
        "headline": {
            "top1_agreement": min(each["top1_agreement"] for each in found),
            "ratio_to_faiss_flat": min(ratios),
            "p99_ms": target["batch_1"]["exact_p99_ms"],
            "largest_rows": max(each["rows"] for each in found),
            "ratio_to_faiss_flat_at_largest": min(
                each[batch]["faiss_flat_time_to_exact_ratio"]
                for each in found
                if each["rows"] == max(one["rows"] for one in found)
                for batch in ("batch_1", f"batch_{BATCH}")
            ),
        },
        "sizes": found,
        "pgvector_hnsw": database,
        "left_out": left_out,
        "data_set": "random directions; half of the queries near a stored vector",
        "samples": {"agreement_queries": AGREEMENT, "batch": BATCH},
        "explains": "ratio_to_faiss_flat is the worst of all sizes and batches; p99_ms is 100,000 x 512, one query.",
    }
