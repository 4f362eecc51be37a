"""Acts on channels and deliveries; each leaves its audit row in its own transaction."""

import asyncio
import dataclasses
import hmac
import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any

from app.audit import repository as audit
from app.audit.models import Act, AuditEntry
from app.auth.models import Access, Principal
from app.auth.permissions import Permission
from app.kit.errors import BadInputError, ConflictError, ForbiddenError, TooManyRequestsError
from app.kit.gate import Gate
from app.kit.ids import new_id
from app.kit.keys.models import CHANNEL_ADDRESS, CHANNEL_SECRET
from app.kit.keys.vault import Vault
from app.kit.postgres import TenantConnection
from app.notifications import repository
from app.notifications.addresses import demand_address, hint_of
from app.notifications.models import HOOKS, REPLAYABLE, Channel, ChannelKind, Delivery, Route
from app.notifications.schemas import ChannelChange, Choices
from app.notifications.signing import make_secret
from app.notifications.transports.hook import demand_hook
from app.tenancy.reach import Place, held_at
from app.tenancy.repository import demand_store

MOST_OWN = 10
TESTS_PER_HOUR = 10
CODES_PER_HOUR = 10
"""To all numbers and addresses of one person, those that were removed since among them."""
CODE_DIGITS = 6
CODE_LIFE = timedelta(minutes=15)
MOST_CODE_TRIES = 5
MOST_REPLAYED = 1000
NAME_S = 5.0


@dataclasses.dataclass(frozen=True, slots=True)
class Wish:
    """A channel to make.

    Attributes:
        owner: whose own it is; None for a shared one.
    """

    kind: ChannelKind
    name: str
    address: str
    store_id: uuid.UUID | None
    owner: uuid.UUID | None
    choices: Choices


async def look_up(gate: Gate, kind: ChannelKind, address: str) -> str:
    """The address in its one form, once it is known that it may be reached; before any transaction, for it may ask a name server.

    Raises:
        BadInputError: it cannot be used, or may not be reached.
    """
    clean = demand_address(kind, address)
    if kind in HOOKS:
        try:
            async with asyncio.timeout(NAME_S):
                demand_hook(await asyncio.to_thread(gate.admit, clean))
        except OSError as error:
            raise BadInputError("The name in this address was not found; check it.") from error
    return clean


async def add(connection: TenantConnection, vault: Vault, access: Access, wish: Wish, at: datetime) -> tuple[Channel, str | None]:
    """The new channel, and the secret of a webhook.

    Raises:
        ForbiddenError: the caller's role does not cover the place.
    """
    who, chain = access.principal, access.scope.chain_id
    if wish.owner is None:
        if wish.store_id is not None:
            await demand_store(connection, wish.store_id)
        demand_reach(who, wish.store_id)
    most = repository.MOST_CHANNELS if wish.owner is None else MOST_OWN
    if await repository.count_channels(connection, wish.owner) >= most:
        raise BadInputError(f"There are {most} channels already; remove one first.")
    choices, channel_id = wish.choices, new_id()
    quiet = None if choices.quiet is None else choices.quiet.hours()
    occasions = frozenset(choices.occasions)
    route = Route(channel_id, wish.kind, wish.owner, wish.store_id, occasions, choices.lowest_threat, quiet)
    hint = hint_of(wish.kind, wish.address)
    channel = Channel(route, wish.name, hint, "", choices.most_per_hour, False, at, at, None, choices.language)
    secret = make_secret() if wish.kind is ChannelKind.WEBHOOK else None
    address = await vault.seal(connection, chain, CHANNEL_ADDRESS, channel_id, wish.address)
    sealed = None if secret is None else await vault.seal(connection, chain, CHANNEL_SECRET, channel_id, secret)
    await repository.add_channel(connection, chain, channel, repository.Sealed(hint, address, sealed), who.id)
    await _audit(
        connection, Act.NOTIFICATION_CHANNEL_CREATED, who, channel, {"kind": wish.kind.value, "own": wish.owner is not None}
    )
    if wish.owner is not None:
        await _send_code(connection, vault, access, channel, at)
    return channel, secret


