"""Log-ins on their way through the provider: kept for ten minutes, taken once, bound to the browser that began."""

import base64
import hashlib
import secrets
from dataclasses import dataclass

import msgspec

from app.auth.tokens import opaque_token, token_hash
from app.kit.redis import Redis

FLOW_S = 600


class Flow(msgspec.Struct, frozen=True):
    """What must come back, and where to go afterwards."""

    nonce: str
    verifier: str
    browser: bytes
    redirect_uri: str
    next: str


@dataclass(frozen=True, slots=True)
class Begun:
    """A log-in that begins: what goes to the provider, and what stays in the browser."""

    state: str
    nonce: str
    challenge: str
    browser: str


async def begin(memory: Redis, redirect_uri: str, following: str) -> Begun:
    """A fresh log-in: state, nonce, and PKCE's verifier (RFC 7636), which never leaves this service."""
    state, nonce, verifier, browser = opaque_token(), opaque_token(), secrets.token_urlsafe(48), opaque_token()
    flow = Flow(nonce, verifier, token_hash(browser), redirect_uri, following)
    await memory.set(_key(state), msgspec.msgpack.encode(flow), ex=FLOW_S)
    digest = hashlib.sha256(verifier.encode()).digest()
    return Begun(state, nonce, base64.urlsafe_b64encode(digest).decode().rstrip("="), browser)


async def take(memory: Redis, state: str) -> Flow | None:
    """The log-in of this state, once; None for an unknown, used or old one."""
    async with memory.pipeline(transaction=True) as pipe:
        pipe.get(_key(state))
        pipe.delete(_key(state))
        raw, _ = await pipe.execute()
    return None if raw is None else msgspec.msgpack.decode(raw, type=Flow)


def _key(state: str) -> str:
    return f"ticket:oidc:{token_hash(state).hex()}"
