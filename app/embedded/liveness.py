"""Telling a part that hangs from one that works: a question it must answer while it lives.

Silence alone counts. An error is an answer: a part that says what is wrong would say it again after a restart, and one that
is gone is noticed by its end.
"""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

from app.embedded.lifecycle import Patience
from app.embedded.process import Probe
from app.kit.cancellation import heed_cancellation

HTTP2_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""The client's preface and an empty SETTINGS frame (RFC 9113, 3.4)."""
HTTP2_FRAME_HEADER = 9


async def until_silent(alive: Probe, patience: Patience) -> None:
    """Ask again and again; return once the part hangs. Ends otherwise by cancellation."""
    missed = 0
    while missed < patience.misses:
        heed_cancellation()
        await asyncio.sleep(patience.again_s if missed else patience.every_s)
        try:
            async with asyncio.timeout(patience.answer_s):
                await alive()
            missed = 0
        except TimeoutError:
            missed += 1
        except Exception:
            missed = 0


def answers_http(where: Path | str) -> Probe:
    """Asks `/healthz` on a Unix socket or an `http://host:port`; whatever status comes back, the event loop turns."""

    async def ask() -> None:
        if isinstance(where, Path):
            reader, writer = await asyncio.open_unix_connection(str(where))
        else:
            address = urlsplit(where)
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
        try:
            writer.write(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
            await reader.readline()
        finally:
            writer.close()

    return ask


def answers_rtsp(ports: list[int]) -> Probe:
    """Asks the first of these ports that somebody listens on for the methods it knows."""

    async def ask() -> None:
        refused = OSError("nobody listens")
        for port in ports:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except TimeoutError:
                raise
            except OSError as error:
                refused = error
                continue
            try:
                writer.write(f"OPTIONS rtsp://127.0.0.1:{port}/stream RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
                await reader.readline()
            finally:
                writer.close()
            return
        raise refused

    return ask


def answers_http2(port: int) -> Probe:
    """Greets a gRPC server as HTTP/2 does and waits for its settings.

    A gRPC client made for each question would leave some 30 kB behind each time.
    """

    async def ask() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(HTTP2_GREETING)
            await reader.readexactly(HTTP2_FRAME_HEADER)
        finally:
            writer.close()

    return ask