async def send_code(
    connection: TenantConnection, vault: Vault, access: Access, channel_id: uuid.UUID, owner: uuid.UUID, at: datetime
) -> Delivery:
    """Send another code to an own channel that is not confirmed."""
    channel = await _mine(connection, access.principal, channel_id, owner)
    if channel.proven:
        raise ConflictError("This is confirmed already.")
    sent = await _send_code(connection, vault, access, channel, at)
    await _audit(connection, Act.NOTIFICATION_CHANNEL_CODE_SENT, access.principal, channel, {})
    return sent


async def confirm(
    connection: TenantConnection, vault: Vault, who: Principal, channel_id: uuid.UUID, owner: uuid.UUID, given: str, at: datetime
) -> Channel | None:
    """The channel, confirmed; None for a code that is wrong or over, which is counted: the caller says so after the commit."""
    channel = await _mine(connection, who, channel_id, owner)
    if channel.proven:
        return channel
    code = await repository.code_of(connection, channel_id)
    if code.sealed is not None and code.until is not None and at < code.until and code.tries < MOST_CODE_TRIES:
        wanted = await vault.open(CHANNEL_SECRET, channel_id, code.sealed)
        if hmac.compare_digest(wanted.encode(), given.encode()):
            await repository.prove(connection, channel_id, at)
            await _audit(connection, Act.NOTIFICATION_CHANNEL_CONFIRMED, who, channel, {})
            return await repository.get_channel(connection, channel_id, owner)
    await repository.note_wrong_code(connection, channel_id)
    await _audit(connection, Act.NOTIFICATION_CHANNEL_CODE_REFUSED, who, channel, {})
    return None


async def _send_code(connection: TenantConnection, vault: Vault, access: Access, channel: Channel, at: datetime) -> Delivery:
    assert channel.route.user_id is not None  # noqa: S101 - only own channels are confirmed by a code
    if await repository.codes_since(connection, channel.route.user_id, at - timedelta(hours=1)) >= CODES_PER_HOUR:
        raise TooManyRequestsError("Several codes were sent in the last hour; use the newest, or try again in an hour.")
    chain, channel_id, message = access.scope.chain_id, channel.route.id, new_id()
    sealed = await vault.seal(
        connection, chain, CHANNEL_SECRET, channel_id, f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    )
    await repository.set_code(connection, channel_id, sealed, at + CODE_LIFE)
    await repository.add_test(connection, chain, channel, message, at, code=True)
    return await repository.get_delivery(connection, message)


async def change(
    connection: TenantConnection,
    who: Principal,
    channel_id: uuid.UUID,
    owner: uuid.UUID | None,
    wanted: ChannelChange,
    at: datetime,
) -> Channel:
    """Other choices; the audit names the fields, not their values."""
    if not wanted.model_fields_set:
        raise BadInputError("Say what to change.")
    channel = await _mine(connection, who, channel_id, owner)
    given = {name: getattr(wanted, name) for name in wanted.model_fields_set}
    if any(given.get(name, True) is None for name in ("name", "occasions", "lowest_threat", "paused", "language")):
        raise BadInputError("Only quiet and most_per_hour can be null.")
    route: dict[str, Any] = {name: given.pop(name) for name in ("lowest_threat",) if name in given}
    if "occasions" in given:
        route["occasions"] = frozenset(given.pop("occasions"))
    if "quiet" in given:
        quiet = given.pop("quiet")
        route["quiet"] = None if quiet is None else quiet.hours()
    changed = dataclasses.replace(channel, route=dataclasses.replace(channel.route, **route), changed_at=at, **given)
    await repository.change_channel(connection, changed)
    details = dict.fromkeys(sorted(wanted.model_fields_set), True)
    await _audit(connection, Act.NOTIFICATION_CHANNEL_CHANGED, who, changed, details)
    return changed


async def remove(
    connection: TenantConnection, who: Principal, channel_id: uuid.UUID, owner: uuid.UUID | None, at: datetime
) -> None:
    """Gone, with its address."""
    channel = await _mine(connection, who, channel_id, owner)
    await repository.remove_channel(connection, channel_id, at)
    await _audit(connection, Act.NOTIFICATION_CHANNEL_REMOVED, who, channel, {})


