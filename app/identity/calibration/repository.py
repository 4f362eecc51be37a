"""SQL of the calibrations that a chain makes itself."""

import uuid
from datetime import datetime
from typing import Any

from app.kit.ids import new_id
from app.kit.postgres import TenantConnection


async def add_calibration(
    connection: TenantConnection, chain_id: uuid.UUID, model: str, version: str, fpir: float, threshold: float,
    details: dict[str, Any], moment: datetime,
) -> uuid.UUID:  # fmt: skip
    """A row beside those before it; the newest holds."""
    made = new_id()
    await connection.execute(
        "INSERT INTO face_calibrations (id, chain_id, model, model_version, fpir, threshold, details, made_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        made, chain_id, model, version, fpir, threshold, details, moment,
    )  # fmt: skip
    return made
