"""Asking versions about a folder of pictures, in turn, at the Triton that serves them."""

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from app.inference.families import Selection
from app.inference.picture import PixelPicture
from app.inference.triton import CallOptions, TritonPose
from app.kit.errors import BadInputError, SetupError
from app.models.evaluation import coco
from app.perception.images import decode_image

FAINTEST: Final = 0.02
"""Candidates below count for nothing in COCO's figures and cost time."""
DEADLINE_S: Final = 60.0


def triton_of(home: Path, given: str) -> str:
    """host:port of `TRITON_URL`, else of the product that runs in this state folder. SetupError where there is neither."""
    if given:
        return given
    try:
        return (home / "run" / "triton.url").read_text("utf-8").strip()
    except OSError as error:
        raise SetupError(f"No Triton is known: the product does not run in {home}, and TRITON_URL is not set.") from error


async def evaluate(
    url: str, model: str, versions: Sequence[str], folder: Path, tell: Callable[[int, int], None] = lambda _done, _all: None
) -> dict[str, Any]:
    """COCO's keypoint figures and the latency of each version, on the same pictures in turn.

    Raises:
        BadInputError: a folder that cannot be read, or a version that is not served.
    """
    truth = await asyncio.to_thread(coco.read_folder, folder)
    rows, took = await _asked(url, model, versions, truth, tell)
    measured = [
        {
            "version": version,
            "accuracy": await asyncio.to_thread(coco.accuracy, truth, rows[version]),
            "p50_ms": round(1000 * statistics.median(took[version]), 1),
        }
        for version in versions
    ]
    document: dict[str, Any] = {
        "model": model, "data_set": folder.name, "pictures": len(truth.pictures), "persons": truth.persons, "versions": measured,
    }  # fmt: skip
    return {**document, "last_less_first": coco.better_by(measured)} if len(measured) > 1 else document


async def _asked(
    url: str, model: str, versions: Sequence[str], truth: coco.Truth, tell: Callable[[int, int], None]
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, list[float]]]:
    """Result rows, and seconds of each answer, by version."""
    options, faint = CallOptions(deadline_s=DEADLINE_S, in_flight=1), Selection(score=FAINTEST)
    clients = {version: TritonPose(url, model, version, selection=faint, options=options) for version in versions}
    rows: dict[str, list[dict[str, Any]]] = {version: [] for version in versions}
    took: dict[str, list[float]] = {version: [] for version in versions}
    try:
        for version, client in clients.items():
            if not await client.ready():
                raise BadInputError(f"Triton at {url} does not serve version {version} of {model}.")
        for done, each in enumerate(truth.pictures):
            tell(done, len(truth.pictures))
            pixels = decode_image(await asyncio.to_thread(each.path.read_bytes))
            for version, client in clients.items():
                began = time.monotonic()
                (found,) = await client.detect([PixelPicture(pixels, "bgr")])
                took[version].append(time.monotonic() - began)
                rows[version] += coco.results_of(each.number, found)
    finally:
        for client in clients.values():
            await client.close()
    return rows, took


def as_lines(document: dict[str, Any]) -> list[str]:
    """For a terminal."""
    about = f"{document['pictures']} pictures with {document['persons']} persons of {document['data_set']}"
    lines = [f"{document['model']} on {about}:"]
    for each in document["versions"]:
        figures = each["accuracy"]
        said = ", ".join(f"{name} {_said(figures[name])}" for name in ("ap", "ap50", "ap75", "ar"))
        lines.append(f"  version {each['version']}: {said}, p50 {each['p50_ms']} ms")
    if "last_less_first" in document and (gain := document["last_less_first"]["ap"]) is not None:
        lines.append(f"  AP {gain:+.3f} of the last against the first")
    return lines


def _said(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"
