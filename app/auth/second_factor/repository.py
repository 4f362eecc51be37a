"""TOTP secrets and recovery codes; the secrets are sealed before they come here."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from app.kit.postgres import TenantConnection


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """A user's secret. It counts once `confirmed_at` says that the person's app makes the right codes."""

    sealed: bytes
    confirmed_at: datetime | None
    last_step: int


async def find_secret(connection: TenantConnection, user_id: uuid.UUID) -> StoredSecret | None:
    """The user's secret, confirmed or not."""
    row = await connection.fetchrow(
        "SELECT secret AS sealed, confirmed_at, last_step FROM totp_secrets WHERE user_id = $1 FOR UPDATE", user_id
    )
    return None if row is None else StoredSecret(**dict(row))


async def put_secret(connection: TenantConnection, user_id: uuid.UUID, chain_id: uuid.UUID, sealed: bytes) -> bool:
    """Begin to enrol; a secret that was never confirmed is replaced. False when a confirmed one stands."""
    changed: str = await connection.execute(
        "INSERT INTO totp_secrets (user_id, chain_id, secret) VALUES ($1, $2, $3) ON CONFLICT (user_id) DO UPDATE"
        " SET secret = excluded.secret, last_step = 0, created_at = now() WHERE totp_secrets.confirmed_at IS NULL",
        user_id,
        chain_id,
        sealed,
    )
    return changed == "INSERT 0 1"


async def accept_step(connection: TenantConnection, user_id: uuid.UUID, step: int, now: datetime) -> bool:
    """Use up a time step (and confirm the secret). False when this step or a later one was used before."""
    changed: str = await connection.execute(
        "UPDATE totp_secrets SET last_step = $2, confirmed_at = coalesce(confirmed_at, $3) WHERE user_id = $1 AND last_step < $2",
        user_id,
        step,
        now,
    )
    return changed == "UPDATE 1"


async def remove(connection: TenantConnection, user_id: uuid.UUID) -> bool:
    """Forget secret and codes; False when there was nothing."""
    await connection.execute("DELETE FROM recovery_codes WHERE user_id = $1", user_id)
    gone: str = await connection.execute("DELETE FROM totp_secrets WHERE user_id = $1", user_id)
    return gone == "DELETE 1"


async def put_codes(connection: TenantConnection, user_id: uuid.UUID, chain_id: uuid.UUID, hashes: list[bytes]) -> None:
    """The only codes that count from now on."""
    await connection.execute("DELETE FROM recovery_codes WHERE user_id = $1", user_id)
    await connection.executemany(
        "INSERT INTO recovery_codes (user_id, chain_id, code_hash) VALUES ($1, $2, $3)",
        [(user_id, chain_id, each) for each in hashes],
    )


async def use_code(connection: TenantConnection, user_id: uuid.UUID, code_hash: bytes, now: datetime) -> bool:
    """Use up a recovery code; False when it is unknown or used."""
    changed: str = await connection.execute(
        "UPDATE recovery_codes SET used_at = $3 WHERE user_id = $1 AND code_hash = $2 AND used_at IS NULL",
        user_id,
        code_hash,
        now,
    )
    return changed == "UPDATE 1"


async def codes_left(connection: TenantConnection, user_id: uuid.UUID) -> int:
    """How many recovery codes are unused."""
    return int(await connection.fetchval("SELECT count(*) FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL", user_id))
