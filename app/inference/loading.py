"""Which biometric models a Triton holds: loaded when a store's policy asks for them, unloaded when none does."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import grpc
from tritonclient.grpc import aio
from tritonclient.utils import InferenceServerException

from app.kit.errors import UnavailableError

FACE_MODELS: Final = ("face_detection", "face_embedding", "face_pipeline")
"""In the order they load: the pipeline calls the other two."""

CROP_MODELS: Final = (*FACE_MODELS, "face_pipeline_crops")
"""What a GPU worker's secondary inference calls, and what that calls."""

LOAD_S: Final = 60.0
ASK_S: Final = 3.0


class NotLoadedError(UnavailableError):
    """The server answers and does not hold the model: it was unloaded, or the server started anew."""


def says_not_loaded(error: BaseException) -> bool:
    """Whether Triton's error says so; the last, of a pipeline's network."""
    return any(word in str(error) for word in ("not ready", "unknown model", "does not answer"))


class ModelLoading:
    """Loads and unloads models of a server in explicit control mode. Use from one event loop; `close` when done."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = aio.InferenceServerClient(url)

    async def ready(self, models: Sequence[str] = FACE_MODELS) -> bool:
        """Whether the server says that all are ready. False when it does not answer."""
        try:
            async with asyncio.timeout(ASK_S):
                return all([await self._client.is_model_ready(model, client_timeout=ASK_S) for model in models])
        except (InferenceServerException, grpc.RpcError, TimeoutError):
            return False

    async def load(self, models: Sequence[str] = FACE_MODELS) -> None:
        """Load what is not ready, in order. A server that loads nothing by request must have them ready already.

        Raises:
            UnavailableError: the server has no such model, or does not answer.
        """
        for model in models:
            if await self.ready((model,)):
                continue
            await self._call(self._client.load_model, model)

    async def unload(self, models: Sequence[str] = FACE_MODELS) -> None:
        """Unload those that are loaded, callers before the called. UnavailableError when the server does not obey."""
        for model in reversed(models):
            if await self.ready((model,)):
                await self._call(self._client.unload_model, model)

    async def close(self) -> None:
        """Hang up."""
        await self._client.close()

    async def _call(self, act: object, model: str) -> None:
        try:
            async with asyncio.timeout(LOAD_S):
                await act(model, client_timeout=LOAD_S)  # type: ignore[operator]
        except (InferenceServerException, grpc.RpcError, TimeoutError) as error:
            said = str(error)[:200] or type(error).__name__
            raise UnavailableError(f"Triton at {self._url} does not load or unload {model}: {said}") from error


class LocalModels:
    """Fetches and places models where the embedded server finds them, then has them loaded.

    A server of the operator's own keeps what it has loaded: other workers may need it.
    """

    def __init__(self, loading: ModelLoading, stage: Callable[[], None] | None, models: Sequence[str] = FACE_MODELS) -> None:
        self._loading, self._stage, self._models = loading, stage, models

    async def ready(self) -> bool:
        """Whether the server says that all are. False when it does not answer."""
        return await self._loading.ready(self._models)

    async def load(self) -> None:
        """Stage, then load. PennyError when they cannot be had."""
        if self._stage is not None:
            await asyncio.to_thread(self._stage)
        await self._loading.load(self._models)

    async def unload(self) -> None:
        """Unload where the models were brought by this worker."""
        if self._stage is not None:
            await self._loading.unload(self._models)

    async def close(self) -> None:
        """Hang up."""
        await self._loading.close()
