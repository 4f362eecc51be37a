"""Evidence over the API as a worker and people use it: wanted by an alert, announced, uploaded, registered, played, held."""

import asyncio
import hashlib
import uuid
from datetime import timedelta
from typing import Any

import pytest

from app.auth.permissions import Role
from app.evidence.service import MOST_ASKED
from app.kit.clock import now
from tests.integration.service.conftest import WORKER_KEY, Product
from tests.integration.service.principals import make_world

BODY = b"not really an MP4, but bytes are bytes" * 100
WORKER = str(uuid.UUID(int=0xE71DE))


async def worker(product: Product, path: str, body: Any) -> tuple[int, Any]:
    return await product.ask("POST", f"/api/v1/workers/{path}", body, token=WORKER_KEY)


async def beat(product: Product) -> Any:
    said = {"worker_id": WORKER, "host": "h", "kind": "cpu", "capacity": 9, "running": [], "revision": ""}
    status, answer = await worker(product, "heartbeat", said)
    assert status == 200, answer
    return answer


def wish(body: bytes = BODY, **more: Any) -> dict[str, Any]:
    seen = [{"at_ms": 200, "persons": [["9223372036854775813", 0.1, 0.2, 0.3, 0.9]]}]
    given = {"size": len(body), "sha256": hashlib.sha256(body).hexdigest(), "media_type": "video/mp4", "masked": False}
    return {**given, "from_us": 1_700_000_000_000_000, "to_us": 1_700_000_030_000_000, "boxes": seen, **more}


async def stored(product: Product, recording: dict[str, Any], body: bytes = BODY) -> None:
    path = f"evidence/{recording['evidence_id']}"
    status, grant = await worker(product, f"{path}/upload", wish(body))
    assert status == 200, grant
    status, _ = await product.ask("PUT", grant["url"], token="", data=body, headers=grant["headers"])
    assert status == 204
    assert await worker(product, f"{path}/uploaded", {}) == (200, {"state": "present"})


async def test_from_an_alert_to_a_clip_that_plays(product: Product) -> None:
    camera = await product.camera()
    alert = await product.alert(camera)
    listed = (await product.ask("GET", f"/api/v1/evidence?alert_id={alert}"))[1]["items"]
    assert sorted((each["type"], each["state"]) for each in listed) == [("clip", "wanted"), ("still", "wanted")]
    told = await beat(product)
    clip = next(each for each in told["recordings"] if each["type"] == "clip")
    assert (clip["moment_us"] - clip["from_us"], clip["to_us"] - clip["moment_us"]) == (10_000_000, 20_000_000)
    path, shown = f"evidence/{clip['evidence_id']}", f"/api/v1/evidence/{clip['evidence_id']}"
    assert (await product.ask("GET", shown))[1]["state"] == "recording"
    status, problem = await product.ask("GET", f"{shown}/content")
    assert (status, problem["state"]) == (409, "recording")

    status, grant = await worker(product, f"{path}/upload", wish())
    assert status == 200, grant
    put = {"data": BODY, "headers": grant["headers"]}
    assert (await worker(product, f"{path}/uploaded", {}))[0] == 409, "nothing is there yet"
    changed = grant["url"][:-3] + ("AAA" if not grant["url"].endswith("AAA") else "BBB")
    assert (await product.ask("PUT", changed, token="", **put))[0] == 403
    for wrong in (BODY[:-1], BODY + b"x", b"X" + BODY[1:]):
        assert (await product.ask("PUT", grant["url"], token="", data=wrong, headers=grant["headers"]))[0] == 422
    answers = await asyncio.gather(*(product.ask("PUT", grant["url"], token="", **put) for _ in range(4)))
    assert sorted(status for status, _ in answers) == [204, 409, 409, 409]
    for _ in range(2):
        assert await worker(product, f"{path}/uploaded", {}) == (200, {"state": "present"})
    assert (await worker(product, f"{path}/upload", wish()))[0] == 409
    assert clip["evidence_id"] not in {each["evidence_id"] for each in (await beat(product))["recordings"]}

    piece = (await product.ask("GET", shown))[1]
    assert (piece["state"], piece["sha256"], piece["size"]) == ("present", hashlib.sha256(BODY).hexdigest(), len(BODY))
    assert (await product.ask("GET", f"{shown}/content"))[1] == BODY
    assert await product.ask("GET", f"{shown}/content", headers={"Range": "bytes=5-9"}) == (206, BODY[5:10])
    assert (await product.ask("GET", f"{shown}/content", headers={"Range": "bytes=999999-"}))[0] == 422
    boxes = (await product.ask("GET", f"{shown}/boxes"))[1]
    assert boxes["subjects"] == ["9223372036854775813"] == [boxes["frames"][0]["persons"][0][0]]
    for held in (True, True, False):
        status, answer = await product.ask("POST", f"{shown}/hold", {"held": held, "reason": "police"})
        assert (status, answer["held"]) == (200, held)
    custody = (await product.ask("GET", f"{shown}/custody"))[1]
    assert custody["whole"]
    assert [each["act"] for each in custody["items"]] == ["registered", "played", "played", "played", "held", "released"]
    await product.sql("UPDATE evidence_custody SET details = '{\"reason\": \"other\"}' WHERE act = 'held'")
    assert not (await product.ask("GET", f"{shown}/custody"))[1]["whole"]
    acts = [row["act"] for row in await product.sql("SELECT act FROM audit_unsealed WHERE subject_kind = 'evidence' ORDER BY id")]
    assert acts == ["evidence-registered", *["evidence-played"] * 3, "evidence-held", "evidence-released"]


