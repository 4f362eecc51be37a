"""Reports over judged alerts, as the API answers them; what becomes of a rule's alerts is set with it; replay over the API."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from app.alerts.reports import cameras
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
    found = [(await product.ask("GET", f"/api/v1/alerts?threat={threat}&limit=50"))[1]["items"] for threat in ("medium", "high")]
    assert [len(each) for each in found] == [20, 0]
    status, _ = await product.ask("GET", "/api/v1/reports/alerts?since=2020-01-01T00:00:00Z")
    assert status == 422


async def test_footfall_and_uptime_of_cameras(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    camera = await product.camera()
    store, seen = uuid.UUID(camera["store_id"]), uuid.UUID(camera["id"])
    chain = (await product.sql("SELECT chain_id FROM stores WHERE id = $1", store))[0]["chain_id"]
    end = now().replace(minute=30, second=0, microsecond=0)
    await product.sql("UPDATE cameras SET created_at = $2 WHERE id = $1", seen, end - timedelta(hours=10))
    for track, (minutes, frames) in enumerate(((150, 9), (149, 40), (95, 3), (20, 5))):  # the third is seen too shortly
        for piece in (0, 1):  # a track is kept in pieces
            began = end - timedelta(minutes=minutes - piece)
            await product.sql(
                "INSERT INTO ai_detections (id, chain_id, store_id, camera_id, epoch, track_id, started_at, ended_at, frames,"
                " mean_score, width, height, boxes) VALUES ($1, $2, $3, $4, 1, $5, $6, $6, $7, 0.9, 640, 480, '')",
                uuid.uuid4(), chain, store, seen, track, began, frames if piece == 0 else 0,
            )  # fmt: skip
    for epoch, (began, ended) in enumerate(((10, 7), (6, 3), (2, None)), 1):
        await product.sql(
            "INSERT INTO stream_sessions (id, chain_id, store_id, camera_id, epoch, status, started_at, ended_at)"
            " VALUES ($1, $2, $3, $4, $5, 'x', $6, $7)",
            uuid.uuid4(), chain, store, seen, epoch, end - timedelta(hours=began), ended and end - timedelta(hours=ended),
        )  # fmt: skip
    query = f"since={(end - timedelta(hours=20)).isoformat()}&until={end.isoformat()}&store_id={store}".replace("+", "%2B")

    async def ask(path: str) -> Any:
        status, answer = await product.ask("GET", f"/api/v1/reports/{path}{query}")
        assert status == 200, answer
        return answer["items"]

    assert [each["people"] for each in await ask("footfall?")] == [2, 1]
    by_camera = await ask("footfall?by=camera&")
    assert {each["camera_id"] for each in by_camera} == {camera["id"]}
    assert sum(each["people"] for each in by_camera) == 3
    assert [*(await ask("footfall?")), *by_camera] == await ask("footfall?by=both&")
    status, refused = await product.ask("GET", "/api/v1/reports/footfall?by=camera")
    assert (status, refused["detail"]) == (422, "Footfall by camera is counted for one store; name it.")
    monkeypatch.setattr(cameras, "MOST_ROWS", 2)
    assert (await product.ask("GET", f"/api/v1/reports/footfall?by=both&{query}"))[0] == 422, "no row is left out silently"
    monkeypatch.undo()
    up = next(each for each in await ask("uptime?") if each["camera_id"] == camera["id"])
    assert (up["name"], up["asked_s"], up["up_s"], up["gaps"], up["longest_gap_s"]) == (camera["name"], 36000, 28800, 2, 3600)
    # Nothing was heard of it for an hour: the open session counts no longer.
    await product.sql(
        "INSERT INTO camera_status (camera_id, chain_id, store_id, state, reported_at) VALUES ($1, $2, $3, 'live', $4)"
        " ON CONFLICT (camera_id) DO UPDATE SET reported_at = excluded.reported_at",
        *(seen, chain, store, end - timedelta(hours=1)),
    )
    up = next(each for each in await ask("uptime?") if each["camera_id"] == camera["id"])
    assert (up["share"], up["gaps"]) == (0.7, 3)
    await product.alert(camera)
    everything = (await product.ask("GET", "/api/v1/reports/stores"))[1]["items"]
    standing = next(each for each in everything if each["store_id"] == str(store))
    assert (standing["live"], standing["cameras"] >= 1) == (0, True), "its last word was live, but nobody has heard of it since"
    await product.sql("UPDATE camera_status SET reported_at = now() WHERE camera_id = $1", seen)
    everything = (await product.ask("GET", "/api/v1/reports/stores"))[1]["items"]
    assert next(each["live"] for each in everything if each["store_id"] == str(store)) == 1
    assert (standing["open"] >= 1, standing["high"], standing["waiting_since"] is None) == (True, 0, False)
    long_ago = (end - timedelta(days=60)).isoformat().replace("+", "%2B")
    assert (await product.ask("GET", f"/api/v1/reports/footfall?since={long_ago}"))[0] == 422


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
