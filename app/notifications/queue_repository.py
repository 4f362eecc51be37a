"""SQL of the dispatcher: who could be told, what is due, and what became of it. Works for all tenants, in a role of its own."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import asyncpg

from app.behaviour.findings import Threat
from app.kit.postgres import Pool
from app.notifications.models import ChannelKind, Claimed, DeliveryState, Language, Occasion, Planned, QuietHours, Route
from app.notifications.outcomes import Step

Connection = asyncpg.pool.PoolConnectionProxy
LEASE_S = 120
"""Longer than any try may take."""
KEPT_DAYS = 90
MERGED_FROM = 4
"""So many at once to one person become one message."""
_ROUTES = """
SELECT s.id AS at_store, c.chain_id, c.id, c.kind, c.user_id, c.store_id, c.occasions, c.lowest_threat, c.quiet_starts,
    c.quiet_ends, c.quiet_timezone, c.quiet_threat
FROM stores s JOIN notification_channels c ON c.chain_id = s.chain_id AND c.removed_at IS NULL AND NOT c.paused
    AND (c.store_id IS NULL OR c.store_id = s.id)
WHERE s.id = ANY ($1::uuid[]) AND (c.user_id IS NULL OR c.proven_at IS NOT NULL AND EXISTS (
    SELECT FROM memberships m JOIN users u ON u.id = m.user_id
    WHERE m.chain_id = c.chain_id AND m.user_id = c.user_id AND u.disabled_at IS NULL AND m.role = ANY ($2::text[])
        AND (m.store_id = s.id OR (m.store_id IS NULL AND (m.region_id IS NULL OR m.region_id = s.region_id)))))
"""
_CLAIM = """
WITH due AS (
    SELECT d.id FROM notification_channels c
    LEFT JOIN unnest($2::uuid[], $3::int[]) AS busy (channel_id, room) ON busy.channel_id = c.id
    CROSS JOIN LATERAL (
        SELECT n.id, n.next_at FROM notifications n WHERE n.channel_id = c.id AND n.state = 'queued' AND n.next_at <= now()
        ORDER BY n.next_at, n.id LIMIT least($4::int, coalesce(busy.room, $4::int), CASE WHEN c.most_per_hour IS NULL THEN $4::int
            ELSE greatest(0, c.most_per_hour - (SELECT count(*) FROM notifications t WHERE t.channel_id = c.id
                AND t.tried_at > now() - interval '1 hour')) END)
        FOR UPDATE SKIP LOCKED) d
    WHERE NOT c.paused ORDER BY d.next_at LIMIT $1::int)
UPDATE notifications n SET state = 'sending', attempts = attempts + 1, tried_at = now(), changed_at = now(),
    lease_until = now() + make_interval(secs => $5)
FROM due WHERE n.id = due.id RETURNING n.id
"""
_CLAIMED = """
SELECT n.id, n.chain_id, n.channel_id, c.kind, c.name AS channel_name, c.address, c.secret, n.store_id,
    coalesce(s.name, '') AS store_name, coalesce(s.timezone, 'UTC') AS timezone, n.occasion, n.threat, n.subject_id, n.message,
    n.attempts, n.checks, n.repeated, n.merged, n.created_at, n.tried_at, n.provider_id, n.trace_parent, c.code_until,
    coalesce(u.language, c.language) AS language,
    CASE WHEN c.previous_until > now() THEN c.previous_secret END AS previous_secret
FROM notifications n JOIN notification_channels c ON c.id = n.channel_id LEFT JOIN stores s ON s.id = n.store_id
    LEFT JOIN users u ON u.id = c.user_id
WHERE n.id = ANY ($1::uuid[]) ORDER BY n.id
"""
_MERGE = """
WITH due AS (
    SELECT n.id, n.channel_id FROM notifications n JOIN notification_channels c ON c.id = n.channel_id
    WHERE n.state = 'queued' AND n.next_at <= now() AND n.attempts = 0 AND n.occasion <> 'test' AND c.kind <> 'webhook'
    ORDER BY n.id LIMIT 5000 FOR UPDATE OF n SKIP LOCKED),
