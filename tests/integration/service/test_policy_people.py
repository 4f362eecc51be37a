"""The two people of a policy stand at the moment it is approved, and one store's trouble keeps no other's switch on."""

import uuid

import asyncpg
import pytest

from app.kit.postgres import connect_pool
from app.tenancy.policy import service
from app.tenancy.policy.enforcer import enforce
from app.tenancy.policy.packs import current_pack
from tests.integration.conftest import Database
from tests.integration.service.conftest import Product
from tests.integration.service.people import person, user_id
from tests.integration.service.test_policy import FACE, gather_evidence, photo, switch_on


@pytest.mark.parametrize("undoing", ["disable", "revoke"])
async def test_rule_10_who_proposed_must_still_be_somebody_who_may(product: Product, undoing: str) -> None:
    path = await gather_evidence(product)
    proposer = await person(product, "store-manager", await product.store())
    status, standing = await product.ask("PUT", path, FACE, token=proposer)
    assert status == 200, standing
    gone = await user_id(product, proposer)
    if undoing == "disable":
        assert (await product.ask("POST", f"/api/v1/users/{gone}/disable", {}))[0] == 200
    else:
        held = (await product.ask("GET", f"/api/v1/memberships?user_id={gone}"))[1]["items"]
        assert (await product.ask("DELETE", f"/api/v1/memberships/{held[0]['id']}"))[0] == 204
    status, refused = await product.ask("POST", f"{path}/approve", {"proposal_id": standing["proposal"]["id"]})
    assert (status, refused.get("state")) == (409, "overtaken"), refused
    assert not (await product.sql("SELECT count(*) AS n FROM site_policies WHERE face"))[0]["n"]


async def test_rule_10_who_approves_is_asked_afresh_not_as_of_two_seconds_ago(product: Product) -> None:
    path = await gather_evidence(product)
    _, standing = await product.ask("PUT", path, FACE)
    second = await person(product, "chain-administrator")
    assert (await product.ask("GET", path, token=second))[0] == 200  # the service remembers these rights now
    await product.sql("DELETE FROM memberships WHERE user_id = $1", uuid.UUID(await user_id(product, second)))
    decision = {"proposal_id": standing["proposal"]["id"]}
    assert (await product.ask("POST", f"{path}/approve", decision, token=second))[0] == 403
    assert not (await product.sql("SELECT count(*) AS n FROM site_policies WHERE face"))[0]["n"]


async def test_one_store_that_cannot_be_checked_keeps_no_other_on(
    product: Product, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await gather_evidence(product)
    await switch_on(product, path, await person(product, "chain-administrator"))
    lapsing = uuid.UUID(await product.store())
    stuck = uuid.UUID(int=1)
    real = service.switch_off_lapsed

    async def stores(_: object) -> list[tuple[uuid.UUID, uuid.UUID]]:
        chain = (await product.sql("SELECT chain_id FROM stores LIMIT 1"))[0]["chain_id"]
        return [(chain, stuck), (chain, lapsing)]

    async def checked(connection: object, chain_id: uuid.UUID, store_id: uuid.UUID, *more: object, **options: object) -> bool:
        if store_id == stuck:
            raise asyncpg.LockNotAvailableError("another transaction holds this store")
        return await real(connection, chain_id, store_id, *more, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("app.tenancy.policy.repository.stores_with_biometrics", stores)
    monkeypatch.setattr(service, "switch_off_lapsed", checked)
    await product.sql("UPDATE acceptance_tests SET performed_on = '2020-01-01'")
    pool = await connect_pool(database.url("app"), role="test", largest=2)
    await enforce(pool, current_pack())
    await pool.close()
    newest = await product.sql("SELECT face, cause FROM site_policies ORDER BY revision DESC LIMIT 1")
    assert (newest[0]["face"], newest[0]["cause"]) == (False, "lapsed")


async def test_the_same_photo_sent_twice_is_kept_once_and_a_store_keeps_a_bounded_number_a_day(product: Product) -> None:
    path = await gather_evidence(product)
    headers = {"Content-Type": "image/jpeg"}
    today = str((await product.sql("SELECT taken_on FROM sign_photos"))[0]["taken_on"])
    address = f"{path}/sign-photos?taken_on={today}"
    first, again = [await product.ask("POST", address, data=photo(2), headers=headers) for _ in range(2)]
    assert (first[0], again[0], first[1]["id"]) == (201, 201, again[1]["id"])
    answers = [(await product.ask("POST", address, data=photo(3 + number), headers=headers))[0] for number in range(20)]
    assert set(answers) == {201, 429}
    assert answers.count(201) == 18
    assert (await product.ask("POST", address, data=photo(2), headers=headers))[1]["id"] == first[1]["id"]
