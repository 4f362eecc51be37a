"""SQL of channels and of the delivery log, as the API sees them."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg

from app.behaviour.findings import Threat
from app.kit.errors import NotFoundError
from app.kit.postgres import TenantConnection
from app.notifications.models import HOOKS, Channel, ChannelKind, Code, Delivery, DeliveryState, Language, Occasion
from app.notifications.queue_repository import route_of

MOST_CHANNELS = 500
_CHANNEL = (
    "SELECT c.id, c.kind, c.user_id, c.store_id, c.occasions, c.lowest_threat, c.quiet_starts, c.quiet_ends, c.quiet_timezone,"
    " c.quiet_threat, c.name, c.hint, coalesce(u.username, '') AS username, c.most_per_hour, c.paused, c.created_at,"
    " c.changed_at, c.proven_at, c.language FROM notification_channels c LEFT JOIN users u ON u.id = c.user_id"
    " WHERE c.removed_at IS NULL AND "
)
_DELIVERY = (
    "SELECT n.id, n.store_id, n.channel_id, c.name AS channel_name, c.kind, c.hint, c.user_id, n.occasion, n.threat,"
    " n.subject_id, n.state, n.waits, n.repeated, n.attempts, n.merged, n.merged_into, nullif(n.next_at, 'infinity') AS next_at,"
    " n.tried_at, n.provider_id, n.reason, n.created_at, n.changed_at FROM notifications n"
    " JOIN notification_channels c ON c.id = n.channel_id WHERE "
)


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a channel's row holds of its address."""

    hint: str
    address: bytes = field(repr=False)
    secret: bytes | None = field(repr=False)


def _channel(row: "asyncpg.Record") -> Channel:
    values = (
        row["name"],
        row["hint"],
        row["username"],
        row["most_per_hour"],
        row["paused"],
        row["created_at"],
        row["changed_at"],
        row["proven_at"],
        Language(row["language"]),
    )
    return Channel(route_of(row), *values)


async def list_channels(
    connection: TenantConnection,
    owner: uuid.UUID | None,
    after: tuple[datetime, uuid.UUID] | None,
    limit: int,
    *,
    hooks: bool = False,
) -> list[Channel]:
    """Shared channels, or the own ones of `owner`, oldest first; one more than `limit` when there are more."""
    rows = await connection.fetch(
        _CHANNEL + "c.user_id IS NOT DISTINCT FROM $1 AND (NOT $2 OR c.kind = ANY ($3::text[]))"
        " AND ($4::timestamptz IS NULL OR (c.created_at, c.id) > ($4, $5::uuid)) ORDER BY c.created_at, c.id LIMIT $6",
        owner,
        hooks,
        [each.value for each in HOOKS],
        *(after or (None, None)),
        limit + 1,
    )
    return [_channel(row) for row in rows]


async def get_channel(connection: TenantConnection, channel_id: uuid.UUID, owner: uuid.UUID | None) -> Channel:
    """A shared channel, or `owner`'s own; NotFoundError otherwise."""
    row = await connection.fetchrow(_CHANNEL + "c.id = $1 AND c.user_id IS NOT DISTINCT FROM $2", channel_id, owner)
    if row is None:
        raise NotFoundError("There is no such channel, or you may not see it.")
    return _channel(row)


async def count_channels(connection: TenantConnection, owner: uuid.UUID | None) -> int:
    """How many there are."""
    return int(
        await connection.fetchval(
            "SELECT count(*) FROM notification_channels WHERE removed_at IS NULL AND user_id IS NOT DISTINCT FROM $1", owner
        )
    )


async def add_channel(connection: TenantConnection, chain_id: uuid.UUID, channel: Channel, sealed: Sealed, by: uuid.UUID) -> None:
    """A new channel."""
    values = {
        "id": channel.route.id,
        "chain_id": chain_id,
        "store_id": channel.route.store_id,
        "user_id": channel.route.user_id,
        "kind": channel.route.kind.value,
        "address": sealed.address,
        "secret": sealed.secret,
        "created_by": by,
        "created_at": channel.created_at,
    } | _columns(channel)
    await connection.execute(
        f"INSERT INTO notification_channels ({', '.join(values)}) VALUES ({', '.join(f'${n + 1}' for n in range(len(values)))})",  # noqa: S608
        *values.values(),
    )


