"""`/api/v1/notifications` and `/api/v1/webhooks`: shared channels, and what became of each delivery."""

import uuid
from datetime import timedelta
from typing import Annotated

from fastapi import Query, Request

from app.audit.models import SETTINGS_SHOWN, Act, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.pages import Cursor, Limit, Page, cut, decode_cursor
from app.kit.postgres import tenant_transaction
from app.notifications import repository, service
from app.notifications.models import DeliveryState
from app.notifications.schemas import (
    ChannelChange,
    ChannelIn,
    ChannelOut,
    ChannelSecretOut,
    DeliveryOut,
    ReplayedOut,
    RotationIn,
    WebhookIn,
    channel_out,
    delivery_out,
)
from app.tenancy.idempotency import IdempotencyKey, once

router = guarded_router("notifications")
Reads = Annotated[Access, require(Permission.NOTIFICATIONS_READ)]
Writes = Annotated[Access, require(Permission.NOTIFICATIONS_WRITE)]
LOG_SHOWN = "Shows what was sent where and what became of it, no address and no content; each alert in it leaves rows of its own."


@router.get("/notifications/channels", openapi_extra=unaudited(SETTINGS_SHOWN))
async def list_channels(request: Request, access: Reads, cursor: Cursor = None, limit: Limit = 100) -> Page[ChannelOut]:
    """Channels of the stores and the chain, oldest first; people's own are theirs to see."""
    return await _list(request, access, cursor, limit, hooks=False)


@router.get("/webhooks", openapi_extra=unaudited(SETTINGS_SHOWN))
async def list_webhooks(request: Request, access: Reads, cursor: Cursor = None, limit: Limit = 100) -> Page[ChannelOut]:
    """Those of them that are posted to."""
    return await _list(request, access, cursor, limit, hooks=True)


async def _list(request: Request, access: Access, cursor: str | None, limit: int, *, hooks: bool) -> Page[ChannelOut]:
    after = decode_cursor(cursor)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        found = await repository.list_channels(connection, None, after, limit, hooks=hooks)
    shown, following = cut(found, limit, lambda channel: (channel.created_at, channel.route.id))
    return Page(items=[channel_out(each) for each in shown], next=following)


@router.post("/notifications/channels", status_code=201, openapi_extra=audited(Act.NOTIFICATION_CHANNEL_CREATED))
async def add_channel(
    request: Request, access: Writes, body: ChannelIn, idempotency_key: IdempotencyKey = None
) -> ChannelSecretOut:
    """Make a channel; a webhook's secret is in this answer and nowhere else."""
    address = await service.look_up(request.app.state.webhook_gate, body.kind, body.address)
    wish = service.Wish(body.kind, body.name, address, body.store_id, None, body)
    return await _add(request, access, wish, body, "POST /notifications/channels", idempotency_key)


@router.post("/webhooks", status_code=201, openapi_extra=audited(Act.NOTIFICATION_CHANNEL_CREATED))
async def add_webhook(
    request: Request, access: Writes, body: WebhookIn, idempotency_key: IdempotencyKey = None
) -> ChannelSecretOut:
    """Make a webhook; its secret is in this answer and nowhere else."""
    address = await service.look_up(request.app.state.webhook_gate, body.kind, body.url)
    wish = service.Wish(body.kind, body.name, address, body.store_id, None, body)
    return await _add(request, access, wish, body, "POST /webhooks", idempotency_key)


async def _add(
    request: Request, access: Access, wish: service.Wish, body: ChannelIn | WebhookIn, address: str, key: str | None
) -> ChannelSecretOut:
    secrets: list[str | None] = [None]
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:

        async def make() -> ChannelSecretOut:
            channel, secrets[0] = await service.add(connection, request.app.state.vault, access, wish, now())
            return ChannelSecretOut(channel=channel_out(channel), secret=None)  # what is kept for a repetition holds no secret

        made = await once(connection, access.principal.id, key, address, body, make, ChannelSecretOut)
    return made.model_copy(update={"secret": secrets[0]})


@router.patch("/notifications/channels/{channel_id}", openapi_extra=audited(Act.NOTIFICATION_CHANNEL_CHANGED))
async def change_channel(request: Request, access: Writes, channel_id: uuid.UUID, body: ChannelChange) -> ChannelOut:
    """Change what a channel is told and when, or pause it. For another address make another channel."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return channel_out(await service.change(connection, access.principal, channel_id, None, body, now()))


@router.delete("/notifications/channels/{channel_id}", status_code=204, openapi_extra=audited(Act.NOTIFICATION_CHANNEL_REMOVED))
async def remove_channel(request: Request, access: Writes, channel_id: uuid.UUID) -> None:
    """Remove a channel and forget its address; its lines of the log stay."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await service.remove(connection, access.principal, channel_id, None, now())


@router.delete("/webhooks/{channel_id}", status_code=204, openapi_extra=audited(Act.NOTIFICATION_CHANNEL_REMOVED))
async def remove_webhook(request: Request, access: Writes, channel_id: uuid.UUID) -> None:
    """The same for a webhook."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await service.remove(connection, access.principal, channel_id, None, now())


@router.post("/webhooks/{channel_id}/secret", openapi_extra=audited(Act.WEBHOOK_SECRET_ROTATED))
async def rotate_secret(
    request: Request, access: Writes, channel_id: uuid.UUID, body: RotationIn | None = None
) -> ChannelSecretOut:
    """A new secret. Messages carry a signature by it and, for the overlap, one by the present secret beside it."""
    vault, overlap = request.app.state.vault, timedelta(hours=(body or RotationIn()).overlap_hours)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        channel, secret = await service.rotate_secret(connection, vault, access, channel_id, now(), overlap)
    return ChannelSecretOut(channel=channel_out(channel), secret=secret)


@router.post("/notifications/channels/{channel_id}/test", status_code=202, openapi_extra=audited(Act.NOTIFICATION_CHANNEL_TESTED))
async def test_channel(request: Request, access: Writes, channel_id: uuid.UUID) -> DeliveryOut:
    """Send a message that says it is a test; the log tells what becomes of it."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return delivery_out(await service.test(connection, access, channel_id, None, now()))


@router.post("/notifications/channels/{channel_id}/replay", openapi_extra=audited(Act.NOTIFICATIONS_REPLAYED))
async def replay_channel(request: Request, access: Writes, channel_id: uuid.UUID) -> ReplayedOut:
    """Send a channel's dead letters again, oldest first, at most 1,000 at a time."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return ReplayedOut(replayed=await service.replay_channel(connection, access.principal, channel_id, now()))


@router.get("/notifications", openapi_extra=unaudited(LOG_SHOWN))
async def list_notifications(
    request: Request,
    access: Reads,
    channel_id: uuid.UUID | None = None,
    state: Annotated[list[DeliveryState] | None, Query(description="Only these.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[DeliveryOut]:
    """The delivery log, newest first."""
    before, states = decode_cursor(cursor), [each.value for each in state or ()]
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        found = await repository.list_deliveries(connection, channel_id, None, states, before, limit)
    shown, following = cut(found, limit, lambda each: (each.created_at, each.id))
    return Page(items=[delivery_out(each) for each in shown], next=following)


@router.post("/notifications/{notification_id}/replay", openapi_extra=audited(Act.NOTIFICATIONS_REPLAYED))
async def replay_notification(request: Request, access: Writes, notification_id: uuid.UUID) -> DeliveryOut:
    """Send a dead or uncertain notification again, under the id it had."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return delivery_out(await service.replay_one(connection, access.principal, notification_id, now()))
