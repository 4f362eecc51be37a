"""A service that can tell nobody anything any more ends, so that its supervisor starts another."""

import asyncio

import pytest

from app.dashboard.hub import Hub
from app.main import run
from tests.contract.openapi_document import app_settings
from tests.integration.service.conftest import free_port


async def test_the_service_ends_with_its_live_side(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_hub: Hub) -> None:
        await asyncio.sleep(0.2)
        raise KeyError("a fault of ours")

    monkeypatch.setattr(Hub, "run", fail)
    with pytest.raises(RuntimeError, match="live side"):
        await asyncio.wait_for(run(app_settings(PENNYPROTECT_PORT=str(free_port())), asyncio.Event()), 15)
