"""The contract of a served embedding, and whether a version's answers are those that its golden outputs promise."""

import asyncio
import time
import tomllib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from app.inference.contract import SERVED
from app.kit.errors import SetupError
from app.models.courtesy import rest
from app.models.packages import Golden
from app.models.signing import RefusedPackageError

Ask = Callable[[npt.NDArray[np.uint8]], Awaitable[list[npt.NDArray[Any]]]]
LEAST_LENGTH: Final = 1e-6


@dataclass(frozen=True, slots=True)
class ChipContract:
    """Tensors of one embedding of aligned chips; `outputs` has one name."""

    family: str
    side: int
    dimensions: int
    input_name: str
    outputs: tuple[str, ...]

    @classmethod
    def of(cls, model: str, folder: Path = SERVED) -> Self:
        """SetupError when it is missing or incomplete."""
        path = folder / model / "contract.toml"
        try:
            table = tomllib.loads(path.read_text("utf-8"))
            sizes = int(table["side_px"]), int(table["dimensions"])
            return cls(table["family"], *sizes, table["input"]["name"], tuple(table["output"]))
        except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
            raise SetupError(f"{path} is missing or incomplete ({error!r}); restore it from the repository.") from error


async def check_embeddings(ask: Ask, golden: Golden, contract: ChipContract, least: float) -> None:
    """RefusedPackageError unless each golden chip has the promised embedding, by a cosine of `least`, and not all have one."""
    chips, (wanted,) = golden.images, golden.outputs
    if chips.shape[1:3] != (contract.side, contract.side) or wanted.shape != (len(chips), contract.dimensions):
        raise RefusedPackageError(
            f"golden.npz must hold chips (n, {contract.side}, {contract.side}, 3) and embeddings (n, {contract.dimensions})."
        )
    if len(chips) < 2:
        raise RefusedPackageError("One golden chip proves little; take chips of two people or more.")
    said = []
    for chip in chips:
        began = time.monotonic()
        said.append((await ask(chip))[0])
        await rest(time.monotonic() - began)
    await asyncio.to_thread(_compare, np.array(said, np.float64), np.asarray(wanted, np.float64), least)


def _compare(said: npt.NDArray[np.float64], wanted: npt.NDArray[np.float64], least: float) -> None:
    for numbers, whose in ((said, "It answers"), (wanted, "golden.npz holds")):
        lengths = np.linalg.norm(numbers, axis=1)
        if not np.isfinite(numbers).all() or not (lengths > LEAST_LENGTH).all():
            raise RefusedPackageError(f"{whose} what is no embedding (NaN, infinite, or nothing but zeros).")
    one, other = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (said, wanted))
    cosines = (one * other).sum(axis=1)
    if not (cosines >= least).all():
        raise RefusedPackageError(
            f"It answers a golden chip otherwise than promised: a cosine of {cosines.min():.4f}, {least:g} is due."
        )
    if (one @ one.T)[~np.eye(len(one), dtype=bool)].min() > least:
        raise RefusedPackageError("It gives every golden chip the same embedding; take chips of several people.")
