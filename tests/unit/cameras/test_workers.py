"""Who may be a worker."""

import uuid

import pytest

from app.audit.models import ActorKind
from app.auth.models import Access, Grant, Principal
from app.auth.permissions import Permission
from app.cameras.workers import demand_platform_key
from app.kit.errors import ForbiddenError


def access_of(chain: uuid.UUID | None) -> Access:
    grant = Grant(frozenset({Permission.WORKER}))
    return Access(Principal(ActorKind.API_KEY, uuid.UUID(int=1), "workers", chain, (grant,)), Permission.WORKER)


def test_a_key_of_one_chain_is_given_no_camera_of_another() -> None:
    demand_platform_key(access_of(None))
    with pytest.raises(ForbiddenError):
        demand_platform_key(access_of(uuid.UUID(int=2)))
