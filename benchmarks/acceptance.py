"""The acceptance test of a site's faces: who of the test's list was found, and which strangers were, by camera and light.

The people who test walk past each camera in each light; their pictures are put into folders:

    enrol/NAME/picture.jpg                    one good picture or more of each person on the test's list
    passes/CAMERA/LIGHT/NAME/picture.jpg      a pass of that person
    passes/CAMERA/LIGHT/strangers/picture.jpg a pass of somebody on no list

`pennyprotect policy acceptance REPORT.json` records the result for the store, where the face switch asks for it. A version that
was pushed is tested before its promotion, at the Triton that serves it, by the threshold that was measured for it (`--measured`).
"""

import asyncio
import json
import os
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from app.identity.decision.thresholds import Thresholds, calibration_of
from app.identity.enrolment.gate import judge, seen_faces
from app.inference.face_client import FACE_MODEL, FACE_VERSION, FaceAnswer, TritonFaces
from app.kit.clock import now
from app.kit.errors import BadInputError
from app.models.evaluation.measuring import triton_of
from app.settings import settings
from benchmarks.document import BenchArguments
from benchmarks.faces import served_faces

STRANGERS: Final = "strangers"
SUFFIXES: Final = (".jpg", ".jpeg", ".png")
Float = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pass:
    """Somebody who walked by. `found`: whom the product would have raised a lead to; "" for nobody. `seen`: a face was found."""

    camera: str
    light: str
    name: str
    found: str
    seen: bool


def wilson(wrong: int, of: int) -> dict[str, Any]:
    """A rate and its 95 % interval (Wilson 1927), which holds for few passes, too."""
    if not of:
        return {"rate": None, "low": None, "high": None, "wrong": 0, "of": 0}
    z, share = 1.96, wrong / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * np.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return {"rate": round(share, 4), "low": round(float(low), 4), "high": round(float(high), 4), "wrong": wrong, "of": of}


def rates(passes: list[Pass]) -> dict[str, Any]:
    """FPIR of strangers, FNIR of the enrolled (somebody else's name is a miss, and so is no face)."""
    strangers = [each for each in passes if each.name == STRANGERS]
    enrolled = [each for each in passes if each.name != STRANGERS]
    return {
        "fpir": wilson(sum(each.found != "" for each in strangers), len(strangers)),
        "fnir": wilson(sum(each.found != each.name for each in enrolled), len(enrolled)),
        "no_face": wilson(sum(not each.seen for each in passes), len(passes)),
    }


def report(passes: list[Pass], refused: int, enrolled: int, threshold: float, version: str = FACE_VERSION) -> dict[str, Any]:
    """The benchmark's document, with what the store's record takes; of a pushed version the record names it."""
    together = rates(passes)
    by: dict[str, dict[str, list[Pass]]] = {"camera": defaultdict(list), "light": defaultdict(list)}
    for each in passes:
        by["camera"][each.camera].append(each)
        by["light"][each.light].append(each)
    record = {
        "switch": "face", "performed_on": now().date().isoformat(), "cameras": len(by["camera"]),
        "strangers": together["fpir"]["of"], "false_matches": together["fpir"]["wrong"],
        "enrolled": together["fnir"]["of"], "misses": together["fnir"]["wrong"],
    }  # fmt: skip
    if version != FACE_VERSION:
        record["face_version"] = int(version)
    return {
        "what": "acceptance: passes of enrolled people and of strangers, by camera and light",
        "headline": {
            "fpir": together["fpir"]["rate"], "fnir": together["fnir"]["rate"],
            "failure_to_enrol": round(refused / (refused + enrolled), 4), "threshold": threshold,
        },
        "together": together,
        **{f"by_{name}": {key: rates(each) for key, each in sorted(parts.items())} for name, parts in by.items()},
        "record": record,
        "data_set": "given folder",
        "samples": {"enrolled_pictures": enrolled, "refused_pictures": refused, "passes": len(passes)},
        "model_versions": {FACE_MODEL: version},
    }  # fmt: skip


