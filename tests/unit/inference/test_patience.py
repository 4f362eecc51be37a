"""A frame that was sent is waited for while the server lives; real servers: tests/integration/inference/test_triton.py."""

import asyncio
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tritonclient.utils import InferenceServerException

from app.inference import patience, triton
from app.inference.triton import CallOptions, TritonPose
from app.kit.backoff import Backoff
from app.kit.errors import UnavailableError

FRAME = np.zeros((384, 640, 3), np.uint8)


class Slow:
    """A server whose model has no turn of the processor for so long; `lives` is what it says of itself, None: nothing."""

    def __init__(self, seconds: float = 0.0, lives: bool | None = True, restarts: int = 0) -> None:
        self.seconds, self.lives, self.restarts, self.asked = seconds, lives, restarts, 0

    async def infer(self, *_: Any, **__: Any) -> Any:
        self.asked += 1
        if self.asked <= self.restarts:
            raise InferenceServerException("Stub process 'yolo_pose_0_0' is not healthy.", "StatusCode.INTERNAL")
        await asyncio.sleep(self.seconds)
        return SimpleNamespace(as_numpy=lambda _: np.zeros((1, 56, 3), np.float32))

    async def is_server_live(self, client_timeout: float) -> bool:
        if self.lives is None:
            await asyncio.sleep(3600)
        return bool(self.lives)

    async def close(self) -> None:
        """Nothing to close."""


async def asked(server: Slow, deadline_s: float, patience_s: float) -> int:
    """How many answers came: 1."""
    options = CallOptions(deadline_s=deadline_s, patience_s=patience_s, shared_memory=False)
    client = TritonPose("127.0.0.1:9", options=options)
    real, client._client = client._client, server  # type: ignore[assignment]
    await real.close()
    return len(await client.detect([FRAME]))


async def test_a_server_that_says_that_it_lives_is_waited_for() -> None:
    assert await asked(Slow(seconds=0.4), 0.1, 600.0) == 1
    with pytest.raises(UnavailableError, match="in time"):
        await asked(Slow(seconds=3600.0), 0.05, 0.1)


@pytest.mark.parametrize("lives", [False, None])
async def test_one_that_does_not_is_given_up_soon_after_the_deadline(lives: bool | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "LIVES_S", 0.05)
    with pytest.raises(UnavailableError, match="in time"):
        async with asyncio.timeout(60):
            await asked(Slow(seconds=3600.0, lives=lives), 0.05, 600.0)
    with pytest.raises(UnavailableError):
        await asked(Slow(seconds=3600.0), 0.05, 0.0)


async def test_a_model_s_process_that_starts_anew_costs_no_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triton, "AGAIN", Backoff(first_s=0.01, longest_s=0.01))
    server = Slow(restarts=3)
    assert await asked(server, 0.01, 600.0) == 1
    assert server.asked == 4
    with pytest.raises(UnavailableError):
        await asked(Slow(restarts=3), 60.0, 0.0)
    with pytest.raises(UnavailableError):
        await asked(Slow(restarts=10**9), 0.1, 0.1)
