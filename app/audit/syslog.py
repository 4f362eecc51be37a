"""Sends sealed rows to a syslog server, at least once and in order, and remembers how far it came.

The position moves only after the receiver's side has acknowledged the bytes (TCP, TLS: the kernel's send queue is empty).
UDP acknowledges nothing: what the network loses is lost.
"""

import asyncio
import fcntl
import socket
import ssl
import struct
import termios
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import asyncpg

from app.audit.formats import as_syslog
from app.audit.ledger_repository import all_ledgers, export_cursor, move_export_cursor, read_ledger, reading
from app.kit.errors import BadInputError, UnavailableError
from app.kit.postgres import Pool

CONNECT_S, SEND_S, CLOSE_S = 10.0, 30.0, 2.0
BATCH = 500
LARGEST_DATAGRAM = 65_000
PORTS = {"tcp": 601, "tls": 6514, "udp": 514}


@dataclass(frozen=True, slots=True)
class Target:
    """Where to send: `tls://host:6514`, `tcp://host:601`, `udp://host:514`."""

    scheme: str
    host: str
    port: int

    @property
    def name(self) -> str:
        """What the position is kept under."""
        return f"{self.scheme}://{self.host}:{self.port}"


def parse_target(text: str) -> Target:
    """A target; BadInputError says how one looks."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise BadInputError("The syslog server looks like tls://siem.example.com:6514 (or tcp://, udp://).") from error
    if parts.scheme not in PORTS or not host or parts.path.strip("/") or parts.query or parts.username:
        raise BadInputError("The syslog server looks like tls://siem.example.com:6514 (or tcp://, udp://).")
    return Target(parts.scheme, host, port or PORTS[parts.scheme])


class Sender:
    """An open way to a target."""

    def __init__(self, target: Target, *, authority: str | None = None) -> None:
        self._target = target
        self._authority = authority
        self._writer: asyncio.StreamWriter | None = None
        self._socket: socket.socket | None = None

    async def open(self) -> None:
        """Connect; UnavailableError with the reason."""
        target = self._target
        try:
            async with asyncio.timeout(CONNECT_S):
                if target.scheme == "udp":
                    found = await asyncio.get_running_loop().getaddrinfo(target.host, target.port, type=socket.SOCK_DGRAM)
                    family, kind, protocol, _, address = found[0]
                    self._socket = socket.socket(family, kind, protocol)
                    self._socket.setblocking(False)
                    self._socket.connect(address)
                    return
                context = ssl.create_default_context(cafile=self._authority) if target.scheme == "tls" else None
                _, self._writer = await asyncio.open_connection(target.host, target.port, ssl=context)
        except (OSError, TimeoutError) as error:
            raise UnavailableError(f"{target.name} cannot be reached: {str(error) or type(error).__name__}.") from error

    async def send(self, messages: Iterable[bytes]) -> None:
        """Send and wait until the other side has it; UnavailableError otherwise."""
        try:
            async with asyncio.timeout(SEND_S):
                if self._socket is not None:
                    for message in messages:
                        await asyncio.get_running_loop().sock_sendall(self._socket, message[:LARGEST_DATAGRAM])
                    return
                assert self._writer is not None  # noqa: S101 - opened
                self._writer.write(b"".join(b"%d %s" % (len(message), message) for message in messages))
                await self._writer.drain()
                await self._acknowledged(self._writer)
        except (OSError, TimeoutError) as error:
            raise UnavailableError(f"{self._target.name} takes no messages: {str(error) or type(error).__name__}.") from error

    async def _acknowledged(self, writer: asyncio.StreamWriter) -> None:
        """Until neither we nor the kernel hold bytes that the other side has not acknowledged."""
        handle: socket.socket = writer.get_extra_info("socket")
        while True:
            waiting = writer.transport.get_write_buffer_size()
            if writer.transport.is_closing() or handle.fileno() < 0:
                raise ConnectionResetError("the connection was closed")
            if not waiting and not struct.unpack("i", fcntl.ioctl(handle.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0]:
                return
            await asyncio.sleep(0.002)

    async def close(self) -> None:
        """Say good-bye."""
        if self._socket is not None:
            self._socket.close()
        if self._writer is not None:
            self._writer.close()
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await self._writer.wait_closed()


async def export_once(pool: "Pool[asyncpg.Record]", sender: Sender, target: str, version: str) -> int:
    """Send what the target lacks, at most `BATCH` rows of each ledger; how many."""
    host, sent = socket.gethostname(), 0
    async with reading(pool) as connection:
        done = await export_cursor(connection, target)
        due: list[tuple[uuid.UUID, int, list[bytes]]] = []
        for ledger in await all_ledgers(connection):
            async for rows in read_ledger(connection, ledger, done.get(ledger, 0), BATCH):
                due.append((ledger, rows[-1].sequence, [as_syslog(ledger, row, version, host) for row in rows]))
                break
    for ledger, last, messages in due:
        await sender.send(messages)
        await move_export_cursor(pool, target, ledger, last)
        sent += len(messages)
    return sent
