"""`/api/v1/notifications/mine`: how people themselves want to be told of the alerts they may see."""

import uuid

from fastapi import Request

from app.audit.models import OWN, Act, audited, unaudited
from app.auth.access import SelfAccess, guarded_router
from app.auth.models import Access
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import BadInputError
from app.kit.pages import Limit, Page
from app.kit.postgres import tenant_transaction
from app.notifications import repository, service
from app.notifications.models import ChannelKind
from app.notifications.schemas import ChannelChange, ChannelOut, CodeIn, DeliveryOut, OwnChannelIn, channel_out, delivery_out
from app.tenancy.idempotency import IdempotencyKey, once

router = guarded_router("notifications")


def _me(access: Access) -> uuid.UUID:
    return access.principal.id


@router.get("/notifications/mine", openapi_extra=unaudited(OWN))
async def list_own(request: Request, access: SelfAccess) -> Page[ChannelOut]:
    """One's own telephones and mailboxes, on one page."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        found = await repository.list_channels(connection, _me(access), None, service.MOST_OWN)
    return Page(items=[channel_out(each) for each in found], next=None)


@router.get("/notifications/mine/log", openapi_extra=unaudited(OWN))
async def list_own_log(request: Request, access: SelfAccess, limit: Limit = 50) -> Page[DeliveryOut]:
    """What was sent to them lately, newest first."""
    async with tenant_transaction(backends(request).postgres, access.everywhere) as connection:
        found = await repository.list_deliveries(connection, None, _me(access), [], None, limit)
    return Page(items=[delivery_out(each) for each in found[:limit]], next=None)


@router.post("/notifications/mine", status_code=201, openapi_extra=audited(Act.NOTIFICATION_CHANNEL_CREATED))
async def add_own(request: Request, access: SelfAccess, body: OwnChannelIn, idempotency_key: IdempotencyKey = None) -> ChannelOut:
    """Be told of alerts by SMS or e-mail, once the code that is sent there now was given to `confirm`."""
    address = await service.look_up(request.app.state.webhook_gate, body.kind, body.address)
    name = "My telephone" if body.kind is ChannelKind.SMS else "My mailbox"
    wish = service.Wish(body.kind, name, address, None, _me(access), body)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:

        async def make() -> ChannelOut:
            channel, _ = await service.add(connection, request.app.state.vault, access, wish, now())
            return channel_out(channel)

        return await once(connection, _me(access), idempotency_key, "POST /notifications/mine", body, make, ChannelOut)


@router.patch("/notifications/mine/{channel_id}", openapi_extra=audited(Act.NOTIFICATION_CHANNEL_CHANGED))
async def change_own(request: Request, access: SelfAccess, channel_id: uuid.UUID, body: ChannelChange) -> ChannelOut:
    """Change from which threat on, at which hours and how often."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return channel_out(await service.change(connection, access.principal, channel_id, _me(access), body, now()))


@router.delete("/notifications/mine/{channel_id}", status_code=204, openapi_extra=audited(Act.NOTIFICATION_CHANNEL_REMOVED))
async def remove_own(request: Request, access: SelfAccess, channel_id: uuid.UUID) -> None:
    """Be told there no more; the address is forgotten."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await service.remove(connection, access.principal, channel_id, _me(access), now())


@router.post("/notifications/mine/{channel_id}/test", status_code=202, openapi_extra=audited(Act.NOTIFICATION_CHANNEL_TESTED))
async def test_own(request: Request, access: SelfAccess, channel_id: uuid.UUID) -> DeliveryOut:
    """Send oneself a message that says it is a test."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return delivery_out(await service.test(connection, access, channel_id, _me(access), now()))


@router.post("/notifications/mine/{channel_id}/code", status_code=202, openapi_extra=audited(Act.NOTIFICATION_CHANNEL_CODE_SENT))
async def send_code(request: Request, access: SelfAccess, channel_id: uuid.UUID) -> DeliveryOut:
    """Send another code to a number or address that is not confirmed; the one before is over."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        sent = await service.send_code(connection, request.app.state.vault, access, channel_id, _me(access), now())
    return delivery_out(sent)


@router.post("/notifications/mine/{channel_id}/confirm", openapi_extra=audited(Act.NOTIFICATION_CHANNEL_CONFIRMED))
async def confirm_own(request: Request, access: SelfAccess, channel_id: uuid.UUID, body: CodeIn) -> ChannelOut:
    """Show that a number or address is one's own: from now on it is told of alerts. Five wrong codes end a code."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        vault, who = request.app.state.vault, access.principal
        channel = await service.confirm(connection, vault, who, channel_id, _me(access), body.code, now())
    if channel is None:
        raise BadInputError("This is not the code that was sent, or it is over; ask for another.", field="code")
    return channel_out(channel)
