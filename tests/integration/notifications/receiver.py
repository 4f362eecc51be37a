"""A receiver of webhooks, as a customer runs one, with the faults that receivers have."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from app.notifications.signing import verified

HANG, BREAK = "hang", "break"
"""Take the message and never answer; take it and close the connection."""


@dataclass
class Receiver:
    """Does what `plan` says, one entry a request, then answers 204."""

    url: str = ""
    secret: str = ""
    plan: list[int | str] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    unsigned: int = 0
    retry_after: str = "0"
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.headers.append(dict(request.headers))
        if self.secret:
            name, at = request.headers["webhook-id"], int(request.headers["webhook-timestamp"])
            if not verified(self.secret, name, at, body, request.headers["webhook-signature"], time.time()):
                self.unsigned += 1
                return web.Response(status=401)
        self.taken.append(json.loads(body))
        fault = self.plan.pop(0) if self.plan else 204
        if fault == HANG:
            await self.released.wait()
        if fault == BREAK:
            assert request.transport is not None
            request.transport.abort()
        status = fault if isinstance(fault, int) else 204
        return web.Response(status=status, headers={"Retry-After": self.retry_after} if status >= 400 else {})


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        receiver.released.set()
        await runner.cleanup()
