"""Ways to more than one was given: through an API key, a stolen password, a session from before, an account of a provider."""

import uuid

from app.auth.permissions import Permission, Role
from tests.integration.service.conftest import Product
from tests.integration.service.principals import make_world
from tests.integration.service.sign_in import PASSWORD, acts, add_user, code, enrol, log_in, token_of

API = "/api/v1"
FOR_PEOPLE = ("sign-in:write", "sessions:end", "keys:manage", "training:write", "users:write", "policy:approve", "self")


async def test_what_decides_about_people_is_not_for_keys(product: Product) -> None:
    for permission in FOR_PEOPLE:
        body = {"name": "Script", "permissions": ["cameras:read", permission]}
        assert (await product.ask("POST", f"{API}/api-keys", body))[0] == 422, permission


async def test_a_key_from_before_maps_no_group_and_takes_no_second_factor(product: Product) -> None:
    world = await make_world(product)
    ann = await add_user(product, "ann", "chain-administrator")
    await enrol(product, (await token_of(product, "ann"))["access_token"])
    older = frozenset({Permission.SIGN_IN_WRITE, Permission.SESSIONS_END, Permission.CAMERAS_READ})
    key = await world.key(older, "chain")
    mapping = {"group_name": "everybody", "role": "chain-administrator"}
    assert (await product.ask("POST", f"{API}/auth/oidc/mappings", mapping, token=key))[0] == 403
    assert (await product.ask("PATCH", f"{API}/auth/settings", {"second_factor_roles": []}, token=key))[0] == 403
    assert (await product.ask("DELETE", f"{API}/users/{ann}/second-factor", token=key))[0] == 403
    assert (await product.ask("GET", f"{API}/cameras", token=key))[0] == 200
    assert len(await product.sql("SELECT FROM totp_secrets")) == 1


async def test_a_key_gathers_no_evidence_and_breaks_nothing_when_it_tries(product: Product) -> None:
    world = await make_world(product)
    key = await world.key(frozenset({Permission.POLICY_WRITE, Permission.POLICY_READ}), "chain")
    test = {
        "switch": "face", "performed_on": "2026-01-02", "performed_by": "Nobody", "cameras": 2, "strangers": 500,
        "false_matches": 1, "enrolled": 50, "misses": 2, "passed": True,
    }  # fmt: skip
    path = f"{API}/stores/{world.stores['store']}/policy"
    status, answer = await product.ask("POST", f"{path}/acceptance-tests", test, token=key)
    assert (status, answer["status"]) == (403, 403)


async def test_enrolling_ends_the_other_sessions(product: Product) -> None:
    ann = await add_user(product, "ann", "viewer")
    mine, thiefs = [(await token_of(product, "ann"))["access_token"] for _ in range(2)]
    await enrol(product, mine)
    assert (await product.ask("GET", f"{API}/auth/me", token=mine))[0] == 200
    assert (await product.ask("GET", f"{API}/auth/me", token=thiefs))[0] == 401
    told = "SELECT details->>'sessions_ended' FROM audit_unsealed WHERE act = 'second-factor-enrolled' AND actor_id = $1::uuid"
    assert (await product.sql(told, ann))[0][0] == "1"


async def test_a_session_without_its_second_factor_neither_removes_it_nor_makes_codes(product: Product) -> None:
    ann = await add_user(product, "ann", "viewer")
    token = (await token_of(product, "ann"))["access_token"]
    secret, _ = await enrol(product, token)
    # A provider's log-in may come without one: so does this session, to whom the password is known.
    await product.sql("UPDATE sessions SET second_factor_at = NULL WHERE user_id = $1::uuid", uuid.UUID(ann))
    for path in ("totp/remove", "recovery-codes"):
        status, answer = await product.ask("POST", f"{API}/auth/{path}", {"password": PASSWORD}, token=token)
        assert (status, answer["title"]) == (403, "Not allowed"), path
    assert len(await product.sql("SELECT FROM totp_secrets")) == 1
    assert (await product.ask("POST", f"{API}/auth/second-factor", {"code": code(secret)}, token=token))[0] == 204
    assert (await product.ask("POST", f"{API}/auth/recovery-codes", {"password": PASSWORD}, token=token))[0] == 200
    assert (await product.ask("POST", f"{API}/auth/totp/remove", {"password": PASSWORD}, token=token))[0] == 204
    assert "second-factor-removed" in await acts(product, of=ann)


