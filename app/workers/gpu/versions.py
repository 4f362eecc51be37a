"""Which pipeline runs which model version, and a camera as the graph and the reports must know it: pure."""

import uuid
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from app.contracts.control import DesiredCamera
from app.workers.gpu.graph import Wanted


class Version(NamedTuple):
    """A pose model and its version, as the desired state names them."""

    model: str
    version: str


def promotions(running: Mapping[Version, set[uuid.UUID]], wanted: Mapping[uuid.UUID, Version]) -> dict[Version, Version]:
    """Pipelines that take another version in place, so that none of their sources is opened again: old to new.

    In place is possible where all cameras of a pipeline that stay here want the same other version, and no pipeline runs
    that yet. A canary (some cameras of a pipeline) gets a pipeline beside the old one.
    """
    found: dict[Version, Version] = {}
    for old, cameras in running.items():
        targets = {wanted[camera] for camera in cameras if camera in wanted}
        if len(targets) != 1:
            continue
        (new,) = targets
        if new != old and new.model == old.model and new not in running and new not in found.values():
            found[old] = new
    return found


def wanted_of(camera: DesiredCamera) -> Wanted:
    """What the graph must know of a camera."""
    masks = tuple(tuple((float(x), float(y)) for x, y in polygon) for polygon in camera.masks)
    return Wanted(camera.url, camera.analysis_fps, masks)


def ran(camera: DesiredCamera, key: Version) -> DesiredCamera:
    """The camera with the version that really looked at its frames: a promotion takes a moment to reach a pipeline."""
    return camera if camera.pose_version == key.version else msgspec.structs.replace(camera, pose_version=key.version)
