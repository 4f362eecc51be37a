"""Checks a second factor inside the transaction that it decides about."""

import enum
import uuid
from datetime import datetime

from app.auth import recovery, totp
from app.auth.second_factor import repository
from app.kit.keys.models import TOTP
from app.kit.keys.vault import Vault
from app.kit.postgres import TenantConnection


class Verdict(enum.Enum):
    """What became of a second factor."""

    NOT_ENROLLED = "not enrolled"
    MISSING = "missing"
    TOTP = "right code"
    RECOVERY = "recovery code"
    WRONG = "wrong or used"


class SecondFactors:
    """TOTP codes and recovery codes against what is stored."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def check(self, connection: TenantConnection, user_id: uuid.UUID, given: str, now: datetime) -> Verdict:
        """Whether `given` proves this user; a right one is used up. The user's row must be locked.

        Raises:
            UnavailableError: the stored secret cannot be opened.
        """
        stored = await repository.find_secret(connection, user_id)
        if stored is None or stored.confirmed_at is None:
            return Verdict.NOT_ENROLLED
        if not given:
            return Verdict.MISSING
        if recovery.looks_like_recovery_code(given):
            used = await repository.use_code(connection, user_id, recovery.code_hash(given), now)
            return Verdict.RECOVERY if used else Verdict.WRONG
        return Verdict.TOTP if await self._use(connection, user_id, stored, given, now) else Verdict.WRONG

    async def confirm(self, connection: TenantConnection, user_id: uuid.UUID, code: str, now: datetime) -> bool | None:
        """The first code of a new secret makes it count. None when no enrolment is under way."""
        stored = await repository.find_secret(connection, user_id)
        if stored is None or stored.confirmed_at is not None:
            return None
        return await self._use(connection, user_id, stored, code, now)

    async def begin(self, connection: TenantConnection, user_id: uuid.UUID, chain_id: uuid.UUID) -> bytes | None:
        """A fresh secret that waits for its first code; None when one counts already."""
        secret = totp.new_secret()
        sealed = await self._vault.seal(connection, chain_id, TOTP, user_id, totp.base32(secret))
        return secret if await repository.put_secret(connection, user_id, chain_id, sealed) else None

    async def _use(
        self, connection: TenantConnection, user_id: uuid.UUID, stored: repository.StoredSecret, code: str, now: datetime
    ) -> bool:
        secret = totp.from_base32(await self._vault.open(TOTP, user_id, stored.sealed))
        step = totp.matching_step(secret, "".join(code.split()), now, stored.last_step)
        return step is not None and await repository.accept_step(connection, user_id, step, now)
