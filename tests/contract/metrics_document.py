"""docs/metrics.md from the code: `python -m tests.contract.metrics_document` writes it anew."""

import importlib
import pkgutil
from pathlib import Path
from typing import Any

import app
from app.kit.metrics import registry
from app.workers.gpu.gauges import GpuMetrics
from app.workers.telemetry import FaceMetrics, GaitMetrics, WorkerMetrics

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
HEAD = """# Metrics

Generated from the code by `python -m tests.contract.metrics_document`; a test compares. Every role answers `/metrics`
([deploy.md](deploy.md)); a role shows those it counts, beside the process's own (`process_*`, `python_*`). Labels hold kinds,
reasons, server names and a camera's id: never a name, an address or a value from a message.

| metric | type | labels | says |
|---|---|---|---|
"""


def collectors() -> dict[str, Any]:
    """Name as Prometheus shows it -> the metric, of every module of the product."""
    importlib.import_module("app.main")  # the service, for what is counted where it happens
    for found in pkgutil.walk_packages(app.__path__, "app."):
        if found.name.rpartition(".")[2] in ("metrics", "counters", "limits"):
            importlib.import_module(found.name)
    worker = WorkerMetrics()
    FaceMetrics(worker.registry)
    GaitMetrics(worker.registry)
    GpuMetrics(worker.registry)
    kept = {}
    for each in (registry, worker.registry):
        for metric in list(each._collector_to_names):
            name = getattr(metric, "_name", "")
            if name.startswith("pennyprotect_"):
                kept[name + ("_total" if metric._type == "counter" else "")] = metric
    return kept


def document() -> str:
    """The whole text."""
    rows = []
    for name, metric in sorted(collectors().items()):
        labels = ", ".join(f"`{label}`" for label in metric._labelnames)
        rows.append(f"| `{name}` | {metric._type} | {labels} | {metric._documentation} |")
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), "utf-8")
