"""Puts the committed gait model where a Triton finds it. Biometric: only when a store's policy has gait on, or on order."""

import shutil
import tempfile
from pathlib import Path
from typing import Final

from app.inference.contract import SERVED
from app.kit.errors import SetupError

GAIT_MODEL: Final = "gait_embedding"
GAIT_VERSION: Final = "1"
"""An embedding says both and is compared with its own kind only."""


def place(repository: Path, model: Path | None = None, name: str = GAIT_MODEL) -> Path:
    """Copy the model into a serving repository, whole or not at all; its folder. Blocking.

    Args:
        model: another ONNX file of the same tensors than the committed one, under another `name`.

    Raises:
        SetupError: the checkout lacks the model, or the disk cannot be written.
    """
    source, target = SERVED / GAIT_MODEL, repository / name
    model = model or source / GAIT_VERSION / "model.onnx"
    placed = target / GAIT_VERSION / "model.onnx"
    if not model.is_file():
        raise SetupError(f"{model} is missing; restore it from the repository, or train it (training/gait/README.md).")
    try:
        if placed.is_file() and placed.read_bytes() == model.read_bytes():
            return target
        staging = Path(tempfile.mkdtemp(dir=repository.parent, prefix=".staging-"))
        try:
            shutil.copytree(source, staging / "new", ignore=shutil.ignore_patterns("README*", "*.onnx"))
            for text in staging.rglob("*.pbtxt"):
                text.write_text(text.read_text().replace(f'"{GAIT_MODEL}"', f'"{name}"'))
            (staging / "new" / GAIT_VERSION).mkdir(exist_ok=True)
            shutil.copy2(model, staging / "new" / GAIT_VERSION / "model.onnx")
            shutil.rmtree(target, ignore_errors=True)
            (staging / "new").replace(target)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        raise SetupError(f"The gait model cannot be put in place ({error}); free space on that disk.") from error
    return target
