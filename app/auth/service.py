"""Refresh and log-out: what becomes of a session after its log-in."""

import uuid
from datetime import datetime

import asyncpg

from app.audit import repository as audit
from app.audit.models import Act, ActorKind, AuditEntry
from app.auth import repository
from app.auth.models import SessionRecord
from app.auth.opening import Issued
from app.auth.refusals import Refusal, Refusals
from app.auth.sessions import repository as sessions
from app.auth.tokens import ACCESS_LIFE, IDLE_LIFE, REUSE_GRACE, AccessClaims, RefreshOrigin, TokenSigner, token_hash
from app.kit.errors import UnauthenticatedError
from app.kit.logs import logger
from app.kit.postgres import Pool, TenantConnection, TenantScope, tenant_transaction

ENDED = "Your session has ended. Sign in again."

log = logger(__name__)


class AuthService:
    """Keeps sessions going and ends them."""

    def __init__(self, pool: "Pool[asyncpg.Record]", signer: TokenSigner, refusals: Refusals) -> None:
        self._pool = pool
        self._signer = signer
        self._refusals = refusals

    async def refresh(self, refresh_token: str, now: datetime) -> Issued:
        """A fresh access token and the next refresh token; a replayed old token ends the session.

        Raises:
            UnauthenticatedError: the token is unknown, expired, revoked or was replayed, or nobody used the session for a day.
        """
        hashed = token_hash(refresh_token)
        found = await repository.find_session(self._pool, hashed)
        if found is None:
            await self._replayed_older(refresh_token, now)
            raise UnauthenticatedError(ENDED)
        if found.revoked or found.expires_at <= now:
            reason = "session-revoked" if found.revoked else "session-expired"
            await self._refusals.note(Refusal(Act.TOKEN_REFUSED, reason, found.user_id, found.chain_id))
            raise UnauthenticatedError(ENDED)
        if await self._idle(found, now):
            await self._refusals.note(Refusal(Act.TOKEN_REFUSED, "session-idle", found.user_id, found.chain_id))
            raise UnauthenticatedError(ENDED)
        next_token = self._signer.refresh_token(RefreshOrigin(found.session_id, found.user_id, found.chain_id))
        async with tenant_transaction(self._pool, TenantScope(found.chain_id, None, found.user_id)) as connection:
            rotated = not found.replayed and await repository.rotate_session(
                connection, found.session_id, hashed, token_hash(next_token), now
            )
            within_grace = rotated or await self._in_grace(connection, found.session_id, now)
            if not within_grace:
                await self._end_replayed(connection, found, now)
        if not within_grace:
            raise UnauthenticatedError(ENDED)
        claims = AccessClaims(found.user_id, found.session_id, found.chain_id, now + ACCESS_LIFE)
        return Issued(self._signer.sign(claims, now), next_token if rotated else None, found.expires_at - now)

    async def log_out(self, session_id: uuid.UUID, user_id: uuid.UUID, chain_id: uuid.UUID, now: datetime) -> None:
        """End this session."""
        async with tenant_transaction(self._pool, TenantScope(chain_id, None, user_id)) as connection:
            await sessions.end(connection, session_id, user_id, now)
            await audit.append(connection, AuditEntry(Act.LOG_OUT, ActorKind.USER, user_id, chain_id))

    async def session_of(self, refresh_token: str) -> SessionRecord | None:
        """The session a refresh token belongs to."""
        return await repository.find_session(self._pool, token_hash(refresh_token))

    async def _idle(self, found: SessionRecord, now: datetime) -> bool:
        """Whether nobody used the session for too long; it has ended then."""
        async with tenant_transaction(self._pool, TenantScope(found.chain_id, None, found.user_id)) as connection:
            used = await sessions.last_used_at(connection, found.session_id)
            if used is None or now - used <= IDLE_LIFE:
                return False
            await sessions.end(connection, found.session_id, found.user_id, now)
        return True

    async def _replayed_older(self, refresh_token: str, now: datetime) -> None:
        """A token of ours that is older than the one before the current: a copy of it is in other hands."""
        origin = self._signer.refresh_origin(refresh_token)
        if origin is None:
            await self._refusals.note(Refusal(Act.TOKEN_REFUSED, "unknown-refresh-token"))
            return
        async with tenant_transaction(self._pool, TenantScope(origin.chain_id, None, origin.user_id)) as connection:
            if await self._in_grace(connection, origin.session_id, now):
                return  # three tabs at once: the slowest one asks again with the cookie that the others share
            if await sessions.end(connection, origin.session_id, origin.user_id, now):
                log.warning("a used refresh token came again; its session is ended", session=str(origin.session_id))
                entry = AuditEntry(Act.REFRESH_REPLAYED, ActorKind.USER, origin.user_id, origin.chain_id)
                await audit.append(connection, entry)

    async def _in_grace(self, connection: TenantConnection, session_id: uuid.UUID, now: datetime) -> bool:
        rotated = await repository.rotated_at(connection, session_id)
        return rotated is not None and now - rotated <= REUSE_GRACE

    async def _end_replayed(self, connection: TenantConnection, found: SessionRecord, now: datetime) -> None:
        log.warning("a used refresh token came again; its session is ended", session=str(found.session_id))
        await sessions.end(connection, found.session_id, found.user_id, now)
        await audit.append(connection, AuditEntry(Act.REFRESH_REPLAYED, ActorKind.USER, found.user_id, found.chain_id))
