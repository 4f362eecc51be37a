"""Sign-in by a real provider: the way there and back, roles from groups, replays, rotated keys, and a provider that is away."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.service.conftest import Product, free_port
from tests.integration.service.oidc_provider import RealProvider, begin, come_back, running, visit
from tests.integration.service.sign_in import acts, add_user, refresh

API = "/api/v1"


@pytest.fixture
def idp() -> RealProvider:
    return RealProvider(free_port())


@pytest.fixture
def more_settings(idp: RealProvider) -> dict[str, Any]:
    return idp.settings()


@pytest.fixture
async def provider(idp: RealProvider) -> AsyncIterator[RealProvider]:
    async with running(idp):
        yield idp


async def map_group(product: Product, group: str, role: str, store: str | None = None) -> str:
    body = {"group_name": group, "role": role, "store_id": store}
    status, made = await product.ask("POST", f"{API}/auth/oidc/mappings", body)
    assert status == 201, made
    return str(made["id"])


async def sign_in(product: Product) -> str:
    """Through the provider; the access token."""
    seen = await visit(product)
    status, leads_to, token, problem = await come_back(product, seen.callback, seen.cookie)
    assert (status, leads_to) == (303, "/login?signed-in=yes&next=%2Falerts"), problem
    assert token
    return str((await refresh(product, token))[1]["access_token"])


async def groups(provider: RealProvider, *names: str, **more: Any) -> None:
    await provider.tell("person", json.dumps({"groups": names, **more}))


async def test_a_person_comes_in_with_the_roles_of_their_groups_and_loses_them_with_the_groups(
    product: Product, provider: RealProvider
) -> None:
    assert (await product.ask("GET", f"{API}/auth/oidc", token=""))[1] == {"enabled": True, "name": "Example ID"}
    store = await product.store()
    await map_group(product, "guards", "operator", store)
    await map_group(product, "heads", "auditor")
    await groups(provider, "guards", "strangers")
    token = await sign_in(product)
    me = (await product.ask("GET", f"{API}/auth/me", token=token))[1]
    assert (me["username"], me["roles"]) == ("ann.idp", ["operator"])
    assert [(each["role"], each["store_id"]) for each in me["memberships"]] == [("operator", store)]
    await groups(provider, "heads")
    token = await sign_in(product)
    again = (await product.ask("GET", f"{API}/auth/me", token=token))[1]
    assert (again["id"], again["roles"]) == (me["id"], ["auditor"])
    await groups(provider)
    seen = await visit(product)
    status, _, refresh_token, problem = await come_back(product, seen.callback, seen.cookie)
    assert (status, refresh_token, problem["code"]) == (401, None, "no-role")
    await asyncio.sleep(2.1)
    assert (await product.ask("GET", f"{API}/cameras", token=token))[0] == 401  # sessions of before end with the last group
    done = await acts(product, of=me["id"])
    assert done.count("oidc-roles-derived") == 3
    assert {"oidc-user-created", "log-in", "oidc-refused"} <= set(done)
    assert (await product.sign_in("ann.idp", "no user has this password"))[0] == 401


async def test_roles_given_by_hand_stay_and_a_local_name_is_never_taken_over(product: Product, provider: RealProvider) -> None:
    await add_user(product, "ann.idp", "chain-administrator")
    await map_group(product, "guards", "viewer")
    await groups(provider, "guards")
    token = await sign_in(product)
    me = (await product.ask("GET", f"{API}/auth/me", token=token))[1]
    assert me["username"].startswith("ann.idp.")
    assert me["roles"] == ["viewer"]
    await product.sql(
        "INSERT INTO memberships (id, chain_id, user_id, role) SELECT gen_random_uuid(), chain_id, id, 'auditor' FROM users"
        " WHERE username = $1",
        me["username"],
    )
    await groups(provider)
    token = await sign_in(product)
    assert (await product.ask("GET", f"{API}/auth/me", token=token))[1]["roles"] == ["auditor"]


async def test_two_first_log_ins_at_once_make_one_user(product: Product, provider: RealProvider) -> None:
    await map_group(product, "guards", "viewer")
    await groups(provider, "guards")
    visits = [await visit(product) for _ in range(3)]
    answers = await asyncio.gather(*(come_back(product, each.callback, each.cookie) for each in visits))
    assert [status for status, *_ in answers] == [303] * 3
    assert (await product.sql("SELECT count(*) FROM users WHERE username LIKE 'ann%'"))[0][0] == 1


async def test_an_answer_counts_once_in_its_own_browser_and_only_whole(product: Product, provider: RealProvider) -> None:
    await map_group(product, "guards", "viewer")
    await groups(provider, "guards")
    seen = await visit(product)
    other = await visit(product)

    async def code_of(callback: str, cookie: str) -> str:
        status, _, token, problem = await come_back(product, callback, cookie)
        assert (status, token) == (401, None)
        return str(problem["code"])

    assert await code_of(seen.callback, "another browser") == "other-browser"
    assert await code_of(seen.callback, seen.cookie) == "unknown-state"  # the state is spent, whoever came
    assert await code_of(other.callback.replace("state=", "state=x"), other.cookie) == "unknown-state"
    mixed = other.callback.replace("iss=", "iss=https%3A%2F%2Felsewhere.example&was=")
    assert await code_of(mixed, other.cookie) == "wrong-issuer"
    fresh = await visit(product)
    used = fresh.callback.split("code=")[1].split("&")[0]
    assert (await come_back(product, fresh.callback, fresh.cookie))[0] == 303
    address, cookie = await begin(product)  # a stolen code in the thief's own sign-in: PKCE and the provider refuse it
    state = address.split("state=")[1].split("&")[0]
    stolen = f"http://penny.test{API}/auth/oidc/callback?code={used}&state={state}"
    assert await code_of(stolen, cookie) == "code-refused"
    address, cookie = await begin(product)
    state = address.split("state=")[1].split("&")[0]
    assert (
        await code_of(f"http://penny.test{API}/auth/oidc/callback?error=access_denied&state={state}", cookie)
        == "provider-refused"
    )
    reasons = await product.sql("SELECT details->>'reason' AS r FROM audit_unsealed WHERE act = 'oidc-refused'")
    assert {row["r"] for row in reasons} == {"other-browser", "unknown-state", "wrong-issuer", "code-refused", "provider-refused"}


async def test_rotated_keys_are_fetched_anew(product: Product, provider: RealProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.auth.oidc.provider.KEYS_AGAIN_S", 0.0)
    await map_group(product, "guards", "viewer")
    await groups(provider, "guards")
    await sign_in(product)
    await provider.tell("rotate-keys")
    await sign_in(product)


async def test_a_provider_that_is_away_is_said_and_passwords_go_on(product: Product) -> None:
    status, problem = await product.ask("GET", f"{API}/auth/oidc/start", token="")
    assert (status, problem["code"]) == (401, "provider-down")
    assert (await come_back(product, f"http://penny.test{API}/auth/oidc/callback?state=x&code=y", "z"))[0] == 401
    status, leads_to, token, _ = await come_back(
        product, f"http://penny.test{API}/auth/oidc/callback?state=x&code=y", "z", accept="text/html"
    )
    assert (status, leads_to, token) == (303, "/login?refused=unknown-state", None)
    await add_user(product, "bob", "viewer")
    assert (await product.sign_in("bob", "gravel-otter-lantern-mop"))[0] == 200
    assert (await acts(product)).count("oidc-refused") == 2


async def test_a_provider_that_says_it_asked_twice_satisfies_the_duty(product: Product, provider: RealProvider) -> None:
    await map_group(product, "guards", "approver")
    await product.ask("PATCH", f"{API}/auth/settings", {"second_factor_roles": ["approver"]})
    await groups(provider, "guards")
    token = await sign_in(product)
    assert (await product.ask("GET", f"{API}/auth/me", token=token))[1]["duties"] == ["second-factor"]
    assert (await product.ask("GET", f"{API}/cameras", token=token))[0] == 403
    made = (await product.ask("POST", f"{API}/auth/totp", {}, token=token))[1]
    assert made["uri"].startswith("otpauth://totp/PennyProtect")  # a person without a password enrols within ten minutes


async def test_mappings_are_an_administrators_and_stay_in_the_chain(product: Product) -> None:
    first = await map_group(product, "guards", "viewer")
    assert await map_group(product, "guards", "viewer") == first
    wrong = {"group_name": "guards", "role": "viewer", "store_id": "0198f000-0000-7000-8000-000000000000"}
    assert (await product.ask("POST", f"{API}/auth/oidc/mappings", wrong))[0] == 404
    assert (await product.ask("POST", f"{API}/auth/oidc/mappings", {**wrong, "role": "king"}))[0] == 422
    listed = (await product.ask("GET", f"{API}/auth/oidc/mappings"))[1]["items"]
    assert [(each["id"], each["group_name"], each["role"]) for each in listed] == [(first, "guards", "viewer")]
    details = (await product.ask("GET", f"{API}/auth/oidc/provider"))[1]
    assert details["redirect_uri"] == "http://penny.test/api/v1/auth/oidc/callback"
    assert "a secret of these tests" not in json.dumps(details)
    await add_user(product, "bob", "store-manager")
    theirs = (await product.sign_in("bob", "gravel-otter-lantern-mop"))[1]["access_token"]
    assert (await product.ask("GET", f"{API}/auth/oidc/mappings", token=theirs))[0] == 403
    assert (await product.ask("DELETE", f"{API}/auth/oidc/mappings/{first}"))[0] == 204
    assert (await product.ask("DELETE", f"{API}/auth/oidc/mappings/{first}"))[0] == 404
    assert {"oidc-mapping-created", "oidc-mapping-removed"} <= set(await acts(product))


async def test_the_chain_s_last_administrator_stays_when_the_group_is_gone(product: Product, provider: RealProvider) -> None:
    await map_group(product, "chiefs", "chain-administrator")
    await map_group(product, "guards", "operator")
    await groups(provider, "chiefs", "guards")
    await sign_in(product)
    await product.sql("UPDATE users SET disabled_at = now() WHERE username = 'admin'")
    await groups(provider, "guards")
    token = await sign_in(product)
    assert (await product.ask("GET", f"{API}/auth/me", token=token))[1]["roles"] == ["chain-administrator", "operator"]
    await product.sql("UPDATE users SET disabled_at = NULL WHERE username = 'admin'")
    token = await sign_in(product)
    assert (await product.ask("GET", f"{API}/auth/me", token=token))[1]["roles"] == ["operator"]


async def test_a_group_of_a_region_has_its_stores_as_they_come_and_go(product: Product, provider: RealProvider) -> None:
    store = await product.store()
    region = (await product.ask("POST", f"{API}/regions", {"name": "North"}))[1]["id"]
    mapping = {"group_name": "guards", "role": "operator", "region_id": region}
    assert (await product.ask("POST", f"{API}/auth/oidc/mappings", {**mapping, "store_id": store}))[0] == 422
    assert (await product.ask("POST", f"{API}/auth/oidc/mappings", {**mapping, "region_id": store}))[0] == 404
    status, made = await product.ask("POST", f"{API}/auth/oidc/mappings", mapping)
    assert (status, made["region_id"], made["store_id"]) == (201, region, None)
    assert (await product.ask("POST", f"{API}/auth/oidc/mappings", mapping))[1]["id"] == made["id"]  # asked twice, made once
    await groups(provider, "guards")
    token = await sign_in(product)
    me = (await product.ask("GET", f"{API}/auth/me", token=token))[1]
    assert [(each["role"], each["region_id"], each["store_id"]) for each in me["memberships"]] == [("operator", region, None)]
    assert (await product.ask("GET", f"{API}/stores", token=token))[1]["items"] == []
    assert (await product.ask("PATCH", f"{API}/stores/{store}", {"region_id": region}))[0] == 200
    await asyncio.sleep(2.1)
    assert [each["id"] for each in (await product.ask("GET", f"{API}/stores", token=token))[1]["items"]] == [store]
    assert (await product.ask("DELETE", f"{API}/regions/{region}"))[0] == 409
    assert (await product.ask("DELETE", f"{API}/auth/oidc/mappings/{made['id']}"))[0] == 204
    seen = await visit(product)
    assert (await come_back(product, seen.callback, seen.cookie))[3]["code"] == "no-role"  # the role went with the mapping
    assert (await product.ask("GET", f"{API}/auth/oidc/mappings"))[1]["items"] == []
