"""`pennyprotect bench density`: what the worker's path costs beside the bare engine.

Saturated worker path (letterbox, Triton, decoding of the output, tracking; with decoded frames given, and with
decoding of 720p H.264) over a bare loop of the same engine, model, input, precision and threads. They are measured in
turn, many times in one run, so that other load on the machine falls on all.
"""

import asyncio
import contextlib
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from app.embedded.demo_clips import available_clips, fetch_clip
from app.inference.contract import PoseContract
from app.inference.picture import DecodedPicture, Picture
from app.inference.pose import Letterbox
from app.inference.triton import CallOptions, TritonPose
from app.kit.errors import SetupError
from app.perception.detections import Detections
from app.settings import settings
from app.tracking.tracker import make_tracker
from benchmarks.cameras import as_rows, most_cameras
from benchmarks.document import BenchArguments
from benchmarks.hold import held
from benchmarks.servers import inference_servers

CHECKOUT = Path(__file__).resolve().parents[1]
STARTUP_S = 60.0
WIDTH, HEIGHT = 1280, 720
FPS = 15
ROUNDS = 6

Source = Callable[[int], AsyncGenerator[Picture, None]]
"""Endless frames of a camera by its number."""

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
    engine_python: Path = CHECKOUT / ".venv-triton" / "bin" / "python"
    rounds: int = ROUNDS
    seconds: float = 3.0
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
                seconds=max(arguments.seconds / ROUNDS, 1.0),
                make_track=lambda: make_tracker(float(FPS)).update,
            )
        )
        count, steps = await most_cameras(servers, clip, cache, arguments.seconds)
    document["headline"]["cameras_720p_at_5_fps"] = count
    return {**document, "cameras": as_rows(steps)}


async def measure(args: Options) -> dict[str, Any]:
    """The figures; `headline.ratio_to_bare_model` is the one with a bar (0.85)."""
    pictures = await asyncio.to_thread(read_pictures, args.clip, args.frames)
    rates: dict[str, list[float]] = {"bare": [], "given": [], "decoding": []}
    persons: list[float] = []
    client = TritonPose(args.triton_url, options=CallOptions(deadline_s=30.0))
    try:
        with tempfile.TemporaryDirectory(prefix="pennyprotect-density-") as folder:
            stream = await asyncio.to_thread(write_stream, pictures, Path(folder) / "720p.mp4")
            sources = {"given": given(pictures), "decoding": decoding(stream)}
            async with _bare_engine(args, pictures) as engine:
                await _worker(client, sources["given"], args, 1.0)
                for number in range(args.rounds):
                    # In turn, and in turn which goes first: a drift of the machine cancels out.
                    for side in list(rates)[:: 1 if number % 2 else -1]:
                        if side == "bare":
                            rates[side].append(await engine(args.seconds))
                        else:
                            rate, found = await _worker(client, sources[side], args, args.seconds)
                            rates[side].append(rate)
                            persons.append(found)
    finally:
        await client.close()
    return _document(args, rates, persons)


def _document(args: Options, rates: dict[str, list[float]], persons: list[float]) -> dict[str, Any]:
    ratios = {
        side: [ours / bare for ours, bare in zip(rates[side], rates["bare"], strict=True)] for side in ("given", "decoding")
    }
    box = Letterbox.fit(WIDTH, HEIGHT)
    return {
        "what": "frames a second of the saturated worker path over a bare loop of the same engine, in turn",
        "headline": {
            "ratio_to_bare_model": round(statistics.median(ratios["given"]), 3),
            "ratio_to_bare_model_with_decoding": round(statistics.median(ratios["decoding"]), 3),
        },
        "ratio_of": "letterbox + Triton + output decoding + tracking over two asynchronous requests of one thread each",
        "ratio_per_round": {side: [round(ratio, 3) for ratio in found] for side, found in ratios.items()},
        "frames_per_s": {side: round(statistics.median(found), 1) for side, found in rates.items()},
        "persons_per_frame": round(statistics.mean(persons), 2),
        "input_px": [box.height, box.width],
        "precision": args.precision,
        "tracked": args.make_track is not None,
        "data_set": f"{args.clip.name}, scaled to {WIDTH}x{HEIGHT}",
        "samples": {"rounds": args.rounds, "seconds_each": args.seconds, "cameras": args.cameras},
    }


