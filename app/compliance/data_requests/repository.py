"""SQL of data-subject requests. The scope must be the whole chain: others see no row."""

import dataclasses
import uuid
from datetime import datetime
from typing import Any

import asyncpg

from app.compliance.data_requests.models import DataRequest, RequestKind, RequestOutcome, RequestState, Subject
from app.kit.errors import NotFoundError
from app.kit.postgres import TenantConnection

MOST_SUBJECTS = 100
_COLUMNS = tuple(DataRequest.__dataclass_fields__)
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM data_requests WHERE "  # noqa: S608 - names of the code's own
_CHANGED = (
    "state", "extended_days", "extension_reason", "searches", "exports", "outcome", "answer", "answered_by", "answered_at",
    "revision",
)  # fmt: skip
NO_REQUEST = "There is no such request, or you may not see it."


def _request(row: "asyncpg.Record") -> DataRequest:
    outcome = None if row["outcome"] is None else RequestOutcome(row["outcome"])
    fixed = {"kind": RequestKind(row["kind"]), "state": RequestState(row["state"]), "outcome": outcome}
    return DataRequest(**{**dict(row), **fixed})


async def list_requests(
    connection: TenantConnection, states: list[str], before: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[DataRequest]:
    """Requests of the chain, newest first; one more than `limit` when there are more."""
    rows = await connection.fetch(
        _SELECT + "(cardinality($1::text[]) = 0 OR state = ANY ($1))"
        " AND ($2::timestamptz IS NULL OR (received_at, id) < ($2, $3::uuid)) ORDER BY received_at DESC, id DESC LIMIT $4",
        states,
        *(before or (None, None)),
        limit + 1,
    )
    return [_request(row) for row in rows]


async def get_request(connection: TenantConnection, request_id: uuid.UUID, *, lock: bool = False) -> DataRequest:
    """One request; NotFoundError otherwise. `lock` keeps its row until the transaction ends."""
    row = await connection.fetchrow(_SELECT + "id = $1" + (" FOR UPDATE" if lock else ""), request_id)
    if row is None:
        raise NotFoundError(NO_REQUEST)
    return _request(row)


async def add_request(connection: TenantConnection, chain_id: uuid.UUID, request: DataRequest) -> None:
    """A new request."""
    stored = {name: getattr(request, name) for name in _COLUMNS}
    places = ", ".join(f"${number}" for number in range(1, len(stored) + 2))
    await connection.execute(
        f"INSERT INTO data_requests (chain_id, {', '.join(stored)}) VALUES ({places})",  # noqa: S608 - names of the code's own
        chain_id,
        *stored.values(),
    )


async def change_request(connection: TenantConnection, request: DataRequest) -> None:
    """Store what may change of a locked request."""
    columns = ", ".join(f"{name} = ${number}" for number, name in enumerate(_CHANGED, 2))
    values: list[Any] = [getattr(request, name) for name in _CHANGED]
    await connection.execute(f"UPDATE data_requests SET {columns} WHERE id = $1", request.id, *values)  # noqa: S608


async def subjects_of(connection: TenantConnection, request_id: uuid.UUID) -> list[Subject]:
    """The entries that belong to a request, in the order they were added."""
    rows = await connection.fetch(
        "SELECT request_id, enrolment_id, added_by, added_at, erasure_id FROM data_request_subjects WHERE request_id = $1"
        " ORDER BY added_at, enrolment_id",
        request_id,
    )
    return [Subject(**dict(row)) for row in rows]


async def add_subject(connection: TenantConnection, chain_id: uuid.UUID, subject: Subject) -> None:
    """An entry is of whoever asks; saying it twice changes nothing."""
    stored = dataclasses.asdict(subject)
    await connection.execute(
        f"INSERT INTO data_request_subjects (chain_id, {', '.join(stored)}) VALUES ($1, $2, $3, $4, $5, $6)"  # noqa: S608
        " ON CONFLICT DO NOTHING",
        chain_id,
        *stored.values(),
    )


async def remove_subject(connection: TenantConnection, request_id: uuid.UUID, enrolment_id: uuid.UUID) -> None:
    """It was somebody else's; NotFoundError where it does not belong to the request, or is erased."""
    done: str = await connection.execute(
        "DELETE FROM data_request_subjects WHERE request_id = $1 AND enrolment_id = $2 AND erasure_id IS NULL",
        request_id,
        enrolment_id,
    )
    if done != "DELETE 1":
        raise NotFoundError("This entry does not belong to the request, or is erased.")


async def note_erasure(connection: TenantConnection, subject: Subject, erasure_id: uuid.UUID) -> None:
    """The proof that the entry is gone."""
    await connection.execute(
        "UPDATE data_request_subjects SET erasure_id = $3 WHERE request_id = $1 AND enrolment_id = $2",
        subject.request_id,
        subject.enrolment_id,
        erasure_id,
    )


async def receipts_of(connection: TenantConnection, request_id: uuid.UUID) -> list[dict[str, Any]]:
    """What was erased for a request: `{"enrolment_id", "erased_at", "receipt"}`."""
    rows = await connection.fetch(
        "SELECT e.id AS erasure_id, e.enrolment_id, e.erased_at, e.receipt FROM data_request_subjects s"
        " JOIN erasures e ON e.id = s.erasure_id WHERE s.request_id = $1 ORDER BY e.erased_at, e.id",
        request_id,
    )
    return [dict(row) for row in rows]


async def count_templates(connection: TenantConnection, model: str, model_version: str) -> tuple[int, int]:
    """(living entries with a template, how many of them have one of this model version not)."""
    row = await connection.fetchrow(
        "SELECT count(*)::integer AS held, count(*) FILTER (WHERE NOT present)::integer AS other FROM ("
        "SELECT bool_or((p.model, p.model_version) = ($1, $2)) AS present FROM facial_profiles p"
        " JOIN enrolments e ON e.id = p.enrolment_id WHERE e.ended_at IS NULL GROUP BY e.id) entries",
        model,
        model_version,
    )
    assert row is not None  # noqa: S101 - an aggregate has a row
    return row["held"], row["other"]


async def places_of(connection: TenantConnection, matches: list[uuid.UUID]) -> dict[uuid.UUID, dict[str, str]]:
    """Store and camera of leads, as people call them."""
    rows = await connection.fetch(
        "SELECT m.id, s.name AS store, c.name AS camera FROM matches m JOIN stores s ON s.id = m.store_id"
        " JOIN cameras c ON c.id = m.camera_id WHERE m.id = ANY ($1)",
        matches,
    )
    return {row["id"]: {"store": row["store"], "camera": row["camera"]} for row in rows}


async def searched_in(connection: TenantConnection, watchlist_id: uuid.UUID) -> list[str]:
    """Names of the stores that search a list."""
    rows = await connection.fetch(
        "SELECT DISTINCT s.name FROM watchlist_assignments a JOIN stores s ON s.id = a.store_id"
        " WHERE a.watchlist_id = $1 AND a.state = 'approved' ORDER BY s.name",
        watchlist_id,
    )
    return [row["name"] for row in rows]
