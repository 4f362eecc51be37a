"""The quality gate at enrolment, as a pure judgement of what the face model found: what is wrong, in words, and where (rule 6).

No face and several faces cannot be overridden: there would be nothing, or not one person, to enrol. Everything else can, with a
reason and by an approver who accepts it.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.identity.models import LookAlike
from app.inference.faces.quality import PARTS

UInt8 = npt.NDArray[np.uint8]
SMALLEST_FACE_PX: Final = 80
CLEAR_FACE_SCORE: Final = 0.6
"""A detector's score from which a second face counts as one; below it is a poster or a fold in a curtain."""

LEAST: Final = {"size": 0.75, "sharpness": 0.35, "pose": 0.55, "light": 0.45, "occlusion": 0.7}
"""The least of each quality part. Stricter than live: a template is compared with many faces."""

DUPLICATE_LEAST: Final = 0.95
"""Cosine from which an entry of the same list is very likely the same person."""

LOOK_ALIKE_LEAST: Final = 0.92
"""Cosine from which an entry may be mistaken for the new one. Both are of the dlib family; other models say their own."""

FLAT_SHARE: Final = 0.55
"""Share of neighbouring pixels that are alike: skin under a lens has noise, a drawing has areas of one colour."""


class Finding(enum.StrEnum):
    """What the gate does not like."""

    NO_FACE = "no-face"
    SEVERAL_FACES = "several-faces"
    SIZE = "size"
    SHARPNESS = "sharpness"
    POSE = "pose"
    LIGHT = "light"
    OCCLUSION = "occlusion"
    DRAWING = "drawing"
    CUT_OFF = "cut-off"
    DUPLICATE = "duplicate"
    LOOK_ALIKE = "look-alike"


HARD: Final = frozenset({Finding.NO_FACE, Finding.SEVERAL_FACES})
WORDS: Final = {
    Finding.NO_FACE: "There is no face to be found in this picture. Use one that shows a person from the front.",
    Finding.SEVERAL_FACES: "There are several faces in this picture. Cut out the one that is meant.",
    Finding.SIZE: "The face is too small: it should be at least {px} pixels wide.",
    Finding.SHARPNESS: "The face is blurred. Use a sharper picture.",
    Finding.POSE: "The face is turned away. Use one that looks towards the camera.",
    Finding.LIGHT: "The face is too dark, too bright, or without contrast.",
    Finding.OCCLUSION: "Something covers the face: a hand, a mask, hair, sunglasses.",
    Finding.DRAWING: "This looks like a drawing or a picture made by a computer. Use a photograph.",
    Finding.CUT_OFF: "The face touches the edge of the picture; part of it is missing.",
    Finding.DUPLICATE: "This person is very likely on this list already.",
    Finding.LOOK_ALIKE: "Somebody on a list looks like this person; either may be taken for the other.",
}


@dataclass(frozen=True, slots=True)
class SeenFace:
    """One face of the picture, in its pixels: box (x1, y1, x2, y2), points (eyes, nose, mouth), score and quality parts 0..1."""

    box: tuple[float, float, float, float]
    points: tuple[tuple[float, float], ...]
    score: float
    quality: dict[str, float]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the gate says.

    Attributes:
        faces: all that were found, to be drawn; the first is the one to enrol.
        findings: what is wrong; empty for a good picture.
    """

    width: int
    height: int
    faces: tuple[SeenFace, ...]
    findings: tuple[Finding, ...]
    look_alikes: tuple[LookAlike, ...] = ()

    @property
    def hopeless(self) -> bool:
        """Whether no reason can help."""
        return bool(HARD & set(self.findings))

    def words(self) -> list[tuple[Finding, str]]:
        """Each finding with what to do about it."""
        return [(each, WORDS[each].format(px=SMALLEST_FACE_PX)) for each in self.findings]

    def stored(self, model: str, model_version: str) -> dict[str, Any]:
        """The scores to keep with the enrolment."""
        parts = self.faces[0].quality if self.faces else {}
        return {"parts": parts, "model": model, "model_version": model_version}


def seen_faces(boxes: Any, points: Any, quality: Any) -> tuple[SeenFace, ...]:
    """Of the model's answer: boxes (n, 5), points (n, 4, 2), quality (n, 5)."""
    return tuple(
        SeenFace(
            box=(float(box[0]), float(box[1]), float(box[2]), float(box[3])),
            points=tuple((float(x), float(y)) for x, y in face),
            score=float(box[4]),
            quality={name: round(float(part), 4) for name, part in zip(PARTS, parts, strict=True)},
        )
        for box, face, parts in zip(boxes, points, quality, strict=True)
    )


def judge(picture: UInt8, faces: Sequence[SeenFace]) -> Judgement:
    """What the gate says of `faces` in a (h, w, 3) picture, before anybody was compared with it."""
    height, width = picture.shape[:2]
    if not faces:
        return Judgement(width, height, (), (Finding.NO_FACE,))
    first, *others = faces
    findings = [Finding.SEVERAL_FACES] if any(each.score >= CLEAR_FACE_SCORE for each in others) else []
    x1, y1, x2, y2 = first.box
    findings += [Finding(part) for part in PARTS if first.quality[part] < LEAST[part]]
    if x2 - x1 < SMALLEST_FACE_PX and Finding.SIZE not in findings:
        findings.append(Finding.SIZE)
    if x1 < 0 or y1 < 0 or x2 > width or y2 > height:
        findings.append(Finding.CUT_OFF)
    if flat_share(picture, first.box) > FLAT_SHARE:
        findings.append(Finding.DRAWING)
    return Judgement(width, height, tuple(faces), tuple(findings))


def compared(judgement: Judgement, near: Sequence[tuple[LookAlike, bool]]) -> Judgement:
    """The judgement with those who look alike: (entry and its match score, whether it is of the same list)."""
    alike = [each for each, _ in near if each.match_score >= LOOK_ALIKE_LEAST]
    same = any(of_list and each.match_score >= DUPLICATE_LEAST for each, of_list in near)
    found = list(judgement.findings)
    if same:
        found.append(Finding.DUPLICATE)
    elif alike:
        found.append(Finding.LOOK_ALIKE)
    return Judgement(judgement.width, judgement.height, judgement.faces, tuple(found), tuple(alike))


def flat_share(picture: UInt8, box: tuple[float, float, float, float]) -> float:
    """Share of the face's neighbouring pixels that differ by nothing: 0.1..0.4 in photographs, much more in drawings."""
    height, width = picture.shape[:2]
    x1, y1 = max(0, int(box[0])), max(0, int(box[1]))
    inside = picture[y1 : min(height, int(box[3])), x1 : min(width, int(box[2]))].astype(np.int16)
    if min(inside.shape[:2]) < 2:
        return 0.0
    steps = np.abs(np.diff(inside, axis=1)).max(axis=2)
    return float((steps == 0).mean())
