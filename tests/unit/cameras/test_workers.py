"""Who may be a worker, and of what."""

import uuid

import pytest

from app.audit.models import ActorKind
from app.auth.models import Access, Grant, Principal
from app.auth.permissions import Permission
from app.cameras.workers import scope_of_worker, stores_of_worker
from app.kit.errors import ForbiddenError, NotFoundError
from app.kit.postgres import TenantScope

CHAIN, OTHER, STORE = (uuid.UUID(int=number) for number in (2, 3, 4))


def access_of(chain: uuid.UUID | None, store: uuid.UUID | None = None) -> Access:
    grant = Grant(frozenset({Permission.WORKER}), store)
    return Access(Principal(ActorKind.API_KEY, uuid.UUID(int=1), "workers", chain, (grant,)), Permission.WORKER)


def test_a_key_of_the_platform_is_given_every_store_and_one_of_a_store_its_own() -> None:
    assert stores_of_worker(access_of(None)) is None
    assert stores_of_worker(access_of(CHAIN, STORE)) == [STORE]
    assert scope_of_worker(access_of(None), OTHER) == TenantScope(OTHER)
    assert scope_of_worker(access_of(CHAIN, STORE), CHAIN) == TenantScope(CHAIN, frozenset({STORE}))


def test_a_key_of_a_chain_that_names_no_store_is_given_nothing() -> None:
    with pytest.raises(ForbiddenError, match="pennyprotect workers create"):
        stores_of_worker(access_of(CHAIN))


def test_a_key_of_one_chain_touches_nothing_of_another() -> None:
    with pytest.raises(NotFoundError):
        scope_of_worker(access_of(CHAIN, STORE), OTHER)
