"""Alerts are worked on by several people at once, over the API, at a real database."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

from app.auth.permissions import Role
from app.kit.clock import now
from tests.integration.service.conftest import Product
from tests.integration.service.principals import World, make_world


async def operators(product: Product, count: int) -> tuple[World, list[str]]:
    world = await make_world(product)
    return world, [(await world.sign_in(Role.OPERATOR, "store"))[1] for _ in range(count)]


async def acts_of(product: Product, alert: str) -> list[str]:
    rows = await product.sql("SELECT act FROM audit_unsealed WHERE subject_id = $1 ORDER BY id", uuid.UUID(alert))
    return [row["act"] for row in rows]


async def test_of_many_who_claim_at_once_exactly_one_has_it(product: Product) -> None:
    _, tokens = await operators(product, 6)
    camera = await product.camera()
    for _ in range(5):
        alert = await product.alert(camera)
        path = f"/api/v1/alerts/{alert}/claim"
        answers = await asyncio.gather(*(product.ask("POST", path, {}, token=token) for token in tokens))
        assert sorted(status for status, _ in answers) == [200] + [409] * 5
        winner = next(body["claimed_by"] for status, body in answers if status == 200)
        assert all(body["by"] == winner for status, body in answers if status == 409)
        assert await acts_of(product, alert) == ["alert-claimed"]
        stored = (await product.ask("GET", f"/api/v1/alerts/{alert}"))[1]
        assert (stored["claimed_by"], stored["revision"], stored["waiting_since"]) == (winner, 1, None)


async def test_claim_and_resolve_at_once_end_in_one_order(product: Product) -> None:
    _, (ann, bob) = await operators(product, 2)
    camera = await product.camera()
    for _ in range(5):
        alert = await product.alert(camera)
        path = f"/api/v1/alerts/{alert}"
        (claimed, _), (resolved, _) = await asyncio.gather(
            product.ask("POST", f"{path}/claim", {}, token=ann),
            product.ask("POST", f"{path}/resolve", {"outcome": "false"}, token=bob),
        )
        assert sorted((claimed, resolved)) == [200, 409]
        state = (await product.ask("GET", path))[1]["state"]
        assert state == ("claimed" if claimed == 200 else "resolved")


async def test_an_alert_goes_its_whole_way(product: Product) -> None:
    alert = await product.alert(await product.camera())

    async def act(name: str, body: Any = None, expected: int = 200) -> dict[str, Any]:
        status, answer = await product.ask("POST", f"/api/v1/alerts/{alert}/{name}", body)
        assert status == expected, answer
        return dict(answer)

    assert (await act("claim", {}))["state"] == "claimed"
    up = await act("escalate", {})
    assert (up["state"], up["escalation_level"], up["claimed_by"]) == ("escalated", "area", None)
    until = (now() + timedelta(minutes=10)).isoformat()
    await act("snooze", {"until": until}, 422)
    await act("snooze", {"until": (now() + timedelta(days=2)).isoformat(), "reason": "x"}, 422)
    assert (await act("snooze", {"until": until, "reason": "Cleaning crew"}))["snooze_reason"] == "Cleaning crew"
    assert (await act("acknowledge", {"outcome": "correct"}))["outcome"] == "correct"
    assert (await act("resolve", {}))["outcome"] == "correct"
    again = await act("reopen")
    assert (again["state"], again["outcome"], again["escalation_level"]) == ("escalated", None, "area")
    await act("reopen", None, 409)
    kinds = ["claimed", "escalated", "snoozed", "acknowledged", "resolved", "reopened"]
    assert await acts_of(product, alert) == [f"alert-{kind}" for kind in kinds]


async def test_what_one_person_has_seen_is_new_to_another(product: Product) -> None:
    _, (ann, bob) = await operators(product, 2)
    camera = await product.camera()
    alerts = [await product.alert(camera) for _ in range(2)]
    asked = [("alert_id", alert) for alert in alerts]
    body = {"alert_ids": [alerts[0], str(uuid.uuid4())]}
    for _ in range(2):
        assert (await product.ask("POST", "/api/v1/alerts/seen", body, token=ann))[0] == 204
    assert (await product.ask("GET", "/api/v1/alerts/seen", token=ann, params=asked))[1] == {"alert_ids": alerts[:1]}
    assert (await product.ask("GET", "/api/v1/alerts/seen", token=bob, params=asked))[1] == {"alert_ids": []}


async def test_the_rota_is_kept_by_those_whose_place_it_is(product: Product) -> None:
    world = await make_world(product)
    user, manager = await world.sign_in(Role.STORE_MANAGER, "store")
    store = str(world.stores["store"])
    mine = {
        "user_id": str(user),
        "store_id": store,
        "days": [1, 2],
        "starts": "22:00",
        "ends": "06:00",
        "timezone": "Europe/Berlin",
    }
    status, made = await product.ask("POST", "/api/v1/notifications/rota", mine, token=manager)
    assert (status, made["level"], made["days"]) == (201, "store", [1, 2])
    path = "/api/v1/notifications/rota"
    for place in ({"region_id": str(world.region)}, {}):
        assert (await product.ask("POST", path, {"user_id": str(user), **place}, token=manager))[0] == 403
        status, above = await product.ask("POST", path, {"user_id": str(user), **place})
        assert status == 201, above
        assert (await product.ask("DELETE", f"{path}/{above['id']}", token=manager))[0] == 403
    levels = [each["level"] for each in (await product.ask("GET", f"{path}?store_id={store}", token=manager))[1]["items"]]
    assert levels[-3:] == ["store", "area", "operations-centre"]
    for wrong in ({"timezone": "Mars/Base"}, {"days": []}, {"days": [8]}, {"after_s": 1}, {"region_id": str(world.region)}):
        assert (await product.ask("POST", path, mine | wrong))[0] == 422
    assert (await product.ask("DELETE", f"{path}/{made['id']}", token=manager))[0] == 204
    assert await acts_of(product, made["id"]) == ["rota-entry-created", "rota-entry-removed"]
