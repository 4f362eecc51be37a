"""`pennyprotect bench swap`: the pose model of a running store is exchanged, and every camera's frames are counted meanwhile.

A whole embedded product of the benchmark's own with two RTSP cameras: another ONNX file of the served network, which nobody
compiled yet, is pushed, shadowed, promoted for a share and for all, rolled back and retired, as docs/models.md says. A frame is
lost where it was due and not analysed (`dropped`) or the model did not answer it (`unanswered`), by the worker's own counters.
First the machine's capacity is measured, and cameras get a rate that it carries; `--fps` says another. A control of the same
length, before and after, says what these cameras lose without any swap.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiohttp
import numpy as np
import onnx
import onnxruntime  # type: ignore[import-untyped]
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.embedded.demo_clips import available_clips, fetch_clip
from app.inference.contract import SERVED, PoseContract
from app.kit.errors import SetupError, UnavailableError
from app.models.command import packed
from app.models.frames import Counts, counts_at
from app.models.models import POSE_MODEL, RELEASED_VERSION
from app.models.signing import sign
from app.settings import settings
from benchmarks.bare import letterboxed
from benchmarks.cameras import feed
from benchmarks.document import BenchArguments
from benchmarks.own_product import Desk, own_product
from benchmarks.pictures import read_pictures
from benchmarks.swap_counts import Counters, document, rate_for

CAMERAS: Final = 2
LOOK_S: Final = 0.5
STEADY_FRAMES: Final = 20
FOLLOW_S: Final = 6.0
"""Three heartbeats: by then workers ask the version that the pointer names."""
SHADOWED: Final = 5
WITHIN_S: Final = 120.0
PUSH_S: Final = 600.0
CAPACITY_S: Final = 10.0
ALL_FPS: Final = 30.0
"""More than a camera sends: every frame is due."""
CALM_FRAMES: Final = 30
"""After a camera was overloaded this many frames have to find room until two may wait again."""
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


async def run(arguments: BenchArguments) -> dict[str, Any]:
    """The document. `--seconds`: how long is counted before the push; `--fps`: of each camera."""
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
                rates = await _give_rate(desk, arguments.fps)
                swap, control, pushed = await _measured(desk, package, arguments.seconds)
    return document(swap, control, rates, pushed, f"{clip.name} by RTSP, {CAMERAS} cameras")


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


async def _give_rate(desk: Desk, wanted: float | None) -> dict[str, float]:
    """Cameras at a rate that leaves room, or at the wanted one; what the machine analyses of all their frames."""
    read = partial(_counts, desk.home)
    await _until(lambda: _steady(read), "the cameras are not analysed")
    await _set_fps(desk, ALL_FPS)
    full = Counters(read, settle_s=0.0)
    await asyncio.sleep(FOLLOW_S)
    await full.step("capacity", asyncio.sleep(CAPACITY_S))
    step = full.steps[0]
    capacity = round((step["analysed"] + step["still"]) / step["seconds"], 1)
    fps = wanted or rate_for(capacity, CAMERAS)
    await _set_fps(desk, fps)
    await asyncio.sleep(FOLLOW_S + CALM_FRAMES / fps)
    return {"fps_of_each_camera": fps, "cameras": CAMERAS, "machine_fps": capacity}


async def _set_fps(desk: Desk, fps: float) -> None:
    for each in (await desk.ask("GET", "/cameras?limit=100"))["items"]:
        await desk.ask("PATCH", f"/cameras/{each['id']}", {"analysis_fps": fps})


async def _measured(desk: Desk, package: bytes, seconds: float) -> tuple[list[Any], list[Any], dict[str, Any]]:
    """Steps of the swap, steps of a control that takes as long, and what was pushed."""
    read = partial(_counts, desk.home)
    swap, control = Counters(read), Counters(read)
    await control.step("control before", asyncio.sleep(seconds))
    pushed = await _walk(desk, package, swap)
    left = sum(each["seconds"] for each in swap.steps) - control.steps[0]["seconds"]
    await control.step("control after", asyncio.sleep(max(0.0, left)))
    return swap.steps, control.steps, pushed


async def _walk(desk: Desk, package: bytes, counters: Counters) -> dict[str, Any]:
    pushed: dict[str, Any] = await counters.step("push", _push(desk, package))
    path = f"/models/versions/{pushed['id']}"
    await counters.step("shadow", _shadow(desk, path))
    for name, share in (("promote a share", 0.5), ("promote", 1.0)):
        limits = {"share": share, "limits": {"failures": 1.0, "slower": 100.0, "agreement": 0.0}}
        await counters.step(name, _then_follow(desk.ask("POST", f"{path}/promote", limits)))
    await counters.step("roll back", _then_follow(desk.ask("POST", "/models/rollback", {})))
    await desk.ask("POST", "/models/shadow/end", {})
    await counters.step("retire", desk.ask("POST", f"{path}/retire", {}))
    return pushed


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
        return await counts_at(home)
    except SetupError:
        return {}
