"""Changes to one's own account. Each asks again who it is, counts wrong answers like wrong log-ins, and is audited."""

import asyncio
import uuid
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

import asyncpg

from app.audit import repository as audit
from app.audit.models import Act, ActorKind, AuditEntry
from app.auth import recovery, repository, totp
from app.auth.account.models import Enrolment
from app.auth.login import WRONG_CODE, count_failure, demand_password, demand_unlocked
from app.auth.models import Principal, UserState
from app.auth.passwords import PasswordChecker
from app.auth.second_factor import repository as stored
from app.auth.second_factor.factors import SecondFactors, Verdict
from app.auth.sessions import repository as sessions
from app.auth.strength import demand_strong
from app.kit.errors import BadInputError, ConflictError, ForbiddenError, PennyError
from app.kit.postgres import Pool, TenantConnection, TenantScope, tenant_transaction

FRESH = timedelta(minutes=10)
"""Somebody without a password proves who they are by having signed in this recently."""
WRONG_PASSWORD = "This is not your password."  # noqa: S105 - a sentence


class AccountService:
    """One's own password, second factor and recovery codes."""

    def __init__(self, pool: "Pool[asyncpg.Record]", checker: PasswordChecker, factors: SecondFactors) -> None:
        self._pool = pool
        self._checker = checker
        self._factors = factors

    async def change_password(self, who: Principal, current: str, wanted: str, now: datetime) -> None:
        """Set the password that the person chose; every other session of theirs ends.

        Raises:
            BadInputError: the current one is wrong, or the new one is weak or the same.
            TooManyRequestsError: too many wrong passwords; wait.
        """
        await asyncio.to_thread(demand_strong, wanted, [who.name])
        if wanted == current:
            raise BadInputError("The new password is the old one; choose another.")
        hashed = await self._checker.hash(wanted)
        async with self._own(who) as connection:
            user, error = await self._again(connection, who, current, now)
            if not user.password_hash:
                # One of ours would outlive the account there, and keep the roles that its groups gave.
                error = ForbiddenError("Your identity provider keeps your password; change it there.")
            if error is None:
                await repository.set_password(connection, user.user_id, hashed, now)
                await repository.clear_failures(connection, user.user_id)
                ended = await sessions.end_all(connection, user.user_id, who.session_id, now)
                await _audit(connection, who, Act.PASSWORD_CHANGED, sessions_ended=ended)
        _raise(error)

    async def begin_totp(self, who: Principal, password: str, now: datetime) -> Enrolment:
        """A fresh secret; it counts once `confirm_totp` gets a code of it.

        Raises:
            ConflictError: a second factor is enrolled; remove it first.
        """
        secret = None
        async with self._own(who) as connection:
            user, error = await self._again(connection, who, password, now)
            if error is None:
                secret = await self._factors.begin(connection, user.user_id, user.chain_id)
        _raise(error)
        if secret is None:
            raise ConflictError("A second factor is enrolled already. Remove it first, then enrol the new one.")
        uri = totp.key_uri(secret, who.name)
        return Enrolment(totp.base32(secret), uri, await asyncio.to_thread(totp.qr_picture, uri))

    async def confirm_totp(self, who: Principal, code: str, now: datetime) -> list[str]:
        """The first right code: the secret counts from now on, this session is proven, and every other one of theirs ends.

        Recovery codes, shown this once.
        """
        codes = recovery.new_codes()
        async with self._own(who) as connection:
            user = await self._locked(connection, who, now)
            right = await self._factors.confirm(connection, user.user_id, code, now)
            if right:
                await stored.put_codes(connection, user.user_id, user.chain_id, [recovery.code_hash(each) for each in codes])
                await sessions.prove(connection, _session(who), now)
                ended = await sessions.end_all(connection, user.user_id, who.session_id, now)
                await _audit(connection, who, Act.SECOND_FACTOR_ENROLLED, sessions_ended=ended)
            elif right is not None:
                await count_failure(connection, user, Act.SECOND_FACTOR_REFUSED, now)
        if right is None:
            raise ConflictError("No enrolment is under way; begin one first.")
        if not right:
            raise BadInputError("This code is wrong. Check that the clock of your phone is right, and enter the newest code.")
        return codes

    async def remove_totp(self, who: Principal, password: str, now: datetime) -> None:
        """Forget the second factor and its recovery codes; ForbiddenError for a session that it did not prove."""
        async with self._own(who) as connection:
            user, error = await self._again(connection, who, password, now)
            error = error or await self._unproven(connection, who, user)
            if error is None and await stored.remove(connection, user.user_id):
                await _audit(connection, who, Act.SECOND_FACTOR_REMOVED)
        _raise(error)

    async def new_recovery_codes(self, who: Principal, password: str, now: datetime) -> list[str]:
        """Ten fresh codes, shown this once; the old ones are worth nothing. ForbiddenError as `remove_totp`."""
        codes = recovery.new_codes()
        enrolled = False
        async with self._own(who) as connection:
            user, error = await self._again(connection, who, password, now)
            error = error or await self._unproven(connection, who, user)
            secret = None if error else await stored.find_secret(connection, user.user_id)
            enrolled = secret is not None and secret.confirmed_at is not None
            if enrolled:
                await stored.put_codes(connection, user.user_id, user.chain_id, [recovery.code_hash(each) for each in codes])
                await _audit(connection, who, Act.RECOVERY_CODES_MADE)
        _raise(error)
        if not enrolled:
            raise ConflictError("Recovery codes belong to a second factor; enrol one first.")
        return codes

    async def prove(self, who: Principal, code: str, now: datetime) -> None:
        """A second factor for a session that was opened without one.

        Raises:
            BadInputError: the code is wrong or was used.
            ConflictError: none is enrolled.
        """
        async with self._own(who) as connection:
            user = await self._locked(connection, who, now)
            verdict = await self._factors.check(connection, user.user_id, code, now)
            if verdict in (Verdict.TOTP, Verdict.RECOVERY):
                await sessions.prove(connection, _session(who), now)
                await _audit(connection, who, Act.SECOND_FACTOR_GIVEN, recovery_code=verdict is Verdict.RECOVERY)
            elif verdict is Verdict.WRONG:
                await count_failure(connection, user, Act.SECOND_FACTOR_REFUSED, now)
        if verdict is Verdict.NOT_ENROLLED:
            raise ConflictError("No second factor is enrolled; enrol one first.")
        if verdict in (Verdict.WRONG, Verdict.MISSING):
            raise BadInputError(WRONG_CODE)

    def _own(self, who: Principal) -> AbstractAsyncContextManager[TenantConnection]:
        return tenant_transaction(self._pool, scope_of(who))

    async def _locked(self, connection: TenantConnection, who: Principal, now: datetime) -> UserState:
        user = await repository.lock_user(connection, who.id)
        if user is None:
            raise ForbiddenError("Only people have an account.")
        demand_unlocked(user.locked_until, now)
        return user

    async def _again(
        self, connection: TenantConnection, who: Principal, password: str, now: datetime
    ) -> tuple[UserState, PennyError | None]:
        """The person, and what to raise once the transaction has committed the count of a wrong password."""
        user = await self._locked(connection, who, now)
        if user.password_hash:
            right = await demand_password(connection, self._checker, user, password, now)
            return user, None if right else BadInputError(WRONG_PASSWORD)
        opened = await sessions.opened_at(connection, _session(who))
        fresh = opened is not None and now - opened <= FRESH
        return user, None if fresh else ForbiddenError("Sign in again first: this needs a log-in of the last ten minutes.")

    async def _unproven(self, connection: TenantConnection, who: Principal, user: UserState) -> PennyError | None:
        """What to raise where a second factor is enrolled and this session was opened without it: a password is not enough."""
        secret = await stored.find_secret(connection, user.user_id)
        if secret is None or secret.confirmed_at is None or await sessions.proven(connection, _session(who)):
            return None
        return ForbiddenError("Give your second factor for this session first.")


def scope_of(who: Principal) -> TenantScope:
    """One's own rows; ForbiddenError for keys."""
    if who.kind is not ActorKind.USER or who.chain_id is None:
        raise ForbiddenError("Only people have an account; an API key has none.")
    return TenantScope(who.chain_id, None, who.id)


def _session(who: Principal) -> uuid.UUID:
    if who.session_id is None:
        raise ForbiddenError("Only people have an account; an API key has none.")
    return who.session_id


def _raise(error: PennyError | None) -> None:
    if error is not None:
        raise error


async def _audit(connection: TenantConnection, who: Principal, act: Act, **details: object) -> None:
    await audit.append(connection, AuditEntry(act, ActorKind.USER, who.id, who.chain_id, details=dict(details)))
