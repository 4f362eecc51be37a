"""Face models of the operator's own: an ONNX and its contract in a folder take the place of the released ones.

    FOLDER/face_detection/{model.onnx,contract.toml}    FOLDER/face_embedding/{model.onnx,contract.toml}

Either or both. The contract names the family and what the file's tensors are called (triton_models/README.md); an input of floats
is wrapped, so that the served model takes what the pipeline gives: UINT8 [N, h, w, 3] RGB. All face models then carry one version
of the operator's, because an embedding depends on detector and alignment as well.
"""

import re
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from app.inference.artefacts import sha256_of
from app.inference.contract import SERVED
from app.inference.faces.families import DETECTORS, EMBEDDINGS
from app.inference.lock import LockedModel
from app.kit.errors import BadInputError, SetupError
from app.settings import Settings

INPUTS: Final = {"face_detection": "images", "face_embedding": "chips"}
"""What can be replaced, and what the pipeline calls its input."""

FAMILIES: Final = {"face_detection": tuple(DETECTORS), "face_embedding": tuple(EMBEDDINGS)}
LENGTHS: Final = (128, 512)
"""Numbers of an embedding that the database stores."""

SIDES: Final = range(32, 1025)
FORMS: Final = (("UINT8", "NHWC"), ("FP32", "NCHW"), ("FP32", "NHWC"))
RELEASED: Final = 1
MOST_VERSIONS: Final = 999
"""Of the operator's; what is pushed to a running system is numbered from 1001 on."""

_POLICY: Final = re.compile(r"latest \{ num_versions: 2 \}|all \{ \}")


@dataclass(frozen=True, slots=True)
class OwnFaces:
    """A folder of models and the version that templates made with them carry."""

    folder: Path
    version: int

    @classmethod
    def of(cls, settings: Settings) -> "OwnFaces | None":
        """None where the released models are in use.

        Raises:
            SetupError: there are models and no version of their own, or a version and no models.
        """
        folder = settings.face_models or settings.home.absolute() / "face-models"
        found = cls(folder, settings.face_version)
        if (found.version == RELEASED) != (not found.replaced):
            said = "holds no model.onnx" if not found.replaced else "holds models"
            raise SetupError(
                f"{folder} {said} and PENNYPROTECT_FACE_VERSION is {found.version}: {RELEASED} means the released face models,"
                " and each model of your own wants a number of its own from 2 on, for the service and the workers."
            )
        return None if found.version == RELEASED else found

    @property
    def replaced(self) -> list[str]:
        """Names of the models that the folder replaces."""
        return [name for name in INPUTS if (self.folder / name / "model.onnx").is_file()]

    def renumbered(self, model: LockedModel) -> LockedModel:
        """A released model under the operator's version."""
        return replace(model, version=self.version)

    def servable(self, name: str, cache: Path) -> Path:
        """The ONNX as it is served, made once for each file and contract.

        Raises:
            SetupError: the contract or the file is not usable; says why.
        """
        source, contract = self.folder / name / "model.onnx", self.folder / name / "contract.toml"
        table = read_contract(contract, name)
        folder = cache / "converted" / f"own-{sha256_of(source)[:32]}-{sha256_of(contract)[:16]}"
        target = folder / "model.onnx"
        if not target.is_file():
            from app.inference.own_wrap import wrapped  # with onnx, which a start that finds it made does without

            try:
                content = wrapped(source, table, INPUTS[name])
            except BadInputError as error:
                raise SetupError(str(error)) from error
            folder.mkdir(parents=True, exist_ok=True)
            part = folder / "model.part"
            part.write_bytes(content)
            part.replace(target)
        return target

    def demand_same(self, name: str, servable: Path, repository: Path) -> None:
        """SetupError where this version was another model: its templates would be compared with faces of this one."""
        # Refused: what lay there while the number was another one, and was taken for a pushed version that nobody signed.
        refused = (repository.parent / "refused" / f"{name}-{self.version}").glob("files-*")
        for placed in (repository / name / str(self.version), _aside(repository, name, self.version), *refused):
            if (placed / "model.onnx").is_file() and sha256_of(placed / "model.onnx") != sha256_of(servable):
                raise SetupError(
                    f"{name} {self.version} was another model or had another contract. Raise PENNYPROTECT_FACE_VERSION, also"
                    f" where only one of the two changes; if {placed} is damaged, delete it."
                )


def _aside(repository: Path, name: str, version: int) -> Path:
    return repository.parent / "own-faces" / f"{name}-{version}"


