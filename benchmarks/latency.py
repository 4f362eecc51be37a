"""Capture to `analysis-result` at the client: the delay a person at the dashboard sees, over the real WebSocket."""

import asyncio
import json
from datetime import datetime
from typing import Any

import aiohttp
import numpy as np

from app.kit.clock import now
from app.kit.errors import UnavailableError
from benchmarks.document import BenchArguments
from benchmarks.product import Product, sign_in

CAMERAS = 4
LIVE_WITHIN_S = 60.0
SETTLE_S = 5.0


async def _watch(session: aiohttp.ClientSession, product: Product, cameras: list[str], seconds: float) -> dict[str, list[float]]:
    """Delays in ms by camera, of every analysis-result that arrives within `seconds`."""
    delays: dict[str, list[float]] = {camera: [] for camera in cameras}
    async with session.ws_connect(f"{product.url}/ws", headers=product.headers, timeout=aiohttp.ClientWSTimeout(10)) as socket:
        for camera in cameras:
            await socket.send_json({"type": "subscribe-camera", "camera_id": camera})
        try:
            async with asyncio.timeout(seconds):
                async for message in socket:
                    arrived = now()
                    body = json.loads(message.data)
                    if body["type"] == "analysis-result":
                        captured = datetime.fromisoformat(body["captured_at"])
                        delays[body["camera_id"]].append((arrived - captured).total_seconds() * 1000)
        except TimeoutError:
            pass  # the measured time is over
    return delays


async def _live_cameras(session: aiohttp.ClientSession, product: Product) -> list[str]:
    """Up to CAMERAS of the product's; waits while some are still connecting, as after a start or a held worker."""
    loop = asyncio.get_running_loop()
    end = loop.time() + LIVE_WITHIN_S
    while True:
        async with session.get(
            f"{product.url}/api/v1/cameras", headers=product.headers, timeout=aiohttp.ClientTimeout(10)
        ) as answer:
            listed = [camera for camera in (await answer.json())["items"] if camera["enabled"]]
        live = [camera["id"] for camera in listed if camera["state"] == "live"]
        if len(live) >= min(CAMERAS, len(listed)) or loop.time() > end:
            return live[:CAMERAS]
        await asyncio.sleep(1)


async def run(arguments: BenchArguments) -> dict[str, Any]:
    """p50 and p99 over up to four cameras of the running product."""
    async with aiohttp.ClientSession() as session:
        product = await sign_in(session)
        cameras = await _live_cameras(session, product)
        await asyncio.sleep(SETTLE_S)
        delays = await _watch(session, product, cameras, arguments.seconds)
    every = np.array([delay for seen in delays.values() for delay in seen])
    if not len(every):
        raise UnavailableError("No analysis-result arrived; look at the state of the cameras in the dashboard.")
    return {
        "what": "capture (arrival of the packet at the worker) to analysis-result at a WebSocket client",
        "headline": {
            "p50_ms": round(float(np.percentile(every, 50)), 1),
            "p99_ms": round(float(np.percentile(every, 99)), 1),
            "cameras": len(cameras),
            "frames_per_s_per_camera": round(len(every) / arguments.seconds / max(1, len(cameras)), 2),
        },
        "data_set": "cameras of the running product",
        "samples": len(every),
        "by_camera": {
            camera: {"samples": len(seen), "p50_ms": float(np.median(seen)) if seen else None} for camera, seen in delays.items()
        },
    }
