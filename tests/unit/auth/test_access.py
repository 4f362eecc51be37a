"""Permissions, tokens, back-off, and that no endpoint can be forgotten."""

import uuid
from datetime import timedelta

import jwt
import pytest

from app.audit.models import Act, ActorKind, audited, unaudited
from app.auth.access import SelfAccess, guarded_router
from app.auth.models import Grant, Principal
from app.auth.passwords import LONGEST_LOCK, PasswordChecker, hash_password, lock_after
from app.auth.permissions import ROLE_PERMISSIONS, Permission, Role, known_permissions, permissions_of
from app.auth.tokens import AUDIENCE, CHALLENGE_AUDIENCE, AccessClaims, Challenge, RefreshOrigin, TokenRefusedError, TokenSigner
from app.kit.clock import now
from app.kit.errors import ForbiddenError, SetupError

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
    good = jwt.decode(signer.sign(claims, now()), SECRET, algorithms=["HS256"], audience=AUDIENCE)
    cases = [
        ("", "forged"),
        ("a.b.c", "forged"),
        (signer.sign(claims, now())[:-4] + "xxxx", "forged"),
        (TokenSigner("t" * 32).sign(claims, now()), "forged"),
        (jwt.encode(good, "", algorithm="none"), "forged"),
        (jwt.encode(good, SECRET + SECRET, algorithm="HS512"), "forged"),
        (jwt.encode({k: v for k, v in good.items() if k != "exp"}, SECRET, algorithm="HS256"), "malformed"),
        (jwt.encode({k: v for k, v in good.items() if k != "aud"}, SECRET, algorithm="HS256"), "malformed"),
        (jwt.encode({**good, "sub": 5}, SECRET, algorithm="HS256"), "forged"),
        (jwt.encode({**good, "sid": "no uuid"}, SECRET, algorithm="HS256"), "malformed"),
        (signer.sign(make_claims(expires_at=now() - timedelta(seconds=1)), now()), "expired"),
        (jwt.encode({**good, "iss": "somebody"}, SECRET, algorithm="HS256"), "other-audience"),
        (jwt.encode({**good, "aud": CHALLENGE_AUDIENCE}, SECRET, algorithm="HS256"), "other-audience"),
        (jwt.encode({**good, "aud": [AUDIENCE, "x"]}, SECRET, algorithm="HS256"), "other-audience"),
        (signer.sign_challenge(Challenge(claims.user_id, CHAIN, "m"), now()), "malformed"),
        (signer.sign(claims, now() + timedelta(seconds=30)), "from-the-future"),
    ]
    for token, reason in cases:
        with pytest.raises(TokenRefusedError) as refused:
            signer.read(token)
        assert refused.value.reason == reason, token
        assert refused.value.detail == "Your session is not valid any more. Sign in again."
    assert signer.read(signer.sign(claims, now() + timedelta(seconds=5))) == claims  # a replica whose clock is ahead


def test_a_challenge_is_no_access_token_and_ends() -> None:
    signer, challenge = TokenSigner(SECRET), Challenge(uuid.UUID(int=3), CHAIN, "mark")
    assert signer.read_challenge(signer.sign_challenge(challenge, now())) == challenge
    for bad in (signer.sign_challenge(challenge, now() - timedelta(minutes=4)), signer.sign(make_claims(), now()), "x"):
        with pytest.raises(TokenRefusedError):
            signer.read_challenge(bad)


def test_an_old_refresh_token_is_known_again_and_a_made_up_one_is_not() -> None:
    origin = RefreshOrigin(uuid.UUID(int=4), uuid.UUID(int=3), CHAIN)
    token = TokenSigner(SECRET).refresh_token(origin)
    assert len(token) <= 200
    assert TokenSigner(SECRET).refresh_token(origin) != token
    assert TokenSigner(SECRET).refresh_origin(token) == origin
    for bad in ("", "x", token[:-2] + "AA", token + "A", "é", TokenSigner("t" * 32).refresh_token(origin)):
        assert TokenSigner(SECRET).refresh_origin(bad) is None


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


def test_an_endpoint_that_names_no_act_cannot_be_registered() -> None:
    router = guarded_router("x")
    with pytest.raises(TypeError, match="declares no act"):

        @router.get("/forgotten")
        async def forgotten(access: SelfAccess) -> None: ...

    @router.get("/told", openapi_extra=unaudited("Shows nothing that matters."))
    async def told(access: SelfAccess) -> None: ...

    @router.post("/done", openapi_extra=audited(Act.SNAPSHOT))
    async def done(access: SelfAccess) -> None: ...

    assert [getattr(route, "openapi_extra", {}).get("x-audit") for route in router.routes] == [None, ["snapshot"]]
    with pytest.raises(TypeError):
        unaudited("")
    with pytest.raises(TypeError):
        audited()