def set_aside(models: list[LockedModel], repository: Path) -> None:
    """Take versions of the operator's out of what Triton reads, when the released models are in use again; pushed ones stay."""
    for model in models:
        for each in (repository / model.name).glob("[0-9]*"):
            if each.is_dir() and int(each.name) != model.version and int(each.name) <= MOST_VERSIONS:
                target = _aside(repository, model.name, int(each.name))
                shutil.rmtree(target, ignore_errors=True)
                target.parent.mkdir(exist_ok=True)
                each.replace(target)


@contextmanager
def serving_folder(models: list[LockedModel], own: OwnFaces) -> Iterator[Path]:
    """A folder like `triton_models/` with contracts and configurations of these models, each served in its own version alone."""
    with TemporaryDirectory(prefix="pennyprotect-faces-") as folder:
        for model in models:
            shutil.copytree(SERVED / model.name, Path(folder) / model.name)
            if model.name in own.replaced:
                table = read_contract(own.folder / model.name / "contract.toml", model.name)
                _write_served(Path(folder) / model.name, model.name, table)
            for config in (Path(folder) / model.name).rglob("*.pbtxt"):
                config.write_text(_POLICY.sub(f"specific {{ versions: [ {own.version} ] }}", config.read_text("utf-8")), "utf-8")
        yield Path(folder)


def read_contract(path: Path, name: str) -> dict[str, Any]:
    """An own model's contract, checked. SetupError says what is wrong."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SetupError(f"{path} cannot be read ({error}); triton_models/README.md shows one.") from error
    families = FAMILIES[name]
    given, side, outputs = table.get("input"), table.get("side_px"), table.get("output")
    if table.get("family") not in families:
        raise SetupError(f"{path} names the family {table.get('family')!r}; there are {', '.join(families)}.")
    if not isinstance(side, int) or side not in SIDES:
        raise SetupError(f"{path}: side_px must be a whole number of {SIDES.start} to {SIDES.stop - 1}.")
    if not isinstance(given, dict) or (given.get("datatype"), given.get("layout")) not in FORMS:
        raise SetupError(f"{path}: [input] needs a name, datatype UINT8 with layout NHWC, or FP32 with NCHW or NHWC.")
    if not isinstance(outputs, dict) or not outputs or not all(_shape(each) for each in outputs.values()):
        raise SetupError(f'{path}: each [output.NAME] needs a shape such as "N,512", all but N numbers.')
    if name == "face_embedding" and (table.get("dimensions") not in LENGTHS or len(outputs) != 1):
        raise SetupError(f"{path}: a face embedding has one output, and dimensions is {' or '.join(map(str, LENGTHS))}.")
    if name == "face_detection" and not isinstance(table.get("least_score"), int | float):
        raise SetupError(f"{path}: least_score is missing: how sure the detector must be, 0 to 1.")
    return table


def _shape(output: Any) -> list[int]:
    """Numbers after N; empty where it is no such shape."""
    words = str(output.get("shape", "")).replace(" ", "").split(",") if isinstance(output, dict) else [""]
    return [int(each) for each in words[1:]] if words[0] == "N" and all(each.isdigit() for each in words[1:]) else []


def _write_served(folder: Path, name: str, table: dict[str, Any]) -> None:
    """The contract as the pipeline reads it, and both configurations."""
    side, entry = table["side_px"], INPUTS[name]
    lines = [f'family = "{table["family"]}"', f"side_px = {side}"]
    lines += [f"{key} = {table[key]}" for key in ("dimensions", "least_score") if key in table]
    lines += ["[input]", f'name = "{entry}"', 'datatype = "UINT8"', 'layout = "NHWC"']
    lines.append(f"pad_value = {int(table['input'].get('pad_value', 0))}")
    for key, output in table["output"].items():
        lines += [f"[output.{key}]", 'datatype = "FP32"', f'shape = "{output["shape"]}"']
    (folder / "contract.toml").write_text("\n".join(lines) + "\n", "utf-8")
    outputs = ",\n".join(
        f'  {{ name: "{key}" data_type: TYPE_FP32 dims: [ {", ".join(map(str, _shape(output)))} ] }}'
        for key, output in table["output"].items()
    )
    for path, kind in ((folder / "config.pbtxt", "KIND_AUTO"), (folder / "configs" / "cpu.pbtxt", "KIND_CPU")):
        path.write_text(
            f"# {name} of the operator's own: family {table['family']}.\n"
            f'name: "{name}"\nbackend: "onnxruntime"\nmax_batch_size: 16\n'
            f'input [ {{ name: "{entry}" data_type: TYPE_UINT8 dims: [ {side}, {side}, 3 ] }} ]\n'
            f"output [\n{outputs}\n]\nversion_policy {{ latest {{ num_versions: 2 }} }}\n"
            f"instance_group [ {{ count: 1 kind: {kind} }} ]\n",
            "utf-8",
        )
