"""A part's watcher ends when told to, also where the client it asks with makes an error of that."""

import asyncio

import pytest

from app.embedded.lifecycle import Patience
from app.embedded.liveness import until_silent


@pytest.mark.parametrize("error", [ConnectionError("hung up"), TimeoutError("hung up")])
async def test_a_probe_that_turns_a_cancellation_into_an_error_does_not_keep_its_watcher(error: Exception) -> None:
    asked, lost = asyncio.Event(), []

    async def alive() -> None:
        asked.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            if lost:  # one is lost, or a watcher that does not heed it could not even be ended by this test
                raise
            lost.append(error)
            raise error from None

    watcher = asyncio.create_task(until_silent(alive, Patience(every_s=0.01, again_s=0.01, answer_s=30, misses=2)))
    await asked.wait()
    watcher.cancel()
    await asyncio.wait({watcher}, timeout=5)
    assert watcher.cancelled()