async def run(arguments: BenchArguments) -> dict[str, Any]:
    """Enrol as the gate does, then look at every pass."""
    if arguments.data is None or not (arguments.data / "enrol").is_dir() or not (arguments.data / "passes").is_dir():
        raise BadInputError("bench acceptance needs --data PATH with enrol/NAME/*.jpg and passes/CAMERA/LIGHT/NAME/*.jpg.")
    version, thresholds = (FACE_VERSION, Thresholds({})) if arguments.measured is None else measured(arguments.measured)
    async with served_faces() if arguments.measured is None else _product_faces() as faces:
        client = Client(faces, version)
        names, vectors, refused = await _enrol(client, arguments.data / "enrol")
        if not names:
            raise BadInputError("No picture of enrol/ passes the quality gate, so nobody can be looked for.")
        threshold = thresholds.measured(FACE_MODEL, version, len(set(names)))
        passes = [await _pass(client, path, names, vectors, threshold) for path in _pictures(arguments.data / "passes", 4)]
    if not passes:
        raise BadInputError("There is no picture in passes/CAMERA/LIGHT/NAME.")
    return report(passes, refused, len(names), threshold, version)


def measured(file: Path) -> tuple[str, Thresholds]:
    """A pushed version and its thresholds, of what `models calibrate --json` printed. BadInputError for another file."""
    try:
        found = json.loads(file.read_bytes())
        version, stored = str(int(found["version"])), (float(found["threshold"]), dict(found["details"]))
        calibration_of(stored[1])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInputError(f"{file} is not what `pennyprotect models calibrate --json` printed.") from error
    return version, Thresholds({(None, FACE_MODEL, version, False): stored})


@dataclass(frozen=True, slots=True)
class Client:
    """Faces by one version."""

    faces: TritonFaces
    version: str

    async def find(self, picture: npt.NDArray[np.uint8], most: int) -> FaceAnswer:
        """`TritonFaces.find`."""
        return await self.faces.find(picture, most, self.version)


@asynccontextmanager
async def _product_faces() -> AsyncIterator[TritonFaces]:
    """At the Triton of the product that runs, where the version was pushed."""
    client = TritonFaces(triton_of(settings().home.absolute(), settings().triton_url), deadline_s=30.0)
    try:
        yield client
    finally:
        await client.close()


async def _enrol(client: Client, folder: Path) -> tuple[list[str], Float, int]:
    names, vectors, refused = [], [], 0
    for path in _pictures(folder, 2):
        picture = await asyncio.to_thread(_read, path)
        answer = None if picture is None else await client.find(picture, 4)
        faces = () if answer is None else seen_faces(answer.boxes, answer.points, answer.quality)
        if picture is None or answer is None or judge(picture, faces).findings:
            refused += 1
            continue
        names.append(path.parent.name)
        vectors.append(answer.embeddings[0])
    return names, np.array(vectors, np.float64), refused


async def _pass(client: Client, path: Path, names: list[str], vectors: Float, threshold: float) -> Pass:
    picture = await asyncio.to_thread(_read, path)
    answer = None if picture is None else await client.find(picture, 1)
    camera, light, name = path.parts[-4:-1]
    if answer is None or not len(answer):
        return Pass(camera, light, name, "", seen=False)
    scores = vectors @ answer.embeddings[0].astype(np.float64)
    best = int(scores.argmax())
    return Pass(camera, light, name, names[best] if scores[best] >= threshold else "", seen=True)


def _pictures(folder: Path, depth: int) -> list[Path]:
    """Pictures `depth` names below a folder, in order."""
    return sorted(path for path in folder.glob("/".join("*" * depth)) if path.suffix.lower() in SUFFIXES)


def _read(path: Path) -> npt.NDArray[np.uint8] | None:
    picture = cv2.imread(os.fspath(path))
    return None if picture is None else np.ascontiguousarray(picture[:, :, ::-1])