async def test_a_stolen_token_of_an_administrator_keeps_no_account(product: Product) -> None:
    """Neither one's own password nor one's own second factor goes by the way that is meant for other people's."""
    me = (await product.ask("GET", f"{API}/auth/me"))[1]["id"]
    before = await product.sql("SELECT password_hash FROM users WHERE id = $1::uuid", uuid.UUID(me))
    for method, act in (("POST", "reset-password"), ("DELETE", "second-factor")):
        status, answer = await product.ask(method, f"{API}/users/{me}/{act}", {} if method == "POST" else None)
        assert (status, "your own" in answer["detail"]) == (403, True), answer
    assert await product.sql("SELECT password_hash FROM users WHERE id = $1::uuid", uuid.UUID(me)) == before
    assert {"administration-refused", "request-refused"} <= set(await acts(product, of=me))


async def test_a_person_of_the_provider_gets_no_password_here(product: Product) -> None:
    """It would outlive the account at the provider, with the roles that its groups gave."""
    ann = await add_user(product, "ann", "viewer")
    token = (await token_of(product, "ann"))["access_token"]
    await product.sql("UPDATE users SET password_hash = '' WHERE username = 'ann'")
    await product.sql(
        "INSERT INTO oidc_identities (issuer, subject, chain_id, user_id) SELECT 'https://id.test', 's', chain_id, id FROM users"
        " WHERE username = 'ann'"
    )
    change = {"current_password": "", "new_password": "sunlit-barge-knot-eleven"}
    assert (await product.ask("POST", f"{API}/auth/password", change, token=token))[0] == 403
    assert (await product.ask("POST", f"{API}/users/{ann}/reset-password", {}))[0] == 409
    assert (await log_in(product, username="ann", password="sunlit-barge-knot-eleven"))[0] == 401
    assert (await product.sql("SELECT password_hash FROM users WHERE username = 'ann'"))[0][0] == ""


async def test_a_store_manager_trains_and_sees_the_people_of_his_stores_only(product: Product) -> None:
    world = await make_world(product)
    _, manager = await world.sign_in(Role.STORE_MANAGER, "store")
    here, _ = await world.sign_in(Role.OPERATOR, "store")
    there, _ = await world.sign_in(Role.OPERATOR, "other-store")
    _, course = await product.ask(
        "POST", f"{API}/training/courses", {"name": "Faces", "gate": "match-review", "valid_months": 12}
    )
    listed = (await product.ask("GET", f"{API}/training/people", token=manager))[1]["items"]
    assert str(here) in {each["id"] for each in listed}
    assert str(there) not in {each["id"] for each in listed}
    taken = {"course_id": course["id"], "trainer": "T", "trained_on": "2026-11-01"}
    theirs = {**taken, "user_id": str(there)}
    assert (await product.ask("POST", f"{API}/training/records", theirs, token=manager))[0] == 404
    assert (await product.ask("POST", f"{API}/training/records", {**taken, "user_id": str(here)}, token=manager))[0] == 201
    status, record = await product.ask("POST", f"{API}/training/records", theirs)
    assert status == 201, record
    shown = (await product.ask("GET", f"{API}/training/records", token=manager))[1]["items"]
    seen = {each["user_id"] for each in shown}
    assert str(here) in seen
    assert str(there) not in seen
    assert (await product.ask("DELETE", f"{API}/training/records/{record['id']}", token=manager))[0] == 404
    everybody = (await product.ask("GET", f"{API}/training/records"))[1]["items"]
    assert {str(here), str(there)} <= {each["user_id"] for each in everybody}
