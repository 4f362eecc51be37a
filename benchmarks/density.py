"""`pennyprotect bench density`: what the worker's path costs beside the bare engine.

Saturated worker path (letterbox, Triton, decoding of the output, tracking; with decoded frames given, and with
decoding of 720p H.264) over a bare loop of the same engine, model, input, precision and threads. They are measured in
turn, for a second and a half each and many times in one run, so that other load on the machine falls on all. A round during which
others kept more than a tenth of the machine busy is measured again, up to a bound; what decides is their processor time,
never the result, and the figure of every round is reported beside.
"""

import asyncio
import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from app.embedded.demo_clips import available_clips, fetch_clip
from app.inference.contract import PoseContract
from app.inference.picture import Picture
from app.inference.pose import Letterbox
from app.inference.triton import CallOptions, TritonPose
from app.perception.detections import Detections
from app.settings import settings
from app.tracking.tracker import make_tracker
from benchmarks import still_scenes
from benchmarks.bare import PYTHON, bare_engine, letterboxed
from benchmarks.cameras import as_rows, most_cameras
from benchmarks.document import BenchArguments
from benchmarks.foreign_load import Reading, own_processes
from benchmarks.hold import held
from benchmarks.pictures import FPS, HEIGHT, WIDTH, Source, decoding, given, read_pictures, write_stream
from benchmarks.servers import inference_servers

SLICE_S = 1.5
ROUNDS = 13
QUIET_SHARE = 0.1
"""Of the machine's cores: what others may take in a round that counts as quiet."""

RAMP_S = 0.15
"""Of each slice: the first frames find idle engines, the bare loop's as well as Triton's, and are not counted."""

SIDES = ("bare", "given", "decoding")

Track = Callable[[Detections, int], object]
"""Takes one camera's detections and their time in microseconds."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure.

    Attributes:
        triton_url: a running server, the embedded one's configuration.
        model: the ONNX file it serves.
        clip: a video of real people; scaled to 720p.
        engine_python: the interpreter of Triton's environment.
        rounds, seconds: measurements of each side, and how long each takes.
        cameras: readers that feed the client at once.
        make_track: makes one camera's tracker; None leaves tracking out, and the result says so.
    """

    triton_url: str
    model: Path
    clip: Path
    engine_python: Path = PYTHON
    rounds: int = ROUNDS
    seconds: float = SLICE_S
    cameras: int = 4
    frames: int = 48
    precision: str = "bf16"
    make_track: Callable[[], Track] | None = None


async def run(arguments: BenchArguments) -> dict[str, Any]:
    """Ratios to the bare engine, then cameras; on servers of its own, while a running product's worker is held."""
    cache, mirror = settings().cache.expanduser().absolute(), settings().model_mirror
    clip = await asyncio.to_thread(lambda: fetch_clip(available_clips(cache, mirror, 1)[0], cache, mirror))
    async with held("worker-cpu", "demo-cameras"), inference_servers() as servers:
        document = await measure(
            Options(
                triton_url=servers.triton_url,
                model=servers.model,
                clip=clip,
                rounds=max(3, round(arguments.seconds / SLICE_S)),
                make_track=lambda: make_tracker(float(FPS)).update,
            )
        )
        count, steps = await most_cameras(servers, clip, cache, arguments.seconds)
        still = await still_scenes.measure(servers, clip)
    document["headline"]["cameras_720p_at_5_fps"] = count
    return {**document, "cameras": as_rows(steps), "skipping_still_scenes": still}


async def measure(args: Options) -> dict[str, Any]:
    """The figures; `headline.ratio_to_bare_model` is the one with a bar (0.85)."""
    pictures = await asyncio.to_thread(read_pictures, args.clip, args.frames)
    rounds: list[Round] = []
    client = TritonPose(args.triton_url, options=CallOptions(deadline_s=30.0))
    try:
        with tempfile.TemporaryDirectory(prefix="pennyprotect-density-") as folder:
            stream = await asyncio.to_thread(write_stream, pictures, Path(folder) / "720p.mp4")
            sources = {"given": given(pictures), "decoding": decoding(stream)}
            async with _bare_engine(args, pictures) as engine:
                await _worker(client, sources["given"], args, 1.0)
                ours = own_processes()
                while sum(each.quiet for each in rounds) < args.rounds and len(rounds) < 2 * args.rounds:
                    rounds.append(await _round(client, sources, engine, args, ours, backwards=len(rounds) % 2 == 0))
    finally:
        await client.close()
    return _document(args, rounds)


