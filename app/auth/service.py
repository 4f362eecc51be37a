"""Log-in, refresh, log-out, and who stands behind a bearer token."""

import uuid
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from app.audit import repository as audit
from app.audit.models import Act, ActorKind, AuditEntry
from app.auth import repository
from app.auth.models import LoginRecord, SessionRecord
from app.auth.passwords import PasswordChecker, lock_after
from app.auth.throttle import UnknownNames
from app.auth.tokens import ACCESS_LIFE, REFRESH_LIFE, REUSE_GRACE, AccessClaims, TokenSigner, opaque_token, token_hash
from app.kit.errors import TooManyRequestsError, UnauthenticatedError
from app.kit.ids import new_id
from app.kit.logs import logger
from app.kit.postgres import Pool, TenantConnection, TenantScope, tenant_transaction

WRONG = "The user name or the password is wrong."
ENDED = "Your session has ended. Sign in again."

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Issued:
    """Tokens of a log-in; `refresh_token` is None where the caller keeps the one it has."""

    access_token: str
    refresh_token: str | None


class AuthService:
    """Signs people in and out."""

    def __init__(
        self, pool: "Pool[asyncpg.Record]", signer: TokenSigner, checker: PasswordChecker, unknown: UnknownNames
    ) -> None:
        self._pool = pool
        self._signer = signer
        self._checker = checker
        self._unknown = unknown

    async def log_in(self, username: str, password: str, now: datetime) -> Issued:
        """Tokens for a right password.

        Raises:
            UnauthenticatedError: wrong name or password; the two are not told apart.
            TooManyRequestsError: too many failures; wait.
        """
        name = username.strip().lower()
        found = await repository.find_login(self._pool, name)
        locked_until = await self._unknown.locked_until(name) if found is None else found.locked_until
        if locked_until is not None and locked_until > now:
            seconds = int((locked_until - now).total_seconds()) + 1
            raise TooManyRequestsError(f"Too many wrong passwords. Try again in {seconds} s.", retry_after_s=seconds)
        right = await self._checker.verify(None if found is None else found.password_hash, password)
        if found is None or not right or found.disabled:
            await self._refuse(name, found, now)
            raise UnauthenticatedError(WRONG)
        await repository.record_login(self._pool, found.user_id, True, lock_after(0))
        return await self._open_session(found, now)

    async def refresh(self, refresh_token: str, now: datetime) -> Issued:
        """A fresh access token and the next refresh token; a replayed old token ends the session.

        Raises:
            UnauthenticatedError: the token is unknown, expired, revoked or was replayed.
        """
        hashed = token_hash(refresh_token)
        found = await repository.find_session(self._pool, hashed)
        if found is None or found.revoked or found.expires_at <= now:
            raise UnauthenticatedError(ENDED)
        next_token = opaque_token()
        async with tenant_transaction(self._pool, TenantScope(found.chain_id, None, found.user_id)) as connection:
            rotated = not found.replayed and await repository.rotate_session(
                connection, found.session_id, hashed, token_hash(next_token), now
            )
            within_grace = rotated or await self._in_grace(connection, found.session_id, now)
            if not within_grace:
                await self._end_replayed(connection, found, now)
        if not within_grace:
            raise UnauthenticatedError(ENDED)
        access = self._sign(found.user_id, found.session_id, found.chain_id, now)
        return Issued(access, next_token if rotated else None)

    async def log_out(self, session_id: uuid.UUID, user_id: uuid.UUID, chain_id: uuid.UUID, now: datetime) -> None:
        """End this session."""
        async with tenant_transaction(self._pool, TenantScope(chain_id, None, user_id)) as connection:
            await repository.revoke_session(connection, session_id, now)
            await audit.append(connection, AuditEntry(Act.LOG_OUT, ActorKind.USER, user_id, chain_id))

    async def session_of(self, refresh_token: str) -> SessionRecord | None:
        """The session a refresh token belongs to."""
        return await repository.find_session(self._pool, token_hash(refresh_token))

    def _sign(self, user_id: uuid.UUID, session_id: uuid.UUID, chain_id: uuid.UUID, now: datetime) -> str:
        return self._signer.sign(AccessClaims(user_id, session_id, chain_id, now + ACCESS_LIFE), now)

    async def _open_session(self, user: LoginRecord, now: datetime) -> Issued:
        session_id, token = new_id(), opaque_token()
        async with tenant_transaction(self._pool, TenantScope(user.chain_id, None, user.user_id)) as connection:
            await repository.add_session(
                connection, session_id, user.chain_id, user.user_id, token_hash(token), now + REFRESH_LIFE
            )
            await audit.append(connection, AuditEntry(Act.LOG_IN, ActorKind.USER, user.user_id, user.chain_id))
        return Issued(self._sign(user.user_id, session_id, user.chain_id, now), token)

    async def _refuse(self, name: str, found: LoginRecord | None, now: datetime) -> None:
        if found is None:
            await self._unknown.record(name, now)
            log.warning("log-in refused: no such user")
            return
        await repository.record_login(self._pool, found.user_id, False, lock_after(found.failed_logins + 1))
        async with tenant_transaction(self._pool, TenantScope(found.chain_id, None, found.user_id)) as connection:
            await audit.append(connection, AuditEntry(Act.LOG_IN_REFUSED, ActorKind.USER, found.user_id, found.chain_id))

    async def _in_grace(self, connection: TenantConnection, session_id: uuid.UUID, now: datetime) -> bool:
        rotated = await repository.rotated_at(connection, session_id)
        return rotated is not None and now - rotated <= REUSE_GRACE

    async def _end_replayed(self, connection: TenantConnection, found: SessionRecord, now: datetime) -> None:
        log.warning("a used refresh token came again; its session is ended", session=str(found.session_id))
        await repository.revoke_session(connection, found.session_id, now)
        await audit.append(connection, AuditEntry(Act.REFRESH_REPLAYED, ActorKind.USER, found.user_id, found.chain_id))
