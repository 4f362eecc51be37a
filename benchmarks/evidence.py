"""Evidence: how fast a package of a gigabyte is verified beside a bare sha256 of the same file, and how soon after its end a clip
can be played, of the running product.
"""

import asyncio
import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.evidence.package import parts_of, verify
from app.kit.clock import now
from app.kit.errors import UnavailableError
from benchmarks.document import BenchArguments
from benchmarks.product import Product, sign_in

SIZE = 1 << 30
ROUNDS = 3
CLIPS = 20
LENGTH = timedelta(seconds=10)
AHEAD = timedelta(seconds=2)
BETWEEN_S = 1.0
PATIENCE_S = 60.0


async def run(arguments: BenchArguments) -> dict[str, Any]:
    """The document's parts. The clips need a running product, the package none."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(20)) as session:
        late_s = await _clips(session, await sign_in(session))
    verified, hashed, cold, read = await asyncio.to_thread(_verify)
    return {
        "what": "A signed package verified beside sha256 of the same file, warm, and beside reading it alone, its pages put"
        " out of memory before each; clips from their end to being playable.",
        "headline": {
            "verify_mb_per_s": round(SIZE / verified / 1e6),
            "ratio_verify_to_sha256_alone": round(hashed / verified, 3),
            "cold_verify_mb_per_s": round(SIZE / cold / 1e6),
            "ratio_cold_verify_to_reading": round(read / cold, 3),
            "clip_available_p50_s": round(float(np.median(late_s)), 2),
            "clip_available_p95_s": round(float(np.percentile(late_s, 95)), 2),
        },
        "data_set": f"a package of {SIZE >> 20} MiB of random bytes; {LENGTH.seconds} s of the product's cameras",
        "samples": {"rounds": ROUNDS, "clips": len(late_s)},
    }


def _verify() -> tuple[float, float, float, float]:
    """Best seconds of verification and of sha256 alone, warm; of verification and of reading alone, cold. Each pair in turns."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "package.zip"
        block = os.urandom(1 << 20)
        with path.open("wb") as out:
            for part in parts_of([("recording.mp4", block * (SIZE >> 20))], {}, Ed25519PrivateKey.generate()):
                out.write(part)
        os.sync()  # or its pages cannot be put out
        acts: dict[str, Callable[[Path], object]] = {"verify": verify, "sha256": _sha256, "read": _read}
        best = dict.fromkeys(("verify", "sha256", "cold verify", "cold read"), float("inf"))
        for name in [*best] * ROUNDS:
            if name.startswith("cold"):
                _put_out(path)
            began = time.perf_counter()
            acts[name.removeprefix("cold ")](path)
            best[name] = min(best[name], time.perf_counter() - began)
        assert verify(path).whole
    return best["verify"], best["sha256"], best["cold verify"], best["cold read"]


def _sha256(path: Path) -> None:
    with path.open("rb") as package:
        hashlib.file_digest(package, "sha256")


def _read(path: Path) -> None:
    with path.open("rb", buffering=0) as package:
        while package.read(1 << 20):
            pass


def _put_out(path: Path) -> None:
    with path.open("rb") as package:
        os.posix_fadvise(package.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


async def _clips(session: aiohttp.ClientSession, product: Product) -> list[float]:
    """Seconds from the wanted end of each clip to its registration, of recordings asked for one after another."""

    async def ask(method: str, path: str, body: Any = None) -> Any:
        async with session.request(method, f"{product.url}/api/v1{path}", headers=product.headers, json=body) as answer:
            if answer.status >= 300:
                raise UnavailableError(f"{path} answered {answer.status}: {(await answer.text())[:200]}")
            return await answer.json()

    cameras = [each for each in (await ask("GET", "/cameras"))["items"] if each["state"] == "live"]
    if not cameras:
        raise UnavailableError("No camera of the running product is live.")
    store = cameras[0]["store_id"]
    incident = (await ask("POST", "/incidents", {"store_id": store, "kind": "bench", "title": "Measured"}))["id"]
    asked = []
    for number in range(CLIPS):
        ends = now() + AHEAD
        span = {"camera_id": cameras[number % len(cameras)]["id"], "from": (ends - LENGTH).isoformat(), "to": ends.isoformat()}
        asked.append((await ask("POST", f"/incidents/{incident}/evidence", span))["id"])
        await asyncio.sleep(BETWEEN_S)
    return [await _late(ask, each) for each in asked]


async def _late(ask: Any, evidence_id: str) -> float:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        piece = await ask("GET", f"/evidence/{evidence_id}")
        if piece["state"] == "lost":
            raise UnavailableError(f"A recording was lost: {piece['reason']}")
        if piece["present_at"] is not None:
            present, wanted = (datetime.fromisoformat(piece[name]) for name in ("present_at", "wanted_to"))
            return (present - wanted).total_seconds()
        await asyncio.sleep(0.2)
    raise UnavailableError("A recording did not come within a minute.")
