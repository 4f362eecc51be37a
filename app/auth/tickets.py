"""One-minute, single-use tickets with which a browser opens the WebSocket, since it cannot send a header there."""

import uuid
from datetime import datetime

import msgspec

from app.auth.tokens import TICKET_S, AccessClaims, opaque_token, token_hash
from app.kit.clock import from_us, to_us
from app.kit.errors import UnauthenticatedError
from app.kit.redis import Redis


class _Ticket(msgspec.Struct, frozen=True, array_like=True):
    user_id: uuid.UUID
    session_id: uuid.UUID
    chain_id: uuid.UUID
    token_expires_at_us: int


async def give_ticket(memory: Redis, claims: AccessClaims) -> str:
    """A fresh ticket that stands for these claims."""
    ticket = opaque_token()
    kept = _Ticket(claims.user_id, claims.session_id, claims.chain_id, to_us(claims.expires_at))
    await memory.set(_key(ticket), msgspec.json.encode(kept), ex=TICKET_S)
    return ticket


async def take_ticket(memory: Redis, ticket: str) -> AccessClaims:
    """The claims a ticket stands for, once; UnauthenticatedError for an unknown, used or old one."""
    async with memory.pipeline(transaction=True) as pipe:
        pipe.get(_key(ticket))
        pipe.delete(_key(ticket))
        raw, _ = await pipe.execute()
    if raw is None:
        raise UnauthenticatedError("This ticket is unknown, used or older than a minute; ask for a new one.")
    kept = msgspec.json.decode(raw, type=_Ticket)
    expires_at: datetime = from_us(kept.token_expires_at_us)
    return AccessClaims(kept.user_id, kept.session_id, kept.chain_id, expires_at)


def _key(ticket: str) -> str:
    return f"ticket:{token_hash(ticket).hex()}"
