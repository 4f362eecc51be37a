"""Permissions, tokens, back-off, and that no endpoint can be forgotten."""

import uuid
from datetime import timedelta

import jwt
import pytest

from app.audit.models import ActorKind
from app.auth.access import guarded_router
from app.auth.models import Grant, Principal
from app.auth.passwords import LONGEST_LOCK, PasswordChecker, hash_password, lock_after
from app.auth.permissions import ROLE_PERMISSIONS, Permission, Role, known_permissions, permissions_of
from app.auth.tokens import AccessClaims, TokenSigner
from app.kit.clock import now
from app.kit.errors import ForbiddenError, SetupError, UnauthenticatedError

SECRET = "s" * 32
CHAIN, STORE = uuid.UUID(int=1), uuid.UUID(int=2)


def make_principal(*grants: Grant) -> Principal:
    return Principal(ActorKind.USER, uuid.UUID(int=3), "ann", CHAIN, grants)


def test_every_role_has_permissions_and_none_is_a_worker() -> None:
    assert set(ROLE_PERMISSIONS) == set(Role)
    for granted in ROLE_PERMISSIONS.values():
        assert Permission.SELF in granted
        assert Permission.WORKER not in granted
    assert permissions_of("a role of tomorrow") == frozenset()
    assert known_permissions(["worker", "everything"]) == {Permission.WORKER}


def test_a_scope_is_the_union_of_the_stores_that_grant_the_permission() -> None:
    here = make_principal(Grant(frozenset({Permission.ALERTS_READ}), STORE), Grant(frozenset({Permission.SELF})))
    assert here.scope(Permission.ALERTS_READ).store_ids == {STORE}
    assert here.scope(Permission.SELF).store_ids is None
    with pytest.raises(ForbiddenError):
        here.scope(Permission.LIVE_VIEW)
    with pytest.raises(ForbiddenError):
        Principal(ActorKind.API_KEY, STORE, "k", None, (Grant(frozenset({Permission.SELF})),)).scope(Permission.SELF)


def test_an_endpoint_without_a_permission_cannot_be_registered() -> None:
    router = guarded_router("x")
    with pytest.raises(TypeError, match="declares no permission"):

        @router.get("/forgotten")
        async def forgotten() -> None: ...


def make_claims(**changes: object) -> AccessClaims:
    given: dict[str, object] = {
        "user_id": uuid.UUID(int=3),
        "session_id": uuid.UUID(int=4),
        "chain_id": CHAIN,
        "expires_at": now().replace(microsecond=0) + timedelta(minutes=1),
    }
    return AccessClaims(**(given | changes))  # type: ignore[arg-type]


def test_tokens_come_back_and_forged_ones_do_not() -> None:
    signer, claims = TokenSigner(SECRET), make_claims()
    assert signer.read(signer.sign(claims, now())) == claims
    good = jwt.decode(signer.sign(claims, now()), SECRET, algorithms=["HS256"], issuer="pennyprotect")
    bad = [
        "",
        "a.b.c",
        signer.sign(claims, now())[:-2] + "xx",
        TokenSigner("t" * 32).sign(claims, now()),
        signer.sign(make_claims(expires_at=now() - timedelta(seconds=1)), now()),
        jwt.encode(good, "", algorithm="none"),
        jwt.encode({**good, "sub": 5}, SECRET, algorithm="HS256"),
        jwt.encode({**good, "sid": "no uuid"}, SECRET, algorithm="HS256"),
        jwt.encode({k: v for k, v in good.items() if k != "exp"}, SECRET, algorithm="HS256"),
        jwt.encode({**good, "iss": "somebody"}, SECRET, algorithm="HS256"),
    ]
    for token in bad:
        with pytest.raises(UnauthenticatedError):
            signer.read(token)


def test_a_short_secret_is_a_setup_error() -> None:
    with pytest.raises(SetupError, match="JWT_SECRET"):
        TokenSigner("short")


def test_back_off_grows_and_ends() -> None:
    waits = [lock_after(failures) for failures in range(40)]
    assert waits == sorted(waits)
    assert waits[3] == timedelta(0)
    assert waits[4] == timedelta(seconds=1)
    assert waits[-1] == LONGEST_LOCK


async def test_passwords_are_checked_and_nobody_has_none() -> None:
    checker, hashed = PasswordChecker(), hash_password("right")
    assert await checker.verify(hashed, "right")
    assert not await checker.verify(hashed, "wrong")
    assert not await checker.verify(None, "no user has this password")
    assert not await checker.verify("no hash", "right")
