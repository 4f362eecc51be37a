"""What a Python model needs beside its weights, so that the stock Triton image serves it without anything installed."""

import json
import tomllib
from pathlib import Path

from app.inference.contract import SERVED
from app.inference.lock import LockedModel
from app.kit.errors import SetupError

_FACES = Path(__file__).resolve().parent / "faces"
_CONTRACTS = ("face_detection", "face_embedding")


def companions(model: LockedModel, served: Path = SERVED) -> dict[str, bytes]:
    """Files of a version's folder beside the converted one: path in it to content. None for an ordinary ONNX model.

    Raises:
        SetupError: a contract the model goes by is missing or unreadable.
    """
    code = served / model.name / "model.py"
    if not code.is_file():
        return {}
    found = {"model.py": code.read_bytes()}
    for path in sorted(_FACES.glob("*.py")):
        found[f"app/inference/faces/{path.name}"] = path.read_bytes()
    # JSON: the Python inside a stock container may be too old to read TOML.
    contracts = {name: _table(served / name / "contract.toml") for name in _CONTRACTS}
    found["contracts.json"] = (json.dumps(contracts, indent=1, sort_keys=True) + "\n").encode()
    return found


def _table(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SetupError(f"{path} cannot be read ({error!r}); restore it from the repository.") from error
