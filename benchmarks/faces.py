"""The face pipeline in the real Triton on labelled photographs: how often it errs, and how fast it is.

`--data` is a folder `identity/image.jpg`; a folder that holds `enrol/identity/image.jpg` is read there. A file `groups.csv`
in it (columns `identity`, `group`) gives error rates by group.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from app.identity.decision.tail import calibrate, threshold_for
from app.identity.decision.thresholds import WANTED_FPIR, Thresholds, details_of
from app.inference import repository
from app.inference.face_client import FACE_MODEL, FACE_VERSION, FaceAnswer, TritonFaces
from app.inference.loading import ModelLoading
from app.inference.own_faces import OwnFaces
from app.kit.errors import BadInputError
from app.models.evaluation.identities import Float, pictures, rates
from app.settings import settings
from benchmarks import face_attacks
from benchmarks.document import BenchArguments
from benchmarks.face_groups import by_group, groups_of
from benchmarks.servers import inference_servers

DRAWS: Final = 1000
FEW_IDENTITIES: Final = 100


def intervals(vectors: Float, people: list[str]) -> dict[str, list[float]]:
    """95 % bootstrap intervals; whole identities are drawn, because pictures of one person are not independent."""
    random, groups = np.random.default_rng(1), sorted(set(people))
    drawn: dict[str, list[float]] = {}
    for _ in range(DRAWS):
        chosen = random.choice(len(groups), len(groups))
        index = [number for group in set(chosen.tolist()) for number, name in enumerate(people) if name == groups[group]]
        for name, value in rates(vectors[index], [people[number] for number in index]).items():
            drawn.setdefault(name, []).append(value)
    found = {name: np.percentile(values, [2.5, 97.5]).round(4).tolist() for name, values in drawn.items()}
    # Drawing anew from people without an error never shows one: the end is then what so many cannot exclude (Clopper-Pearson).
    mated = sum(people.count(group) > 1 for group in groups)
    for name, ends in found.items():
        if ends[1] == 0 and name.startswith("fnir") and mated:
            ends[1] = round(1 - 0.025 ** (1 / mated), 4)
    return found


def rejecting(vectors: Float, people: list[str], quality: Float) -> list[dict[str, float]]:
    """Errors when the poorest pictures (by their worst part) are rejected."""
    order, curve = np.argsort(-quality.min(axis=1), kind="stable"), []
    for share in (0.0, 0.1, 0.2, 0.3):
        kept = order[: max(2, round(len(order) * (1 - share)))]
        found = rates(vectors[kept], [people[number] for number in kept])
        curve.append({"rejected_share": share, **{name: round(value, 4) for name, value in found.items()}})
    return curve


@asynccontextmanager
async def served_faces() -> AsyncIterator[TritonFaces]:
    """The face pipeline in a Triton of its own, as the product stages it."""
    chosen = settings()
    async with inference_servers() as servers:
        home = servers.model.parents[4]
        await asyncio.to_thread(
            repository.stage, home, chosen.cache.expanduser().absolute(), mirror=chosen.model_mirror,
            accept=chosen.accept_licenses, faces=True, own=OwnFaces.of(chosen),
        )  # fmt: skip
        loading, client = ModelLoading(servers.triton_url), TritonFaces(servers.triton_url, deadline_s=30.0)
        try:
            await loading.load()
            yield client
        finally:
            await loading.close()
            await client.close()


async def run(arguments: BenchArguments) -> dict[str, Any]:
    """Embed every picture, then speed on one of them."""
    if arguments.data is None:
        raise BadInputError("bench faces needs --data PATH, a folder of identity/image.jpg.")
    given = await asyncio.to_thread(pictures, arguments.data)
    async with served_faces() as client:
        answers = [(person, await _look(client, path)) for person, path in given]
        speed = await _speed(client, given[0][1], arguments.seconds)
    found = [(person, path, answer) for (person, answer), (_, path) in zip(answers, given, strict=True) if answer]
    vectors = np.stack([answer.embeddings[0] for _, _, answer in found]).astype(np.float64) if found else np.empty((0, 0))
    document = _document(given, [(person, answer) for person, _, answer in found], speed)
    heads = await asyncio.to_thread(lambda: [each for _, path, answer in found if (each := _head(path, answer)) is not None])
    document["presentation_attacks"] = face_attacks.rates(heads) | {"made_of": len(heads), "simulated": True}
    return document | calibration(vectors, [each[0] for each in found]) | _by_group(arguments.data, found)


def calibration(vectors: Float, people: list[str]) -> dict[str, Any]:
    """What `pennyprotect models threshold` takes over: the tail of scores of different people; nothing for too few."""
    names = np.array(people)
    by_person = [(vectors[names == each] @ vectors[names != each].T).reshape(-1) for each in sorted(set(people))]
    try:
        made = calibrate(by_person)
    except BadInputError as error:
        return {"not_calibrated": str(error)}
    threshold = round(threshold_for(made, 1, WANTED_FPIR).high, 6)
    of = {"model": FACE_MODEL, "model_version": FACE_VERSION, "fpir": WANTED_FPIR, "threshold": threshold}
    return {"calibration": of | {"details": details_of(made, WANTED_FPIR)}}


def _by_group(folder: Path, found: list[tuple[str, Path, FaceAnswer]]) -> dict[str, Any]:
    """At the threshold that the product uses before anybody calibrated it."""
    groups = groups_of(folder)
    if not groups:
        return {}
    vectors = np.stack([answer.embeddings[0] for _, _, answer in found]).astype(np.float64)
    threshold = Thresholds({}).measured(FACE_MODEL, FACE_VERSION, len(vectors))
    return {"by_group": {"threshold": threshold, "groups": by_group(vectors, [each[0] for each in found], groups, threshold)}}


def _document(given: list[tuple[str, Path]], enrolled: list[tuple[str, FaceAnswer]], speed: dict[str, float]) -> dict[str, Any]:
    people = [person for person, _ in enrolled]
    identities = len(set(people))
    if not enrolled:
        raise BadInputError("No face was found in any of these pictures.")
    vectors = np.stack([answer.embeddings[0] for _, answer in enrolled]).astype(np.float64)
    quality = np.stack([answer.quality[0] for _, answer in enrolled]).astype(np.float64)
    found = {name: round(value, 4) for name, value in rates(vectors, people).items()}
    few = identities < FEW_IDENTITIES
    return {
        "what": "faces: detection, alignment and embedding in Triton; leave-one-out identification",
        "headline": {**found, "failure_to_enrol": round(1 - len(enrolled) / len(given), 4), **speed},
        "interval_95": intervals(vectors, people),
        "error_versus_reject": rejecting(vectors, people, quality),
        "data_set": "given folder",
        "samples": {"pictures": len(given), "faces": len(enrolled), "identities": identities},
        "limits": (
            f"{identities} people are far too few: rates this small cannot be measured with them, and intervals from so few "
            "are too narrow. Use a set of hundreds of people."
            if few
            else "Photographs are not shop cameras: measure on your own cameras before going live."
        ),
    }


async def _look(client: TritonFaces, path: Path) -> FaceAnswer | None:
    """The best face of a picture; None for a file that is no picture."""
    picture = await asyncio.to_thread(cv2.imread, os.fspath(path))
    return None if picture is None else await client.find(np.ascontiguousarray(picture[:, :, ::-1]), 1)


def _head(path: Path, answer: FaceAnswer, faces: float = 1.8) -> npt.NDArray[np.uint8] | None:
    """(h, w, 3) RGB around the first face, `faces` of its larger side wide."""
    picture = cv2.imread(os.fspath(path))
    if picture is None:
        return None
    x1, y1, x2, y2 = answer.boxes[0, :4]
    half, middle = faces * max(x2 - x1, y2 - y1) / 2, ((x1 + x2) / 2, (y1 + y2) / 2)
    low = [max(0, int(place - half)) for place in middle]
    return np.ascontiguousarray(picture[low[1] : int(middle[1] + half), low[0] : int(middle[0] + half), ::-1])


async def _speed(client: TritonFaces, path: Path, seconds: float) -> dict[str, float]:
    """One 160 px crop at a time, as a worker asks."""
    picture = await asyncio.to_thread(cv2.imread, os.fspath(path))
    if picture is None:
        raise BadInputError(f"{path} is no picture.")
    answer = await client.find(np.ascontiguousarray(picture[:, :, ::-1]), 1)
    crop = await asyncio.to_thread(_head, path, answer, 1.25) if len(answer) else None
    if crop is None:
        return {}
    head = np.asarray(cv2.resize(crop, (160, 160), interpolation=cv2.INTER_AREA), np.uint8)
    spent, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.perf_counter()
        await client.find(head, 1)
        spent.append(1000 * (time.perf_counter() - began))
    p50, p99 = np.percentile(spent, [50, 99])
    return {
        "face_p50_ms": round(float(p50), 2),
        "face_p99_ms": round(float(p99), 2),
        "faces_per_s": round(1000 * len(spent) / sum(spent), 1),
    }
