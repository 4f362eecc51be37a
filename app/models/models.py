"""Which version of a model a camera uses: pure."""

import hashlib
import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.kit.errors import BadInputError, ConflictError
from app.settings.models import face_version

POSE_MODEL = "yolo_pose"
FACE_EMBEDDING = "face_embedding"
PUSHED = (POSE_MODEL, FACE_EMBEDDING)
"""Models of which versions are pushed."""
OWN_FACES = face_version() != 1
"""Whether the operator's own face models take the place of the released ones: then no pushed face version is used."""
RELEASED_VERSION = 1
"""Of the pose model that the lock file names: what a chain uses that promoted nothing. It is never retired."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """What one chain uses of one model.

    Attributes:
        stable: version of every camera that is not in the candidate's share.
        candidate: version of the share; None without one.
        share: 0..1 of the chain's cameras; 0 without a candidate.
        previous: what a roll-back of `stable` goes to; None where there is nothing to go back to.
    """

    model: str
    stable: int
    candidate: int | None = None
    share: float = 0.0
    previous: int | None = None


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A pushed version. `report` is what its checks measured."""

    id: uuid.UUID
    model: str
    version: int
    state: str
    artefact: str
    publisher: str
    licence: str
    training_data: str
    manifest_sha256: bytes
    signed_by: str
    report: dict[str, Any]
    pushed_by: uuid.UUID
    pushed_at: datetime
    retired_at: datetime | None = None
    refused_because: str = ""


def place_of(camera_id: uuid.UUID, model: str) -> float:
    """Where a camera stands in 0..1: the same always, so a growing share keeps the cameras that it had."""
    digest = hashlib.sha256(model.encode() + camera_id.bytes).digest()
    return float(int.from_bytes(digest[:6]) / (1 << 48))


def version_for(pointer: Pointer, camera_id: uuid.UUID) -> int:
    """The version that a camera uses."""
    if pointer.candidate is not None and place_of(camera_id, pointer.model) < pointer.share:
        return pointer.candidate
    return pointer.stable


def promoted(pointer: Pointer, version: int, share: float) -> Pointer:
    """The pointer once `version` serves `share` of the cameras; 1 makes it the one of all.

    Raises:
        BadInputError: a share outside 0 < share <= 1.
        ConflictError: another version is a candidate, or this one serves all already.
    """
    if not 0 < share <= 1:
        raise BadInputError("The share must be above 0 and at most 1.")
    if version == pointer.stable:
        raise ConflictError(f"Version {version} serves all cameras already; roll back to take another's share away.")
    if pointer.candidate not in (None, version):
        raise ConflictError(f"Version {pointer.candidate} is being tried; promote it to all cameras or roll it back first.")
    if share < 1:
        return replace(pointer, candidate=version, share=share)
    return Pointer(pointer.model, version, previous=pointer.stable)


def rolled_back(pointer: Pointer) -> Pointer:
    """The pointer before the last promotion: without its candidate, else at the previous version.

    Raises:
        ConflictError: there is nothing to go back to.
    """
    if pointer.candidate is not None:
        return replace(pointer, candidate=None, share=0.0)
    if pointer.previous is None:
        raise ConflictError(f"There is no earlier version of {pointer.model} to go back to.")
    return Pointer(pointer.model, pointer.previous, previous=None)


def without(pointer: Pointer, version: int) -> Pointer:
    """The pointer when `version` goes; ConflictError while cameras use it."""
    if version in (pointer.stable, pointer.candidate):
        raise ConflictError(f"Cameras use version {version} of {pointer.model}; promote another one or roll back first.")
    return replace(pointer, previous=None if pointer.previous == version else pointer.previous)


def without_refused(pointer: Pointer, version: int) -> Pointer:
    """The pointer when `version` must not be loaded, whoever uses it: cameras go back to the one before, else to the released."""
    if version == pointer.candidate:
        return replace(pointer, candidate=None, share=0.0)
    if version == pointer.stable:
        return replace(pointer, stable=pointer.previous or RELEASED_VERSION, previous=None)
    return replace(pointer, previous=None if pointer.previous == version else pointer.previous)
