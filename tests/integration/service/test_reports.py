"""Reports over judged alerts, as the API answers them; what becomes of a rule's alerts is set with it; replay over the API."""

import uuid
from datetime import timedelta
from typing import Any

from app.behaviour import falling
from app.kit.clock import now
from tests.integration.service.conftest import Product


async def test_outcomes_become_precision_and_a_threshold(product: Product) -> None:
    camera = await product.camera()
    for number in range(20):
        alert = await product.alert(camera)
        score = 0.5 + number / 50
        await product.sql("UPDATE alerts SET kind = 'running', score = $2 WHERE id = $1", uuid.UUID(alert), score)
        outcome = "correct" if number >= 8 else "false"
        assert (await product.ask("POST", f"/api/v1/alerts/{alert}/resolve", {"outcome": outcome}))[0] == 200

    async def ask(path: str) -> Any:
        status, answer = await product.ask("GET", f"/api/v1/reports/{path}")
        assert status == 200, answer
        return answer

    for by, place in (("kind", None), ("store", camera["store_id"]), ("camera", camera["store_id"])):
        (row,) = (await ask(f"precision?by={by}"))["items"]
        assert (row["kind"], row["right"], row["wrong"], row["precision"], row["store_id"]) == ("running", 12, 8, 0.6, place)
        assert (round(row["low"], 3), round(row["high"], 3)) == (0.387, 0.781)
    best = await ask("threshold?kind=running&target=0.9")
    assert (best["parameter"], best["suggested"], best["lost_right"], best["spared_wrong"]) == ("threshold", 0.64, 0, 7)
    assert (await ask("threshold?kind=loitering"))["suggested"] is None
    await product.sql("UPDATE alerts SET kind = 'falling'")
    assert (await ask("threshold?kind=falling&target=0.9"))["suggested"] is None  # scores from before the trees: another scale
    scored = falling.BY_TREES
    await product.sql("UPDATE alerts SET explanation = explanation || jsonb_build_object($1::text, 0.15)", scored)
    assert (await ask("threshold?kind=falling&target=0.9"))["suggested"] == 0.64
    await product.sql("UPDATE alerts SET kind = 'running'")
    (counted,) = (await ask("alerts"))["items"]
    assert (counted["kind"], counted["alerts"], counted["occurrences"]) == ("running", 20, 20)
    (response,) = (await ask("response"))["items"]
    assert (response["alerts"], response["reacted"], response["escalated"]) == (20, 20, 0)
    assert 0 <= response["reaction_p50_s"] <= response["end_p90_s"] < 60
    status, _ = await product.ask("GET", "/api/v1/reports/alerts?since=2020-01-01T00:00:00Z")
    assert status == 422


async def test_a_rule_says_what_becomes_of_its_alerts_and_is_replayed(product: Product) -> None:
    camera = await product.camera()
    body = {"store_id": camera["store_id"], "camera_id": camera["id"], "kind": "fighting", "opens_incident": True}
    status, made = await product.ask("POST", "/api/v1/rules", body)
    assert (status, made["cool_down_s"], made["opens_incident"]) == (201, 30.0, True)
    _, changed = await product.ask("PATCH", f"/api/v1/rules/{made['id']}", {"cool_down_s": 90})
    assert (changed["cool_down_s"], changed["opens_incident"]) == (90.0, True)
    end = now()
    asked = {"store_id": camera["store_id"], "kind": "falling", "since": str(end - timedelta(days=1)), "until": str(end)}
    status, answer = await product.ask("POST", "/api/v1/rules/replay", asked)
    assert (status, answer["frames"], answer["accuracy"], answer["kept_since"]) == (200, 0, "exact", None)
    for wrong in ({"kind": "camera-offline"}, {"parameters": {"threshold": 7}}, {"since": str(end - timedelta(days=9))}):
        assert (await product.ask("POST", "/api/v1/rules/replay", asked | wrong))[0] == 422
    elsewhere = asked | {"camera_id": str(uuid.uuid4())}
    assert (await product.ask("POST", "/api/v1/rules/replay", elsewhere))[0] == 404
