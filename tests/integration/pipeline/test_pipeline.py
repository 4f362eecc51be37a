"""From messages on the streams to rows, with real servers and the pipeline in a process of its own."""

from app.contracts.tracked import CameraState
from app.kit.clock import now_us
from tests.builders import make_health, make_tracklet
from tests.integration.pipeline.conftest import Actor, Site


async def test_somebody_who_stays_raises_one_alert_with_its_reasons(site: Site) -> None:
    site.role("pipeline")
    await site.until(site.held)
    async with Actor(site, [(7, 0.5, 0.8)]):
        (alert,) = await site.until(site.alerts)
        await site.until(lambda: _later(site, alert["ended_at"]))
    (alert,) = await site.alerts()
    assert (alert["kind"], alert["threat"], alert["state"], alert["zone_id"]) == ("loitering", "medium", "raised", None)
    assert alert["score"] >= alert["threshold"]
    assert alert["explanation"]["dwell_s"] >= 2.0
    assert [int(each) for each in alert["track_ids"]] == [7]
    kinds = [row["kind"] for row in await site.pool.fetch("SELECT kind FROM outbox ORDER BY id")]
    assert kinds[0] == "alert-raised"
    assert kinds.count("alert-raised") == 1
    payload = await site.pool.fetchval("SELECT payload FROM outbox WHERE kind = 'alert-raised'")
    assert payload["alert"]["id"] == str(alert["id"])
    assert payload["alert"]["track_ids"] == ["7"]


async def _later(site: Site, moment: object) -> bool:
    return bool((await site.alerts())[0]["ended_at"] > moment)


async def test_a_zone_drawn_while_running_counts_within_seconds(site: Site) -> None:
    await site.set_rule({"zone_dwell_s": 1.0, "spot": False})
    site.role("pipeline")
    await site.until(site.held)
    async with Actor(site, [(7, 0.5, 0.8), (8, 0.1, 0.2)]):
        zone = await site.add_zone([[0.4, 0.7], [0.6, 0.7], [0.6, 0.9], [0.4, 0.9]])
        (alert,) = await site.until(site.alerts)
    assert alert["zone_id"] == zone
    assert [int(each) for each in alert["track_ids"]] == [7]


async def test_sessions_status_and_tracklets_are_written(site: Site) -> None:
    site.role("pipeline")
    await site.until(site.held)
    base = now_us()
    camera = site.camera
    await site.send(make_health(CameraState.CONNECTING, 0, camera=camera, epoch=1, start_us=base))
    await site.send(make_health(CameraState.LIVE, 1, camera=camera, epoch=1, start_us=base))
    await site.send(make_health(CameraState.FROZEN, 9, camera=camera, epoch=1, reason="No picture for 5 s.", start_us=base))
    await site.send(make_health(CameraState.LIVE, 12, camera=camera, epoch=2, start_us=base))
    await site.send(make_tracklet(5, camera=camera, start_us=base))
    await site.send(make_tracklet(5, camera=camera, start_us=base))

    async def sessions() -> object:
        rows = await site.pool.fetch("SELECT * FROM stream_sessions ORDER BY epoch")
        return rows if len(rows) == 2 else None

    first, second = await site.until(sessions)
    assert (first["status"], first["reason"], (first["ended_at"] - first["started_at"]).total_seconds()) == (
        "error",
        "No picture for 5 s.",
        8.0,
    )
    assert (second["status"], second["ended_at"], second["width"]) == ("active", None, 1280)
    assert await site.pool.fetchval("SELECT state FROM camera_status") == "live"
    await site.until(lambda: site.pool.fetchval("SELECT count(*) FROM ai_detections"))
    rows = await site.pool.fetch("SELECT track_id, frames, length(boxes) AS bytes FROM ai_detections")
    assert [(int(row["track_id"]), row["frames"], row["bytes"]) for row in rows] == [(5, 15, 60)]