several AS (
    SELECT channel_id, (array_agg(id ORDER BY id))[1] AS first, count(*)::int AS number FROM due
    GROUP BY channel_id HAVING count(*) >= $1)
UPDATE notifications n SET merged = CASE WHEN n.id = several.first THEN several.number ELSE n.merged END,
    state = CASE WHEN n.id = several.first THEN n.state ELSE 'merged' END,
    merged_into = CASE WHEN n.id = several.first THEN NULL ELSE several.first END, changed_at = now()
FROM due JOIN several USING (channel_id) WHERE n.id = due.id
"""


async def routes_at(
    connection: "Connection[asyncpg.Record]", stores: Iterable[uuid.UUID], roles: Sequence[str]
) -> dict[uuid.UUID, list[Route]]:
    """Channels that could be told of each store: a person's own where one of these roles lets them see its alerts."""
    found: dict[uuid.UUID, list[Route]] = {store: [] for store in stores}
    for row in await connection.fetch(_ROUTES, list(found), list(roles)):
        found[row["at_store"]].append(route_of(row))
    return found


def route_of(row: "asyncpg.Record") -> Route:
    """The route in a row that has its columns."""
    quiet = None
    if row["quiet_starts"] is not None:
        threat = None if row["quiet_threat"] == "none" else Threat(row["quiet_threat"])
        quiet = QuietHours(row["quiet_starts"], row["quiet_ends"], row["quiet_timezone"], threat)
    places = (row["id"], ChannelKind(row["kind"]), row["user_id"], row["store_id"])
    return Route(*places, frozenset(row["occasions"]), Threat(row["lowest_threat"]), quiet)


async def add_planned(
    connection: "Connection[asyncpg.Record]", planned: Sequence[Planned], traces: Mapping[uuid.UUID, str]
) -> int:
    """Queue deliveries; what a cause has told a channel already stays as it is. How many are new.

    Args:
        traces: `traceparent` of each cause, or "".
    """
    if not planned:
        return 0
    rows = [
        {
            "id": each.id,
            "chain_id": each.happening.chain_id,
            "store_id": each.happening.store_id,
            "channel_id": each.channel_id,
            "cause": each.happening.cause,
            "occasion": each.happening.occasion.value,
            "threat": each.happening.threat,
            "subject_id": each.happening.subject_id,
            "message": each.happening.message,
            "waits": each.waits,
            "next_at": each.next_at,
            "trace_parent": traces.get(each.happening.cause, ""),
        }
        for each in planned
    ]
    done: str = await connection.execute(
        "INSERT INTO notifications (id, chain_id, store_id, channel_id, cause, occasion, threat, subject_id, message, waits,"
        " next_at, trace_parent) SELECT id, chain_id, store_id, channel_id, cause, occasion, threat, subject_id, message, waits,"
        " next_at, trace_parent"
        " FROM jsonb_to_recordset($1) AS given(id uuid, chain_id uuid, store_id uuid, channel_id uuid, cause uuid,"
        " occasion text, threat text, subject_id uuid, message jsonb, waits text, next_at timestamptz,"
        " trace_parent text)"
        " ON CONFLICT (cause, channel_id) DO NOTHING",
        rows,
    )
    return int(done.split()[-1])


async def merge_due(pool: "Pool[asyncpg.Record]") -> None:
    """Where much is due to one person at once, let one message stand for all of it."""
    await pool.execute(_MERGE, MERGED_FROM)


async def claim(pool: "Pool[asyncpg.Record]", most: int, rooms: Mapping[uuid.UUID, int], per_channel: int) -> list[Claimed]:
    """What is due, at most `per_channel` of a channel or what `rooms` leaves of it; from now on this process sends it."""
    async with pool.acquire(timeout=5) as connection, connection.transaction():
        taken = await connection.fetch(_CLAIM, most, list(rooms), list(rooms.values()), per_channel, LEASE_S)
        if not taken:
            return []
        return await _claimed(connection, [row["id"] for row in taken])


