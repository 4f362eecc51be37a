"""`triton_models/models.lock.toml`: what is fetched, from where, under which licence, and what it becomes."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.inference.contract import SERVED
from app.kit.errors import SetupError

LOCK = SERVED / "models.lock.toml"


@dataclass(frozen=True, slots=True)
class WebSource:
    """A file at an address."""

    url: str


@dataclass(frozen=True, slots=True)
class WheelSource:
    """A file inside a wheel on the package index; the wheel's own sha256 is checked too."""

    package: str
    version: str
    member: str
    sha256: str


Source = WebSource | WheelSource


@dataclass(frozen=True, slots=True)
class Artefact:
    """One pinned file. `size` is in bytes; sources are tried in order; `training_data` says what it learned from."""

    name: str
    version: str
    file: str
    size: int
    sha256: str
    publisher: str
    licence: str
    licence_url: str
    licence_notice: str
    sources: tuple[Source, ...]
    training_data: str = ""


@dataclass(frozen=True, slots=True)
class LockedModel:
    """A served model version and the artefact it is converted from.

    Attributes:
        biometric: fetched, placed and loaded only when a store's policy, or the operator, asks for it.
        file: its name in the version's folder.
    """

    name: str
    version: int
    artefact: Artefact
    converter: str
    biometric: bool = False
    file: str = "model.onnx"


def ordinary(models: list[LockedModel]) -> list[LockedModel]:
    """Those that are no biometric ones."""
    return [model for model in models if not model.biometric]


def biometric(models: list[LockedModel]) -> list[LockedModel]:
    """The biometric ones, in the order they are loaded."""
    return [model for model in models if model.biometric]


def read_lock(path: Path = LOCK) -> list[LockedModel]:
    """The models of a lock file, biometric ones included. SetupError when it cannot be understood."""
    try:
        with path.open("rb") as file:
            table = tomllib.load(file)
        artefacts = {entry["name"]: _artefact(entry) for entry in table["artefact"]}
        return [LockedModel(**{**entry, "artefact": artefacts[entry["artefact"]]}) for entry in table["model"]]
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise SetupError(f"{path} cannot be read ({error!r}); restore it from the repository.") from error


def _artefact(entry: dict[str, Any]) -> Artefact:
    plain = {name: value for name, value in entry.items() if name != "source"}
    return Artefact(**plain, sources=tuple(_source(source) for source in entry["source"]))


def _source(entry: dict[str, Any]) -> Source:
    kinds: dict[str, type[Source]] = {"https": WebSource, "wheel": WheelSource}
    return kinds[entry["kind"]](**{name: value for name, value in entry.items() if name != "kind"})
