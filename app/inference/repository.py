"""The serving repository of the embedded Triton: lock file to fetched, converted, placed model versions."""

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import grpc
import numpy as np
import numpy.typing as npt
from tritonclient.grpc import InferInput, aio
from tritonclient.utils import InferenceServerException

from app.inference import artefacts, licences
from app.inference.companions import companions
from app.inference.contract import SERVED, PoseContract
from app.inference.convert import VERSIONS
from app.inference.families import Selection
from app.inference.lock import LockedModel, biometric, ordinary, read_lock
from app.inference.own_faces import OwnFaces, serving_folder, set_aside
from app.inference.picture import UInt8
from app.kit.errors import SetupError, UnavailableError

Converter = Callable[[Path, Path], None]


def _converter(name: str) -> Converter:
    """Imported when something is converted: a start that finds everything in its place does without onnx."""

    def convert(source: Path, target: Path) -> None:
        import_module(f"app.inference.convert.{name}").convert(source, target)

    return convert


CONVERTERS: Final[dict[str, tuple[str, Converter]]] = {name: (version, _converter(name)) for name, version in VERSIONS.items()}
"""(version, function) of each converter the lock file may name."""


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """What is known of one locked model on this machine."""

    name: str
    version: int
    artefact: str
    artefact_version: str
    licence: str
    licence_accepted: bool
    fetched: bool
    staged: bool
    biometric: bool = False
    training_data: str = ""


def repository_of(home: Path) -> Path:
    """The folder to give Triton as `--model-repository`."""
    return home / "triton" / "models"


def stage(
    home: Path,
    cache: Path,
    *,
    mirror: Path | None = None,
    accept: bool = False,
    ask: licences.Ask | None = None,
    progress: artefacts.Progress = artefacts.quiet,
    faces: bool = False,
    own: OwnFaces | None = None,
) -> Path:
    """Make the locked models servable and return the repository. Blocking; a second call finds all in place.

    Args:
        faces: the biometric models, and no others; without it none of them is even fetched.
        own: the operator's face models that take the place of released ones.

    Raises:
        SetupError: a licence is not accepted, a file cannot be had, or the disk cannot be written.
        ConversionError: a pinned file cannot be converted, which is a defect of the lock file.
    """
    models = biometric(read_lock()) if faces else ordinary(read_lock())
    replaced = own.replaced if faces and own is not None else []
    licences.ensure_accepted(home, (model.artefact for model in models if model.name not in replaced), accept=accept, ask=ask)
    if faces and own is None:
        set_aside(models, repository_of(home))
    with serving_folder(models, own) if faces and own is not None else nullcontext(SERVED) as configured:
        for model in models:
            try:
                if own is not None and model.name in replaced:
                    converted = own.servable(model.name, cache)
                else:
                    converted = convert(model, artefacts.fetch(model.artefact, cache, mirror, progress), cache, progress)
                if own is not None and faces and model.file == "model.onnx":
                    own.demand_same(model.name, converted, repository_of(home))
                numbered = model if own is None or not faces else own.renumbered(model)
                place(numbered, converted, repository_of(home), configured)
            except OSError as error:
                raise SetupError(f"Model {model.name} cannot be put in place ({error}); free space on that disk.") from error
    return repository_of(home)


def pull(
    home: Path,
    cache: Path,
    *,
    mirror: Path | None = None,
    accept: bool = False,
    ask: licences.Ask | None = None,
    progress: artefacts.Progress = artefacts.quiet,
    faces: bool = False,
    own: OwnFaces | None = None,
) -> list[ModelStatus]:
    """`pennyprotect models pull`: stage everything, biometric models only on request, then say what is there."""
    stage(home, cache, mirror=mirror, accept=accept, ask=ask, progress=progress)
    if faces:
        stage(home, cache, mirror=mirror, accept=accept, ask=ask, progress=progress, faces=True, own=own)
    return status(home, cache, own)


def status(home: Path, cache: Path, own: OwnFaces | None = None) -> list[ModelStatus]:
    """`pennyprotect models status`: what is accepted, fetched and staged. Changes nothing."""
    models = read_lock()
    if own is not None:
        models = [own.renumbered(model) if model.biometric else model for model in models]
    return [
        _own_status(home, model, own) if own and model.name in own.replaced else _status(home, cache, model) for model in models
    ]


def _status(home: Path, cache: Path, model: LockedModel) -> ModelStatus:
    return ModelStatus(
        name=model.name,
        version=model.version,
        artefact=model.artefact.name,
        artefact_version=model.artefact.version,
        licence=model.artefact.licence,
        licence_accepted=licences.is_accepted(home, model.artefact),
        fetched=artefacts.is_intact(artefacts.path_of(model.artefact, cache), model.artefact),
        staged=_is_staged(home, model),
        biometric=model.biometric,
        training_data=model.artefact.training_data,
    )


