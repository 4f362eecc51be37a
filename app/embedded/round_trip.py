"""The proof that Triton's models compute: made-up input in, finite and non-zero output out.

A server with the wrong numpy says READY and answers zeros, so nothing less will do.
"""

import asyncio
from typing import Any

import numpy as np
import tritonclient.grpc.aio as triton
from tritonclient.utils import triton_to_np_dtype

from app.kit.errors import UnavailableError

CALL_LIMIT_S = 8.0
ANY_LENGTH = 320
"""What an input dimension of -1 becomes where the model's configuration warms up no shape: a multiple of any stride."""


def made_up_input(shape: list[int], datatype: str) -> np.ndarray[Any, Any]:
    """Deterministic noise: 0..255 for integers, 0..1 for floats; shape as given, dtype as Triton names it."""
    noise = np.random.default_rng(7)
    dtype = np.dtype(triton_to_np_dtype(datatype))
    if dtype.kind in "iu":
        return noise.integers(0, min(256, np.iinfo(dtype).max), shape).astype(dtype)
    return noise.random(shape).astype(dtype)


def input_shapes(config: dict[str, Any], metadata: dict[str, Any]) -> dict[str, list[int]]:
    """A shape for each input: the configuration's first warm-up with a batch of one, else -1 filled in."""
    warm_ups: list[dict[str, Any]] = config.get("model_warmup", [])
    warmed: dict[str, Any] = warm_ups[0].get("inputs", {}) if warm_ups else {}
    batched = int(config.get("max_batch_size", 0)) > 0
    shapes = {}
    for each in metadata["inputs"]:
        dims = [int(length) for length in each["shape"]]
        if batched:
            dims = dims[1:]
        if each["name"] in warmed:
            dims = [int(length) for length in warmed[each["name"]]["dims"]]
        filled = [ANY_LENGTH if length < 0 else length for length in dims]
        shapes[each["name"]] = [1, *filled] if batched else filled
    return shapes


async def round_trip(url: str, names: list[str]) -> None:
    """Call each model once.

    Raises:
        UnavailableError: no models, or one answers nothing but zeros.
        Exception: whatever the client raises while the server is not there yet.
    """
    if not names:
        raise UnavailableError("The model repository is empty; run `pennyprotect models pull`.")
    client = triton.InferenceServerClient(url)
    try:
        async with asyncio.timeout(CALL_LIMIT_S):
            if not await client.is_server_ready():
                raise UnavailableError("Triton is loading its models.")
            for name in names:
                await _call(client, name)
    finally:
        await client.close()


async def _call(client: "triton.InferenceServerClient", name: str) -> None:
    metadata = await client.get_model_metadata(name, as_json=True)
    config = (await client.get_model_config(name, as_json=True))["config"]
    shapes = input_shapes(config, metadata)
    inputs = []
    for each in metadata["inputs"]:
        tensor = triton.InferInput(each["name"], shapes[each["name"]], each["datatype"])
        tensor.set_data_from_numpy(made_up_input(shapes[each["name"]], each["datatype"]))
        inputs.append(tensor)
    answer = await client.infer(name, inputs)
    for each in metadata["outputs"]:
        output = answer.as_numpy(each["name"])
        if output is None or not np.any(output) or not np.all(np.isfinite(output)):
            raise UnavailableError(f"Model {name} answers nothing but zeros in {each['name']}: its environment is broken.")
