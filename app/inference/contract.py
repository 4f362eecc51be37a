"""What must be known of a served pose model to call it: `contract.toml` beside its configuration."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from app.inference.families import FAMILIES
from app.kit.errors import SetupError

SERVED = Path(__file__).resolve().parents[2] / "triton_models"
"""The repository's own model folder: configurations and contracts, never weights."""


@dataclass(frozen=True, slots=True)
class PoseContract:
    """Tensors and units of one pose model.

    Attributes:
        family: the decoder in `families.FAMILIES`.
        long_side: pixels a frame's long side is scaled to.
        stride: both sides of the input are multiples of this.
        input_name: the one input, UINT8 [N, H, W, 3], RGB.
        outputs: names of the outputs, in the order the decoder takes them.
        pad: grey level of the padding.
    """

    family: str
    long_side: int
    stride: int
    input_name: str
    outputs: tuple[str, ...]
    pad: int = 114

    @classmethod
    def of(cls, model: str, folder: Path = SERVED) -> Self:
        """The contract of a served model. SetupError when it is missing, or promises what this version cannot do."""
        path = folder / model / "contract.toml"
        try:
            with path.open("rb") as file:
                table = tomllib.load(file)
            contract = cls(
                family=table["family"],
                long_side=int(table["long_side_px"]),
                stride=int(table["stride_px"]),
                input_name=table["input"]["name"],
                outputs=tuple(table["output"]),
                pad=int(table["input"]["pad_value"]),
            )
            form = (table["input"]["datatype"], table["input"]["layout"])
        except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
            raise SetupError(f"{path} is missing or incomplete ({error!r}); restore it from the repository.") from error
        if contract.family not in FAMILIES:
            raise SetupError(f"{path} names the family {contract.family!r}; known are {', '.join(sorted(FAMILIES))}.")
        if form != ("UINT8", "NHWC"):
            raise SetupError(f"{path} asks for {form} input; export the model with UINT8 NHWC input and normalise inside it.")
        return contract
