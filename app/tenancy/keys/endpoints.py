"""`/api/v1/keys`: the state of the chain's key, and its destruction. No key leaves here in any form."""

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from app.audit.models import SETTINGS_SHOWN, Act, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.keys import repository as stored
from app.kit.keys.models import PROTECTED
from app.kit.keys.vault import Vault
from app.kit.postgres import tenant_transaction
from app.tenancy.idempotency import IdempotencyKey, once
from app.tenancy.keys import service

router = guarded_router("keys")
Manages = Annotated[Access, require(Permission.KEYS_MANAGE)]


class KeysOut(BaseModel):
    """The chain's key."""

    version: int = Field(description="Of the key that protects new values; 0 before the first one.")
    destroyed: bool
    older_versions: int = Field(description="That still protect something; `pennyprotect keys rotate` ends them.")
    values: int = Field(description="Stored secrets under any version.")


class DestructionIn(BaseModel):
    """Nothing to say; the act itself is the request."""

    model_config = ConfigDict(extra="forbid")


class DestructionOut(BaseModel):
    """A wish to destroy the key, to be confirmed by somebody else."""

    id: uuid.UUID
    requested_by: uuid.UUID
    requested_at: datetime
    confirm_before: datetime


class ConfirmIn(BaseModel):
    """The confirmation."""

    model_config = ConfigDict(extra="forbid")

    chain_name: str = Field(max_length=200, description="Typed as it is.")


class DestroyedOut(BaseModel):
    """What is gone."""

    versions: int


@router.get("/keys", openapi_extra=unaudited(SETTINGS_SHOWN))
async def get_keys(request: Request, access: Manages) -> KeysOut:
    """Which version protects what; never a key."""
    chain_id = service.demand_administrator(access)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        keys = await stored.keys_of(connection, chain_id)
        values = sum([sum((await stored.count_values(connection, what, chain_id)).values()) for what in PROTECTED])
    destroyed = bool(keys) and keys[-1].wrapped is None
    newest = keys[-1].version if keys else 0
    return KeysOut(version=newest, destroyed=destroyed, older_versions=max(0, len(keys) - 1), values=values)


@router.post("/keys/destructions", status_code=201, openapi_extra=audited(Act.KEY_DESTRUCTION_REQUESTED))
async def ask_destruction(
    request: Request, access: Manages, body: DestructionIn, idempotency_key: IdempotencyKey = None
) -> DestructionOut:
    """Ask to destroy the chain's key. Another administrator confirms within 24 hours, or it lapses."""
    who = access.principal
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:

        async def make() -> DestructionOut:
            wish = await service.ask_destruction(connection, access, now())
            return DestructionOut(
                id=wish.id, requested_by=wish.requested_by, requested_at=wish.requested_at, confirm_before=wish.confirm_before
            )

        return await once(connection, who.id, idempotency_key, "POST /keys/destructions", body, make, DestructionOut)


@router.post("/keys/destructions/{destruction_id}/confirm", openapi_extra=audited(Act.KEY_DESTROYED))
async def confirm_destruction(request: Request, access: Manages, destruction_id: uuid.UUID, body: ConfirmIn) -> DestroyedOut:
    """Destroy the chain's key: everything it protects is unreadable for ever."""
    vault = request.app.state.vault
    assert isinstance(vault, Vault)  # noqa: S101 - set once by main
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        versions = await service.confirm_destruction(connection, vault, access, destruction_id, body.chain_name, now())
    vault.forget(access.scope.chain_id)
    return DestroyedOut(versions=versions)
