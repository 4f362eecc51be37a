"""`pennyprotect bench density`: what the worker's path costs beside the bare engine, and how many cameras a machine carries.

Saturated worker path (given decoded frames: letterbox, Triton, decoding of the output, tracking) over a bare loop of
the same engine, model, input, precision and threads. Both are measured in turn, many times in one run, so that other
load on the machine falls on both.
"""

import asyncio
import contextlib
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from app.embedded.demo_clips import fetch_clip, locked_clips
from app.inference.contract import PoseContract
from app.inference.picture import DecodedPicture, Picture
from app.inference.pose import Letterbox
from app.inference.triton import CallOptions, TritonPose
from app.kit.errors import SetupError
from app.perception.detections import Detections
from app.settings import settings
from app.tracking.tracker import make_tracker
from benchmarks.cameras import FPS, as_rows, most_cameras
from benchmarks.document import BenchArguments
from benchmarks.hold import held
from benchmarks.servers import inference_servers

CHECKOUT = Path(__file__).resolve().parents[1]
STARTUP_S = 60.0
WIDTH, HEIGHT = 1280, 720
CLIP = "courtyard"

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
    rounds: int = 6
    seconds: float = 3.0
    cameras: int = 4
    frames: int = 48
    precision: str = "bf16"
    make_track: Callable[[], Track] | None = None


async def run(arguments: BenchArguments) -> dict[str, Any]:
    """Ratio to the bare engine first, then cameras; on servers of its own, while a running product's worker is held."""
    cache = settings().cache.expanduser().absolute()
    clip = fetch_clip(next(clip for clip in locked_clips() if clip.name == CLIP), cache, settings().model_mirror)
    async with held("worker-cpu", "demo-cameras"), inference_servers() as servers:
        seconds = max(1.0, arguments.seconds / 8)
        options = Options(servers.triton_url, servers.model, clip, seconds=seconds, make_track=_tracker)
        document = await ratio(options)
        count, steps = await most_cameras(servers, clip, cache, arguments.seconds)
    document["headline"]["cameras_720p_at_5_fps"] = count
    return {**document, "cameras": as_rows(steps)}


def _tracker() -> Track:
    return make_tracker(FPS).update


async def ratio(args: Options) -> dict[str, Any]:
    """The interleaved comparison; `headline.ratio_to_bare_model` is the one with a bar (0.85)."""
    pictures = await asyncio.to_thread(read_pictures, args.clip, args.frames)
    client = TritonPose(args.triton_url, options=CallOptions(deadline_s=30.0))
    worker, bare, persons = [], [], []
    try:
        async with _bare_engine(args, pictures) as engine:
            await _worker(client, pictures, args, 1.0)
            for number in range(args.rounds):
                # In turn, and in turn which goes first: a drift of the machine cancels out.
                for side in ("worker", "bare") if number % 2 else ("bare", "worker"):
                    if side == "bare":
                        bare.append(await engine(args.seconds))
                    else:
                        rate, found = await _worker(client, pictures, args, args.seconds)
                        worker.append(rate)
                        persons.append(found)
    finally:
        await client.close()
    ratios = [ours / theirs for ours, theirs in zip(worker, bare, strict=True)]
    box = Letterbox.fit(WIDTH, HEIGHT)
    return {
        "what": "the worker's path (letterbox, Triton, decoding, tracking) beside the bare engine; cameras without drops",
        "data_set": f"{args.clip.name}: two people outdoors",
        "samples": args.rounds,
        "headline": {"ratio_to_bare_model": round(statistics.median(ratios), 3)},
        "ratio_of": "worker path (decoded 720p frames given) over bare engine loop, two requests, interleaved",
        "ratio_per_round": [round(ratio, 3) for ratio in ratios],
        "worker_frames_per_s": round(statistics.median(worker), 1),
        "bare_frames_per_s": round(statistics.median(bare), 1),
        "persons_per_frame": round(statistics.mean(persons), 2),
        "input_px": [box.height, box.width],
        "tracked": args.make_track is not None,
        "sample": {
            "clip": args.clip.name,
            "rounds": args.rounds,
            "seconds_each": args.seconds,
            "cameras": args.cameras,
        },
    }


def read_pictures(clip: Path, count: int) -> list[DecodedPicture]:
    """The first frames of a clip as a 720p camera's decoder would give them."""
    try:
        with av.open(str(clip)) as container:
            frames = (frame for _, frame in zip(range(count), container.decode(video=0), strict=False))
            return [DecodedPicture(frame.reformat(width=WIDTH, height=HEIGHT, format="yuv420p")) for frame in frames]
    except (OSError, av.FFmpegError) as error:
        raise SetupError(f"{clip} cannot be read ({error}); give a video of people with --clip.") from error


async def _worker(client: TritonPose, pictures: Sequence[Picture], args: Options, seconds: float) -> tuple[float, float]:
    """Frames a second of the saturated path, and persons a frame."""
    start, done, found = time.perf_counter(), 0, 0

    async def camera(number: int) -> None:
        nonlocal done, found
        track = args.make_track() if args.make_track else None
        index = number * 7
        while time.perf_counter() - start < seconds:
            detections = (await client.detect([pictures[index % len(pictures)]]))[0]
            if track is not None:
                track(detections, 1 + index * 66_667)
            index += 1
            done += 1
            found += len(detections)

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
            process.stdin.close()
            try:
                await asyncio.wait_for(process.wait(), 10.0)
            except TimeoutError:
                process.kill()
                await process.wait()
