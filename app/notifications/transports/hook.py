"""Webhooks by aiohttp: signed, to the address that was looked up and judged once, without redirects."""

import asyncio
import time
from collections.abc import Sequence

import aiohttp

from app.kit.errors import BadInputError
from app.kit.gate import Gate, Pinned
from app.notifications.models import ChannelKind, Claimed
from app.notifications.outcomes import Outcome, Verdict
from app.notifications.signing import signature
from app.notifications.texts import hook_body
from app.notifications.transports.failures import of_error, of_status

TOTAL_S = 10.0
CONNECT_S = 4.0
NAME_S = 4.0
MOST_READ = 4096
HTTPS_ONLY = "Webhooks to public addresses must use https."


def demand_hook(pinned: Pinned) -> None:
    """BadInputError unless it is https, or http within the operator's own networks."""
    if pinned.scheme == "https" or (pinned.scheme == "http" and not pinned.address.is_global):
        return
    raise BadInputError(HTTPS_ONLY if pinned.scheme == "http" else "A webhook's address begins with https://.")


class HookTransport:
    """Posts to webhooks of ours, of Slack and of Teams."""

    def __init__(self, session: aiohttp.ClientSession, gate: Gate, public_url: str) -> None:
        self._session = session
        self._gate = gate
        self._public_url = public_url

    async def send(self, delivery: Claimed, address: str, secrets: Sequence[str]) -> Outcome:
        """One try."""
        try:
            async with asyncio.timeout(NAME_S):
                pinned = await asyncio.to_thread(self._gate.admit, address)
            demand_hook(pinned)
        except BadInputError as error:
            return Outcome(Verdict.REFUSED, error.detail)
        except OSError as error:  # TimeoutError is one
            return Outcome(Verdict.NOT_TAKEN, f"Its name was not found ({type(error).__name__}).")
        body = hook_body(delivery, self._public_url)
        try:
            async with self._session.post(
                pinned.url,
                data=body,
                headers=_headers(delivery, pinned, secrets, body),
                server_hostname=pinned.host if pinned.scheme == "https" else None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=TOTAL_S, connect=CONNECT_S),
            ) as answer:
                outcome = of_status(answer.status, answer.headers.get("Retry-After"))
                if (
                    outcome.verdict is Verdict.TAKEN
                ):  # the rest of the answer is no matter of ours, but lets the connection be used again
                    await answer.content.read(MOST_READ)
                return outcome
        except (aiohttp.ClientError, OSError) as error:
            return of_error(error)


def _headers(delivery: Claimed, pinned: Pinned, secrets: Sequence[str], body: bytes) -> dict[str, str]:
    headers = {"Host": pinned.authority, "Content-Type": "application/json", "User-Agent": "PennyProtect"}
    if delivery.kind is ChannelKind.WEBHOOK and secrets:
        at, name = int(time.time()), str(delivery.id)
        signed = " ".join(signature(each, name, at, body) for each in secrets)
        headers |= {"webhook-id": name, "webhook-timestamp": str(at), "webhook-signature": signed}
        headers |= {"Idempotency-Key": name, "webhook-repeated": "true" if delivery.repeated else "false"}
    return headers
