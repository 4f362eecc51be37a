"""SQL of gait supports: the templates that a lead's walk is compared with, and what came of it. No row without a lead."""

import uuid
from collections.abc import Sequence
from typing import Final, NamedTuple

import asyncpg
import numpy as np
import numpy.typing as npt

from app.identity.gait.models import GaitSupport, StandingLead
from app.pipeline.outbox_repository import Told, announce
from app.pipeline.transaction_repository import bound_transaction

Connection = asyncpg.pool.PoolConnectionProxy
_HEAD_BYTES: Final = 4
"""A halfvec travels as its dimensions, two bytes of nothing, then big-endian half-precision numbers."""
_PUT = """
INSERT INTO gait_supports AS s (match_id, chain_id, store_id, verdict, reason, gait_score, threshold, searched, quality, features,
    model, model_version, seen_at)
SELECT m.id, m.chain_id, m.store_id, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 FROM matches m
WHERE m.id = $1 AND m.state IN ('open', 'second-review') AND store_runs(m.store_id, 'gait')
    AND EXISTS (SELECT FROM gait_candidates($1, $9, $10)) FOR SHARE OF m
ON CONFLICT (match_id) DO UPDATE SET verdict = excluded.verdict, reason = excluded.reason, gait_score = excluded.gait_score,
    threshold = excluded.threshold, searched = excluded.searched, quality = excluded.quality, features = excluded.features,
    model = excluded.model, model_version = excluded.model_version, seen_at = excluded.seen_at, created_at = now()
WHERE coalesce((excluded.quality ->> 'overall')::real, 0) > coalesce((s.quality ->> 'overall')::real, 0)
RETURNING (SELECT m.state FROM matches m WHERE m.id = s.match_id)
"""


class Template(NamedTuple):
    """A template as stored: turned by the chain's rotation of that version; (128,)."""

    enrolment_id: uuid.UUID
    person_id: uuid.UUID
    rotation: int
    vector: npt.NDArray[np.float32]


async def candidates(
    connection: "Connection[asyncpg.Record]", lead: StandingLead, model: str, version: str
) -> Sequence[Template]:
    """Templates of the store's lists, of this model version; none where the lead's own entry has none, or it waits no more."""
    rows = await connection.fetch(
        "SELECT enrolment_id, person_id, rotation, halfvec_send(embeddings) AS raw FROM gait_candidates($1, $2, $3)",
        lead.id,
        model,
        version,
    )
    return [
        Template(row[0], row[1], row[2], np.frombuffer(row["raw"], ">f2", offset=_HEAD_BYTES).astype(np.float32)) for row in rows
    ]


async def put_support(connection: "Connection[asyncpg.Record]", camera_id: uuid.UUID, made: GaitSupport) -> bool:
    """Write what gait says of a lead that still waits, unless a better sequence said something before; whether it was written.

    The enrolment is held meanwhile: an erasure that comes at the same moment waits and then finds the row. A template that was
    removed since it was compared makes none.
    """
    lead = made.lead
    async with connection.transaction():
        await bound_transaction(connection)
        if not await connection.fetchval("SELECT hold_enrolment($1)", lead.enrolment_id):
            return False
        state = await connection.fetchval(
            _PUT, lead.id, made.verdict.value, made.reason, made.score, made.threshold, made.searched, dict(made.quality),
            dict(made.features), made.model, made.model_version, made.seen_at,
        )  # fmt: skip
        if state is None:
            return False
        message = {"match_id": lead.id, "camera_id": camera_id, "state": state}
        await announce(connection, "match-changed", [Told(lead.chain_id, lead.store_id, message)])
    return True