def _own_status(home: Path, model: LockedModel, own: OwnFaces) -> ModelStatus:
    """What a model of the operator's learned from, and under which licence, only they know."""
    return ModelStatus(
        name=model.name, version=own.version, artefact=str(own.folder / model.name), artefact_version=str(own.version),
        licence="your own", licence_accepted=True, fetched=True, staged=_is_staged(home, model), biometric=True,
        training_data="not known here",
    )  # fmt: skip


def _is_staged(home: Path, model: LockedModel) -> bool:
    return (repository_of(home) / model.name / str(model.version) / model.file).is_file()


def convert(model: LockedModel, source: Path, cache: Path, progress: artefacts.Progress = artefacts.quiet) -> Path:
    """The model's converted file in the cache, keyed by the input's sha256 and the converter's version."""
    version, function = CONVERTERS[model.converter]
    folder = cache / "converted" / f"{model.artefact.sha256}-{model.converter}-{version}"
    target, seal = folder / model.file, folder / f"{model.file}.sha256"
    if target.is_file() and seal.is_file() and seal.read_text().strip() == artefacts.sha256_of(target):
        return target
    progress(f"converting {model.artefact.file}", 0, 0)
    seal.unlink(missing_ok=True)
    function(source, target)
    # Written last: a conversion without its seal is done again.
    seal.write_text(artefacts.sha256_of(target) + "\n")
    return target


def place(model: LockedModel, converted: Path, repository: Path, served: Path = SERVED) -> Path:
    """Put one version into the repository: a whole folder renamed into place, never changed afterwards."""
    folder = repository / model.name
    (folder / "configs").mkdir(parents=True, exist_ok=True)
    version = folder / str(model.version)
    beside = companions(model, served)
    if not _is_placed(version, model, converted, beside):
        staging = Path(tempfile.mkdtemp(dir=repository.parent, prefix=".staging-"))
        try:
            _copy(converted, staging / "new" / model.file)
            for name, content in beside.items():
                _write(content, staging / "new" / name)
            if version.exists():  # damaged, or from another converter
                version.replace(staging / "old")
            (staging / "new").replace(version)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    # The configuration last: Triton must not see one that names a version which is not there yet.
    source = served / model.name
    for path in sorted(source.rglob("*")):
        if path.is_file() and path.relative_to(source).parts[0] in ("configs", "contract.toml", "config.pbtxt"):
            _copy(path, folder / path.relative_to(source))
    return version


async def round_trip(triton_url: str, deadline_s: float = 10.0) -> None:
    """Return when every locked model but the biometric ones answers differently to different pictures, with finite numbers.

    READY is not enough: a Python backend under numpy 2 reads zeros whatever is sent, and still says READY.

    Raises:
        UnavailableError: a model does not answer, or answers nonsense.
    """
    client = aio.InferenceServerClient(triton_url)
    try:
        for model in ordinary(read_lock()):
            contract = PoseContract.of(model.name)
            dark = np.zeros((1, 384, 640, 3), np.uint8)
            grain = np.random.default_rng(7).integers(0, 256, dark.shape, dtype=np.uint8)
            first, second = [await _answer(client, model, contract, picture, deadline_s) for picture in (dark, grain)]
            if not all(np.isfinite(answer).all() and answer.any() for answer in (first, second)):
                raise UnavailableError(f"Model {model.name} answers zeros or no numbers; restart Triton.")
            if np.array_equal(first, second):
                raise UnavailableError(
                    f"Model {model.name} answers the same to every picture; Triton's environment needs numpy 1.26."
                )
    finally:
        await client.close()


async def _answer(
    client: aio.InferenceServerClient,
    model: LockedModel,
    contract: PoseContract,
    picture: UInt8,
    deadline_s: float,
) -> npt.NDArray[Any]:
    tensor = InferInput(contract.input_name, list(picture.shape), "UINT8")
    tensor.set_data_from_numpy(picture)
    try:
        result = await client.infer(
            model.name, [tensor], str(model.version), client_timeout=deadline_s, parameters=Selection().asked
        )
        answer = result.as_numpy(contract.outputs[0])
    except (InferenceServerException, grpc.RpcError) as error:
        raise UnavailableError(f"Model {model.name} at Triton does not answer: {str(error)[:200]}") from error
    if answer is None:
        raise UnavailableError(f"Model {model.name} gave no {contract.outputs[0]}.")
    return np.asarray(answer)


def _is_placed(version: Path, model: LockedModel, converted: Path, beside: dict[str, bytes]) -> bool:
    """Whether a version's folder holds exactly these files."""
    file = version / model.file
    if not (file.is_file() and artefacts.sha256_of(file) == artefacts.sha256_of(converted)):
        return False
    return all((version / name).is_file() and (version / name).read_bytes() == content for name, content in beside.items())


def _copy(source: Path, target: Path) -> None:
    """Copy a small file whole or not at all; an equal one is left alone."""
    _write(source.read_bytes(), target)


def _write(content: bytes, target: Path) -> None:
    if target.is_file() and target.read_bytes() == content:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=target.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(part).chmod(0o644)
        Path(part).replace(target)
    finally:
        Path(part).unlink(missing_ok=True)
