"""Enrolments and leads at a running service: two people, every ground, a picture that will do, an end, and people who decide."""

import asyncio
import json
import uuid
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from app.first_run import open_vault_of
from app.identity.decision.strangers import StrangerScores, calibrate_strangers
from app.identity.decision.thresholds import LEAST, details_of
from app.identity.enrolment.pictures import read_picture
from app.identity.enrolment.sweeper import sweep
from app.identity.templates.command import rotate_templates
from app.identity.thresholds.measured import take_over
from app.kit.clock import now
from app.kit.postgres import connect_pool
from benchmarks.faces import calibration
from tests.integration.conftest import Database
from tests.integration.inference.face_conformance import demand_answer
from tests.integration.service import faces, walks
from tests.integration.service.conftest import Product
from tests.integration.service.faces import (
    DrawnFaces,
    add_match,
    drawn,
    enrol,
    grounds,
    make_incident,
    make_list,
    make_person,
    vector_of,
)  # fmt: skip
from tests.integration.service.people import person, user_id
from tests.integration.service.test_policy import FACE, gather_evidence, switch_on
from tests.integration.service.test_visits import TRACK

REQUIRED = (
    "watchlist_id", "category", "reason", "incident_id", "source", "evidence", "review_on", "expires_at", "under_18",
    "vulnerable", "age_basis",
)  # fmt: skip


