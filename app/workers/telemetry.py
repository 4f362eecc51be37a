"""A worker's own metrics, in a registry of their own."""

import contextlib
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from app.capture.ring import PacketRing

_LATENCY_BUCKETS: Final = (0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8, 1.5, 3.0)


class WorkerMetrics:
    """What a worker counts. The only label is the camera's id; addresses never appear."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        camera = ["camera"]
        self.frames_in = Gauge("pennyprotect_worker_fps_in", "Frames a second decoded.", camera, registry=self.registry)
        self.due = Counter(
            "pennyprotect_worker_frames_due",
            "Frames chosen for analysis by the camera's rate: analysed, still, dropped, not answered, or about to be.",
            camera,
            registry=self.registry,
        )
        self.analysed = Counter("pennyprotect_worker_frames_analysed", "Frames analysed.", camera, registry=self.registry)
        self.dropped = Counter(
            "pennyprotect_worker_frames_dropped", "Frames due but not analysed.", camera, registry=self.registry
        )
        self.still = Counter(
            "pennyprotect_worker_frames_still",
            "Frames passed over because nothing changed since the last analysed one.",
            camera,
            registry=self.registry,
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
        self.clips = ClipMetrics(self.registry)
        self.units_dropped = Counter(
            "pennyprotect_worker_access_units_dropped",
            "Encoded pictures that a viewer's relay did not take in time.",
            registry=self.registry,
        )
        self.reports_lost = Counter(
            "pennyprotect_worker_model_reports_lost", "Reports about models that the service never took.", registry=self.registry
        )
        self.in_flight = Gauge("pennyprotect_worker_in_flight", "Frames under analysis.", registry=self.registry)

    def forget(self, camera: str) -> None:
        """Drop a camera's series: it is no longer this worker's."""
        for metric in (
            self.frames_in,
            self.due,
            self.analysed,
            self.dropped,
            self.still,
            self.failed,
            self.reconnects,
            self.live,
            *self.clips.of_cameras,
        ):
            with contextlib.suppress(KeyError):
                metric.remove(camera)


class ClipMetrics:
    """What the encoded packets and the clips cut from them count; `of_cameras` has the camera's id as its label."""

    def __init__(self, registry: CollectorRegistry) -> None:
        camera = ["camera"]
        self.ring_bytes = Gauge("pennyprotect_worker_ring_bytes", "Encoded packets held for clips.", camera, registry=registry)
        self.ring_seconds = Gauge("pennyprotect_worker_ring_seconds", "How far back clips can reach.", camera, registry=registry)
        self.ring_dropped = Counter(
            "pennyprotect_worker_ring_dropped",
            "Packets that left the ring for its budget, before ten minutes were over.",
            camera,
            registry=registry,
        )
        self.recordings = Counter(
            "pennyprotect_worker_recordings", "Pieces of evidence, by what became of them.", ["end"], registry=registry
        )
        self.upload_retries = Counter("pennyprotect_worker_upload_retries", "Uploads of evidence tried again.", registry=registry)
        self.spool_bytes = Gauge(
            "pennyprotect_worker_spool_bytes", "Evidence on disk that waits for its upload.", registry=registry
        )
        self.of_cameras = (self.ring_bytes, self.ring_seconds, self.ring_dropped)

    def count(self, camera: str, ring: PacketRing, dropped_before: int) -> int:
        """What a ring holds now; the packets that it has dropped, `dropped_before` of which were counted."""
        self.ring_bytes.labels(camera).set(ring.held_bytes)
        self.ring_seconds.labels(camera).set(ring.held_us / 1e6)
        self.ring_dropped.labels(camera).inc(ring.dropped - dropped_before)
        return ring.dropped


class FaceMetrics:
    """What the face path counts; no label names a camera or a person."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.asked = Counter("pennyprotect_worker_faces_asked", "Heads sent to the face model.", registry=registry)
        self.emitted = Counter("pennyprotect_worker_faces_emitted", "Embeddings handed on.", registry=registry)
        self.dropped = Counter(
            "pennyprotect_worker_faces_dropped",
            "Heads let go: full, late, policy, mask, picture, model, no face, quality.",
            ["why"],
            registry=registry,
        )
        self.loaded = Gauge("pennyprotect_worker_face_models_loaded", "1 while the face models serve.", registry=registry)
        self.seconds = Histogram(
            "pennyprotect_worker_face_seconds", "A call of the face models.", buckets=_LATENCY_BUCKETS, registry=registry
        )


class GaitMetrics:
    """What the gait path counts; no label names a camera or a person."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.asked = Counter("pennyprotect_worker_gaits_asked", "Sequences sent to the gait model.", registry=registry)
        self.emitted = Counter("pennyprotect_worker_gaits_emitted", "Results of gait handed on.", registry=registry)
        self.dropped = Counter(
            "pennyprotect_worker_gaits_dropped", "Sequences let go: full, policy, model.", ["why"], registry=registry
        )
        self.held = Gauge(
            "pennyprotect_worker_gait_tracks", "Tracks whose keypoints are held for some seconds.", registry=registry
        )
        self.loaded = Gauge("pennyprotect_worker_gait_model_loaded", "1 while the gait model serves.", registry=registry)
        self.seconds = Histogram(
            "pennyprotect_worker_gait_seconds", "A call of the gait model.", buckets=_LATENCY_BUCKETS, registry=registry
        )