@dataclass(frozen=True, slots=True)
class Round:
    """Each side once, one right after the other.

    Attributes:
        rates: frames a second by side.
        foreign: cores that others kept busy meanwhile, by side.
        persons: a frame, of the worker's sides.
    """

    rates: dict[str, float]
    foreign: dict[str, float]
    persons: list[float]

    @property
    def quiet(self) -> bool:
        """Whether the machine was ours in every part of it."""
        return max(self.foreign.values()) <= QUIET_SHARE * len(os.sched_getaffinity(0))

    def ratio(self, side: str) -> float:
        """Of a side's rate to the bare engine's."""
        return self.rates[side] / self.rates["bare"]


async def _round(
    client: TritonPose,
    sources: dict[str, Source],
    engine: Callable[[float], Awaitable[float]],
    args: Options,
    ours: list[psutil.Process],
    *,
    backwards: bool,
) -> Round:
    """One round; which side goes first alternates, so that a drift of the machine cancels out."""
    done = Round({}, {}, [])
    for side in SIDES[:: -1 if backwards else 1]:
        before = Reading.now(ours)
        if side == "bare":
            done.rates[side] = await engine(args.seconds)
        else:
            done.rates[side], found = await _worker(client, sources[side], args, args.seconds)
            done.persons.append(found)
        done.foreign[side] = Reading.now(ours).foreign_cores_since(before)
    return done


def _document(args: Options, rounds: list[Round]) -> dict[str, Any]:
    quiet = [each for each in rounds if each.quiet]
    # Too few quiet ones to speak of: then every round counts.
    counted = quiet if len(quiet) >= args.rounds / 2 else rounds
    ratios = {side: [each.ratio(side) for each in counted] for side in SIDES[1:]}
    box = Letterbox.fit(WIDTH, HEIGHT)
    return {
        "what": "frames a second of the saturated worker path over a bare loop of the same engine, in turn",
        "headline": {
            "ratio_to_bare_model": round(statistics.median(ratios["given"]), 3),
            "ratio_to_bare_model_with_decoding": round(statistics.median(ratios["decoding"]), 3),
        },
        "ratio_of": "letterbox + Triton + output decoding + tracking over two asynchronous requests of one thread each",
        "ratio_of_every_round": {side: round(statistics.median(each.ratio(side) for each in rounds), 3) for side in SIDES[1:]},
        "ratio_per_round": {side: [round(ratio, 3) for ratio in found] for side, found in ratios.items()},
        "machine_was_quiet": len(quiet) >= args.rounds / 2,
        "rounds": {"measured": len(rounds), "quiet": len(quiet), "counted": len(counted)},
        "foreign_cores": {side: round(statistics.median(each.foreign[side] for each in rounds), 2) for side in SIDES},
        "frames_per_s": {side: round(statistics.median(each.rates[side] for each in counted), 1) for side in SIDES},
        "persons_per_frame": round(statistics.mean(found for each in counted for found in each.persons), 2),
        "input_px": [box.height, box.width],
        "precision": args.precision,
        "tracked": args.make_track is not None,
        "data_set": f"{args.clip.name}, scaled to {WIDTH}x{HEIGHT}",
        "samples": {"rounds": args.rounds, "seconds_each": args.seconds, "cameras": args.cameras},
    }


async def _worker(client: TritonPose, source: Source, args: Options, seconds: float) -> tuple[float, float]:
    """Frames a second of the saturated path, and persons a frame."""
    start, done, found, last = time.perf_counter(), 0, 0, 0.0

    async def camera(number: int) -> None:
        nonlocal done, found, last
        track = args.make_track() if args.make_track else None
        async with contextlib.aclosing(source(number)) as frames:
            own = 0
            async for picture in frames:
                detections = (await client.detect([picture]))[0]
                own += 1
                if track is not None:
                    track(detections, own * 1_000_000 // FPS)
                at = time.perf_counter() - start
                if RAMP_S < at <= seconds:
                    done += 1
                    found += len(detections)
                    last = at
                if at > seconds:
                    return

    await asyncio.gather(*(camera(number) for number in range(args.cameras)))
    return done / max(last - RAMP_S, 1e-6), found / max(done, 1)


@contextlib.asynccontextmanager
async def _bare_engine(args: Options, pictures: Sequence[Picture]) -> AsyncIterator[Callable[[float], Awaitable[float]]]:
    """The bare loop as a function of seconds to frames a second."""
    frames = letterboxed(pictures, PoseContract.of("yolo_pose"))
    async with bare_engine(args.model, frames, args.precision, python=args.engine_python) as ask:

        async def measure(seconds: float) -> float:
            result = await ask(seconds)
            return float(result["frames"] / result["elapsed_s"])

        yield measure
