"""`/api/v1/stores/{store_id}/second-look`: the store's switch."""

import uuid
from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from app.audit import repository as audit
from app.audit.models import SETTINGS_SHOWN, Act, AuditEntry, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.dashboard.second_look import repository
from app.kit.backends import backends
from app.kit.errors import ConflictError
from app.kit.postgres import tenant_transaction

router = guarded_router("stores")


class SecondLookIn(BaseModel):
    """Whether blurred stills of this store's alerts go to the operator's vision endpoint."""

    model_config = ConfigDict(extra="forbid")

    enabled: bool


class SecondLookOut(BaseModel):
    """The switch."""

    store_id: uuid.UUID
    enabled: bool
    available: bool = Field(description="The operator has set OPENAI_API_KEY.")


@router.get("/stores/{store_id}/second-look", openapi_extra=unaudited(SETTINGS_SHOWN))
async def get_second_look(
    request: Request, access: Annotated[Access, require(Permission.POLICY_READ)], store_id: uuid.UUID
) -> SecondLookOut:
    """Whether the store has second looks."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return SecondLookOut(
            store_id=store_id, enabled=await repository.is_on(connection, store_id), available=request.app.state.second_look
        )


@router.put("/stores/{store_id}/second-look", openapi_extra=audited(Act.SECOND_LOOK_SWITCHED))
async def switch_second_look(
    request: Request, access: Annotated[Access, require(Permission.POLICY_WRITE)], store_id: uuid.UUID, body: SecondLookIn
) -> SecondLookOut:
    """Switch it on or off."""
    who, available = access.principal, bool(request.app.state.second_look)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await repository.is_on(connection, store_id)
        if body.enabled and not available:
            raise ConflictError("The operator has set no OPENAI_API_KEY; without it nothing can look again.")
        await repository.switch(connection, store_id, on=body.enabled)
        details = {"enabled": body.enabled}
        entry = AuditEntry(Act.SECOND_LOOK_SWITCHED, who.kind, who.id, who.chain_id, store_id, "store", store_id, details)
        await audit.append(connection, entry)
    return SecondLookOut(store_id=store_id, enabled=body.enabled, available=available)
