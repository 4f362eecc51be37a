"""A package of a model version: six files, a manifest of their hashes, a signature over it. Blocking; nothing is run."""

import tarfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from app.inference.contract import SERVED
from app.inference.shapes import compare, promised
from app.kit.errors import PennyError, SetupError
from app.models.models import FACE_EMBEDDING
from app.models.signing import FILES, GOLDEN, MODEL, RefusedPackageError, largest

MOST_GOLDEN: Final = 8
LOOSEST_PX, LOOSEST_SCORE, LOOSEST_COSINE = 5.0, 0.1, 0.99
_TYPES: Final = {"FLOAT": "FP32", "UINT8": "UINT8"}
"""Names of ONNX to those of Triton; others are called as ONNX calls them."""


class Contract(Protocol):
    """What is asked of any served model's contract."""

    @property
    def input_name(self) -> str:
        """Of the one input."""
        ...

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names, in order."""
        ...


ContractT = TypeVar("ContractT", bound=Contract)


@dataclass(frozen=True, slots=True)
class Package:
    """What `package.toml` says.

    Attributes:
        keypoint_px, score: of a pose model: tolerance in pixels of the network's input, and of scores; else 0.
        cosine: of an embedding: least cosine of an answer and its golden one; else 0.
    """

    model: str
    artefact: str
    publisher: str
    licence: str
    training_data: str
    keypoint_px: float
    score: float
    cosine: float = 0.0

    @classmethod
    def read(cls, folder: Path) -> Self:
        """RefusedPackageError when something is missing or too loose."""
        try:
            table = tomllib.loads((folder / "package.toml").read_text("utf-8"))
            tolerance = table["tolerance"]
            texts = {name: str(table[name]).strip() for name in ("model", "artefact", "publisher", "licence", "training_data")}
            wanted = ("cosine",) if texts["model"] == FACE_EMBEDDING else ("keypoint_px", "score")
            bounds = {name: float(tolerance[name]) if name in wanted else 0.0 for name in ("keypoint_px", "score", "cosine")}
            found = cls(
                texts["model"], texts["artefact"], texts["publisher"], texts["licence"], texts["training_data"],
                bounds["keypoint_px"], bounds["score"], bounds["cosine"],
            )  # fmt: skip
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RefusedPackageError(f"package.toml is missing or incomplete ({error!r}); docs/models.md shows one.") from error
        if not all(texts.values()):
            raise RefusedPackageError("package.toml leaves model, artefact, publisher, licence or training_data empty.")
        if any(len(text) > 200 for name, text in texts.items() if name != "training_data") or len(found.training_data) > 2000:
            raise RefusedPackageError("package.toml holds a text that is too long.")
        if found.model == FACE_EMBEDDING:
            if not LOOSEST_COSINE <= found.cosine <= 1:
                raise RefusedPackageError(f"The tolerance is too loose; a cosine of {LOOSEST_COSINE} at least.")
        elif not (0 < found.keypoint_px <= LOOSEST_PX and 0 < found.score <= LOOSEST_SCORE):
            raise RefusedPackageError(f"The tolerance is too loose; at most {LOOSEST_PX} px and {LOOSEST_SCORE} of score.")
        return found


@dataclass(frozen=True, slots=True)
class Golden:
    """Inputs (n, H, W, 3) uint8 and the model's outputs for them, in the contract's order."""

    images: npt.NDArray[np.uint8]
    outputs: tuple[npt.NDArray[np.float32], ...]

    @classmethod
    def read(cls, folder: Path, contract: Contract) -> Self:
        """RefusedPackageError when it cannot be used."""
        try:
            with np.load(folder / GOLDEN, allow_pickle=False) as arrays:
                images = arrays["images"]
                outputs = tuple(np.asarray(arrays[name], np.float32) for name in contract.outputs)
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise RefusedPackageError(f"golden.npz cannot be read ({error!r}).") from error
        fits = images.dtype == np.uint8 and images.ndim == 4 and images.shape[3] == 3 and 0 < len(images) <= MOST_GOLDEN
        if not fits or any(len(each) != len(images) for each in outputs):
            raise RefusedPackageError(f"golden.npz must hold 1 to {MOST_GOLDEN} images (n, H, W, 3) uint8 and as many outputs.")
        return cls(images, outputs)


def unpack(stream: IO[bytes], folder: Path) -> None:
    """Write the files of a tar into an empty folder; anything but the six plain files is refused."""
    try:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                name = member.name.removeprefix("./")
                if name not in FILES or not member.isfile() or (folder / name).exists():
                    raise RefusedPackageError(f"A package holds {', '.join(FILES)} once each, and not {name[:80]!r}.")
                if member.size > largest(name):
                    raise RefusedPackageError(f"{name} is too large.")
                content = archive.extractfile(member)
                assert content is not None  # noqa: S101 - a plain file has content
                with (folder / name).open("xb") as file:
                    while chunk := content.read(1 << 20):
                        file.write(chunk)
    except (tarfile.TarError, EOFError) as error:
        raise RefusedPackageError(f"The package is no whole tar archive ({error}); send it again.") from error
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise RefusedPackageError(f"The package lacks {', '.join(missing)}; run `pennyprotect models sign` on its folder.")


def check_contract(folder: Path, package: Package, read: Callable[[str, Path], ContractT]) -> ContractT:
    """The contract of the served model, which the package's own must equal, tensors of the ONNX file included.

    Raises:
        RefusedPackageError: says which side differs and how.
    """
    try:
        served = read(package.model, SERVED)
        wanted = promised(package.model)
    except SetupError as error:
        raise RefusedPackageError(f"There is no served model {package.model[:80]!r} of that kind.") from error
    try:
        nested = read(".", folder)
        same = nested == served and promised(".", folder) == wanted
    except PennyError as error:
        raise RefusedPackageError(f"The package's contract.toml cannot be used: {error.detail}") from error
    if not same:
        raise RefusedPackageError(f"The package's contract.toml differs from the contract of the served {package.model}.")
    _check_graph(folder / MODEL, package.model, served, wanted)
    return served


def _check_graph(path: Path, model: str, served: Contract, wanted: dict[str, tuple[str, str]]) -> None:
    import onnx  # here: whoever checks no package does without

    try:
        graph = onnx.load(path, load_external_data=False).graph
    except Exception as error:  # protobuf raises classes of its own
        raise RefusedPackageError("model.onnx is no readable ONNX file.") from error
    weights = {each.name for each in graph.initializer}
    inputs = {each.name: _tensor(each) for each in graph.input if each.name not in weights}
    kind, shape = inputs.get(served.input_name, ("", []))
    if len(inputs) != 1 or kind != "UINT8" or len(shape) != 4 or shape[3] not in (3, -1):
        said = "; ".join(f"{name} {kind} {shape}" for name, (kind, shape) in inputs.items()) or "none"
        raise RefusedPackageError(f"model.onnx takes {said[:200]}; its contract says {served.input_name} UINT8 [N, H, W, 3].")
    try:
        compare(model, wanted, {each.name: _tensor(each) for each in graph.output})
    except SetupError as error:
        raise RefusedPackageError(error.detail) from error


def _tensor(value: Any) -> tuple[str, list[int]]:
    import onnx

    tensor = value.type.tensor_type
    name = onnx.TensorProto.DataType.Name(tensor.elem_type)
    sides = [side.dim_value if side.HasField("dim_value") else -1 for side in tensor.shape.dim]
    return _TYPES.get(name, name), sides
