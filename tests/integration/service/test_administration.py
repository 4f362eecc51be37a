"""Users, roles, regions and API keys through the service: what may be given, what may not, and what ends how fast."""

import asyncio
import uuid

from app.auth.permissions import ROLE_PERMISSIONS, Permission, Role
from tests.integration.service.conftest import Product
from tests.integration.service.principals import make_world
from tests.integration.service.sign_in import add_user, token_of


def test_a_chain_administrator_can_give_every_role() -> None:
    for role in Role:
        assert ROLE_PERMISSIONS[role] <= ROLE_PERMISSIONS[Role.CHAIN_ADMINISTRATOR], role


async def test_nobody_gives_more_than_he_holds_nor_outside_his_stores(product: Product) -> None:
    world = await make_world(product)
    _, manager = await world.sign_in(Role.STORE_MANAGER, "store")
    target, _ = await world.sign_in(Role.VIEWER, "store")
    stronger, _ = await world.sign_in(Role.CHAIN_ADMINISTRATOR, "chain")
    here, there, theirs = (str(world.stores[place]) for place in ("store", "other-store", "other-chain"))

    async def give(role: Role, **where: str) -> int:
        body = {"user_id": str(target), "role": role.value, **where}
        return (await product.ask("POST", "/api/v1/memberships", body, token=manager))[0]

    assert await give(Role.OPERATOR, store_id=here) == 201
    assert await give(Role.OPERATOR, store_id=here) == 409
    assert await give(Role.CHAIN_ADMINISTRATOR, store_id=here) == 403
    assert await give(Role.VIEWER) == 403
    assert await give(Role.VIEWER, region_id=str(world.region)) == 404
    assert [await give(Role.VIEWER, store_id=store) for store in (there, theirs, str(uuid.uuid4()))] == [404] * 3
    for act in ("disable", "reset-password"):
        assert (await product.ask("POST", f"/api/v1/users/{stronger}/{act}", {}, token=manager))[0] == 403
    acts = [row["act"] for row in await product.sql("SELECT act FROM audit_unsealed WHERE act LIKE '%refused'")]
    assert acts.count("administration-refused") >= 4


async def test_an_invited_person_gets_a_password_once_and_is_out_within_seconds_when_disabled(product: Product) -> None:
    store = await product.store()
    body = {"username": "New.Person", "roles": [{"role": "viewer", "store_id": store}]}
    headers = {"Idempotency-Key": "one"}
    status, made = await product.ask("POST", "/api/v1/users", body, headers=headers)
    assert status == 201, made
    assert (await product.ask("POST", "/api/v1/users", body, headers=headers))[1]["initial_password"] is None
    kept = await product.sql("SELECT response::text AS text FROM idempotency_keys")
    assert all(made["initial_password"] not in row["text"] for row in kept)
    status, tokens = await product.sign_in("new.person", made["initial_password"])
    assert status == 200
    user = made["user"]["id"]
    assert (await product.ask("POST", f"/api/v1/users/{user}/disable", {}))[0] == 200
    assert (await product.ask("GET", "/api/v1/auth/me", token=tokens["access_token"]))[0] == 401
    assert (await product.sign_in("new.person", made["initial_password"]))[0] == 401
    assert (await product.ask("POST", f"/api/v1/users/{user}/enable", {}))[0] == 200


async def test_the_last_administrator_stays_and_two_who_race_do_not_both_win(product: Product) -> None:
    world = await make_world(product)
    mine = (await product.ask("GET", "/api/v1/auth/me"))[1]["id"]
    own = (await product.ask("GET", f"/api/v1/memberships?user_id={mine}"))[1]["items"][0]["id"]
    assert (await product.ask("DELETE", f"/api/v1/memberships/{own}"))[0] == 409
    assert (await product.ask("POST", f"/api/v1/users/{mine}/disable", {}))[0] == 409
    other, token = await world.sign_in(Role.CHAIN_ADMINISTRATOR, "chain")
    both = await asyncio.gather(
        product.ask("POST", f"/api/v1/users/{other}/disable", {}),
        product.ask("POST", f"/api/v1/users/{mine}/disable", {}, token=token),
    )
    won, lost = sorted(status for status, _ in both)
    assert won == 200
    assert lost in (401, 403)  # signed out already, or met inside the act
    both_ids = [uuid.UUID(mine), other]
    left = await product.sql("SELECT count(*) AS n FROM users WHERE id = ANY($1) AND disabled_at IS NULL", both_ids)
    assert left[0]["n"] == 1


async def test_a_key_reaches_its_stores_and_rotates_without_an_outage(product: Product) -> None:
    world = await make_world(product)
    body = {"name": "Till", "permissions": ["cameras:read"], "store_ids": [str(world.stores["store"])]}
    status, made = await product.ask("POST", "/api/v1/api-keys", body)
    assert status == 201, made
    first, path = made["secret"], f"/api/v1/api-keys/{made['key']['id']}"

    async def seen(secret: str) -> int:
        status, answer = await product.ask("GET", "/api/v1/cameras", token=secret)
        if status == 200:
            assert {camera["store_id"] for camera in answer["items"]} == {str(world.stores["store"])}
        return status

    second = (await product.ask("POST", f"{path}/rotate", {"overlap_s": 3}))[1]["secret"]
    assert [await seen(first), await seen(second)] == [200, 200]
    await asyncio.sleep(5.1)
    assert [await seen(first), await seen(second)] == [401, 200]
    assert (await product.ask("DELETE", path))[0] == 204
    await asyncio.sleep(2.1)
    assert await seen(second) == 401
    for refused in ("worker", "users:write"):
        assert (await product.ask("POST", "/api/v1/api-keys", {**body, "permissions": [refused]}))[0] == 422


async def test_a_store_that_leaves_a_region_leaves_the_reach_of_its_people(product: Product) -> None:
    world = await make_world(product)
    _, token = await world.sign_in(Role.OPERATOR, "region")
    store = str(world.stores["store"])

    async def stores() -> list[str]:
        return [each["id"] for each in (await product.ask("GET", "/api/v1/stores", token=token))[1]["items"]]

    assert await stores() == [store]
    assert (await product.ask("PATCH", f"/api/v1/stores/{store}", {"region_id": None}))[0] == 200
    await asyncio.sleep(2.1)
    assert await stores() == []
    assert (await product.ask("DELETE", f"/api/v1/regions/{world.region}"))[0] == 409
    assert sum(Permission.CHAIN_WRITE in held for held in ROLE_PERMISSIONS.values()) == 1


async def test_a_key_outlives_its_maker_and_says_so(product: Product) -> None:
    maker = await add_user(product, "ann", "chain-administrator")
    token = (await token_of(product, "ann"))["access_token"]
    body = {"name": "Till export", "permissions": ["alerts:read"]}
    status, made = await product.ask("POST", "/api/v1/api-keys", body, token=token)
    assert (status, made["key"]["made_by"], made["key"]["maker_left"]) == (201, "ann", False)
    assert (await product.ask("POST", f"/api/v1/users/{maker}/disable", {}))[0] == 200
    (key,) = (await product.ask("GET", "/api/v1/api-keys"))[1]["items"]
    assert (key["made_by"], key["maker_left"]) == ("ann", True)
    assert (await product.ask("GET", "/api/v1/alerts", token=made["secret"]))[0] == 200
    (row,) = await product.sql("SELECT details->>'keys_left' AS keys FROM audit_unsealed WHERE act = 'user-disabled'")
    assert row["keys"] == "1"
