"""Trying a version at the Triton that serves, under a name of its own: what cameras use is not touched."""

import asyncio
import contextlib
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import grpc
import numpy as np
import numpy.typing as npt
from tritonclient.grpc import InferInput, aio
from tritonclient.utils import InferenceServerException

from app.inference.contract import PoseContract
from app.inference.families import FAMILIES, Selection
from app.inference.triton import STARTS_ANEW
from app.kit.backoff import Backoff
from app.kit.errors import UnavailableError
from app.models.agreement import differs
from app.models.courtesy import rest
from app.models.packages import Contract, Golden, Package
from app.models.signing import RefusedPackageError

LOAD_S: Final = 180.0
ASK_S: Final = 30.0
LOADS: Final = 3
AGAIN: Final = Backoff(first_s=1.0, longest_s=4.0)
ROUNDS: Final = 9
LOOKS: Final = 3
SLOWER: Final = 1.5
"""Times the latency of the version in use that is taken without the pusher's word."""
SLACK_MS: Final = 5.0


class Serving:
    """A Triton in explicit control mode. Use from one event loop; `close` when done.

    Args:
        at_once: frames that it computes at once, where instances of several threads share the cores; None: one an instance.
    """

    def __init__(self, url: str, at_once: int | None = None) -> None:
        self.url, self._client, self._at_once = url, aio.InferenceServerClient(url), at_once

    async def load(self, model: str) -> None:
        """Load or load again, by what lies in the folder; never with a configuration of ours.

        A model's process that a busy machine gave no turn is taken for dead while it starts: it is started anew, a few times.

        Raises:
            RefusedPackageError: Triton says that it cannot load this.
            UnavailableError: no server, or no end in time.
        """
        for attempt in range(LOADS - 1):
            try:
                return await self._load(model)
            except RefusedPackageError as error:
                if STARTS_ANEW not in error.detail:
                    raise
                await asyncio.sleep(AGAIN.delay_s(attempt))
        return await self._load(model)

    async def _load(self, model: str) -> None:
        try:
            async with asyncio.timeout(LOAD_S):
                await self._client.load_model(model, client_timeout=LOAD_S)
        except InferenceServerException as error:
            if _is_away(error):
                raise self._away(error) from error
            raise RefusedPackageError(f"Triton cannot load it: {str(error)[:300]}") from error
        except (grpc.RpcError, TimeoutError) as error:
            raise self._away(error) from error

    async def unload(self, model: str) -> None:
        """Unload; what is not loaded, or a server that is away, holds nothing."""
        with contextlib.suppress(InferenceServerException, grpc.RpcError, TimeoutError):
            async with asyncio.timeout(ASK_S):
                await self._client.unload_model(model, client_timeout=ASK_S)

    async def ready(self, model: str, version: int) -> bool:
        """Whether the server says that this version answers; False when it says nothing."""
        try:
            async with asyncio.timeout(ASK_S):
                return bool(await self._client.is_model_ready(model, str(version), client_timeout=ASK_S))
        except (InferenceServerException, grpc.RpcError, TimeoutError):
            return False

    async def sees(self, model: str) -> bool:
        """Whether it lies in the server's folder, loaded or not; False when the server says nothing."""
        try:
            async with asyncio.timeout(ASK_S):
                index = await self._client.get_model_repository_index(client_timeout=ASK_S)
        except (InferenceServerException, grpc.RpcError, TimeoutError):
            return False
        return any(each.name == model for each in index.models)

    async def busy(self, model: str, seconds: float) -> float | None:
        """0..1 of its time that requests for any version take in so many seconds; None: the server does not say."""
        try:
            async with asyncio.timeout(seconds + ASK_S):
                config = (await self._client.get_model_config(model, client_timeout=ASK_S)).config
                before, began = await self._spent_s(model), time.monotonic()
                await asyncio.sleep(seconds)
                spent, took = await self._spent_s(model) - before, time.monotonic() - began
        except (InferenceServerException, grpc.RpcError, TimeoutError):
            return None
        instances = sum(each.count * max(1, len(each.gpus)) for each in config.instance_group) or 1
        at_once = min(instances, self._at_once or instances)
        return min(1.0, max(0.0, spent) / took / at_once)  # more where requests share cores, each the longer for it

    async def _spent_s(self, model: str) -> float:
        said = await self._client.get_inference_statistics(model, client_timeout=ASK_S)
        stats = [each.inference_stats for each in said.model_stats]
        return float(sum(each.compute_input.ns + each.compute_infer.ns + each.compute_output.ns for each in stats)) / 1e9

    async def ask(self, model: str, version: int, contract: Contract, image: npt.NDArray[np.uint8]) -> list[npt.NDArray[Any]]:
        """Outputs of one image (H, W, 3), without the batch dimension, asked for as cameras ask.

        Raises:
            RefusedPackageError: the model answers with an error, or lacks an output.
            UnavailableError: no server, or no answer in time.
        """
        tensor = InferInput(contract.input_name, [1, *image.shape], "UINT8")
        tensor.set_data_from_numpy(image[None])
        try:
            result = await self._client.infer(model, [tensor], str(version), client_timeout=ASK_S, parameters=Selection().asked)
            answers = [result.as_numpy(name) for name in contract.outputs]
        except (InferenceServerException, grpc.RpcError) as error:
            if _is_away(error):
                raise self._away(error) from error
            raise RefusedPackageError(f"It does not answer a golden image: {str(error)[:300]}") from error
        if any(answer is None or len(answer) != 1 for answer in answers):
            raise RefusedPackageError(f"It lacks one of the outputs {', '.join(contract.outputs)}.")
        return [np.asarray(answer)[0] for answer in answers]

    async def close(self) -> None:
        """Hang up."""
        await self._client.close()

    def _away(self, error: BaseException) -> UnavailableError:
        said = str(error)[:150] or type(error).__name__
        return UnavailableError(f"Triton at {self.url} went away or is busy ({said}); nothing was changed, try again.")


