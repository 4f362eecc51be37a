"""Work that is done again and again."""

import asyncio

import pytest

from app.kit.keeping import keep


async def test_a_failure_that_is_foreseen_does_not_end_it_and_the_stop_does() -> None:
    stop, met = asyncio.Event(), list[int]()

    async def act() -> None:
        met.append(len(met))
        if len(met) == 1:
            raise TimeoutError
        if len(met) == 3:
            stop.set()

    async with asyncio.timeout(30):
        await keep(act, 0.001, stop, "it is not done now")
    assert met == [0, 1, 2]


async def test_any_other_error_ends_it() -> None:
    async def act() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await keep(act, 0.001, asyncio.Event(), "it is not done now")


async def test_a_cancellation_that_became_an_error_ends_it() -> None:
    began = asyncio.Event()

    async def act() -> None:
        began.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError as error:
            raise TimeoutError from error

    running = asyncio.create_task(keep(act, 0.001, asyncio.Event(), "it is not done now"))
    await began.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 30)
