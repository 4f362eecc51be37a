"""Bodies that come too slowly: a request has a few seconds to begin and a rate to keep, or it is refused."""

import asyncio
import time
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.kit.problems import problem

SILENCE_S: Final = 10.0
SLOWEST_BYTES_PER_S: Final = 10_000.0


class _TooSlowError(HTTPException):
    """An HTTPException, since whoever parses the body makes a 400 of anything else."""

    def __init__(self) -> None:
        super().__init__(408, "The request came too slowly. Send it again over a faster connection.", {"Connection": "close"})


class BodyClock:
    """ASGI middleware. Answers 408 once a body pauses for `silence_s` or falls behind `bytes_per_s`."""

    def __init__(self, app: ASGIApp, silence_s: float = SILENCE_S, bytes_per_s: float = SLOWEST_BYTES_PER_S) -> None:
        self._app = app
        self._silence_s = silence_s
        self._bytes_per_s = bytes_per_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a clock on its body."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        started, came, ended, answering = time.monotonic(), 0, False, False

        async def clocked() -> Message:
            nonlocal came, ended
            if ended:
                return await receive()  # waits for the client to leave, which may take as long as the answer
            allowed = self._silence_s + came / self._bytes_per_s - (time.monotonic() - started)
            try:
                message = await asyncio.wait_for(receive(), min(self._silence_s, max(0.0, allowed)))
            except TimeoutError:
                raise _TooSlowError from None
            came += len(message.get("body", b""))
            ended = not message.get("more_body", False)
            return message

        async def noted(message: Message) -> None:
            nonlocal answering
            answering = True
            await send(message)

        try:
            await self._app(scope, clocked, noted)
        except _TooSlowError as error:
            if not answering:
                await problem(408, "Request Timeout", error.detail, error.headers)(scope, receive, send)
