"""`pennyprotect bench swap`: the pose model of a running store is exchanged, and every camera's frames are counted meanwhile.

A whole embedded product of the benchmark's own with two RTSP cameras: another ONNX file of the served network, which nobody
compiled yet, is pushed, shadowed, promoted for a share and for all, rolled back and retired, as docs/models.md says. A frame is
lost where the model did not answer it (`failed`) or it was due and not analysed (`dropped`), by the worker's own counters. The
same product before the push says what the machine loses anyway.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import numpy as np
import onnx
import onnxruntime  # type: ignore[import-untyped]
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from prometheus_client.parser import text_string_to_metric_families

from app.embedded.demo_clips import available_clips, fetch_clip
from app.inference.contract import SERVED, PoseContract
from app.kit.errors import UnavailableError
from app.kit.operations import socket_path
from app.models.command import packed
from app.models.models import POSE_MODEL, RELEASED_VERSION
from app.models.signing import sign
from app.settings import settings
from benchmarks.bare import letterboxed
from benchmarks.cameras import feed
from benchmarks.document import BenchArguments
from benchmarks.own_product import Desk, own_product
from benchmarks.pictures import read_pictures

CAMERAS: Final = 2
LOOK_S: Final = 0.5
STEADY_FRAMES: Final = 20
FOLLOW_S: Final = 6.0
"""Three heartbeats: by then workers ask the version that the pointer names."""
SHADOWED: Final = 5
WITHIN_S: Final = 120.0
PUSH_S: Final = 600.0
COUNTED: Final = {"analysed": "frames_analysed", "failed": "pose_failures", "dropped": "frames_dropped"}
PACKAGE: Final = """
model = "yolo_pose"
artefact = "the released network, another file"
publisher = "bench swap"
licence = "AGPL-3.0"
training_data = "As the released one."
[tolerance]
keypoint_px = 5.0
score = 0.1
"""

Counts = dict[str, dict[str, int]]
"""By camera, then by what is counted."""


@dataclass(slots=True)
class Counters:
    """What the worker counted at the end of each step."""

    read: Callable[[], Awaitable[Counts]]
    steps: list[dict[str, Any]] = field(default_factory=list)

    async def step(self, name: str, work: Awaitable[Any]) -> Any:
        """Do it, and note what cameras gained and lost meanwhile."""
        before, began = await self.read(), time.monotonic()
        done = await work
        gained = difference(before, await self.read())
        self.steps.append({"step": name, "seconds": round(time.monotonic() - began, 1), **totals(gained), "cameras": gained})
        return done


def difference(before: Counts, after: Counts) -> Counts:
    """What each camera gained; one that was not there before began at nothing."""
    return {
        camera: {name: count - before.get(camera, {}).get(name, 0) for name, count in counts.items()}
        for camera, counts in after.items()
    }


def totals(of: Counts) -> dict[str, int]:
    """Of all cameras."""
    return {name: sum(each[name] for each in of.values()) for name in COUNTED}


async def run(arguments: BenchArguments) -> dict[str, Any]:
    """The document. `--seconds`: how long is counted before the push."""
    cache, mirror = settings().cache.expanduser().absolute(), settings().model_mirror
    clip = await asyncio.to_thread(lambda: fetch_clip(available_clips(cache, mirror, 1)[0], cache, mirror))
    with tempfile.TemporaryDirectory(prefix="pennyprotect-swap-") as folder:
        keys, key = Path(folder) / "keys", Ed25519PrivateKey.generate()
        form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        keys.mkdir()
        (keys / "team.pub.pem").write_bytes(key.public_key().public_bytes(*form))
        await asyncio.to_thread(keys.parent.chmod, 0o755)  # whoever the parts of the product run as
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(30)) as session,
            feed(clip, cache / "feed", CAMERAS) as ports,
        ):
            addresses = [f"rtsp://127.0.0.1:{port}/stream" for port in ports]
            more = {"PENNYPROTECT_MODEL_KEYS": str(keys), "PENNYPROTECT_DEMO": "0"}
            async with own_product(session, addresses, more) as desk:
                package = await asyncio.to_thread(write_package, desk.home, clip, Path(folder) / "package", key)
                counters, pushed = await _walk(desk, package, arguments.seconds)
    return document(counters.steps, pushed, clip.name)


def write_package(home: Path, clip: Path, folder: Path, key: Ed25519PrivateKey) -> bytes:
    """The released network as another file, which nobody compiled yet, in a signed package; its tar."""
    folder.mkdir()
    model = onnx.load(home / "triton" / "models" / POSE_MODEL / str(RELEASED_VERSION) / "model.onnx")
    model.metadata_props.add(key="swap", value=str(time.time_ns()))
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    (folder / "contract.toml").write_bytes((SERVED / POSE_MODEL / "contract.toml").read_bytes())
    (folder / "package.toml").write_text(PACKAGE, "utf-8")
    contract = PoseContract.of(POSE_MODEL)
    images = letterboxed(read_pictures(clip, 2), contract)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    network = onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
    answers = [network.run(contract.outputs, {contract.input_name: image[None]})[0] for image in images]
    np.savez(folder / "golden.npz", images=images, predictions=np.concatenate(answers))
    sign(folder, key)
    return packed(folder)


async def _walk(desk: Desk, package: bytes, seconds: float) -> tuple[Counters, dict[str, Any]]:
    counters = Counters(lambda: _counts(desk.home))
    await _until(lambda: _steady(counters.read), "the cameras are not analysed")
    await counters.step("before", asyncio.sleep(seconds))
    pushed: dict[str, Any] = await counters.step("push", _push(desk, package))
    path = f"/models/versions/{pushed['id']}"
    await counters.step("shadow", _shadow(desk, path))
    for name, share in (("promote a share", 0.5), ("promote", 1.0)):
        limits = {"share": share, "limits": {"failures": 1.0, "slower": 100.0, "agreement": 0.0}}
        await counters.step(name, _then_follow(desk.ask("POST", f"{path}/promote", limits)))
    await counters.step("roll back", _then_follow(desk.ask("POST", "/models/rollback", {})))
    await desk.ask("POST", "/models/shadow/end", {})
    await counters.step("retire", desk.ask("POST", f"{path}/retire", {}))
    return counters, pushed


async def _push(desk: Desk, package: bytes) -> dict[str, Any]:
    address = f"{desk.product.url}/api/v1/models/versions?accept_licence=AGPL-3.0&slower=20"
    headers = {**desk.product.headers, "Content-Type": "application/x-tar"}
    async with desk.session.post(address, data=package, headers=headers, timeout=aiohttp.ClientTimeout(PUSH_S)) as answer:
        if answer.status != 201:
            raise UnavailableError(f"The push answered {answer.status}: {(await answer.text())[:300]}")
        return dict(await answer.json())


async def _shadow(desk: Desk, path: str) -> None:
    await desk.ask("POST", f"{path}/shadow", {"share": 1.0})

    async def compared() -> bool:
        return bool((await desk.ask("GET", f"/models/shadow?model={POSE_MODEL}"))["total"]["frames"] >= SHADOWED)

    await _until(compared, "nothing is compared")


async def _then_follow(act: Awaitable[Any]) -> None:
    await act
    await asyncio.sleep(FOLLOW_S)


async def _steady(read: Callable[[], Awaitable[Counts]]) -> bool:
    counts = await read()
    return len(counts) == CAMERAS and all(each["analysed"] >= STEADY_FRAMES for each in counts.values())


async def _until(what: Callable[[], Awaitable[bool]], unless: str) -> None:
    end = time.monotonic() + WITHIN_S
    while not await what():
        if time.monotonic() > end:
            raise UnavailableError(f"After {WITHIN_S:g} s {unless}.")
        await asyncio.sleep(LOOK_S)


async def _counts(home: Path) -> Counts:
    """By camera; none while the worker does not listen yet."""
    try:
        connector = aiohttp.UnixConnector(str(socket_path(home, "worker-cpu")))
        async with aiohttp.ClientSession(connector=connector) as session, session.get("http://worker/metrics") as answer:
            text = await answer.text()
    except (aiohttp.ClientError, OSError):
        return {}
    return counted(text)


def counted(exposition: str) -> Counts:
    """What `COUNTED` names, of a worker's metrics."""
    found: Counts = {}
    for family in text_string_to_metric_families(exposition):
        for name, metric in COUNTED.items():
            for sample in family.samples:
                if sample.name == f"pennyprotect_worker_{metric}_total":
                    found.setdefault(sample.labels["camera"], dict.fromkeys(COUNTED, 0))[name] = int(sample.value)
    return found


def document(steps: list[dict[str, Any]], pushed: dict[str, Any], clip: str) -> dict[str, Any]:
    """The benchmark's document."""
    lost = {each["step"]: each["failed"] + each["dropped"] for each in steps}
    before, after = steps[0], steps[1:]
    return {
        "what": "Every camera's frames while a running store's pose model is pushed, shadowed, promoted, rolled back, retired.",
        "headline": {
            "frames": sum(each["analysed"] for each in after),
            "failed": sum(each["failed"] for each in after),
            "dropped": sum(each["dropped"] for each in after),
            "lost_before": lost[before["step"]],
            "push_s": after[0]["seconds"],
            "in_quiet": pushed["report"]["in_quiet"],
        },
        "steps": steps,
        "report": pushed["report"],
        "data_set": f"{clip} by RTSP, {CAMERAS} cameras",
        "samples": {"cameras": CAMERAS, "frames": sum(each["analysed"] for each in steps)},
    }
