"""SMS by Twilio's own library, over an HTTP client of ours: asynchronous, with time-outs, and with another host in tests."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import aiohttp
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from app.notifications.models import Claimed
from app.notifications.outcomes import Found, Looked, Outcome, Verdict
from app.notifications.texts import reference_of, sms_text
from app.notifications.transports.failures import of_error, of_status

TOTAL_S = 12.0
CONNECT_S = 4.0
RECORDS_S = timedelta(days=1)
MOST_RECORDS = 100
PROVIDER = "https://api.twilio.com"
UNSET = "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_PHONE_NUMBER are not all set."
_STATES = {
    "delivered": Found.DELIVERED,
    "read": Found.DELIVERED,
    "failed": Found.FAILED,
    "undelivered": Found.FAILED,
    "canceled": Found.FAILED,
}


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the provider.

    Attributes:
        sender: our number, E.164.
        base_url: replaces `PROVIDER`.
    """

    sid: str
    token: str = field(repr=False)
    sender: str
    base_url: str = PROVIDER


class _Http(AsyncHttpClient):  # type: ignore[misc]
    """What the library sends its requests with. It neither logs them, since they hold numbers, nor tries twice."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str) -> None:
        super().__init__(logging.getLogger("twilio"), True, TOTAL_S)
        self._session = session
        self._base = urlsplit(base_url)

    async def request(  # the library's signature
        self,
        method: str,
        uri: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        asked = urlsplit(uri)
        url = urlunsplit((self._base.scheme, self._base.netloc, self._base.path.rstrip("/") + asked.path, asked.query, ""))
        async with self._session.request(
            method,
            url,
            params=params,
            data=data,
            headers={**(headers or {}), **({} if auth is None else {"Authorization": aiohttp.encode_basic_auth(*auth)})},
            timeout=aiohttp.ClientTimeout(total=timeout or TOTAL_S, connect=CONNECT_S),
            allow_redirects=False,
        ) as answer:
            return Response(answer.status, await answer.text(), answer.headers)


class SmsTransport:
    """Sends SMS, and asks the provider what became of them."""

    def __init__(self, session: aiohttp.ClientSession, account: Account, public_url: str) -> None:
        self._account = account
        self._public_url = public_url
        self._client = Client(account.sid, account.token, http_client=_Http(session, account.base_url), environment={})

    async def send(self, delivery: Claimed, number: str, code: str | None = None) -> Outcome:
        """One try to send to `number`, E.164; `code` where it shall confirm the number."""
        try:
            made = await self._client.messages.create_async(
                to=number, from_=self._account.sender, body=sms_text(delivery, self._public_url, code)
            )
        except TwilioRestException as error:
            return _refused(error)
        except (aiohttp.ClientError, OSError) as error:
            return of_error(error)
        except (TwilioException, ValueError) as error:  # an answer that is none
            return Outcome(Verdict.UNKNOWN, f"The provider's answer was not understood ({type(error).__name__}).")
        return Outcome(Verdict.TAKEN, provider_id=made.sid)

    async def look(self, delivery: Claimed, number: str) -> Looked:
        """What the provider's records say: by its id where it gave one, else by number, time and the reference in the link."""
        try:
            async with asyncio.timeout(TOTAL_S):
                if delivery.provider_id:
                    return _looked(await self._client.messages(delivery.provider_id).fetch_async())
                since = (delivery.tried_at or delivery.created_at) - RECORDS_S
                listed = await self._client.messages.list_async(
                    to=number, from_=self._account.sender, date_sent_after=since, limit=MOST_RECORDS, page_size=MOST_RECORDS
                )
        except TwilioRestException as error:
            return Looked(Found.NO_ANSWER, reason=f"The provider answered {error.status}.")
        except (aiohttp.ClientError, OSError, TwilioException, ValueError) as error:
            return Looked(Found.NO_ANSWER, reason=f"The provider could not be asked ({type(error).__name__}).")
        reference = reference_of(delivery)
        return next((_looked(each) for each in listed if reference in (each.body or "")), Looked(Found.ABSENT))


def _refused(error: TwilioRestException) -> Outcome:
    outcome = of_status(error.status)
    said = (
        f"The provider answered {error.status}, error {error.code}." if error.code else f"The provider answered {error.status}."
    )
    return Outcome(outcome.verdict, said, after_s=outcome.after_s)


def _looked(message: Any) -> Looked:
    found = _STATES.get(str(message.status), Found.UNDER_WAY)
    why = f"The provider could not deliver it, error {message.error_code}." if found is Found.FAILED else ""
    return Looked(found, message.sid, why)