async def rotate_secret(
    connection: TenantConnection, vault: Vault, access: Access, channel_id: uuid.UUID, at: datetime, overlap: timedelta
) -> tuple[Channel, str]:
    """A new secret of a webhook, which every message from now on is signed with; for the overlap with the present one, too."""
    channel = await _mine(connection, access.principal, channel_id, None)
    if channel.route.kind is not ChannelKind.WEBHOOK:
        raise BadInputError("Only webhooks of kind webhook are signed; Slack and Teams take their address for proof.")
    secret = make_secret()
    sealed = await vault.seal(connection, access.scope.chain_id, CHANNEL_SECRET, channel_id, secret)
    await repository.set_secret(connection, channel_id, sealed, at, at + overlap)
    await _audit(connection, Act.WEBHOOK_SECRET_ROTATED, access.principal, channel, {})
    return channel, secret


async def test(
    connection: TenantConnection, access: Access, channel_id: uuid.UUID, owner: uuid.UUID | None, at: datetime
) -> Delivery:
    """Queue a message that says it is a test; quiet hours do not hold it."""
    channel = await _mine(connection, access.principal, channel_id, owner)
    if not channel.proven:
        raise ConflictError("Confirm it first, by the code that was sent to it.")
    if await repository.tests_since(connection, channel_id, at - timedelta(hours=1)) >= TESTS_PER_HOUR:
        raise TooManyRequestsError("This channel was tested often in the last hour; look at the delivery log.")
    test_id = new_id()
    await repository.add_test(connection, access.scope.chain_id, channel, test_id, at)
    await _audit(connection, Act.NOTIFICATION_CHANNEL_TESTED, access.principal, channel, {})
    return await repository.get_delivery(connection, test_id)


async def replay_one(connection: TenantConnection, who: Principal, delivery_id: uuid.UUID, at: datetime) -> Delivery:
    """Try a given-up delivery again, under its id."""
    delivery = await repository.get_delivery(connection, delivery_id)
    if delivery.state not in REPLAYABLE:
        raise ConflictError("Only what was given up or is uncertain can be sent again.")
    await repository.replay(connection, [delivery_id], at)
    await _audit_replay(connection, who, delivery.store_id, delivery.channel_id, 1)
    return await repository.get_delivery(connection, delivery_id)


async def replay_channel(connection: TenantConnection, who: Principal, channel_id: uuid.UUID, at: datetime) -> int:
    """Try every dead letter of a channel again, at most `MOST_REPLAYED`; how many."""
    channel = await _mine(connection, who, channel_id, None)
    number = await repository.replay(connection, await repository.dead_of(connection, channel_id, MOST_REPLAYED), at)
    await _audit_replay(connection, who, channel.route.store_id, channel_id, number)
    return number


def demand_reach(who: Principal, store_id: uuid.UUID | None) -> None:
    """ForbiddenError unless the caller's role covers the store, or the chain where none is named."""
    if Permission.NOTIFICATIONS_WRITE not in held_at(who, Place(store_id)):
        raise ForbiddenError("Your role does not cover all of this place.", permission=Permission.NOTIFICATIONS_WRITE.value)


async def _mine(connection: TenantConnection, who: Principal, channel_id: uuid.UUID, owner: uuid.UUID | None) -> Channel:
    channel = await repository.get_channel(connection, channel_id, owner)
    if owner is None:
        demand_reach(who, channel.route.store_id)
    return channel


async def _audit(connection: TenantConnection, act: Act, who: Principal, channel: Channel, details: dict[str, Any]) -> None:
    subject = ("notification-channel", channel.route.id)
    await audit.append(connection, AuditEntry(act, who.kind, who.id, who.chain_id, channel.route.store_id, *subject, details))


async def _audit_replay(
    connection: TenantConnection, who: Principal, store_id: uuid.UUID | None, channel_id: uuid.UUID, number: int
) -> None:
    subject = ("notification-channel", channel_id)
    entry = AuditEntry(Act.NOTIFICATIONS_REPLAYED, who.kind, who.id, who.chain_id, store_id, *subject, {"number": number})
    await audit.append(connection, entry)
