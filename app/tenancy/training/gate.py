"""`requires_training(gate)`: the dependency that keeps people without a standing training record out of an endpoint."""

from typing import Any

from fastapi import Depends, Request

from app.audit.models import ActorKind
from app.auth.access import identifier_of
from app.auth.models import Access, Principal
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import ForbiddenError
from app.kit.postgres import TenantScope, tenant_transaction
from app.tenancy.training import repository
from app.tenancy.training.models import GATES, opens


class UntrainedError(ForbiddenError):
    """The caller's training is missing or has lapsed."""

    title = "Training needed"


async def demand_training(request: Request, who: Principal, gate: str) -> None:
    """UntrainedError unless `who` is a person whose training for `gate` stands today."""
    if who.kind is not ActorKind.USER or who.chain_id is None:
        raise UntrainedError("This needs a trained person; an API key is none.", gate=gate)
    scope = TenantScope(who.chain_id, frozenset(), who.id)
    async with tenant_transaction(backends(request).postgres, scope) as connection:
        courses = await repository.list_courses(connection)
        records = await repository.records_of(connection, who.id)
    if not opens(gate, courses, records, who.id, now().date()):
        raise UntrainedError(
            f"Your training for {GATES[gate].lower()} is missing or has lapsed. Ask your store manager to record a new one.",
            gate=gate,
        )


def requires_training(gate: str) -> Any:
    """The dependency for an endpoint beside `require(Permission....)`, which it runs after:
    `_trained: Annotated[None, requires_training(MATCH_REVIEW)]`."""
    if gate not in GATES:
        raise ValueError(f"there is no gate {gate!r}")

    async def check(request: Request) -> None:
        known = getattr(request.state, "access", None)
        if isinstance(known, Access):
            principal = known.principal
        else:
            principal = await identifier_of(request).identify(request.headers.get("authorization"))
        await demand_training(request, principal, gate)

    return Depends(check)
