"""`pennyprotect bench serving`: our client, a plain tritonclient and ONNX Runtime without a server, in turn, in one run.

Throughput at a batch of four frames of 384x640, then the latency of one frame at a time beside the very engine that Triton runs,
called without a server; then frames a second and latency by batch, requests at once and instances, with the knee of each.
Servers of its own serve the product's pose model with the embedded configuration; a running product's worker is held meanwhile.
"""

import asyncio
import itertools
import os
import re
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from tritonclient.grpc import InferInput, aio

from app.embedded.demo_clips import available_clips, fetch_clip
from app.embedded.processor import threads_here
from app.inference.contract import PoseContract
from app.inference.families import Selection
from app.inference.triton import CallOptions, TritonPose
from app.kit.errors import SetupError
from app.models.models import POSE_MODEL
from app.models.trial import Serving
from app.settings import settings
from benchmarks.bare import bare_engine, letterboxed
from benchmarks.document import BenchArguments
from benchmarks.hold import held
from benchmarks.pictures import HEIGHT, WIDTH, read_pictures
from benchmarks.servers import Servers, inference_servers

Frames = npt.NDArray[np.uint8]
"""(n, 384, 640, 3) RGB."""

BATCH: Final = 4
SLICE_S: Final = 1.5
ASKED_ALONE: Final = 40
"""Single frames of each side in a round of the latency's."""
BATCHES: Final = (1, 2, 4)
AT_ONCE: Final = (1, 2, 4, 8)
INSTANCES: Final = (1, 2)
CELL_S: Final = 1.2
KNEE: Final = 0.95
"""Of the best rate: fewer requests at once that reach it only wait less."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One measured combination; latencies are of a request, `batch` frames."""

    instances: int
    batch: int
    at_once: int
    frames_per_s: float
    p50_ms: float
    p99_ms: float


def knee(cells: Sequence[Cell]) -> Cell:
    """Of cells that differ in their requests at once: the fewest that reach `KNEE` of the best rate."""
    best = max(cell.frames_per_s for cell in cells)
    return next(cell for cell in sorted(cells, key=lambda each: each.at_once) if cell.frames_per_s >= KNEE * best)


def quantile(times: Sequence[float], share: float) -> float:
    """Of seconds, in milliseconds."""
    return round(1000 * float(np.quantile(times, share)), 2)


async def run(arguments: BenchArguments) -> dict[str, Any]:
    """The document."""
    cache, mirror = settings().cache.expanduser().absolute(), settings().model_mirror
    clip = await asyncio.to_thread(lambda: fetch_clip(available_clips(cache, mirror, 1)[0], cache, mirror))
    frames = await asyncio.to_thread(lambda: letterboxed(read_pictures(clip, 16), PoseContract.of(POSE_MODEL)))
    async with held("worker-cpu", "demo-cameras"), inference_servers() as servers:
        rates = await _throughput(servers, frames, max(3, round(arguments.seconds / SLICE_S)))
        alone, served = await _alone(servers, frames)
        cells = await _grid(servers, frames)
    direct, ours, plain = (statistics.median(rates[side]) for side in ("direct", "ours", "plain"))
    ratios = {side: [a / b for a, b in zip(rates[side], rates["direct"], strict=True)] for side in ("ours", "plain")}
    return {
        "what": "the pose model by our client, by a plain tritonclient and by ONNX Runtime alone (every cell's boxes), in turn",
        "headline": {
            "ratio_to_direct_onnxruntime": round(statistics.median(ratios["ours"]), 3),
            "added_p50_ms": round(quantile(alone["ours"], 0.5) - quantile(alone["engine"], 0.5), 2),
            "ratio_of_plain_tritonclient_to_direct_onnxruntime": round(statistics.median(ratios["plain"]), 3),
        },
        "ratio_of": f"our client over onnxruntime's own session, both {BATCH} frames at once, decoding of our outputs included",
        "added_to": "one frame at a time: our client's p50 less that of the engine behind Triton, called without it",
        "frames_per_s_at_batch_4": {"direct": round(direct, 1), "ours": round(ours, 1), "plain": round(plain, 1)},
        "one_frame": {side: {"p50_ms": quantile(took, 0.5), "p99_ms": quantile(took, 0.99)} for side, took in alone.items()},
        "where_one_frame_of_ours_is_ms": served,
        "grid": [_row(cell) for cell in cells],
        "knees": [_row(knee(list(group))) for _, group in itertools.groupby(cells, lambda cell: (cell.instances, cell.batch))],
        "input_px": list(frames.shape[1:3]),
        "data_set": f"{clip.name}, letterboxed from {WIDTH}x{HEIGHT}",
        "samples": {"rounds": len(rates["ours"]), "seconds_each": SLICE_S, "frames_alone": len(alone["ours"])},
    }


async def _throughput(servers: Servers, frames: Frames, rounds: int) -> dict[str, list[float]]:
    """Frames a second of each side by round; which goes first alternates."""
    contract = PoseContract.of(POSE_MODEL)
    session = await asyncio.to_thread(_session, servers.model)
    ours = TritonPose(servers.triton_url, options=CallOptions(deadline_s=30.0))
    plain = aio.InferenceServerClient(servers.triton_url)
    batch = frames[:BATCH]

    async def direct() -> None:
        await asyncio.to_thread(session.run, list(contract.outputs), {contract.input_name: batch})

    async def by_us() -> None:
        await ours.detect(list(batch))

    async def by_plain() -> None:
        await plain.infer(POSE_MODEL, [_tensor(contract, batch)], "1", client_timeout=30.0, parameters=Selection().asked)

    sides: dict[str, Callable[[], Awaitable[None]]] = {"direct": direct, "ours": by_us, "plain": by_plain}
    rates: dict[str, list[float]] = {side: [] for side in sides}
    try:
        for ask in sides.values():
            await _for(ask, 0.5)
        for number in range(rounds):
            for side in list(sides)[:: -1 if number % 2 else 1]:
                took = await _for(sides[side], SLICE_S)
                rates[side].append(BATCH * len(took) / sum(took))
    finally:
        await ours.close()
        await plain.close()
    return rates


