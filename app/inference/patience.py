"""How long an answer is waited for: beyond its deadline only while the server says that it lives."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Final

import grpc
from tritonclient.grpc import aio
from tritonclient.utils import InferenceServerException

LIVES_S: Final = 2.0
"""A server that is only slow says within this time that it lives: that asks no model."""


@contextlib.contextmanager
def unless_it_lives(
    limit: asyncio.Timeout, deadline_s: float, patience_s: float, client: aio.InferenceServerClient
) -> Iterator[None]:
    """`limit` is deadline and patience long; it ends soon after the deadline where the server does not say that it lives."""
    if not patience_s:
        yield
        return
    looks: list[asyncio.Task[None]] = []
    loop = asyncio.get_running_loop()
    timer = loop.call_later(deadline_s, lambda: looks.append(loop.create_task(_look(limit, client))))
    try:
        yield
    finally:
        timer.cancel()
        for each in looks:
            each.cancel()


async def _look(limit: asyncio.Timeout, client: aio.InferenceServerClient) -> None:
    if not await _lives(client):
        limit.reschedule(asyncio.get_running_loop().time())


async def _lives(client: aio.InferenceServerClient) -> bool:
    try:
        async with asyncio.timeout(LIVES_S):
            return bool(await client.is_server_live(client_timeout=LIVES_S))
    except (InferenceServerException, grpc.RpcError, TimeoutError):
        return False