async def change_channel(connection: TenantConnection, channel: Channel) -> None:
    """Store what may change."""
    values = _columns(channel)
    columns = ", ".join(f"{name} = ${n + 2}" for n, name in enumerate(values))
    await connection.execute(f"UPDATE notification_channels SET {columns} WHERE id = $1", channel.route.id, *values.values())  # noqa: S608


def _columns(channel: Channel) -> dict[str, Any]:
    route, quiet = channel.route, channel.route.quiet
    return {
        "name": channel.name,
        "hint": channel.hint,
        "occasions": sorted(route.occasions),
        "lowest_threat": route.lowest_threat.value,
        "quiet_starts": None if quiet is None else quiet.starts,
        "quiet_ends": None if quiet is None else quiet.ends,
        "quiet_timezone": "UTC" if quiet is None else quiet.timezone,
        "quiet_threat": "high" if quiet is None else "none" if quiet.threat is None else quiet.threat.value,
        "most_per_hour": channel.most_per_hour,
        "paused": channel.paused,
        "language": channel.language.value,
        "changed_at": channel.changed_at,
    }


async def set_secret(
    connection: TenantConnection, channel_id: uuid.UUID, secret: bytes, at: datetime, previous_until: datetime
) -> None:
    """Another secret, from the next try on; the present one goes on signing beside it for a while."""
    await connection.execute(
        "UPDATE notification_channels SET previous_secret = CASE WHEN $4 > $3::timestamptz THEN secret END, previous_until = $4,"
        " secret = $2, changed_at = $3 WHERE id = $1",
        channel_id,
        secret,
        at,
        previous_until,
    )


async def set_code(connection: TenantConnection, channel_id: uuid.UUID, sealed: bytes, until: datetime) -> None:
    """The code that an own channel is confirmed by; one sent before is over."""
    await connection.execute(
        "UPDATE notification_channels SET secret = $2, code_until = $3, code_tries = 0 WHERE id = $1", channel_id, sealed, until
    )


async def code_of(connection: TenantConnection, channel_id: uuid.UUID) -> Code:
    """The code of an own channel, its row kept until the transaction ends."""
    row = await connection.fetchrow(
        "SELECT secret, code_until, code_tries FROM notification_channels WHERE id = $1 FOR UPDATE", channel_id
    )
    return Code(None, None, 0) if row is None else Code(*row)


async def note_wrong_code(connection: TenantConnection, channel_id: uuid.UUID) -> None:
    """A wrong one was given."""
    await connection.execute("UPDATE notification_channels SET code_tries = code_tries + 1 WHERE id = $1", channel_id)


async def prove(connection: TenantConnection, channel_id: uuid.UUID, at: datetime) -> None:
    """Its owner has confirmed it; the code is forgotten."""
    await connection.execute(
        "UPDATE notification_channels SET proven_at = $2, changed_at = $2, secret = NULL, code_until = NULL WHERE id = $1",
        channel_id,
        at,
    )


async def remove_channel(connection: TenantConnection, channel_id: uuid.UUID, at: datetime) -> None:
    """Forget its address; its lines of the log stay. What still waits for it is given up."""
    await connection.execute(
        "UPDATE notification_channels SET address = NULL, secret = NULL, previous_secret = NULL, removed_at = $2, changed_at = $2"
        " WHERE id = $1",
        channel_id,
        at,
    )
    await connection.execute(
        "UPDATE notifications SET state = 'dead', reason = 'The channel was removed.', next_at = 'infinity', changed_at = $2"
        " WHERE channel_id = $1 AND state IN ('queued', 'checking')",
        channel_id,
        at,
    )


