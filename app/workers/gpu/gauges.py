"""What the GPU worker counts beside what every worker does: stages, probes, the GPU by NVML where there is one."""

import contextlib
from collections.abc import Callable
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_BUCKETS: Final = (0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.4, 0.8, 1.5, 3.0)


class GpuMetrics:
    """In the worker's own registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.stage = Histogram(
            "pennyprotect_worker_stage_seconds",
            "From decoder to behind this stage: pose, tracker, emitted.",
            ["stage"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self.camera_latency = Gauge(
            "pennyprotect_worker_camera_latency_seconds",
            "Decoder to tracker, last frame of a camera.",
            ["camera"],
            registry=registry,
        )
        self.wrong = Counter(
            "pennyprotect_worker_probe_faults", "Frames a probe could not use, by why.", ["why"], registry=registry
        )
        self.handover_dropped = Counter(
            "pennyprotect_worker_handover_dropped", "Frames dropped between streaming thread and event loop.", registry=registry
        )
        self.version = Gauge(
            "pennyprotect_worker_pose_version", "1 for the pose version that runs.", ["model", "version"], registry=registry
        )
        gpu = ["gpu"]
        self.sm = Gauge("pennyprotect_gpu_utilisation", "Share of time with a kernel running.", gpu, registry=registry)
        self.decoder = Gauge("pennyprotect_gpu_decoder_utilisation", "Share of NVDEC in use.", gpu, registry=registry)
        self.memory = Gauge("pennyprotect_gpu_memory_bytes", "Memory of the GPU in use.", gpu, registry=registry)
        self._nvml, self._gpus = _open()

    @property
    def gpus(self) -> int:
        """GPUs that NVML shows; 0 without a driver."""
        return len(self._gpus)

    def read_gpus(self) -> None:
        """Ask NVML; nothing happens where there is none."""
        for number, handle in enumerate(self._gpus):
            with contextlib.suppress(self._nvml.NVMLError):
                label = str(number)
                self.sm.labels(label).set(self._nvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100)
                # The first version of this call counts what the driver reserves as used: 480 MiB of an idle H100.
                memory = self._nvml.nvmlDeviceGetMemoryInfo(handle, version=self._nvml.nvmlMemory_v2)
                self.memory.labels(label).set(memory.used)
                self.decoder.labels(label).set(self._nvml.nvmlDeviceGetDecoderUtilization(handle)[0] / 100)


class Totals:
    """Totals that others keep, as steps of a counter. One that began anew costs what it had not told."""

    def __init__(self) -> None:
        self._told: dict[str, int] = {}

    def add(self, name: str, total: int, inc: Callable[[float], None]) -> None:
        """Count what came since the last time."""
        inc(max(0, total - self._told.get(name, 0)))
        self._told[name] = total


def _open() -> tuple[Any, list[Any]]:
    try:
        import pynvml
    except ImportError:
        return None, []
    try:
        pynvml.nvmlInit()
        return pynvml, [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
    except pynvml.NVMLError:
        return pynvml, []
