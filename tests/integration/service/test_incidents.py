"""A case from alert to report, over the API; and what may not be done to it."""

import asyncio
import json
import uuid
from typing import Any

from app.auth.permissions import Role
from tests.integration.service.conftest import Product
from tests.integration.service.principals import make_world


async def test_from_alerts_to_a_report(product: Product) -> None:
    camera = await product.camera()
    first, second = await product.alert(camera), await product.alert(camera)
    me = (await product.ask("GET", "/api/v1/auth/me"))[1]["id"]
    body = {"store_id": camera["store_id"], "kind": "falling", "title": "Fall at the till", "alert_ids": [first]}
    headers = {"Idempotency-Key": "once"}
    made = [await product.ask("POST", "/api/v1/incidents", body, headers=headers) for _ in range(2)]
    assert [status for status, _ in made] == [201, 201]
    assert made[0][1]["id"] == made[1][1]["id"]
    path = f"/api/v1/incidents/{made[0][1]['id']}"

    async def do(method: str, more: str, given: Any = None, expected: int = 200) -> Any:
        status, answer = await product.ask(method, path + more, given)
        assert status == expected, answer
        return answer

    await do("POST", "/alerts", {"alert_id": second}, 204)
    await do("POST", "/alerts", {"alert_id": second}, 204)
    await do("DELETE", f"/alerts/{first}", None, 204)
    await do("POST", "/staff", {"user_id": me})
    await do("POST", "/staff", {"user_id": str(uuid.uuid4())}, 422)
    await do("POST", "/notes", {"text": "Ambulance called."}, 201)
    await do("PATCH", "", {"loss_value": "12.50"}, 422)
    changed = await do("PATCH", "", {"loss_value": "12.50", "loss_currency": "EUR", "police_reference": "K-7"})
    assert (changed["loss_value"], changed["police_reference"]) == ("12.50", "K-7")
    await do("POST", "/review")
    await do("POST", "/close", {"conclusion": "Wet floor; sign put up."})
    await do("PATCH", "", {"title": "x"}, 409)
    await do("POST", "/alerts", {"alert_id": first}, 409)
    await product.sql(
        "INSERT INTO stream_sessions (id, chain_id, store_id, camera_id, epoch, status, codec)"
        " SELECT gen_random_uuid(), chain_id, store_id, camera_id, epoch, 'ended', 'simulated' FROM alerts WHERE id = $1",
        uuid.UUID(second),
    )
    case = await do("GET", "")
    assert [item["text"] for item in case["timeline"] if " seen by " in item["text"]] == [
        "Loitering seen by a simulated camera: drawn figures"
    ]
    assert (case["incident"]["state"], [each["id"] for each in case["alerts"]]) == ("closed", [second])
    texts = [item["text"] for item in case["timeline"]]
    assert [texts.count(text) for text in ("Incident opened", "Alert joined", "Alert taken out", "Incident closed")] == [
        1,
        2,
        1,
        1,
    ]
    assert [each["text"] for each in (await do("GET", "/notes"))["items"]] == ["Ambulance called."]
    assert (await do("GET", "/report")).startswith(b"%PDF-")
    acts = await product.sql("SELECT act FROM audit_unsealed WHERE subject_kind = 'incident' ORDER BY id")
    assert [row["act"].removeprefix("incident-") for row in acts] == [
        "opened", "alert-joined", "alert-joined", "alert-left", "staff-joined", "noted", "changed", "reviewed", "closed",
        "reported",
    ]  # fmt: skip
    told = await product.sql("SELECT payload FROM outbox WHERE kind = 'incident-changed'")
    assert len(told) == len(acts) - 1
    assert set(json.loads(told[0]["payload"])) == {"store_id", "incident_id", "state"}


async def test_two_who_close_at_once_close_it_once(product: Product) -> None:
    body = {"store_id": await product.store(), "kind": "theft", "title": "Two bottles taken"}
    for _ in range(5):
        made = (await product.ask("POST", "/api/v1/incidents", body))[1]
        path = f"/api/v1/incidents/{made['id']}/close"
        answers = await asyncio.gather(*(product.ask("POST", path, {"conclusion": str(n)}) for n in range(4)))
        assert sorted(status for status, _ in answers) == [200, 409, 409, 409]
        closed = next(answer["conclusion"] for status, answer in answers if status == 200)
        case = (await product.ask("GET", f"/api/v1/incidents/{made['id']}"))[1]
        assert case["incident"]["conclusion"] == closed
        assert [item["note"] for item in case["timeline"] if item["text"] == "Incident closed"] == [closed]


async def test_alerts_of_another_store_do_not_join(product: Product) -> None:
    world = await make_world(product)
    body = {"store_id": str(world.stores["store"]), "kind": "theft", "title": "t"}
    for place, expected in (("other-store", 422), ("other-chain", 404)):
        alert = str(world.things[place]["alert_id"])
        status, _ = await product.ask("POST", "/api/v1/incidents", body | {"alert_ids": [alert]})
        assert status == expected
    assert (await product.ask("GET", f"/api/v1/incidents?store_id={world.stores['store']}"))[1]["items"][0]["title"] == "t"
    _, viewer = await world.sign_in(Role.VIEWER, "store")
    assert (await product.ask("GET", "/api/v1/incidents", token=viewer))[0] == 403