def _is_away(error: Exception) -> bool:
    status = str(error.status() if isinstance(error, InferenceServerException) else error.args)
    return any(name in status for name in ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"))


Ask = Callable[[npt.NDArray[np.uint8]], Awaitable[list[npt.NDArray[Any]]]]


async def check_golden(ask: Ask, golden: Golden, contract: PoseContract, package: Package) -> None:
    """RefusedPackageError unless every golden image is answered as the golden outputs say."""
    decode, persons = FAMILIES[contract.family].decode, 0
    for index, image in enumerate(golden.images):
        began = time.monotonic()
        answers = await ask(image)
        await rest(time.monotonic() - began)
        wanted = [each[index] for each in golden.outputs]
        if not all(np.isfinite(each).all() for each in answers):
            raise RefusedPackageError(f"It answers golden image {index} with what is no number (NaN or infinite).")
        try:
            said, should = decode(answers, Selection()), decode(wanted, Selection())
        except (ValueError, IndexError) as error:
            raise RefusedPackageError(f"Its answer is not of the family {contract.family}: {error}") from error
        persons += len(should)
        if why := differs(should, said, package.keypoint_px, package.score):
            raise RefusedPackageError(f"It answers golden image {index} otherwise than promised: {why}.")
    if not persons:
        raise RefusedPackageError("No golden image shows a person, so they prove nothing; take pictures with people.")


async def compare_latency(new: Ask, used: Ask, image: npt.NDArray[np.uint8], slower: float) -> dict[str, float]:
    """Median milliseconds of both, asked in turns. RefusedPackageError where the new one is too slow in each of `LOOKS`.

    Triton serves cameras meanwhile, so one look may meet a burst that fell on the new one alone.
    """
    for _ in range(LOOKS):
        new_ms, used_ms = await _medians(new, used, image)
        if new_ms <= max(slower * used_ms, used_ms + SLACK_MS):
            return {"p50_ms": round(new_ms, 2), "p50_ms_in_use": round(used_ms, 2), "slower_allowed": slower}
    raise RefusedPackageError(
        f"It takes {new_ms:.0f} ms a frame, the version in use {used_ms:.0f} ms; {slower:g} times are allowed here."
    )


async def _medians(new: Ask, used: Ask, image: npt.NDArray[np.uint8]) -> tuple[float, float]:
    took: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for times, ask in zip(took, (new, used), strict=True):
            began = time.monotonic()
            await ask(image)
            times.append(1e3 * (time.monotonic() - began))
            await rest(times[-1] / 1e3)
    return statistics.median(took[0]), statistics.median(took[1])
