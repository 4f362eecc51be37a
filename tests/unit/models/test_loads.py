"""A load that a busy machine failed is tried again; what cannot be loaded is refused at once. Real servers: test_models.py."""

import pytest
from tritonclient.utils import InferenceServerException

from app.kit.backoff import Backoff
from app.models import trial
from app.models.signing import RefusedPackageError
from app.models.trial import LOADS, Serving


class Server:
    """Fails so often, in these words."""

    def __init__(self, failures: int, says: str) -> None:
        self.failures, self.says, self.asked = failures, says, 0

    async def load_model(self, _model: str, client_timeout: float) -> None:
        self.asked += 1
        if self.asked <= self.failures:
            raise InferenceServerException(self.says, "StatusCode.INVALID_ARGUMENT")


async def load(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "AGAIN", Backoff(first_s=0.01, longest_s=0.01))
    serving = Serving("127.0.0.1:1")
    await serving.close()
    monkeypatch.setattr(serving, "_client", server)
    await serving.load("yolo_pose")


BUSY = "load failed for model 'yolo_pose': version 1001 is at UNAVAILABLE state: Internal: Stub process is not healthy.;"


async def test_a_process_that_had_no_turn_while_it_started_is_started_anew_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(LOADS - 1, BUSY)
    await load(server, monkeypatch)
    assert server.asked == LOADS
    server = Server(10**9, BUSY)
    with pytest.raises(RefusedPackageError, match="not healthy"):
        await load(server, monkeypatch)
    assert server.asked == LOADS


async def test_what_cannot_be_loaded_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(10**9, "failed to load: protobuf parsing failed")
    with pytest.raises(RefusedPackageError, match="protobuf"):
        await load(server, monkeypatch)
    assert server.asked == 1
