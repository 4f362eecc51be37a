"""Who stands behind a bearer token, asked of the database at most every two seconds for each token."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar

import asyncpg

from app.audit.models import Act, ActorKind
from app.auth import repository
from app.auth.duties import duties_of, while_owing
from app.auth.models import Account, Principal
from app.auth.refusals import Refusal, Refusals
from app.auth.tickets import take_ticket
from app.auth.tokens import AccessClaims, TokenRefusedError, TokenSigner, looks_signed, token_hash
from app.kit.clock import now
from app.kit.errors import UnauthenticatedError
from app.kit.postgres import Pool, TenantScope, tenant_transaction
from app.kit.redis import Redis

REMEMBER: Final = timedelta(seconds=2)
"""A revoked session, key or membership stops answering after this long at the latest."""
MOST_REMEMBERED = 4096
LONGEST_TOKEN = 4096
K = TypeVar("K")
V = TypeVar("V")
SIGN_IN = "Sign in first: send `Authorization: Bearer` with an access token."


@dataclass(frozen=True, slots=True)
class _Remembered:
    principal: Principal
    until_s: float


class Identifier:
    """Turns bearer tokens into principals. Fails closed: what cannot be checked is not let in."""

    def __init__(self, pool: "Pool[asyncpg.Record]", signer: TokenSigner, refusals: Refusals) -> None:
        self._pool = pool
        self._signer = signer
        self._refusals = refusals
        self._remembered: dict[bytes | uuid.UUID, _Remembered] = {}
        self._read_before: dict[bytes, AccessClaims] = {}

    async def identify(self, authorization: str | None) -> Principal:
        """The principal of an Authorization header; UnauthenticatedError for none, a wrong or an ended one."""
        scheme, _, token = (authorization or "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token or len(token) > LONGEST_TOKEN:
            raise UnauthenticatedError(SIGN_IN)
        if looks_signed(token):
            return await self.of_claims(await self._read(token))
        return await self._of_key(token)

    async def _read(self, token: str) -> AccessClaims:
        """The claims of a token. The same bytes are verified once; whether they have ended is asked each time."""
        key = token_hash(token)
        if (known := self._read_before.get(key)) is not None and known.expires_at > now():
            return known
        try:
            claims = self._signer.read(token)
        except TokenRefusedError as error:
            await self._refusals.note(Refusal.of_token(error))
            raise
        _keep(self._read_before, key, claims)
        return claims

    async def of_ticket(self, memory: Redis, ticket: str) -> AccessClaims:
        """The claims a ticket stands for, once; UnauthenticatedError for an unknown, used or old one."""
        try:
            return await take_ticket(memory, ticket)
        except UnauthenticatedError:
            await self._refusals.note(Refusal(Act.TICKET_REFUSED, "unknown-used-or-old"))
            raise

    async def of_claims(self, claims: AccessClaims) -> Principal:
        """The user of an access token, as of the last two seconds."""
        if claims.expires_at <= now():
            raise UnauthenticatedError(SIGN_IN)
        return await self.of_session(claims)

    async def of_session(self, claims: AccessClaims) -> Principal:
        """The user of a session that still stands, whether or not the access token has ended: for sockets that stay open."""
        known = self._recall(claims.session_id)
        if known is not None and known.id == claims.user_id:
            return known
        async with tenant_transaction(self._pool, TenantScope(claims.chain_id, None, claims.user_id)) as connection:
            account = await repository.find_account(connection, claims.user_id, claims.session_id, now())
        if account is None:
            self._remembered.pop(claims.session_id, None)
            await self._refusals.note(Refusal(Act.TOKEN_REFUSED, "session-ended", claims.user_id, claims.chain_id))
            raise UnauthenticatedError("Your session has ended. Sign in again.")
        return self._remember(claims.session_id, principal_of(account, claims))

    def forget(self, session_id: uuid.UUID) -> None:
        """Ask again at the next request of this session."""
        self._remembered.pop(session_id, None)

    def forget_user(self, user_id: uuid.UUID) -> None:
        """Ask again at the next request of any of this user's sessions."""
        for key in [key for key, known in self._remembered.items() if known.principal.id == user_id]:
            del self._remembered[key]

    async def _of_key(self, token: str) -> Principal:
        hashed = token_hash(token)
        known = self._recall(hashed)
        if known is not None:
            return known
        found = await repository.find_key(self._pool, hashed)
        if found is None:
            await self._refusals.note(Refusal(Act.TOKEN_REFUSED, "unknown-key"))
            raise UnauthenticatedError("This API key is unknown or was revoked.")
        key_id, chain_id, name, grants, expires_at = found
        if expires_at is not None and expires_at <= now():
            raise UnauthenticatedError("This API key has expired; make a new one.")
        return self._remember(hashed, Principal(ActorKind.API_KEY, key_id, name, chain_id, grants, None, expires_at))

    def _recall(self, key: bytes | uuid.UUID) -> Principal | None:
        found = self._remembered.get(key)
        return found.principal if found is not None and found.until_s > now().timestamp() else None

    def _remember(self, key: bytes | uuid.UUID, principal: Principal) -> Principal:
        _keep(self._remembered, key, _Remembered(principal, (now() + REMEMBER).timestamp()))
        return principal


def _keep(kept: dict[K, V], key: K, value: V) -> None:
    """Remember as the newest; the oldest goes where there are too many, so that a crowd costs nobody else a question."""
    kept.pop(key, None)
    if len(kept) >= MOST_REMEMBERED:
        del kept[next(iter(kept))]
    kept[key] = value


def principal_of(account: Account, claims: AccessClaims) -> Principal:
    duties = duties_of(
        (grant.role for grant in account.grants),
        account.second_factor_roles,
        has_second_factor=account.second_factor,
        must_change_password=account.must_change_password,
    )
    return Principal(
        ActorKind.USER,
        account.user_id,
        account.username,
        account.chain_id,
        while_owing(account.grants) if duties else account.grants,
        claims.session_id,
        claims.expires_at,
        tuple(duty.value for duty in duties),
    )
