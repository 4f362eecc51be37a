"""Asks an OpenAI-compatible endpoint, once: no retry, a deadline, a bound on the reply."""

from dataclasses import dataclass

import aiohttp

from app.alerts.models import LookState
from app.dashboard.second_look.models import ASSUMED_TOKENS, Looked, read_reply, request_of

REPLY_S = 20.0
LARGEST_REPLY = 64 << 10


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to ask, which model, and how many tokens a chain may use a day."""

    base_url: str
    key: str
    model: str
    tokens_a_day: int


async def ask(endpoint: Endpoint, sentence: str, jpeg: bytes) -> Looked:
    """What the model says; whatever goes wrong is a state, and counts as paid for where the request may have been served."""
    headers = {"Authorization": f"Bearer {endpoint.key}"}
    address = f"{endpoint.base_url.rstrip('/')}/chat/completions"
    body = request_of(endpoint.model, sentence, jpeg)
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=REPLY_S, connect=5)) as session,
            session.post(address, json=body, headers=headers, allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                return Looked(LookState.REFUSED)
            raw = await answer.content.read(LARGEST_REPLY)
            while len(raw) < LARGEST_REPLY and not answer.content.at_eof():
                raw += await answer.content.read(LARGEST_REPLY - len(raw))
    except TimeoutError:
        return Looked(LookState.TIMED_OUT, tokens=ASSUMED_TOKENS)
    except aiohttp.ClientError:
        return Looked(LookState.REFUSED)
    return read_reply(raw)
