"""A response without end to a client that may stop reading: it is let go, so that it holds nothing here."""

import asyncio
from collections.abc import AsyncIterable, Callable
from typing import Any, Final

from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from app.dashboard import counters
from app.kit.logs import logger

SEND_S: Final = 10.0
"""As long as a socket's viewer may take for one message."""

log = logger(__name__)


class PicturesResponse(StreamingResponse):
    """Streams until the source ends, the client leaves, or a part was not taken within `send_s`."""

    send_s = SEND_S

    def __init__(self, parts: AsyncIterable[bytes], *, ended: Callable[[], object], **rest: Any) -> None:
        super().__init__(parts, **rest)
        self._ended = ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve it; `ended` is called however it ends, also when nothing was sent at all."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._ended()

    async def stream_response(self, send: Send) -> None:
        """Send everything; the source is closed in any case, which ends its watch."""

        async def timed(message: Message) -> None:
            async with asyncio.timeout(self.send_s):
                await send(message)

        try:
            await super().stream_response(timed)
        except TimeoutError:
            counters.slow_viewers.inc()
            log.info("a viewer of pictures stopped reading and is let go: the connection is closed", after_s=self.send_s)
        finally:
            close = getattr(self.body_iterator, "aclose", None)
            if close is not None:
                await close()
