"""Log-in by password: in one step, or in two where a second factor is enrolled."""

import enum
import uuid
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from app.audit import repository as audit
from app.audit.models import Act, ActorKind, AuditEntry
from app.auth import repository
from app.auth.models import Place, UserState
from app.auth.opening import Issued, Proof, open_session
from app.auth.passwords import PasswordChecker, lock_after
from app.auth.refusals import Refusal, Refusals
from app.auth.second_factor.factors import SecondFactors, Verdict
from app.auth.sessions.models import Method
from app.auth.throttle import UnknownNames
from app.auth.tokens import CHALLENGE_LIFE, Challenge, TokenRefusedError, TokenSigner, token_hash
from app.kit import clock
from app.kit.errors import PennyError, TooManyRequestsError, UnauthenticatedError
from app.kit.postgres import Pool, TenantConnection, TenantScope, tenant_transaction

WRONG = "The user name or the password is wrong."
WRONG_CODE = "This code is wrong or was used before. Wait for the next one, or use a recovery code."
TOTP_REQUIRED = "totp-required"
TOTP_WRONG = "totp-wrong"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the log-in form said: a password or the challenge of an earlier right one, and perhaps a second factor."""

    username: str = ""
    password: str = field(default="", repr=False)
    challenge: str = field(default="", repr=False)
    code: str = field(default="", repr=False)


class _Outcome(enum.Enum):
    LOCKED = "locked"
    WRONG_PASSWORD = "wrong password"  # noqa: S105 - the name of an outcome
    CODE_WANTED = "code wanted"
    WRONG_CODE = "wrong code"


@dataclass(frozen=True, slots=True)
class _Refused:
    outcome: _Outcome
    locked_until: datetime | None = None
    challenge: Challenge | None = None


class Login:
    """Decides about log-ins by password. All that counts happens in one transaction that holds the user's row."""

    def __init__(
        self,
        pool: "Pool[asyncpg.Record]",
        signer: TokenSigner,
        checker: PasswordChecker,
        unknown: UnknownNames,
        factors: SecondFactors,
        refusals: Refusals,
    ) -> None:
        self._pool = pool
        self._signer = signer
        self._checker = checker
        self._unknown = unknown
        self._factors = factors
        self._refusals = refusals

    async def log_in(self, attempt: Attempt, place: Place, now: datetime) -> Issued:
        """Tokens for a right password and, where one is enrolled, a right second factor.

        Raises:
            UnauthenticatedError: wrong name or password (not told apart), or `code` "totp-required" or "totp-wrong".
            TooManyRequestsError: too many failures; wait.
        """
        if attempt.challenge:
            challenge = await self._read_challenge(attempt.challenge)
            return await self._second(challenge, attempt.code, place, now)
        return await self._first(attempt, place, now)

    async def _first(self, attempt: Attempt, place: Place, now: datetime) -> Issued:
        name = attempt.username.strip().lower()
        found = await repository.find_login(self._pool, name)
        demand_unlocked(await self._unknown.locked_until(name) if found is None else found.locked_until, now)
        right = await self._checker.verify(None if found is None else found.password_hash, attempt.password)
        if found is None:
            await self._refuse_unknown(name, now)
            raise UnauthenticatedError(WRONG)
        mark = None if not right or found.disabled else password_mark(found.password_hash)
        return await self._decide(found.user_id, found.chain_id, mark, attempt.code, place, now)

    async def _second(self, challenge: Challenge, code: str, place: Place, now: datetime) -> Issued:
        return await self._decide(challenge.user_id, challenge.chain_id, challenge.password_mark, code, place, now)

    async def _read_challenge(self, token: str) -> Challenge:
        try:
            return self._signer.read_challenge(token)
        except TokenRefusedError as error:
            await self._refusals.note(Refusal.of_token(error))
            raise UnauthenticatedError("This took too long. Enter your password again.", code="challenge-refused") from error

    async def _decide(
        self, user_id: uuid.UUID, chain_id: uuid.UUID, mark: str | None, code: str, place: Place, now: datetime
    ) -> Issued:
        """`mark` says which password was right; None for a wrong one."""
        async with tenant_transaction(self._pool, TenantScope(chain_id, None, user_id)) as connection:
            decided = await self._judge(connection, (user_id, chain_id), mark, code, now)
            if not isinstance(decided, _Refused):
                proof = Proof(Method.PASSWORD, decided in (Verdict.TOTP, Verdict.RECOVERY), place)
                return await open_session(connection, self._signer, (user_id, chain_id), proof, now)
        raise self._error_of(decided, now)

    async def _judge(
        self, connection: TenantConnection, who: tuple[uuid.UUID, uuid.UUID], mark: str | None, code: str, now: datetime
    ) -> "_Refused | Verdict":
        user = await repository.lock_user(connection, who[0])
        now = max(now, clock.now())  # others may have been judged since this request came
        if user is None:
            return _Refused(_Outcome.WRONG_PASSWORD)
        if user.locked_until is not None and user.locked_until > now:
            return _Refused(_Outcome.LOCKED, user.locked_until)
        if user.disabled or mark is None or mark != password_mark(user.password_hash):
            await count_failure(connection, user, Act.LOG_IN_REFUSED, now)
            return _Refused(_Outcome.WRONG_PASSWORD)
        verdict = await self._factors.check(connection, user.user_id, code, now)
        if verdict is Verdict.MISSING:
            return _Refused(_Outcome.CODE_WANTED, challenge=Challenge(*who, mark))
        if verdict is Verdict.WRONG:
            await count_failure(connection, user, Act.SECOND_FACTOR_REFUSED, now)
            return _Refused(_Outcome.WRONG_CODE, challenge=Challenge(*who, mark))
        if verdict is Verdict.RECOVERY:
            await audit.append(connection, AuditEntry(Act.RECOVERY_CODE_USED, ActorKind.USER, user.user_id, user.chain_id))
        await repository.clear_failures(connection, user.user_id)
        return verdict

    def _error_of(self, refused: _Refused, now: datetime) -> PennyError:
        if refused.outcome is _Outcome.LOCKED and refused.locked_until is not None:
            return locked_error(refused.locked_until, now)
        if refused.challenge is None:
            return UnauthenticatedError(WRONG)
        wanted = refused.outcome is _Outcome.CODE_WANTED
        return UnauthenticatedError(
            "Enter the six digits of your authenticator app, or a recovery code." if wanted else WRONG_CODE,
            code=TOTP_REQUIRED if wanted else TOTP_WRONG,
            challenge=self._signer.sign_challenge(refused.challenge, now),
            expires_in=int(CHALLENGE_LIFE.total_seconds()),
        )

    async def _refuse_unknown(self, name: str, now: datetime) -> None:
        demand_unlocked(await self._unknown.locked_until(name), now)
        await self._unknown.record(name, now)
        # Not the name itself: people type their password there.
        attempted = token_hash(name).hex()[:16]
        await self._refusals.note(Refusal(Act.LOG_IN_REFUSED, "unknown-name", details=(("name_hash", attempted),)))