@pytest.fixture
def more_settings(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr("app.lifespan.TritonFaces", DrawnFaces)
    monkeypatch.setattr("app.lifespan.WalkReader", walks.reader)
    return {"TRITON_URL": "127.0.0.1:1"}


@dataclass
class Desk:
    """Who sits where, with faces switched on."""

    product: Product
    enroller: str
    approver: str
    administrator: str
    watchlist: str
    incident: str
    path: str
    camera: str

    async def proposed(self, who: int = 1, name: str = "Ada Example", **changes: Any) -> dict[str, Any]:
        subject = await make_person(self.product, self.enroller, name)
        fields = grounds(self.watchlist, self.incident, **changes)
        status, made = await enrol(self.product, self.enroller, subject, drawn(who), fields)
        assert status == 201, made
        return dict(made)

    async def approved(self, who: int = 1, name: str = "Ada Example", **changes: Any) -> dict[str, Any]:
        made = await self.proposed(who, name, **changes)
        status, answer = await self.act(made, "approve", {}, self.approver)
        assert status == 200, answer
        return dict(answer)

    async def act(self, enrolment: dict[str, Any], act: str, body: Any, token: str) -> tuple[int, Any]:
        return await self.product.ask("POST", f"/api/v1/enrolments/{enrolment['id']}/{act}", body, token=token)

    async def acts(self, of: str) -> list[str]:
        rows = await self.product.sql("SELECT act FROM audit_unsealed WHERE subject_id = $1 ORDER BY at, id", uuid.UUID(of))
        return [row["act"] for row in rows]

    async def revision(self) -> int:
        return int((await self.product.sql("SELECT max(revision) FROM gallery_revisions"))[0][0])


@pytest.fixture
async def desk(product: Product) -> Desk:
    store = await product.store()
    camera, path = (await product.camera())["id"], await gather_evidence(product)
    administrator = await person(product, "chain-administrator")
    listed, incident = await make_list(product), await make_incident(product)
    await switch_on(product, path, administrator)
    enroller, approver = await person(product, "enroller", store), await person(product, "approver", store)
    return Desk(product, enroller, approver, administrator, listed, incident, path, camera)


async def trained(product: Product, *tokens: str) -> None:
    _, course = await product.ask(
        "POST", "/api/v1/training/courses", {"name": "Leads", "gate": "match-review", "valid_months": 12}
    )
    for token in tokens:
        body = {
            "course_id": course["id"], "user_id": await user_id(product, token), "trainer": "T",
            "trained_on": now().date().isoformat(),
        }  # fmt: skip
        status, made = await product.ask("POST", "/api/v1/training/records", body)
        assert status == 201, made


async def test_rule_04_07_08_15_every_ground_is_asked_for_and_capped(desk: Desk) -> None:
    product, subject = desk.product, await make_person(desk.product, desk.enroller)

    async def tried(**changes: Any) -> tuple[int, Any]:
        return await enrol(product, desk.enroller, subject, drawn(1), grounds(desk.watchlist, desk.incident, **changes))

    for field in REQUIRED:
        status, answer = await tried(**{field: None})
        assert (status, field in str(answer)) == (422, True), (field, answer)
    wrong = {
        "notice": {"notice_how": None, "notice_given_on": None},
        "expires_at": {"expires_at": (now() + timedelta(days=400)).isoformat()},
        "review_on": {"review_on": (now() + timedelta(days=170)).date().isoformat()},
        "exception_reason": {"under_18": "true"},
        "category": {"category": "weapon"},
    }
    for field, changes in wrong.items():
        status, answer = await tried(**changes)
        assert (status, answer.get("field")) == (422, field), answer
    assert (await tried(incident_id=uuid.uuid4()))[0] == 404
    assert await product.sql("SELECT FROM facial_profiles UNION ALL SELECT FROM enrolment_images") == []
    status, made = await tried(notice_how=None, notice_given_on=None, notice_withheld="The police asked us not to")
    assert (status, made["state"], made["notice_withheld"]) == (201, "proposed", "The police asked us not to")
    status, _ = await enrol(product, product.token, subject, b"no picture", grounds(desk.watchlist, desk.incident))
    assert status == 422


async def test_rule_05_07_somebody_else_approves_and_only_the_top_excepts(desk: Desk) -> None:
    product = desk.product
    subject = await make_person(product, product.token)
    status, own = await enrol(product, product.token, subject, drawn(1), grounds(desk.watchlist, desk.incident))
    assert status == 201, own
    status, refused = await desk.act(own, "approve", {}, product.token)
    assert (status, refused["title"]) == (403, "A second person is needed")
    assert await desk.acts(own["id"]) == ["enrolment-proposed", "enrolment-refused"]
    assert (await desk.act(own, "approve", {}, desk.enroller))[0] == 403, "an enroller approves nothing"
    before = await desk.revision()
    assert (await desk.act(own, "approve", {}, desk.approver))[1]["state"] == "approved"
    assert await desk.revision() > before
    assert (await desk.act(own, "approve", {}, desk.administrator))[0] == 409
    young = await desk.proposed(40, under_18="true", exception_reason="A court ordered it")
    status, refused = await desk.act(young, "approve", {}, desk.approver)
    assert (status, refused["title"]) == (403, "An exception is needed")
    assert (await desk.act(young, "approve", {}, desk.administrator))[0] == 200
    late = {"expires_at": (now() + timedelta(days=300)).isoformat(), "reason": "Still a threat"}
    late["review_on"] = (now() + timedelta(days=80)).date().isoformat()
    assert (await desk.act(own, "renew", late, desk.enroller))[1]["renewal"]["reason"] == "Still a threat"
    assert (await desk.act(own, "approve", {}, product.token))[0] == 403, "who enrolled does not approve the renewal"
    renewed = (await desk.act(own, "approve", {}, desk.approver))[1]
    assert (renewed["expires_at"][:10], renewed["renewal"]) == (late["expires_at"][:10], None)


async def test_rule_06_pictures_that_will_not_do_are_refused_and_say_why(desk: Desk) -> None:
    product, subject = desk.product, await make_person(desk.product, desk.enroller)
    deep = cv2.imencode(".png", np.zeros((64, 64, 3), np.uint16))[1].tobytes()
    bomb = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (60_000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
    moving = drawn(1)[:33] + b"\x00\x00\x00\x08acTL" + drawn(1)[33:]
    drawing = np.full((320, 320, 3), 240, np.uint8)
    drawing[0, 0] = (200, 1, 77)
    flat = cv2.imencode(".png", drawing)[1].tobytes()
    cases: list[tuple[bytes, str]] = [
        (b"GIF89a", "neither a JPEG nor a PNG"), (b"", "no picture"), (bomb, "million"), (moving, "moves"),
        (drawn(1)[:200], "damaged"), (drawn(1, faces=0), "no-face"), (deep, "no-face"), (drawn(1, faces=2), "several-faces"),
        (drawn(1, level=faces.BLURRED), "sharpness"), (flat, "drawing"),
    ]  # fmt: skip
    for picture, said in cases:
        status, answer = await enrol(product, desk.enroller, subject, picture, grounds(desk.watchlist, desk.incident))
        assert (status, said in str(answer)) == (422, True), (said, answer)
    excuse = grounds(desk.watchlist, desk.incident, override_reason="The only picture")
    for hopeless in (drawn(1, faces=0), drawn(1, faces=2)):
        assert (await enrol(product, desk.enroller, subject, hopeless, excuse))[0] == 422
    status, poor = await enrol(product, desk.enroller, subject, drawn(1, level=faces.BLURRED), excuse)
    assert (status, poor["findings"], poor["override_reason"]) == (201, ["sharpness"], "The only picture")
    status, refused = await desk.act(poor, "approve", {}, desk.approver)
    assert (status, refused["findings"]) == (409, ["sharpness"])
    assert (await desk.act(poor, "approve", {"accepts_findings": True}, desk.approver))[0] == 200
    status, twice = await enrol(product, desk.enroller, subject, drawn(1), grounds(desk.watchlist, desk.incident))
    assert (status, twice["look_alikes"][0]["enrolment_id"]) == (422, poor["id"])
    check = f"/api/v1/stores/{await product.store()}/faces/check"
    status, seen = await product.ask("POST", check, token=desk.enroller, data=drawn(9), headers={"Content-Type": "image/png"})
    assert (status, seen["usable"], len(seen["faces"][0]["points"])) == (200, True, 4)
    assert "face-checked" in await desk.acts(await product.store())


async def test_rule_08_at_the_end_and_by_erasure_everything_is_gone_with_a_proof(desk: Desk, database: Database) -> None:
    product = desk.product
    ending, erased = await desk.approved(1), await desk.approved(2, "Bea Example")
    _, sealed = await product.ask("GET", f"/api/v1/enrolments/{ending['id']}/picture", token=desk.approver)
    assert sealed.startswith(b"\xff\xd8")
    stored = await product.sql("SELECT picture FROM enrolment_images UNION ALL SELECT template FROM facial_profiles")
    assert all(row[0].startswith(b"PPk1") for row in stored)
    camera = desk.camera
    leads = [await add_match(product, each["id"], camera, track) for track, each in enumerate((ending, erased))]
    named = [await add_match(product, each["id"], camera, track) for track, each in enumerate((ending, erased), 2)]
    await product.sql("UPDATE matches SET state = 'confirmed', decided_at = now() WHERE track_id >= 2")
    pool = await connect_pool(database.url("app"), role="test", largest=2)
    over = now() + timedelta(days=181)
    assert await sweep(pool, now()) == 0
    before = await desk.revision()
    status, proof = await desk.act(erased, "erase", {"reason": "Complaint upheld"}, desk.enroller)
    gone = {"templates": 0, "pictures": 0, "lead_pictures": 0, "gait_templates": 0, "gait_supports": 0}
    assert (status, proof["receipt"]["removed"], proof["receipt"]["remaining"]) == (
        200,
        {**gone, "templates": 1, "pictures": 1},
        gone,
    )
    assert await desk.revision() > before
    assert await sweep(pool, over) == 1, "the clock jumps over the end of the other"
    await pool.close()
    assert await product.sql("SELECT FROM facial_profiles UNION ALL SELECT FROM enrolment_images") == []
    assert {row["state"] for row in await product.sql("SELECT state FROM matches")} == {"withdrawn", "confirmed"}
    told = [json.loads(row["payload"]) for row in await product.sql("SELECT payload FROM outbox WHERE kind = 'match-changed'")]
    # A page that tells a confirmed lead's name stops doing so.
    ended = {(each, "withdrawn") for each in leads} | {(each, "erased") for each in named}
    assert {(each["match_id"], each["state"]) for each in told} == ended
    assert {row["name"] for row in await product.sql("SELECT name FROM persons")} == {""}
    after = (await product.ask("GET", f"/api/v1/enrolments/{erased['id']}", token=desk.approver))[1]
    assert (after["state"], after["reason"], after["evidence"]) == ("erased", "", "")
    assert (await product.ask("GET", f"/api/v1/enrolments/{ending['id']}/picture", token=desk.approver))[0] == 404
    proofs = (await product.ask("GET", f"/api/v1/enrolments/{ending['id']}/erasures", token=desk.approver))[1]["items"]
    assert [(each["cause"], each["erased_by"]) for each in proofs] == [("expired", None)]
    assert len(leads) == 2
    assert (await desk.act(ending, "approve", {}, desk.administrator))[0] == 409


async def test_rule_09_13_trained_people_decide_names_come_last_and_false_matches_suspend(desk: Desk) -> None:
    product = desk.product
    entry, camera = await desk.approved(), desk.camera
    first, second = await person(product, "investigator"), await person(product, "investigator")
    lead = await add_match(product, entry["id"], camera)
    path, said = f"/api/v1/matches/{lead}", {"verdict": "match", "reason": "Same scar"}
    assert (await product.ask("POST", f"{path}/review", said, token=first))[1]["title"] == "Training needed"
    await trained(product, first, second)
    settings = {"longest_days": 365, "review_days": 90, "second_reviewer": True, "false_match_share": 0.5, "false_match_least": 3}
    assert (await product.ask("PUT", "/api/v1/identity/settings", {**settings, "revision": 0}))[0] == 200
    _, shown = await product.ask("GET", path, token=first)
    assert (shown["person_name"], shown["person_id"], shown["band"], shown["camera_name"]) == (None, None, "high", "Door")
    _, once = await product.ask("POST", f"{path}/review", said, token=first)
    assert (once["state"], once["person_name"]) == ("second-review", None)
    assert (await product.ask("POST", f"{path}/review", said, token=first))[0] == 409
    assert (await product.ask("GET", path, token=second))[1]["reviews"] == [], "a second look is one's own"
    _, done = await product.ask("POST", f"{path}/review", said, token=second)
    assert (done["state"], done["person_name"], len(done["reviews"])) == ("confirmed", "Ada Example", 2)
    auditor = await person(product, "auditor")
    assert (await product.ask("GET", path, token=auditor))[1]["person_name"] is None
    enrolled = await product.ask("GET", f"{path}/enrolled-picture", token=first)
    assert (enrolled[0], enrolled[1][:2]) == (200, b"\xff\xd8")
    assert (await product.ask("GET", f"{path}/seen-picture", token=first))[0] == 404
    messages = [row["payload"] for row in await product.sql("SELECT payload FROM outbox WHERE kind = 'match-changed'")]
    assert messages == [] or "Ada" not in str(messages)
    for track in range(2, 5):
        false = await add_match(product, entry["id"], camera, track)
        wrong = {"verdict": "not-a-match", "reason": "Other ears"}
        assert (await product.ask("POST", f"/api/v1/matches/{false}/review", wrong, token=first))[1]["state"] == "rejected"
    suspended = (await product.ask("GET", "/api/v1/match-suspensions", token=first))[1]["items"]
    assert {bool(each["enrolment_id"]) for each in suspended} == {True, False}
    assert all(each["suspended_by"] is None for each in suspended)
    report = (await product.ask("GET", "/api/v1/reports/false-matches", token=auditor))[1]["lines"]
    assert {each["subject"] for each in report} == {"store", "camera", "entry"}
    assert all((each["false_matches"], each["confirmed"], each["false_share"]) == (3, 1, 0.75) for each in report)
    found = await product.sql("SELECT * FROM gallery_entries($1, 'face_embedding', '1', 1)", await chain(product))
    assert found == [], "a suspended entry is not loaded"
    lift = f"/api/v1/match-suspensions/{next(each['id'] for each in suspended if each['enrolment_id'])}/lift"
    assert (await product.ask("POST", lift, {"reason": "Better picture"}))[0] == 200
    assert len(await product.sql("SELECT * FROM gallery_entries($1, 'face_embedding', '1', 1)", await chain(product))) == 1


async def test_rule_20_templates_are_turned_and_turned_anew_under_a_running_product(desk: Desk) -> None:
    product, vector = desk.product, vector_of(1)
    await desk.approved(1)

    async def stored() -> tuple[int, np.ndarray]:
        row = (await product.sql("SELECT rotation, embeddings::text AS e FROM facial_profiles"))[0]
        return row["rotation"], np.array(json.loads(row["e"]))

    async def version(wanted: int) -> np.ndarray:
        for _ in range(100):
            rotation, numbers = await stored()
            if rotation == wanted:
                return numbers
            await asyncio.sleep(0.1)
        raise AssertionError(f"rotation {rotation} instead of {wanted}")

    first = await version(1)
    assert abs(float(first @ vector)) < 0.5, "what stands in the database is not what the model gave"
    again = grounds(desk.watchlist, desk.incident)
    subject = await make_person(product, desk.enroller)
    assert (await enrol(product, desk.enroller, subject, drawn(1), again))[0] == 422, "the same face is found all the same"
    done = await rotate_templates(product.owner_url, partial(open_vault_of, product.settings))
    assert (done["chains"] >= 1, done["templates"]) == (True, 1)
    second = await version(2)
    assert abs(float(first @ second)) < 0.5, "vectors of before fit nothing any more"
    assert (await enrol(product, desk.enroller, subject, drawn(1), again))[0] == 422
    # A template of before there was any rotation is moved by the service itself; so is one whose rotation is gone.
    await product.sql("UPDATE facial_profiles SET rotation = 0, embeddings = $1::text::halfvec", str(vector.tolist()))
    await asyncio.wait_for(turned(product), 15)
    assert np.allclose(await version(2), second, atol=1e-3)
    assert [row[0] for row in await product.sql("SELECT version FROM template_rotations")] == [2]
    acts = await product.sql("SELECT act FROM audit_unsealed WHERE act = 'templates-turned'")
    assert len(acts) == 1


async def turned(product: Product) -> None:
    while await product.sql("SELECT FROM facial_profiles WHERE rotation = 0"):
        await asyncio.sleep(0.1)


async def chain(product: Product) -> uuid.UUID:
    found = (await product.sql("SELECT id FROM chains"))[0]["id"]
    assert isinstance(found, uuid.UUID)
    return found


async def test_rule_01_11_with_faces_off_nobody_is_enrolled_and_nothing_is_written(desk: Desk) -> None:
    product, made = desk.product, await desk.proposed()
    assert (await product.ask("POST", f"{desk.path}/off", {"switches": ["face"], "reason": "Complaint"}))[0] == 200
    body = {"store_id": await product.store()}
    status, refused = await product.ask("POST", "/api/v1/persons", body, token=desk.enroller)
    assert (status, refused["missing"][-1]["field"]) == (409, "switch")
    check = f"/api/v1/stores/{await product.store()}/faces/check"
    assert (await product.ask("POST", check, token=desk.enroller, data=drawn(9), headers={"Content-Type": "image/png"}))[0] == 409
    assert (await desk.act(made, "approve", {}, desk.approver))[0] == 409
    camera = desk.camera
    with pytest.raises(Exception, match="face switch of this store is off"):
        await add_match(product, made["id"], camera)
    with pytest.raises(Exception, match="face switch of this store is off"):
        await product.sql("UPDATE facial_profiles SET embeddings = embeddings")
    assert (await desk.act(made, "erase", {"reason": "Switched off"}, desk.enroller))[0] == 200, "erasing is always possible"


async def test_rule_10_22_thresholds_only_rise_and_lists_travel_by_two_people_and_end(desk: Desk, tmp_path: Path) -> None:
    product, store = desk.product, await desk.product.store()
    path = f"/api/v1/stores/{store}/match-thresholds"
    before = (await product.ask("GET", path))[1]
    assert (before["measured"], before["lowest"]) == (None, LEAST), (
        "before anybody measured a store may raise, too, and only raise"
    )
    assert before["lists"][0]["false_alerts_of_1000"]["high"] <= 1, "one stranger in a thousand at most, by published figures"
    status, refused = await product.ask("POST", path, {"threshold": LEAST - 0.01})
    assert (status, refused["lowest"]) == (422, LEAST)
    numbers = np.random.default_rng(3).standard_normal((240, 128))
    report = tmp_path / "report.json"
    measured = calibration(numbers / np.linalg.norm(numbers, axis=1, keepdims=True), [str(each // 2) for each in range(240)])
    measured["calibration"]["threshold"] = 0.94
    report.write_text(json.dumps(measured))
    assert (await take_over(product.owner_url, report, "face_embedding", "1"))["people"] == 120
    told = await product.sql("SELECT details FROM audit_unsealed WHERE act = 'threshold-approved'")
    assert [json.loads(each["details"])["measured_on"] for each in told] == ["pictures"]
    assert (await product.ask("GET", path))[1]["lowest"] == 0.94
    assert (await product.ask("POST", path, {"threshold": 0.9}))[0] == 422
    status, wanted = await product.ask("POST", path, {"threshold": 0.96, "watchlist_id": desk.watchlist})
    assert status == 201, wanted
    chosen = {"proposal_id": wanted["id"]}
    assert (await product.ask("POST", f"{path}/approve", chosen))[0] == 403
    assert (await product.ask("POST", f"{path}/approve", chosen, token=desk.administrator))[1]["state"] == "approved"
    known = (await product.ask("GET", path))[1]
    assert [(each["threshold"], each["effective"]) for each in known["local"]] == [(0.96, 0.96)]
    assert [(each["threshold"], each["raised"], each["false_alerts_a_day"]) for each in known["lists"]] == [(0.96, True, None)]
    days = [StrangerScores() for _ in range(4)]
    for score in 0.8 + 0.05 * np.random.default_rng(1).standard_normal(4000):
        days[int(score * 1e6) % 4].note(float(score), 10)
    details = json.dumps(details_of(calibrate_strangers(days, []), 1e-3))
    await product.sql(
        "INSERT INTO face_calibrations (id, chain_id, model, model_version, fpir, threshold, details, made_at)"
        " SELECT gen_random_uuid(), id, 'face_embedding', '1', 0.001, 0.95, $1::text::jsonb, now() FROM chains", details
    )  # fmt: skip
    await product.sql(
        "INSERT INTO stranger_scores SELECT chain_id, id, 'face_embedding', '1', current_date, 800, 8000,"
        " array_fill(2, ARRAY[400]) FROM stores"
    )
    await desk.approved()
    known = (await product.ask("GET", path))[1]
    alerts, only = known["lists"][0]["false_alerts_a_day"], known["lists"][0]
    assert (known["searches_a_day"], known["strangers"], only["templates"]) == (800, 800, 1)
    assert 0 <= alerts["low"] <= alerts["value"] <= alerts["high"] < 800
    other = uuid.uuid4()
    await product.sql("INSERT INTO stores (id, chain_id, name) SELECT $1, chain_id, 'Second' FROM stores", other)
    manager = await person(product, "store-manager", str(other))
    wide = await make_list(product, reach="chain", name="Weapons", category="weapon")
    span = {"starts_at": now().isoformat(), "ends_at": (now() + timedelta(days=30)).isoformat()}
    body = {"store_id": str(other), "reason": "They go there too", **span}
    assert (await product.ask("POST", f"/api/v1/watchlists/{desk.watchlist}/assignments", body))[0] == 422, (
        "its reach is its store"
    )
    long = {**body, "ends_at": (now() + timedelta(days=400)).isoformat()}
    assert (await product.ask("POST", f"/api/v1/watchlists/{wide}/assignments", long))[0] == 422
    status, asked = await product.ask("POST", f"/api/v1/watchlists/{wide}/assignments", body)
    assert status == 201, asked
    assert (await product.ask("GET", f"/api/v1/watchlists/{wide}", token=manager))[0] == 404
    address = f"/api/v1/watchlists/{wide}/assignments/{asked['id']}"
    assert (await product.ask("POST", f"{address}/approve"))[0] == 403
    assert (await product.ask("POST", f"{address}/approve", token=manager))[0] == 200
    entry = await desk.approved(7, watchlist_id=wide, category="weapon")
    assert (await product.ask("GET", f"/api/v1/watchlists/{wide}", token=manager))[0] == 200
    assert (await product.ask("GET", f"/api/v1/enrolments/{entry['id']}/picture", token=manager))[0] == 200
    for act, given in (("erase", {"reason": "x"}), ("reject", {"reason": "x"})):
        assert (await desk.act(entry, act, given, manager))[0] == 404, "a store that borrows a list changes nothing on it"
    assert (await product.ask("POST", f"{address}/end", token=manager))[0] == 200
    assert (await product.ask("GET", f"/api/v1/enrolments/{entry['id']}", token=manager))[0] == 404


async def test_the_double_answers_as_the_real_model_does() -> None:
    for count in (0, 1, 3):
        demand_answer(await DrawnFaces().find(read_picture(drawn(1, faces=count)), 8), 8)
    assert len(await DrawnFaces().find(read_picture(drawn(1, faces=3)), 2)) == 2


async def test_rule_01_04_05_a_walk_is_added_to_an_approved_entry_by_two_people_and_ends_with_it(desk: Desk) -> None:
    product, made = desk.product, await desk.approved()
    at = f"/api/v1/enrolments/{made['id']}/gait"
    source = "?source=Clip%207%2C%20shown%20by%20the%20guard"

    async def propose(clip: bytes, token: str = "", **key: str) -> tuple[int, Any]:
        headers = {"Content-Type": "video/mp4", **key}
        return await product.ask("POST", at + source, token=token or desk.enroller, data=clip, headers=headers)

    status, refused = await propose(walks.clip(4))
    assert (status, "Gait is off" in refused["detail"]) == (409, True), refused
    assert {each["field"] for each in refused["missing"]} >= {"acceptance_test", "switch"}
    await gather_evidence(product, "US-OH", "gait")
    await switch_on(product, desk.path, desk.administrator, {**FACE, "gait": True})
    waiting = await desk.proposed(2, "Not Approved")
    other = await product.ask("POST", f"/api/v1/enrolments/{waiting['id']}/gait{source}", token=desk.enroller, data=walks.clip(4))
    assert other[0] == 409, "only beside an approved entry"
    for clip, why in (
        (b"no clip", "no MP4"), (walks.clip(1), "too few frames"), (walks.clip(5, 200), "More than one"),
        (walks.clip(4, 0), "Nobody"),
    ):  # fmt: skip
        status, answer = await propose(clip)
        assert (status, why in answer["detail"]) == (422, True), answer
    assert (await propose(walks.clip(5), desk.approver))[0] == 403
    assert await product.sql("SELECT FROM gait_profiles") == []
    status, profile = await propose(walks.clip(5))
    assert (status, profile["approved_by"], profile["model"]) == (201, None, "gait_embedding"), profile
    assert profile["features"]["quality"]["walking"] is True
    assert (await propose(walks.clip(5)))[0] == 409, "one at a time"
    (stored,) = await product.sql("SELECT embeddings::text AS e, template, person_id FROM gait_profiles")
    vector = (await walks.DrawnGait().look([walks.sequence()]))[0].embedding  # type: ignore[union-attr]
    assert vector.astype("<f4").tobytes()[:32] not in stored["template"]
    assert str(round(float(vector[0]), 3)) not in stored["e"][:12]
    # Rule 5: another person approves.
    status, answer = await product.ask("POST", f"{at}/approve", {"reason": "Seen"}, token=desk.enroller)
    assert status == 403, answer
    status, answer = await product.ask("POST", f"{at}/approve", {"reason": "Seen"}, token=desk.approver)
    assert (status, answer["approved_by"] is not None) == (200, True), answer
    assert (await product.ask("POST", f"{at}/approve", {"reason": "Seen"}, token=desk.approver))[0] == 404
    # What gait says of a lead is shown with it, and goes when reviewers say it is somebody else.
    case = {"store_id": await product.store(), "kind": "theft", "title": "Bottles"}
    case["alert_ids"] = [await product.alert({"id": desk.camera, "store_id": case["store_id"]})]
    walks_at = f"/api/v1/incidents/{(await product.ask('POST', '/api/v1/incidents', case))[1]['id']}/walks"
    match = await add_match(product, made["id"], desk.camera, TRACK)
    assert (await product.ask("GET", walks_at))[1] == {"walks": []}

    async def support(match: str) -> None:
        await product.sql(
            "INSERT INTO gait_supports (match_id, chain_id, store_id, verdict, gait_score, threshold, searched, quality,"
            " features, model, model_version, seen_at) SELECT id, chain_id, store_id, 'supports', 0.97, 0.95, 3, $2, $3,"
            " 'gait_embedding', '1', now() FROM matches WHERE id = $1",
            uuid.UUID(match), '{"overall": 0.9}', '{"cadence_steps_per_min": 108.0}',
        )  # fmt: skip

    await support(match)
    (walk,) = (await product.ask("GET", walks_at))[1]["walks"]
    assert (walk["of_alert"], walk["lead_state"], walk["track_id"]) == (True, "open", str(TRACK))
    assert (walk["gait"]["verdict"], walk["match_id"]) == ("supports", match)
    reviewer = await person(product, "investigator")
    await trained(product, reviewer)
    _, shown = await product.ask("GET", f"/api/v1/matches/{match}", token=reviewer)
    assert (shown["gait"]["verdict"], shown["gait"]["gait_score"], shown["person_id"]) == ("supports", 0.97, None)
    # Rule 17: whoever asks what is held is told of the walk, too.
    _, asked = await product.ask("POST", "/api/v1/data-requests", {"kind": "access", "identity_checked": "Passport seen"})
    assert (await product.ask("POST", f"/api/v1/data-requests/{asked['id']}/entries", {"enrolment_id": made["id"]}))[0] == 200
    status, package = await product.ask("POST", f"/api/v1/data-requests/{asked['id']}/export")
    assert status == 200, package
    (held,) = json.loads(zipfile.ZipFile(BytesIO(package)).read("held.json"))["entries"]
    assert [(each["source"], each["features"]["quality"]["walking"]) for each in held["walks"]] == [
        ("Clip 7, shown by the guard", True)
    ]
    assert [each["gait"]["features"] for each in held["leads"]] == [{"cadence_steps_per_min": 108.0}]
    assert not {"embedding", "embeddings", "template", "proposed_by"} & set(held["walks"][0])
    body = {"verdict": "not-a-match", "reason": "Other ears"}
    status, reviewed = await product.ask("POST", f"/api/v1/matches/{match}/review", body, token=reviewer)
    assert (status, reviewed["state"]) == (200, "rejected"), reviewed
    assert reviewed["gait"] is None
    assert (await product.ask("GET", walks_at))[1] == {"walks": []}
    # It goes alone when somebody removes it, and with its entry's templates when that ends.
    status, removed = await product.ask("POST", f"{at}/remove", {"reason": "Asked for"}, token=desk.enroller)
    assert (status, removed) == (200, {"removed": 1})
    key, clip = {"Idempotency-Key": "a walk"}, walks.clip(5)
    (status, again), (same, repeated) = await propose(clip, **key), await propose(clip, **key)
    assert (status, same, again) == (201, 201, repeated), repeated
    assert not any("cadence" in str(row["response"]) for row in await product.sql("SELECT response FROM idempotency_keys"))
    status, proof = await desk.act(made, "erase", {"reason": "Mistake"}, desk.enroller)
    assert (status, proof["receipt"]["removed"]["gait_templates"]) == (200, 1), proof
    assert await product.sql("SELECT FROM gait_profiles UNION ALL SELECT FROM gait_supports") == []
    assert [act for act in await desk.acts(made["id"]) if act.startswith("gait")] == [
        "gait-proposed", "gait-approved", "gait-removed", "gait-proposed",
    ]  # fmt: skip
    # Rule 20: nothing of a walk outlives the chain's key.
    await support(await add_match(product, (await desk.approved(3, "Cyd Example"))["id"], desk.camera))
    _, wish = await product.ask("POST", "/api/v1/keys/destructions", {})
    body = {"chain_name": (await product.sql("SELECT name FROM chains"))[0][0]}
    at = f"/api/v1/keys/destructions/{wish['id']}/confirm"
    status, answer = await product.ask("POST", at, body, token=desk.administrator)
    assert status == 200, answer
    assert await product.sql("SELECT FROM gait_supports UNION ALL SELECT FROM facial_profiles") == []