def given(pictures: Sequence[Picture]) -> Source:
    """Frames that lie decoded in memory."""

    async def frames(camera: int) -> AsyncGenerator[Picture, None]:
        for index in itertools.count(camera * 7):
            yield pictures[index % len(pictures)]

    return frames


def decoding(stream: Path) -> Source:
    """Frames decoded as they are asked for, outside the event loop, by one decoder thread a camera."""

    def endless() -> Iterator[Picture]:
        while True:
            with av.open(str(stream)) as container:
                container.streams.video[0].thread_type = "NONE"
                for frame in container.decode(video=0):
                    yield DecodedPicture(frame)

    async def frames(_camera: int) -> AsyncGenerator[Picture, None]:
        decoded = endless()
        while True:
            yield await asyncio.to_thread(next, decoded)

    return frames


def write_stream(pictures: Sequence[DecodedPicture], target: Path) -> Path:
    """The pictures as 720p H.264 without B-frames, as cameras send it."""
    with av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "tune": "zerolatency"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number, picture in enumerate(pictures):
            picture.frame.pts, picture.frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(picture.frame))
        container.mux(stream.encode(None))
    return target


def read_pictures(clip: Path, count: int) -> list[DecodedPicture]:
    """The first frames of a clip as a 720p camera's decoder would give them."""
    try:
        with av.open(str(clip)) as container:
            frames = (frame for _, frame in zip(range(count), container.decode(video=0), strict=False))
            return [DecodedPicture(frame.reformat(width=WIDTH, height=HEIGHT, format="yuv420p")) for frame in frames]
    except (OSError, av.FFmpegError) as error:
        raise SetupError(f"{clip} cannot be read ({error}); give a video of people with --clip.") from error


async def _worker(client: TritonPose, source: Source, args: Options, seconds: float) -> tuple[float, float]:
    """Frames a second of the saturated path, and persons a frame."""
    start, done, found = time.perf_counter(), 0, 0

    async def camera(number: int) -> None:
        nonlocal done, found
        track = args.make_track() if args.make_track else None
        async with contextlib.aclosing(source(number)) as frames:
            own = 0
            async for picture in frames:
                detections = (await client.detect([picture]))[0]
                own += 1
                if track is not None:
                    track(detections, own * 1_000_000 // FPS)
                done += 1
                found += len(detections)
                if time.perf_counter() - start > seconds:
                    return

    await asyncio.gather(*(camera(number) for number in range(args.cameras)))
    return done / (time.perf_counter() - start), found / max(done, 1)


@contextlib.asynccontextmanager
async def _bare_engine(args: Options, pictures: Sequence[Picture]) -> Any:
    """The bare loop as a function of seconds to frames a second."""
    contract = PoseContract.of("yolo_pose")
    box = Letterbox.fit(WIDTH, HEIGHT, contract.long_side, contract.stride)
    inputs = np.empty((len(pictures), box.height, box.width, 3), np.uint8)
    for target, picture in zip(inputs, pictures, strict=True):
        box.paint(picture, target, contract.pad)
    with tempfile.TemporaryDirectory(prefix="pennyprotect-density-") as folder:
        np.save(Path(folder) / "inputs.npy", inputs)
        command = (args.engine_python, CHECKOUT / "benchmarks" / "bare_engine.py", args.model)
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *map(str, command), str(Path(folder) / "inputs.npy"), args.precision, stdin=pipe, stdout=pipe
        )

        async def answer(limit_s: float) -> dict[str, float]:
            line = await asyncio.wait_for(process.stdout.readline(), limit_s)  # type: ignore[union-attr]
            if not line:
                raise SetupError(f"The bare engine loop ended; run it by hand: {' '.join(map(str, command))}")
            return dict(json.loads(line))

        async def measure(seconds: float) -> float:
            process.stdin.write(f"{seconds}\n".encode())  # type: ignore[union-attr]
            result = await answer(seconds + STARTUP_S)
            return result["frames"] / result["elapsed_s"]

        try:
            await answer(STARTUP_S)
            yield measure
        finally:
            process.stdin.close()  # type: ignore[union-attr]
            try:
                await asyncio.wait_for(process.wait(), 10.0)
            except TimeoutError:
                process.kill()
                await process.wait()
