"""A worker's own metrics, in a registry of their own, and the small page that serves them."""

import asyncio
import contextlib
from pathlib import Path
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from app.kit.errors import SetupError

_LATENCY_BUCKETS: Final = (0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8, 1.5, 3.0)


class WorkerMetrics:
    """What a worker counts. The only label is the camera's id; addresses never appear."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        camera = ["camera"]
        self.frames_in = Gauge("pennyprotect_worker_fps_in", "Frames a second decoded.", camera, registry=self.registry)
        self.analysed = Counter("pennyprotect_worker_frames_analysed", "Frames analysed.", camera, registry=self.registry)
        self.dropped = Counter(
            "pennyprotect_worker_frames_dropped", "Frames due but not analysed.", camera, registry=self.registry
        )
        self.failed = Counter(
            "pennyprotect_worker_pose_failures",
            "Frames that the pose model did not answer.",
            camera,
            registry=self.registry,
        )
        self.reconnects = Gauge("pennyprotect_worker_reconnects", "Streams come back.", camera, registry=self.registry)
        self.live = Gauge("pennyprotect_worker_camera_live", "1 while the stream is live.", camera, registry=self.registry)
        self.latency = Histogram(
            "pennyprotect_worker_frame_seconds",
            "From capture to hand-over of the tracked frame.",
            buckets=_LATENCY_BUCKETS,
            registry=self.registry,
        )
        self.unsent = Counter(
            "pennyprotect_worker_messages_dropped",
            "Messages dropped on the way out.",
            ["outlet"],
            registry=self.registry,
        )
        self.in_flight = Gauge("pennyprotect_worker_in_flight", "Frames under analysis.", registry=self.registry)

    def forget(self, camera: str) -> None:
        """Drop a camera's series: it is no longer this worker's."""
        for metric in (self.frames_in, self.analysed, self.dropped, self.failed, self.reconnects, self.live):
            with contextlib.suppress(KeyError):
                metric.remove(camera)


async def serve_metrics(registry: CollectorRegistry, address: str, stop: asyncio.Event) -> None:
    """Serve `/metrics` until `stop` on `unix:/path` or `host:port`; at once nothing when `address` is "".

    Raises:
        SetupError: nobody can listen there.
    """
    if not address:
        return

    async def page(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), content_type="text/plain", charset="utf-8")

    app = web.Application()
    app.router.add_get("/metrics", page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        try:
            await _site(runner, address).start()
        except (OSError, ValueError, OverflowError) as error:
            raise SetupError(
                f"PENNYPROTECT_WORKER_METRICS cannot be {address!r} ({error}); use host:port or unix:/path."
            ) from error
        await stop.wait()
    finally:
        await runner.cleanup()


def _site(runner: web.AppRunner, address: str) -> web.BaseSite:
    if address.startswith("unix:"):
        path = Path(address.removeprefix("unix:"))
        path.unlink(missing_ok=True)
        return web.UnixSite(runner, str(path))
    host, _, port = address.rpartition(":")
    return web.TCPSite(runner, host or "127.0.0.1", int(port))
