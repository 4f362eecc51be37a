"""What a chain allows itself in identity: one row, the defaults of the code before there is one."""

import uuid
from datetime import datetime

from app.identity.models import IdentitySettings
from app.kit.postgres import TenantConnection

_COLUMNS = "longest_days, review_days, second_reviewer, false_match_share, false_match_least, revision"


async def get_settings(connection: TenantConnection) -> IdentitySettings:
    """The settings of the chain in scope."""
    row = await connection.fetchrow(f"SELECT {_COLUMNS} FROM identity_settings")  # noqa: S608
    return IdentitySettings() if row is None else IdentitySettings(**dict(row))


async def put_settings(
    connection: TenantConnection, chain_id: uuid.UUID, settings: IdentitySettings, by: uuid.UUID, now: datetime
) -> bool:
    """Store them if the revision is still the one before; False when somebody was faster."""
    done: str = await connection.execute(
        f"INSERT INTO identity_settings AS s (chain_id, changed_by, changed_at, {_COLUMNS})"  # noqa: S608
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (chain_id) DO UPDATE SET changed_by = $2, changed_at = $3,"
        " longest_days = $4, review_days = $5, second_reviewer = $6, false_match_share = $7, false_match_least = $8,"
        " revision = $9 WHERE s.revision = $9 - 1",
        chain_id,
        by,
        now,
        settings.longest_days,
        settings.review_days,
        settings.second_reviewer,
        settings.false_match_share,
        settings.false_match_least,
        settings.revision,
    )
    return done == "INSERT 0 1"
