"""Heads of requests that come too slowly or grow too long: the service itself ends such connections, proxy or not."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

HEAD_S: Final = 10.0
"""From the connection, or the head's first byte, to the head's end."""
LARGEST_HEAD: Final = 64 << 10
_SLOW: Final = "408 Request Timeout", "The request came too slowly. Send it again over a faster connection."
_LONG: Final = "431 Request Header Fields Too Large", "The head of the request is too long."


class PunctualProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 with a clock and a bound on each head."""

    head_s = HEAD_S

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._clock: asyncio.TimerHandle | None = None
        self._came = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A head is due from now on."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is due any more."""
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass it on; more of an endless head is not taken."""
        self._came += len(data)
        super().data_received(data)
        if self._clock is not None and self._came > LARGEST_HEAD:
            self._refuse(*_LONG)

    def on_message_begin(self) -> None:
        """The next head of a connection that is kept has its own clock."""
        super().on_message_begin()
        if self._clock is None:
            self._wait()
            self._came = 1  # at least: it came with the end of what was before

    def on_headers_complete(self) -> None:
        """The head came in time."""
        self._stop()
        super().on_headers_complete()

    def _wait(self) -> None:
        self._came = 0
        self._clock = self.loop.call_later(self.head_s, self._late)

    def _stop(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _late(self) -> None:
        answering: RequestResponseCycle | None = self.cycle
        if answering is not None and not answering.response_complete:
            return self._wait()  # a head behind a request that is still answered: its turn has not come
        if self._came:
            return self._refuse(*_SLOW)
        self._stop()
        self.transport.close()

    def _refuse(self, status: str, detail: str) -> None:
        self._stop()
        if self.transport.is_closing():
            return
        code, title = status.split(" ", 1)
        body = f'{{"type":"about:blank","title":"{title}","status":{code},"detail":"{detail}"}}'.encode()
        lines = (
            f"HTTP/1.1 {status}",
            "content-type: application/problem+json",
            f"content-length: {len(body)}",
            "connection: close",
        )
        self.transport.write("\r\n".join((*lines, "", "")).encode() + body)
        self.transport.close()
