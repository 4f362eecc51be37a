"""What the GPU worker's two probes cost in Python: a batch of 8-person frames through NVIDIA's metadata library, no GPU.

pyds is stood in for by the tests' double over the real library (`.venv-nvds`, which `make test` installs), so the calls
into the binding are ctypes' and not pybind11's. Making the batch and tracking are not counted.
"""

import time
from importlib import import_module
from statistics import median
from typing import Any

from app.inference.contract import PoseContract
from app.kit.errors import SetupError
from app.workers.gpu.handover import Handover
from app.workers.gpu.nvds import PydsReader
from app.workers.gpu.probes import PosePlan, Probes
from app.workers.gpu.sources import Source, Sources
from benchmarks.document import BenchArguments

CAMERAS = 16
PEOPLE = 8


async def run(arguments: BenchArguments) -> dict[str, Any]:
    """Batches of 16 frames for `seconds`; CPU time of the thread, by batch.

    Raises:
        SetupError: the metadata library is not installed.
    """
    try:
        batches, pyds = import_module("tests.nvds.batches"), import_module("tests.nvds.pyds")
    except (ImportError, OSError) as error:
        raise SetupError(
            f"The metadata library is not here ({error}); `make test ARGS=tests/unit/workers/gpu` installs it."
        ) from error
    sources, handover = Sources(), Handover(lambda: None)
    for number in range(CAMERAS):
        sources.put(Source(batches.camera(number), number, flowing=True))
    probes = Probes(PydsReader(pyds), PosePlan(PoseContract.of("yolo_pose")), sources, handover)
    tensors = [batches.pose_tensor(batches.EIGHT, number) for number in range(CAMERAS)]
    spent: dict[str, list[float]] = {"pose": [], "tracker": []}
    until, frames = time.monotonic() + arguments.seconds, 0
    while time.monotonic() < until:
        made = [batches.Frame(number, tensors[number], number=frames, pts_ns=frames) for number in range(CAMERAS)]
        with batches.made(made) as batch:
            began = time.thread_time()
            probes.after_pose(batch.buffer)
            spent["pose"].append((time.thread_time() - began) / CAMERAS)
            batch.track()
            began = time.thread_time()
            probes.after_tracker(batch.buffer)
            spent["tracker"].append((time.thread_time() - began) / CAMERAS)
        frames += CAMERAS
        while (frame := handover.take()) is not None:
            if len(frame.found) != PEOPLE:
                raise SetupError(f"The probes found {len(frame.found)} persons of {PEOPLE}: a broken checkout.")
    whole = [pose + tracker for pose, tracker in zip(spent["pose"], spent["tracker"], strict=True)]
    return {
        "what": "CPU time of both probes for one 8-person frame (decoding included), on one core",
        "headline": {
            "us_a_frame": round(median(whole) * 1e6, 1),
            "frames_per_s_a_process": round(1 / median(whole)),
            "best_us_a_frame": round(min(whole) * 1e6, 1),
        },
        "by_probe_us": {name: round(median(times) * 1e6, 1) for name, times in spent.items()},
        "data_set": f"{PEOPLE} made-up persons, 7 candidates each, 5,040 anchors",
        "samples": {"frames": frames, "batches": len(whole)},
        "faults": dict(probes.wrong),
    }
