"""Cameras that set-up keeps in step with the settings: which to add, change and remove."""

import enum
import uuid
from collections.abc import Sequence
from dataclasses import dataclass


class Origin(enum.StrEnum):
    """Who wanted a camera. Set-up touches only what it added itself."""

    USER = "user"
    SETTING = "setting"
    DEMO = "demo"


@dataclass(frozen=True, slots=True)
class WantedCamera:
    """A camera the settings ask for; `url` may hold credentials or be a file's path."""

    name: str
    url: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class KnownCamera:
    """A camera set-up added before; `url` with credentials, as it was wanted."""

    id: uuid.UUID
    name: str
    url: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class CameraChanges:
    """What to do."""

    add: list[WantedCamera]
    change: list[tuple[uuid.UUID, WantedCamera]]
    remove: list[uuid.UUID]


def reconcile(wanted: Sequence[WantedCamera], known: Sequence[KnownCamera]) -> CameraChanges:
    """The changes that make `known` into `wanted`.

    A camera stays the same one, with its history, while its address stays; a demo camera while its name does (its port may move).
    """
    changes = CameraChanges([], [], [])
    left = {(camera.origin, _identity(camera)): camera for camera in known}
    for camera in wanted:
        found = left.pop((camera.origin, _identity(camera)), None)
        if found is None:
            changes.add.append(camera)
        elif found.url != camera.url:
            changes.change.append((found.id, camera))
    kept = {(camera.origin, _identity(camera)) for camera in wanted}
    changes.remove.extend(camera.id for camera in known if (camera.origin, _identity(camera)) not in kept)
    return changes


def _identity(camera: WantedCamera | KnownCamera) -> str:
    return camera.name if camera.origin is Origin.DEMO else camera.url
