"""Whether a served model answers in the shapes its contract promises: asked before anything relies on it."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import grpc
from tritonclient.grpc import aio
from tritonclient.utils import InferenceServerException

from app.inference.contract import SERVED
from app.kit.errors import SetupError, UnavailableError

Outputs = Mapping[str, tuple[str, Sequence[int]]]
"""Name to data type and shape with the batch dimension; -1 where it varies."""


def promised(model: str, folder: Path = SERVED) -> dict[str, tuple[str, str]]:
    """Name to data type and shape as `contract.toml` writes it ("N,56,anchors"). SetupError when it cannot be read."""
    path = folder / model / "contract.toml"
    try:
        table = tomllib.loads(path.read_text("utf-8"))["output"]
        return {name: (each["datatype"], each["shape"]) for name, each in table.items()}
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise SetupError(f"{path} is missing or incomplete ({error!r}); restore it from the repository.") from error


def compare(model: str, wanted: Mapping[str, tuple[str, str]], found: Outputs) -> None:
    """SetupError that names both shapes where a model answers otherwise than its contract says."""
    for name, (kind, shape) in wanted.items():
        sides = [int(each) if each.strip().isdigit() else -1 for each in shape.split(",")]
        if name not in found:
            raise SetupError(f"Model {model} has no output {name!r}; it has {', '.join(sorted(found)) or 'none'}.")
        kind_found, shape_found = found[name]
        fits = len(shape_found) == len(sides) and all(
            -1 in (want, have) or want == have for want, have in zip(sides, shape_found, strict=True)
        )
        if not fits or kind_found != kind:
            raise SetupError(
                f"Model {model} answers {name} as {kind_found} {list(shape_found)}, its contract says {kind} [{shape}]. "
                "Serve the model of the contract, or name this one's family in contract.toml."
            )


async def check_outputs(url: str, model: str, version: str, deadline_s: float = 5.0) -> None:
    """Ask Triton at `url` and compare.

    Raises:
        SetupError: other shapes; both are named.
        UnavailableError: no server, or no such model or version there now.
    """
    client = aio.InferenceServerClient(url)
    try:
        said: Any = await client.get_model_metadata(model, version, as_json=True, client_timeout=deadline_s)
    except (InferenceServerException, grpc.RpcError) as error:
        raise UnavailableError(f"Triton at {url} does not serve {model} version {version} now: {str(error)[:200]}") from error
    finally:
        await client.close()
    found = {each["name"]: (each["datatype"], [int(side) for side in each.get("shape", ())]) for each in said.get("outputs", ())}
    compare(model, promised(model), found)
