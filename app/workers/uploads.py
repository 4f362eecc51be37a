"""The worker's way of getting a recording stored: ask where, PUT it whole, say that it is there. No credential of a store."""

import asyncio
import ssl
import uuid
from typing import Any, Final

import aiohttp
import msgspec

from app.contracts.control import UploadGrant, UploadWish
from app.kit.backoff import Backoff
from app.kit.decoding import one_error

ASK_S: Final = 8.0
PUT_S: Final = 120.0
BACKOFF: Final = Backoff(first_s=0.5, longest_s=60.0)
REFUSED: Final = frozenset({404, 409, 410, 422})
"""Answers that trying again will not change: deleted, stored by another worker, given up."""


class UploadRefusedError(Exception):
    """The service does not want this recording any more."""


class Uploads:
    """Asks the service and uploads.

    Args:
        trusted: whom to trust for an https service; None for the system's authorities.
    """

    def __init__(self, service_url: str, key: str, trusted: ssl.SSLContext | None = None) -> None:
        self._service = service_url.rstrip("/")
        self._base = self._service + "/api/v1/workers/evidence/"
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._trusted = trusted or True
        self._session: aiohttp.ClientSession | None = None

    async def store(self, evidence_id: uuid.UUID, wish: UploadWish, body: bytes) -> None:
        """One whole try.

        Raises:
            UploadRefusedError: it is not wanted.
            aiohttp.ClientError, TimeoutError, OSError: it did not work; try again.
        """
        grant = _decode_grant(await self._ask(evidence_id, "upload", msgspec.json.encode(wish)))
        await self._put(grant, body)
        await self._ask(evidence_id, "uploaded", b"{}")

    async def give_up(self, evidence_id: uuid.UUID, reason: str) -> None:
        """Say that it cannot be recorded, and why."""
        await self._ask(evidence_id, "lost", msgspec.json.encode({"reason": reason[:300]}))

    async def close(self) -> None:
        """Hang up."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session

    async def _ask(self, evidence_id: uuid.UUID, what: str, body: bytes) -> bytes:
        limit = aiohttp.ClientTimeout(total=ASK_S)
        address = f"{self._base}{evidence_id}/{what}"
        async with self._open().post(address, data=body, headers=self._headers, timeout=limit, ssl=self._trusted) as reply:
            answer = await reply.read()
            if reply.status == 409 and _begins_anew(answer):
                raise aiohttp.ClientError("what is stored is not what was announced")
            if reply.status in REFUSED:
                raise UploadRefusedError(f"status {reply.status}")
            reply.raise_for_status()
            return answer

    async def _put(self, grant: UploadGrant, body: bytes) -> None:
        url = self._service + grant.url if grant.url.startswith("/") else grant.url
        trusted: Any = self._trusted if url.startswith(self._service) else True
        limit = aiohttp.ClientTimeout(total=PUT_S)
        async with self._open().put(url, data=body, headers=grant.headers, timeout=limit, ssl=trusted) as reply:
            await reply.read()
            if reply.status not in (409, 412):  # stored by an earlier try; the service compares the hash
                reply.raise_for_status()


class _Problem(msgspec.Struct):
    again: bool = False


_decode_grant = one_error(msgspec.json.Decoder(UploadGrant).decode)
_decode_problem = one_error(msgspec.json.Decoder(_Problem).decode)


def _begins_anew(answer: bytes) -> bool:
    """Whether a refusal asks for the whole upload once more."""
    try:
        return _decode_problem(answer).again
    except msgspec.DecodeError:
        return False


async def pause(attempt: int) -> None:
    """Wait before the next try."""
    await asyncio.sleep(BACKOFF.delay_s(attempt))