async def test_an_object_that_was_changed_before_its_registration_is_refused(product: Product) -> None:
    await product.alert(await product.camera())
    clip = (await beat(product))["recordings"][0]
    path = f"evidence/{clip['evidence_id']}"
    grant = (await worker(product, f"{path}/upload", wish()))[1]
    assert (await product.ask("PUT", grant["url"], token="", data=BODY, headers=grant["headers"]))[0] == 204
    key = (await product.ask("GET", f"/api/v1/{path}"))[1]["s3_key"]
    file = product.settings.home / "objects" / key
    file.write_bytes(b"Z" + BODY[1:])
    status, problem = await worker(product, f"{path}/uploaded", {})
    assert (status, "another hash" in problem["detail"]) == (409, True)
    assert not file.exists()
    grant = (await worker(product, f"{path}/upload", wish()))[1]
    assert (await product.ask("PUT", grant["url"], token="", data=BODY, headers=grant["headers"]))[0] == 204
    assert (await worker(product, f"{path}/uploaded", {}))[0] == 200


async def test_a_lost_piece_says_why_and_an_incident_shows_its_alerts_evidence(product: Product) -> None:
    camera = await product.camera()
    alert = await product.alert(camera)
    body = {"store_id": camera["store_id"], "kind": "falling", "title": "Fall", "alert_ids": [alert]}
    incident = (await product.ask("POST", "/api/v1/incidents", body))[1]["id"]
    asked = {"camera_id": camera["id"], "from": "2020-01-01T00:00:00Z", "to": "2020-01-01T00:01:00Z"}
    assert (await product.ask("POST", f"/api/v1/incidents/{incident}/evidence", asked))[0] == 422, "long gone"
    moment = (await product.sql("SELECT now() AS now"))[0]["now"]
    asked |= {"from": moment.isoformat(), "to": moment.replace(microsecond=0).isoformat()}
    assert (await product.ask("POST", f"/api/v1/incidents/{incident}/evidence", asked))[0] == 422, "ends before it begins"
    asked["from"] = moment.replace(year=moment.year - 1).isoformat()
    assert (await product.ask("POST", f"/api/v1/incidents/{incident}/evidence", asked))[0] == 422, "too long"
    asked |= {"from": (moment - timedelta(seconds=90)).isoformat(), "to": (moment - timedelta(seconds=60)).isoformat()}
    status, made = await product.ask("POST", f"/api/v1/incidents/{incident}/evidence", asked)
    assert status == 201, made
    recordings = (await beat(product))["recordings"]
    assert len(recordings) == 3
    for each in recordings:
        assert (await worker(product, f"evidence/{each['evidence_id']}/lost", {"reason": "The ring was empty."}))[0] == 204
    listed = (await product.ask("GET", f"/api/v1/incidents/{incident}/evidence"))[1]["items"]
    assert {(each["state"], each["reason"]) for each in listed} == {("lost", "The ring was empty.")}
    assert len(listed) == 3
    await product.alert(camera)
    await product.sql(
        "UPDATE evidence SET wanted_to = now() - interval '11 minutes', wanted_from = now() - interval '1 hour'"
        " WHERE state = 'wanted'"
    )
    assert (await beat(product))["recordings"] == []
    listed = (await product.ask("GET", "/api/v1/evidence"))[1]["items"]
    assert any("camera or its worker was away" in each["reason"] for each in listed)