async def add_test(
    connection: TenantConnection, chain_id: uuid.UUID, channel: Channel, test_id: uuid.UUID, at: datetime, *, code: bool = False
) -> None:
    """Queue a test message, or one that brings the channel's code."""
    await connection.execute(
        "INSERT INTO notifications (id, chain_id, store_id, channel_id, cause, occasion, message, created_at, changed_at)"
        " VALUES ($1, $2, $3, $4, $1, 'test', $5, $6, $6)",
        test_id,
        chain_id,
        channel.route.store_id,
        channel.route.id,
        {"at": at.isoformat()} | ({"code": True} if code else {}),
        at,
    )


async def tests_since(connection: TenantConnection, channel_id: uuid.UUID, since: datetime) -> int:
    """How many tests of a channel there were."""
    return int(
        await connection.fetchval(
            "SELECT count(*) FROM notifications WHERE channel_id = $1 AND occasion = 'test' AND created_at > $2",
            channel_id,
            since,
        )
    )


async def codes_since(connection: TenantConnection, user_id: uuid.UUID, since: datetime) -> int:
    """How many codes were sent to a person's channels, removed ones too; nobody else counts theirs until the transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"notification codes {user_id}")
    return int(
        await connection.fetchval(
            "SELECT count(*) FROM notifications n JOIN notification_channels c ON c.id = n.channel_id"
            " WHERE c.user_id = $1 AND n.occasion = 'test' AND n.message ? 'code' AND n.created_at > $2",
            user_id,
            since,
        )
    )


async def list_deliveries(
    connection: TenantConnection,
    channel_id: uuid.UUID | None,
    owner: uuid.UUID | None,
    states: list[str],
    before: tuple[datetime, uuid.UUID] | None,
    limit: int,
) -> list[Delivery]:
    """The log, newest first; one more than `limit` when there are more. `owner`: of that person's own channels only."""
    rows = await connection.fetch(
        _DELIVERY + "($1::uuid IS NULL OR n.channel_id = $1) AND ($2::uuid IS NULL OR c.user_id = $2)"
        " AND (cardinality($3::text[]) = 0 OR n.state = ANY ($3))"
        " AND ($4::timestamptz IS NULL OR (n.created_at, n.id) < ($4, $5::uuid)) ORDER BY n.created_at DESC, n.id DESC LIMIT $6",
        channel_id,
        owner,
        states,
        *(before or (None, None)),
        limit + 1,
    )
    return [_delivery(row) for row in rows]


async def get_delivery(connection: TenantConnection, delivery_id: uuid.UUID) -> Delivery:
    """One line, kept from changing until the transaction ends; NotFoundError otherwise."""
    row = await connection.fetchrow(_DELIVERY + "n.id = $1 FOR UPDATE OF n", delivery_id)
    if row is None:
        raise NotFoundError("There is no such notification, or you may not see it.")
    return _delivery(row)


def _delivery(row: "asyncpg.Record") -> Delivery:
    values = {**dict(row), "kind": ChannelKind(row["kind"]), "occasion": Occasion(row["occasion"])}
    values |= {"state": DeliveryState(row["state"]), "threat": None if row["threat"] is None else Threat(row["threat"])}
    return Delivery(**values)


async def replay(connection: TenantConnection, ids: list[uuid.UUID], at: datetime) -> int:
    """Queue given-up deliveries anew, under the ids they had; how many."""
    done: str = await connection.execute(
        "UPDATE notifications SET state = 'queued', waits = '', attempts = 0, checks = 0, next_at = $2, reason = '',"
        " repeated = repeated OR state = 'uncertain', changed_at = $2"
        " WHERE id = ANY ($1::uuid[]) AND state IN ('dead', 'uncertain')",
        ids,
        at,
    )
    return int(done.split()[-1])


async def dead_of(connection: TenantConnection, channel_id: uuid.UUID, most: int) -> list[uuid.UUID]:
    """The oldest given-up deliveries of a channel."""
    rows = await connection.fetch(
        "SELECT id FROM notifications WHERE channel_id = $1 AND state = 'dead' ORDER BY id LIMIT $2 FOR UPDATE", channel_id, most
    )
    return [row["id"] for row in rows]