def password_mark(password_hash: str) -> str:
    """Tells one stored password from the next, without saying anything of it."""
    return token_hash(password_hash).hex()[:16]


def locked_error(until: datetime, now: datetime) -> TooManyRequestsError:
    """How long to wait."""
    seconds = int((until - now).total_seconds()) + 1
    return TooManyRequestsError(f"Too many wrong passwords. Try again in {seconds} s.", retry_after_s=seconds)


def demand_unlocked(until: datetime | None, now: datetime) -> None:
    """TooManyRequestsError while the back-off lasts."""
    if until is not None and until > now:
        raise locked_error(until, now)


async def count_failure(connection: TenantConnection, user: UserState, act: Act, now: datetime) -> None:
    """A wrong password or code: one step further in the back-off, and an audit row."""
    wait = lock_after(user.failed_logins + 1)
    await repository.count_failure(connection, user.user_id, now + wait if wait else None)
    await audit.append(connection, AuditEntry(act, ActorKind.USER, user.user_id, user.chain_id))


async def demand_password(
    connection: TenantConnection, checker: PasswordChecker, user: UserState, password: str, now: datetime
) -> bool:
    """Whether this is the locked user's password; a wrong one counts like a wrong log-in. The caller commits, then refuses."""
    if await checker.verify(user.password_hash, password):
        return True
    await count_failure(connection, user, Act.PASSWORD_REFUSED, now)
    return False