async def test_what_alerts_want_is_recorded_before_what_people_ask_for_though_that_ends_earlier(product: Product) -> None:
    camera = await product.camera()
    begins = now() - timedelta(minutes=5)
    asked = {"from": begins.isoformat(), "to": (begins + timedelta(seconds=30)).isoformat()}
    assert (await product.ask("POST", f"/api/v1/cameras/{camera['id']}/playback", asked))[0] == 201
    await product.alert(camera)
    assert [each["type"] for each in (await beat(product))["recordings"]] == ["still", "clip", "playback"]
    few = await product.sql("SELECT type FROM evidence_jobs($1, 2)", uuid.UUID(WORKER))
    assert [row["type"] for row in few] == ["still", "clip"], "and where not all fit"


async def test_a_piece_that_is_registered_while_jobs_are_asked_for_stays_registered(product: Product) -> None:
    camera = await product.camera()
    alert = uuid.UUID(await product.alert(camera))
    assert len((await beat(product))["recordings"]) == 2
    await product.sql("UPDATE evidence SET state = 'uploading' WHERE alert_id = $1", alert)
    async with product.owner.acquire() as registering:
        transaction = registering.transaction()
        await transaction.start()
        await registering.execute(
            "UPDATE evidence SET state = 'present', s3_key = 'evidence/x.mp4', size = 1, sha256 = sha256(''), present_at = now()"
            " WHERE alert_id = $1 AND type = 'clip'",
            alert,
        )
        asked = asyncio.create_task(product.sql("SELECT type FROM evidence_jobs($1, 9)", uuid.UUID(WORKER)))
        for _ in range(200):
            if await product.sql("SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"):
                break
            await asyncio.sleep(0.05)
        assert not asked.done(), "it waits for the row"
        await transaction.commit()
    assert [row["type"] for row in await asyncio.wait_for(asked, 20)] == ["still"]
    stored = await product.sql("SELECT type, state FROM evidence WHERE alert_id = $1 ORDER BY type", alert)
    assert [tuple(row) for row in stored] == [("clip", "present"), ("still", "uploading")]


async def test_the_last_ten_minutes_of_a_camera_can_be_looked_back_at_which_is_audited(product: Product) -> None:
    camera = await product.camera()
    path, moment = f"/api/v1/cameras/{camera['id']}/playback", now()

    def span(ago_s: float, length_s: float) -> dict[str, str]:
        begins = moment - timedelta(seconds=ago_s)
        return {"from": begins.isoformat(), "to": (begins + timedelta(seconds=length_s)).isoformat()}

    for wrong in (span(700, 60), span(60, 301), span(60, 0)):
        assert (await product.ask("POST", path, wrong))[0] == 422, wrong
    assert (await product.ask("POST", f"/api/v1/cameras/{uuid.uuid4()}/playback", span(60, 30)))[0] == 404
    status, made = await product.ask("POST", path, span(60, 30))
    assert (status, made["type"], made["state"]) == (201, "playback", "wanted")
    others = [(await product.ask("POST", path, span(60, 30)))[1]["id"] for _ in range(MOST_ASKED - 1)]
    status, problem = await product.ask("POST", path, span(60, 30))
    assert (status, "on their way" in problem["detail"]) == (409, True)
    await product.sql("UPDATE evidence SET state = 'lost' WHERE id = ANY ($1)", [uuid.UUID(each) for each in others])
    (recording,) = (await beat(product))["recordings"]
    assert (recording["evidence_id"], recording["type"], recording["to_us"] - recording["from_us"]) == (
        made["id"],
        "playback",
        30_000_000,
    )
    await stored(product, recording)
    assert (await product.ask("GET", f"/api/v1/evidence/{made['id']}/content"))[0] == 200
    custody = (await product.ask("GET", f"/api/v1/evidence/{made['id']}/custody"))[1]["items"]
    assert [each["act"] for each in custody] == ["asked-for", "registered", "played"]
    rows = await product.sql(
        "SELECT act, details->>'camera' AS camera FROM audit_unsealed WHERE subject_id = $1 UNION ALL"
        " SELECT act, details->>'camera' FROM audit_log WHERE subject_id = $1",
        uuid.UUID(made["id"]),
    )
    acts = {row["act"]: row["camera"] for row in rows}
    assert acts["evidence-asked-for"] == camera["id"]
    assert "evidence-played" in acts


@pytest.mark.parametrize(("role", "expected"), [(Role.OPERATOR, 200), (Role.AUDITOR, 403), (Role.VIEWER, 403)])
async def test_who_may_look(product: Product, role: Role, expected: int) -> None:
    world = await make_world(product)
    await product.alert({"id": str(world.things["store"]["camera_id"])})
    clip = next(each for each in (await beat(product))["recordings"] if each["type"] == "clip")
    await stored(product, clip)
    _, token = await world.sign_in(role, "store")
    assert (await product.ask("GET", f"/api/v1/evidence/{clip['evidence_id']}/content", token=token))[0] == expected
