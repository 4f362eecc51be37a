"""Which model each switch measures with: an acceptance test of another one does not count."""

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from app.inference.face_client import FACE_VERSION
from app.inference.gait.placing import GAIT_MODEL, GAIT_VERSION
from app.inference.lock import LockedModel, biometric, read_lock
from app.tenancy.policy.models import Switch

JOINING: Final = "visit joining 2"
"""How `app.visits` joins tracks; raised with its rules and figures, so that acceptance tests of others lapse."""


GAIT: Final = f"{GAIT_MODEL} {GAIT_VERSION}"
"""Committed beside the code, so that its version says what it is made of."""


def named(models: list[LockedModel]) -> str:
    """Models by name and version, and a mark of what exactly they are made of; "" for none."""
    if not models:
        return ""
    made_of = "".join(f"{each.name} {each.version} {each.artefact.sha256} {each.converter}\n" for each in models)
    mark = hashlib.sha256(made_of.encode()).hexdigest()[:8]
    return f"{', '.join(f'{each.name} {each.version}' for each in models)[:180]} [{mark}]"


def face_models(version: int, manifest_sha256: bytes) -> str:
    """What faces are measured with where the chain uses a version of the face embedding that it pushed."""
    models = [each for each in biometric(read_lock()) if each.name.startswith("face")]
    listed = ", ".join(f"{each.name} {version if each.name == 'face_embedding' else each.version}" for each in models)
    rest = "".join(f"{each.name} {each.version} {each.artefact.sha256} {each.converter}\n" for each in models)
    return f"{listed[:180]} [{hashlib.sha256(rest.encode() + manifest_sha256).hexdigest()[:8]}]"


@functools.cache
def models_in_use() -> Mapping[Switch, str]:
    """The models of this version of the product. Visits are joined by rules: their version stands for one."""
    version = int(FACE_VERSION)  # the operator's own models are named by a number that nothing else has
    face = named([replace(each, version=version) for each in biometric(read_lock()) if each.name.startswith("face")])
    return MappingProxyType(({Switch.FACE: face} if face else {}) | {Switch.GAIT: GAIT, Switch.RE_IDENTIFICATION: JOINING})