async def to_look_up(pool: "Pool[asyncpg.Record]", most: int) -> list[tuple[DeliveryState, Claimed]]:
    """SMS whose fate the provider's records should tell now; put off for a lease, so that nobody else asks as well."""
    async with pool.acquire(timeout=5) as connection, connection.transaction():
        rows = await connection.fetch(
            "UPDATE notifications SET next_at = now() + make_interval(secs => $2), checks = checks + 1 WHERE id IN ("
            " SELECT id FROM notifications WHERE state IN ('checking', 'sent') AND next_at <= now() AND next_at < 'infinity'"
            " ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING id, state",
            most,
            LEASE_S,
        )
        if not rows:
            return []
        states = {row["id"]: DeliveryState(row["state"]) for row in rows}
        return [(states[each.id], each) for each in await _claimed(connection, list(states))]


async def lapsed(pool: "Pool[asyncpg.Record]") -> list[Claimed]:
    """What a sender took and never told of: it ended, or the database was away when it wanted to write."""
    async with pool.acquire(timeout=5) as connection, connection.transaction():
        rows = await connection.fetch(
            "UPDATE notifications SET lease_until = now() + make_interval(secs => $1) WHERE id IN (SELECT id FROM notifications"
            " WHERE state = 'sending' AND lease_until < now() ORDER BY lease_until LIMIT 200 FOR UPDATE SKIP LOCKED)"
            " RETURNING id",
            LEASE_S,
        )
        return await _claimed(connection, [row["id"] for row in rows]) if rows else []


async def _claimed(connection: "Connection[asyncpg.Record]", ids: list[uuid.UUID]) -> list[Claimed]:
    found = []
    for row in await connection.fetch(_CLAIMED, ids):
        values = {**dict(row), "kind": ChannelKind(row["kind"]), "occasion": Occasion(row["occasion"])}
        values["language"] = Language(row["language"])
        values["threat"] = None if row["threat"] is None else Threat(row["threat"])
        found.append(Claimed(**values))
    return found


async def write_step(pool: "Pool[asyncpg.Record]", delivery_id: uuid.UUID, held: Sequence[str], step: Step) -> bool:
    """Write what became of a delivery; False where it is in none of the states `held` any more."""
    done: str = await pool.execute(
        "UPDATE notifications SET state = $3, next_at = coalesce($4::timestamptz, 'infinity'), reason = $5, waits = $6,"
        " repeated = coalesce($7, repeated), provider_id = coalesce($8, provider_id), checks = coalesce($9, checks),"
        " lease_until = NULL, changed_at = now() WHERE id = $1 AND state = ANY ($2::text[])",
        delivery_id,
        list(held),
        step.state.value,
        step.next_at,
        step.reason,
        step.waits,
        step.repeated,
        step.provider_id,
        step.checks,
    )
    return done == "UPDATE 1"


async def waiting(pool: "Pool[asyncpg.Record]") -> tuple[int, float, dict[str, int]]:
    """(due now, age of the oldest of them in seconds, how many are dead or uncertain by state)."""
    row = await pool.fetchrow(
        "SELECT count(*) AS number, coalesce(extract(epoch FROM now() - min(next_at)), 0)::float8 AS age"
        " FROM notifications WHERE state = 'queued' AND next_at <= now()"
    )
    rows = await pool.fetch(
        "SELECT state, count(*) AS number FROM notifications WHERE state IN ('dead', 'uncertain', 'checking') GROUP BY state"
    )
    standing = {each["state"]: each["number"] for each in rows}
    return (0, 0.0, standing) if row is None else (row["number"], row["age"], standing)


async def forget_old(pool: "Pool[asyncpg.Record]", before: datetime) -> int:
    """Remove lines of the log that are over and old; how many, at most some thousands at a time."""
    done: str = await pool.execute(
        "DELETE FROM notifications WHERE id IN (SELECT id FROM notifications WHERE created_at < $1"
        " AND state NOT IN ('queued', 'sending', 'checking') LIMIT 5000)",
        before,
    )
    return int(done.split()[-1])
