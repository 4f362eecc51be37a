"""Who stands behind a bearer token, asked of the database at most every two seconds for each token."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import asyncpg

from app.audit.models import ActorKind
from app.auth import repository
from app.auth.models import Principal
from app.auth.tokens import AccessClaims, TokenSigner, looks_signed, token_hash
from app.kit.clock import now
from app.kit.errors import UnauthenticatedError
from app.kit.postgres import Pool, TenantScope, tenant_transaction

REMEMBER: Final = timedelta(seconds=2)
"""A revoked session, key or membership stops answering after this long at the latest."""
MOST_REMEMBERED = 4096
LONGEST_TOKEN = 4096
SIGN_IN = "Sign in first: send `Authorization: Bearer` with an access token."


@dataclass(frozen=True, slots=True)
class _Remembered:
    principal: Principal
    until_s: float


class Identifier:
    """Turns bearer tokens into principals. Fails closed: what cannot be checked is not let in."""

    def __init__(self, pool: "Pool[asyncpg.Record]", signer: TokenSigner) -> None:
        self._pool = pool
        self._signer = signer
        self._remembered: dict[bytes | uuid.UUID, _Remembered] = {}

    async def identify(self, authorization: str | None) -> Principal:
        """The principal of an Authorization header; UnauthenticatedError for none, a wrong or an ended one."""
        scheme, _, token = (authorization or "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token or len(token) > LONGEST_TOKEN:
            raise UnauthenticatedError(SIGN_IN)
        if looks_signed(token):
            return await self.of_claims(self._signer.read(token))
        return await self._of_key(token)

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
            raise UnauthenticatedError("Your session has ended. Sign in again.")
        principal = Principal(
            ActorKind.USER,
            account.user_id,
            account.username,
            account.chain_id,
            account.grants,
            claims.session_id,
            claims.expires_at,
        )
        return self._remember(claims.session_id, principal)

    def forget(self, session_id: uuid.UUID) -> None:
        """Ask again at the next request of this session."""
        self._remembered.pop(session_id, None)

    async def _of_key(self, token: str) -> Principal:
        hashed = token_hash(token)
        known = self._recall(hashed)
        if known is not None:
            return known
        found = await repository.find_key(self._pool, hashed)
        if found is None:
            raise UnauthenticatedError("This API key is unknown or was revoked.")
        key_id, chain_id, name, grant, expires_at = found
        if expires_at is not None and expires_at <= now():
            raise UnauthenticatedError("This API key has expired; make a new one.")
        return self._remember(hashed, Principal(ActorKind.API_KEY, key_id, name, chain_id, (grant,), None, expires_at))

    def _recall(self, key: bytes | uuid.UUID) -> Principal | None:
        found = self._remembered.get(key)
        return found.principal if found is not None and found.until_s > now().timestamp() else None

    def _remember(self, key: bytes | uuid.UUID, principal: Principal) -> Principal:
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[key] = _Remembered(principal, (now() + REMEMBER).timestamp())
        return principal