async def _alone(servers: Servers, frames: Frames, rounds: int = 5) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Seconds of single frames, one after the other; mean milliseconds of ours by where they went.

    Each side asks many in a row, as a worker and the bare engine do: frame by frame in turn, two clients of one server meet an
    instance whose weights have left the processor's cache, and pay for it.
    """
    contract = PoseContract.of(POSE_MODEL)
    ours = TritonPose(servers.triton_url, options=CallOptions(deadline_s=30.0, in_flight=1))
    plain = aio.InferenceServerClient(servers.triton_url)
    took: dict[str, list[float]] = {"ours": [], "plain": [], "engine": []}
    try:
        async with bare_engine(servers.model, frames, alone=threads_here()) as engine:
            await ours.detect([frames[0]])
            spent = dict.fromkeys(("queue", "compute_input", "compute_infer", "compute_output"), 0.0)
            for _ in range(rounds):
                took["engine"] += await engine(ASKED_ALONE)
                before = await _spent(plain)
                for index in range(ASKED_ALONE):
                    took["ours"].append(await _timed(ours.detect([frames[index % len(frames)]])))
                after = await _spent(plain)
                spent = {part: spent[part] + after[part] - before[part] for part in spent}
                for index in range(ASKED_ALONE):
                    frame = frames[index % len(frames)]
                    took["plain"].append(
                        await _timed(plain.infer(POSE_MODEL, [_tensor(contract, frame[None])], "1", parameters=Selection().asked))
                    )
    finally:
        await ours.close()
        await plain.close()
    asked, whole = len(took["ours"]), 1000 * statistics.mean(took["ours"])
    served = {part: round(seconds * 1000 / asked, 2) for part, seconds in spent.items()}
    rest = {"client_and_way": whole - sum(served.values()), "engine": 1000 * statistics.mean(took["engine"])}
    return took, {**served, **{part: round(each, 2) for part, each in rest.items()}}


async def _spent(client: "aio.InferenceServerClient") -> dict[str, float]:
    """Seconds that Triton says it spent on the model's requests so far, by what it did."""
    said = await client.get_inference_statistics(POSE_MODEL, "1")
    (stats,) = (each.inference_stats for each in said.model_stats)
    return {part: getattr(stats, part).ns / 1e9 for part in ("queue", "compute_input", "compute_infer", "compute_output")}


async def _grid(servers: Servers, frames: Frames) -> list[Cell]:
    serving, cells = Serving(servers.triton_url), []
    try:
        for instances in INSTANCES:
            await asyncio.to_thread(_set_instances, servers.model.parents[1] / "configs" / "cpu.pbtxt", instances)
            await serving.load(POSE_MODEL)
            for batch, at_once in itertools.product(BATCHES, AT_ONCE):
                cells.append(await _cell(servers.triton_url, frames, instances, batch, at_once))
    finally:
        await serving.close()
    return cells


async def _cell(url: str, frames: Frames, instances: int, batch: int, at_once: int) -> Cell:
    client = TritonPose(url, options=CallOptions(deadline_s=60.0, in_flight=at_once, batch=batch))
    given = list(frames[:batch])
    try:
        await client.detect(given)
        began = time.perf_counter()
        took = await asyncio.gather(*(_for(lambda: client.detect(given), CELL_S) for _ in range(at_once)))
        seconds = time.perf_counter() - began
    finally:
        await client.close()
    every = [each for one in took for each in one]
    return Cell(instances, batch, at_once, batch * len(every) / seconds, quantile(every, 0.5), quantile(every, 0.99))


def _set_instances(config: Path, count: int) -> None:
    """Renamed into place: a Triton that reads it meanwhile sees the old one or the new one."""
    text, changed = re.subn(r"count: \d+", f"count: {count}", config.read_text("utf-8"))
    if changed != 1:
        raise SetupError(f"{config} does not say how many instances there are; restore it from the repository.")
    fresh = config.with_suffix(".new")
    fresh.write_text(text, "utf-8")
    fresh.replace(config)


def _session(model: Path) -> Any:
    try:
        import onnxruntime  # type: ignore[import-untyped]
    except ImportError as error:
        raise SetupError("ONNX Runtime is not installed here; run this from a checkout after `make test` set it up.") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def _tensor(contract: PoseContract, batch: Frames) -> InferInput:
    tensor = InferInput(contract.input_name, list(batch.shape), "UINT8")
    tensor.set_data_from_numpy(np.ascontiguousarray(batch))
    return tensor


async def _for(ask: Callable[[], Awaitable[object]], seconds: float) -> list[float]:
    """Seconds of each call, one after the other, until `seconds` are over."""
    took: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        took.append(await _timed(ask()))
    return took


async def _timed(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


def _row(cell: Cell) -> dict[str, Any]:
    return {
        "instances": cell.instances,
        "frames_a_request": cell.batch,
        "requests_at_once": cell.at_once,
        "frames_per_s": round(cell.frames_per_s, 1),
        "p50_ms": cell.p50_ms,
        "p99_ms": cell.p99_ms,
    }
