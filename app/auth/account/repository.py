"""One user's account, and a chain's sign-in settings."""

import uuid

from app.auth.account.models import FactorState, Security
from app.kit.errors import NotFoundError
from app.kit.postgres import TenantConnection


async def security_of(connection: TenantConnection, user_id: uuid.UUID) -> Security:
    """The state of this user's account; NotFoundError for none."""
    row = await connection.fetchrow(
        "SELECT u.password_hash <> '' AS has_password, u.password_changed_at, t.created_at IS NOT NULL AS begun, t.confirmed_at,"
        " (SELECT count(*) FROM recovery_codes c WHERE c.user_id = u.id AND c.used_at IS NULL) AS codes_left,"
        " EXISTS (SELECT FROM memberships m JOIN sign_in_settings s ON s.chain_id = m.chain_id"
        "   WHERE m.user_id = u.id AND m.role = ANY (s.second_factor_roles)) AS required"
        " FROM users u LEFT JOIN totp_secrets t ON t.user_id = u.id WHERE u.id = $1",
        user_id,
    )
    if row is None:
        raise NotFoundError("There is no such user.")
    enrolled = row["confirmed_at"] is not None
    begun = FactorState.BEGUN if row["begun"] else FactorState.NONE
    return Security(
        row["has_password"],
        row["password_changed_at"],
        FactorState.ENROLLED if enrolled else begun,
        row["confirmed_at"],
        int(row["codes_left"]),
        row["required"],
    )


async def language_of(connection: TenantConnection, user_id: uuid.UUID) -> str | None:
    """The language that this user chose; None where none was."""
    found: str | None = await connection.fetchval("SELECT language FROM users WHERE id = $1", user_id)
    return found


async def choose_language(connection: TenantConnection, user_id: uuid.UUID, language: str | None) -> None:
    """Another language, or the browser's."""
    await connection.execute("UPDATE users SET language = $2 WHERE id = $1", user_id, language)


async def second_factor_roles(connection: TenantConnection) -> list[str]:
    """Roles that need a second factor in this chain."""
    found: list[str] | None = await connection.fetchval("SELECT second_factor_roles FROM sign_in_settings")
    return sorted(found or [])


async def put_second_factor_roles(connection: TenantConnection, chain_id: uuid.UUID, roles: list[str]) -> None:
    """From now on these."""
    await connection.execute(
        "INSERT INTO sign_in_settings (chain_id, second_factor_roles) VALUES ($1, $2) ON CONFLICT (chain_id)"
        " DO UPDATE SET second_factor_roles = excluded.second_factor_roles, updated_at = now()",
        chain_id,
        roles,
    )


async def demand_user(connection: TenantConnection, user_id: uuid.UUID) -> None:
    """NotFoundError unless this user is of the chain in scope."""
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM users WHERE id = $1)", user_id):
        raise NotFoundError("There is no such user.")
