"""Versions of the face pipeline on a folder of faces, picture by picture in turn, at the Triton that serves them."""

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.inference.face_client import FaceAnswer, TritonFaces
from app.kit.errors import BadInputError, UnavailableError
from app.models.evaluation.identities import pictures, rates, searches
from app.perception.images import decode_image

FACES: Final = "face_pipeline"
DEADLINE_S: Final = 60.0
_FIGURES: Final = ("found", "first_is_right", "eer", "fnir_at_fpir_1e_2", "fnir_at_fpir_1e_3")
Answers = dict[str, list[FaceAnswer]]


async def evaluate_faces(
    url: str, versions: Sequence[str], folder: Path, tell: Callable[[int, int], None] = lambda _done, _all: None
) -> dict[str, Any]:
    """How often each version finds a face, and mistakes one for another, on the same pictures in turn. No embedding is kept.

    Raises:
        BadInputError: a folder that cannot be read, or a version that is not served.
    """
    named = await asyncio.to_thread(pictures, folder)
    answers, took = await ask_versions(url, versions, [path for _, path in named], tell)
    people = [person for person, _ in named]
    measured = [
        {
            "version": version,
            "accuracy": await asyncio.to_thread(accuracy, people, answers[version]),
            "p50_ms": round(1000 * statistics.median(took[version]), 1),
        }
        for version in versions
    ]
    document: dict[str, Any] = {
        "model": FACES, "data_set": folder.name, "pictures": len(named), "people": len(set(people)), "versions": measured,
    }  # fmt: skip
    return {**document, "last_less_first": less(measured[-1], measured[0])} if len(measured) > 1 else document


def accuracy(people: Sequence[str], answers: Sequence[FaceAnswer]) -> dict[str, float | None]:
    """Shares 0..1 over the pictures in which a face was found; None where too few people were.

    `found` is of all pictures; `first_is_right`: of pictures whose person has another one, those whose best match is that person.
    """
    seen = [number for number, answer in enumerate(answers) if len(answer)]
    figures: dict[str, float | None] = dict.fromkeys(_FIGURES)
    figures["found"] = round(len(seen) / len(answers), 4)
    names = [people[number] for number in seen]
    if len(set(names)) < 2:
        return figures
    vectors = np.array([answers[number].embeddings[0] for number in seen], np.float64)
    mated, _ = searches(vectors, names)
    if len(mated):
        figures["first_is_right"] = round(float((mated >= 0).mean()), 4)
    return figures | {name: round(value, 4) for name, value in rates(vectors, names).items()}


def less(last: dict[str, Any], first: dict[str, Any]) -> dict[str, float | None]:
    """The last version's figures less the first one's."""
    after, before = last["accuracy"], first["accuracy"]
    both = {name: (after[name], before[name]) for name in _FIGURES}
    return {name: None if one is None or other is None else round(one - other, 4) for name, (one, other) in both.items()}


async def ask_versions(
    url: str, versions: Sequence[str], files: Sequence[Path], tell: Callable[[int, int], None]
) -> tuple[Answers, dict[str, list[float]]]:
    """The best face of each picture, and seconds of each answer, by version."""
    client = TritonFaces(url, deadline_s=DEADLINE_S)
    answers: Answers = {version: [] for version in versions}
    took: dict[str, list[float]] = {version: [] for version in versions}
    try:
        for done, path in enumerate(files):
            tell(done, len(files))
            picture = decode_image(await asyncio.to_thread(path.read_bytes))[:, :, ::-1]
            for version in answers:
                began = time.monotonic()
                try:
                    answers[version].append(await client.find(picture, 1, version))
                except UnavailableError as error:
                    raise BadInputError(
                        f"Triton at {url} does not serve version {version} of {FACES}: face models are loaded where a store's"
                        " policy switches faces on."
                    ) from error
                took[version].append(time.monotonic() - began)
    finally:
        await client.close()
    return answers, took


def as_lines(document: dict[str, Any]) -> list[str]:
    """For a terminal."""
    about = f"{document['pictures']} pictures of {document['people']} people of {document['data_set']}"
    lines = [f"{FACES} on {about}:"]
    for each in document["versions"]:
        said = ", ".join(f"{name} {'none' if value is None else value}" for name, value in each["accuracy"].items())
        lines.append(f"  version {each['version']}: {said}, p50 {each['p50_ms']} ms")
    if "last_less_first" in document and (gain := document["last_less_first"]["eer"]) is not None:
        lines.append(f"  EER {gain:+.4f} of the last against the first; less is better")
    return lines
