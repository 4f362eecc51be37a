"""A folder of pictures with COCO keypoints (cocodataset.org/#format-data): what it holds, and how accurate answers are."""

import contextlib
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from app.kit.errors import BadInputError
from app.perception.detections import Detections

PERSON: Final = 1
"""The category of people in COCO."""
MOST_PERSONS: Final = 20
"""Of a picture, best score first: what COCO's keypoint evaluation looks at."""
_FIGURES: Final = ("ap", "ap50", "ap75", "ap_medium", "ap_large", "ar", "ar50", "ar75", "ar_medium", "ar_large")


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """A picture of the folder, by COCO's number of it."""

    number: int
    path: Path


@dataclass(frozen=True, slots=True)
class Truth:
    """A read folder. `pictures` are all that it names and that are there: who is found in one without people is found wrongly."""

    coco: Any
    pictures: tuple[LabelledPicture, ...]
    persons: int


def read_folder(folder: Path) -> Truth:
    """The annotations (the folder's only .json, or `annotations/person_keypoints_*.json`) and the pictures they name.

    Raises:
        BadInputError: says what is missing.
    """
    found = sorted(folder.glob("*.json")) + sorted(folder.glob("annotations/person_keypoints_*.json"))
    if len(found) != 1:
        raise BadInputError(
            f"{folder} should hold one file of COCO keypoints, x.json or annotations/person_keypoints_x.json, not {len(found)}."
        )
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            coco = COCO(str(found[0]))
        named = {int(each["id"]): str(each["file_name"]) for each in coco.imgs.values()}
        people = [each for each in coco.anns.values() if each.get("num_keypoints", 0) > 0 and each["category_id"] == PERSON]
    except (OSError, json.JSONDecodeError, KeyError, TypeError, ValueError, AssertionError) as error:
        raise BadInputError(f"{found[0]} holds no COCO keypoints ({type(error).__name__}: {str(error)[:100]}).") from error
    places = _places(folder)
    pictures = [LabelledPicture(number, places[name]) for number, name in sorted(named.items()) if name in places]
    inside = {each.number for each in pictures}
    if not any(int(each["image_id"]) in inside for each in people):
        raise BadInputError(f"None of the pictures in which {found[0]} annotates people lies below {folder}.")
    return Truth(coco, tuple(pictures), sum(int(each["image_id"]) in inside for each in people))


def _places(folder: Path) -> dict[str, Path]:
    """Every picture below the folder by its name, and by its path in the folder."""
    files = [path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png")]
    return {path.name: path for path in files} | {path.relative_to(folder).as_posix(): path for path in files}


def results_of(number: int, found: Detections) -> list[dict[str, Any]]:
    """Persons of one picture as COCO's result rows."""
    best = found.take((-found.scores).argsort(kind="stable")[:MOST_PERSONS])
    return [
        {
            "image_id": number,
            "category_id": PERSON,
            "keypoints": [float(value) for value in points.reshape(-1)],
            "score": float(score),
        }
        for points, score in zip(best.keypoints, best.scores, strict=True)
    ]


def accuracy(truth: Truth, results: Iterable[dict[str, Any]]) -> dict[str, float | None]:
    """COCO's keypoint figures over the folder's pictures, 0..1; None where the folder has nobody of that size."""
    rows = list(results)
    if not rows:
        return dict.fromkeys(_FIGURES, 0.0)
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(truth.coco, truth.coco.loadRes(rows), "keypoints")
        evaluation.params.imgIds = [each.number for each in truth.pictures]
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return {name: _share(value) for name, value in zip(_FIGURES, evaluation.stats, strict=True)}


def _share(value: float) -> float | None:
    return None if value < 0 else round(float(value), 4)


def better_by(versions: Sequence[dict[str, Any]]) -> dict[str, float | None]:
    """The last version's figures less the first one's."""
    first, last = versions[0]["accuracy"], versions[-1]["accuracy"]
    return {name: None if first[name] is None or last[name] is None else round(last[name] - first[name], 4) for name in _FIGURES}
