"""What the workers of this state folder counted of each camera's frames: whether a model's change cost any."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from app.kit.errors import SetupError
from app.kit.operations import metrics_at, socket_path

COUNTED: Final = {
    "due": "frames_due",
    "analysed": "frames_analysed",
    "still": "frames_still",
    "dropped": "frames_dropped",
    "unanswered": "pose_failures",
}
"""Our words, and the counters' names between `pennyprotect_worker_` and `_total`."""
WORKERS: Final[Mapping[str, Collection[str]]] = {"worker-cpu": tuple(COUNTED), "worker-gpu": ("analysed",)}
"""What each counts: a 0 of what nobody counts would say that nothing was lost."""

Counts = dict[str, dict[str, int]]
"""By camera id, then by what its worker counts."""


async def counts_at(home: Path) -> Counts:
    """Of every camera of this state folder's workers, since each began.

    Raises:
        SetupError: no worker serves its counters in this state folder.
    """
    found: Counts = {}
    answered = False
    for role, names in WORKERS.items():
        try:
            text = await metrics_at(socket_path(home, role))
        except OSError:
            continue
        answered = True
        found |= counted(text, names)
    if not answered:
        raise SetupError(
            f"No worker serves its counters in {home}; start the product there, or ask the workers at PENNYPROTECT_METRICS."
        )
    return found


def counted(exposition: str, names: Collection[str] = tuple(COUNTED)) -> Counts:
    """What `names` of `COUNTED` name, of a worker's metrics."""
    found: Counts = {}
    for family in text_string_to_metric_families(exposition):
        for name in names:
            for sample in family.samples:
                if sample.name == f"pennyprotect_worker_{COUNTED[name]}_total":
                    found.setdefault(sample.labels["camera"], dict.fromkeys(names, 0))[name] = int(sample.value)
    return found


def difference(before: Counts, after: Counts) -> Counts:
    """What each camera gained; one that was not there before began at nothing, and so did all of a worker that started anew."""

    def gained(was: Mapping[str, int], now: Mapping[str, int]) -> dict[str, int]:
        anew = any(count < was.get(name, 0) for name, count in now.items())
        return dict(now) if anew else {name: count - was.get(name, 0) for name, count in now.items()}

    return {camera: gained(before.get(camera, {}), counts) for camera, counts in after.items()}


def totals(of: Counts) -> dict[str, int]:
    """Of all cameras."""
    return {name: sum(each.get(name, 0) for each in of.values()) for name in COUNTED}


def frame_lines(counts: Counts, names: Mapping[str, str]) -> Iterable[str]:
    """A table for a terminal, a camera a line, by name; "-" for what its worker does not count."""
    wide = max([6, *(len(names.get(each, each)) for each in counts)])
    yield f"{'camera':<{wide}}  " + "  ".join(f"{name:>10}" for name in COUNTED)
    for camera in sorted(counts, key=lambda each: names.get(each, each)):
        yield f"{names.get(camera, camera):<{wide}}  " + "  ".join(f"{counts[camera].get(name, '-'):>10}" for name in COUNTED)
