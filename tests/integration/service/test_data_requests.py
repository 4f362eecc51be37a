"""Rule 17 on the running service: found by a photo that nobody keeps, exported, erased, proved, and answered in time."""

import json
import uuid
import zipfile
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import asyncpg
import cv2
import numpy as np
import pytest

from app.auth.permissions import Permission, Role
from app.compliance.data_requests import collecting, footage_repository
from app.compliance.forgetting import forget_contacts
from app.evidence.package import verify
from app.evidence.retention_run import Retention
from app.evidence.storage import Storage
from app.identity.enrolment.pictures import Looker
from app.identity.templates.embedder import Embedder
from app.kit.clock import now
from app.kit.postgres import connect_pool
from tests.integration.conftest import Database
from tests.integration.service.conftest import Product
from tests.integration.service.faces import add_match, drawn
from tests.integration.service.principals import make_world
from tests.integration.service.test_identity import Desk, desk, more_settings  # noqa: F401 - fixtures
from tests.integration.service.test_retention import clips, states

PATH = "/api/v1/data-requests"
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1"


async def record(product: Product, **body: Any) -> dict[str, Any]:
    status, made = await product.ask("POST", PATH, {"kind": "erasure", "identity_checked": "Passport seen", **body})
    assert status == 201, made
    return dict(made)


async def sought(product: Product, request: dict[str, Any], picture: bytes) -> tuple[int, Any]:
    headers = {"Content-Type": "image/png"}
    return await product.ask("POST", f"{PATH}/{request['id']}/search", data=picture, headers=headers)


async def rows_of(product: Product) -> dict[str, int]:
    """How many rows each table has."""
    names = [row["relname"] for row in await product.sql(TABLES)]
    counted = " UNION ALL ".join(f"SELECT '{name}' AS name, count(*) AS rows FROM {name}" for name in names)
    return {row["name"]: row["rows"] for row in await product.sql(counted)}


def files_under(folder: Path) -> dict[str, int]:
    return {str(each): each.stat().st_size for each in folder.rglob("*") if each.is_file() and ".log" not in each.name}


async def checked(raw: bytes, folder: Path, fingerprint: str) -> zipfile.ZipFile:
    """The package, verified without the service."""
    path = folder / f"{uuid.uuid4()}.zip"
    path.write_bytes(raw)
    assert verify(path, fingerprint).findings == ()
    return zipfile.ZipFile(BytesIO(raw))


async def test_rule_17_found_by_photo_exported_erased_and_proved(desk: Desk, tmp_path: Path) -> None:  # noqa: F811
    product = desk.product
    mine, other = await desk.approved(1), await desk.approved(2, "Bea Example")
    lead = await add_match(product, mine["id"], desk.camera)
    alike = [{"enrolment_id": mine["id"], "match_score": 0.95}, {"enrolment_id": str(uuid.uuid4()), "match_score": 0.93}]
    await product.sql("UPDATE enrolments SET look_alikes = $2 WHERE id = $1", uuid.UUID(other["id"]), json.dumps(alike))
    access = await record(product, kind="access", contact="Ada Example, ada@example.com")
    assert "Ada" not in str(await product.sql("SELECT * FROM data_requests")), "who asks is sealed"

    before = await rows_of(product)
    files = files_under(product.settings.home)
    status, found = await sought(product, access, drawn(1))
    assert (status, found["templates"], found["not_compared"]) == (200, 2, 0), found
    assert [(each["enrolment_id"], each["likely"]) for each in found["candidates"]] == [(mine["id"], True)]
    after = await rows_of(product)
    assert {name for name in after if after[name] != before[name]} == {"audit_unsealed"}, "the photo left something"
    assert files_under(product.settings.home) == files
    (row,) = await product.sql("SELECT details::text FROM audit_unsealed WHERE act = 'data-request-face-sought'")
    assert json.loads(row["details"]) == {"templates": 2, "found": 1}
    assert (await sought(product, access, drawn(9)))[1]["candidates"] == []
    assert (await sought(product, access, drawn(1, faces=2)))[0] == 422
    assert (await sought(product, access, b"no picture"))[0] == 422

    fingerprint = (await product.ask("GET", "/api/v1/evidence-key"))[1]["fingerprint"]
    one = f"{PATH}/{access['id']}"
    assert (await product.ask("POST", f"{one}/answer", {"outcome": "fulfilled", "answer": "Here"}))[0] == 409
    assert (await product.ask("POST", f"{one}/export"))[0] == 409, "nothing belongs to it yet"
    assert (await product.ask("POST", f"{one}/entries", {"enrolment_id": mine["id"]}))[0] == 200
    assert (await product.ask("POST", f"{one}/erase"))[0] == 409, "it asks for access"
    status, raw = await product.ask("POST", f"{one}/export")
    assert status == 200, raw
    package = await checked(raw, tmp_path, fingerprint)
    told = json.loads(package.read("held.json"))["entries"][0]
    assert (told["name"], told["reason"], told["list"]) == ("Ada Example", "Hit a guard", "Violence")
    assert [each["camera"] for each in told["leads"]] == ["Door"]
    picture = cv2.imdecode(np.frombuffer(package.read(told["pictures"][0]), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert (await product.ask("POST", f"{one}/answer", {"outcome": "fulfilled", "answer": "Here"}))[0] == 200
    assert (await sought(product, access, drawn(1)))[0] == 409, "it is answered"

    erasure = await record(product)
    one = f"{PATH}/{erasure['id']}"
    assert (await product.ask("GET", f"{one}/proof"))[0] == 409
    for entry in (mine, other):
        assert (await product.ask("POST", f"{one}/entries", {"enrolment_id": entry["id"]}))[0] == 200
    assert (await product.ask("DELETE", f"{one}/entries/{other['id']}"))[0] == 204
    status, done = await product.ask("POST", f"{one}/erase")
    assert status == 200, done
    (receipt,) = [each["receipt"] for each in done["items"]]
    assert set(receipt["remaining"].values()) == {0}
    assert (receipt["removed"]["templates"], receipt["links"]["look_alikes"], receipt["name_forgotten"]) == (1, 1, True)
    left = (await product.ask("GET", f"/api/v1/enrolments/{other['id']}"))[1]
    assert (left["state"], [each["enrolment_id"] for each in left["look_alikes"]]) == ("approved", [alike[1]["enrolment_id"]])
    assert (await product.ask("GET", f"/api/v1/matches/{lead}"))[1]["state"] == "withdrawn"
    assert (await product.ask("POST", f"{one}/erase"))[1] == done, "asked twice, it is done once"
    assert (await product.ask("POST", f"{one}/answer", {"outcome": "fulfilled", "answer": "Gone"}))[0] == 200
    proof = json.loads((await checked((await product.ask("GET", f"{one}/proof"))[1], tmp_path, fingerprint)).read("proof.json"))
    assert (proof["outcome"], proof["erased"][0]["receipt"]) == ("fulfilled", receipt)
    assert "back-ups" in proof["horizon"]
    again = await record(product)
    assert [(await sought(product, again, drawn(each)))[1]["candidates"] != [] for each in (1, 2)] == [False, True]


async def test_rule_17_every_entry_of_a_face_is_found_however_many_there_are(desk: Desk) -> None:  # noqa: F811
    entries = {(await desk.proposed(1, override_reason="Seen before"))["id"] for _ in range(6)}
    status, found = await sought(desk.product, await record(desk.product), drawn(1))
    assert (status, len(found["candidates"])) == (200, 6)
    assert {each["enrolment_id"] for each in found["candidates"]} == entries


async def test_rule_17_nothing_held_is_not_said_while_a_template_could_not_be_compared(
    desk: Desk,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def none(_self: Embedder, _at: datetime) -> int:
        return 0

    monkeypatch.setattr(Embedder, "round", none)  # or it would be compared soon
    product = desk.product
    await desk.approved(1)
    moved = "UPDATE facial_profiles SET model_version = $1"
    (row,) = await product.sql("SELECT DISTINCT model_version FROM facial_profiles")
    await product.sql(moved, "0-earlier")
    one = await record(product)
    with monkeypatch.context() as patched:

        async def asked(_self: Looker, _raw: bytes) -> None:
            raise AssertionError("a face was looked at for nothing")

        patched.setattr(Looker, "look", asked)
        assert await sought(product, one, drawn(2)) == (200, {"templates": 1, "not_compared": 1, "candidates": []})
    answer = {"outcome": "nothing-held", "answer": "We hold nothing about you."}
    status, why = await product.ask("POST", f"{PATH}/{one['id']}/answer", answer)
    assert (status, "search again in an hour" in why["detail"]) == (409, True), why
    await product.sql(moved, row["model_version"])
    assert (await product.ask("POST", f"{PATH}/{one['id']}/answer", answer))[0] == 409, "the search compared nothing"
    assert (await sought(product, one, drawn(2)))[1]["candidates"] == []
    assert (await product.ask("POST", f"{PATH}/{one['id']}/answer", answer))[0] == 200


async def test_rule_17_a_package_leaves_nothing_out_and_who_asks_is_its_handlers_to_see(
    desk: Desk,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    product = desk.product
    mine = await desk.approved(1)
    for track in range(1, 6):
        await add_match(product, mine["id"], desk.camera, track)
    contact = "Ada Example, ada@example.com"
    one = f"{PATH}/{(await record(product, kind='access', contact=contact))['id']}"
    assert (await product.ask("POST", f"{one}/entries", {"enrolment_id": mine["id"]}))[0] == 200
    monkeypatch.setattr(collecting, "LEADS_AT_ONCE", 2)
    fingerprint = (await product.ask("GET", "/api/v1/evidence-key"))[1]["fingerprint"]
    package = await checked((await product.ask("POST", f"{one}/export"))[1], tmp_path, fingerprint)
    assert len(json.loads(package.read("held.json"))["entries"][0]["leads"]) == 5
    monkeypatch.setattr(collecting, "MOST_BYTES", 5 * collecting.LEAD_BYTES)
    status, why = await product.ask("POST", f"{one}/export")
    assert (status, "More is held than one package takes" in why["detail"]) == (409, True), why
    assert (await product.ask("GET", one))[1]["request"]["exports"] == 1

    world = await make_world(product)
    auditor = await world.key(frozenset({Permission.DATA_REQUESTS_READ}), "chain")
    seen = [(await product.ask("GET", one, token=token))[1]["contact"] for token in (None, auditor)]
    assert seen == [contact, None]


async def test_rule_17_who_asked_is_forgotten_90_days_after_the_answer(product: Product, database: Database) -> None:
    made = [(await record(product, contact=f"Ada {number}"))["id"] for number in range(3)]
    answer = {"outcome": "refused", "answer": "We could not tell who you are."}
    for each in made[:2]:
        assert (await product.ask("POST", f"{PATH}/{each}/answer", answer))[0] == 200
    complaint = {"store_id": await product.store(), "happened_at": now().isoformat(), "summary": "s", "contact": "Bea"}
    heard = (await product.ask("POST", "/api/v1/complaints", complaint))[1]["id"]
    decision = {"outcome": "not-upheld", "answer": "We looked, and it was right."}
    assert (await product.ask("POST", f"/api/v1/complaints/{heard}/decide", decision))[0] == 200
    ago = "UPDATE {} SET {} = now() - make_interval(days => $2) WHERE id = $1"
    await product.sql(ago.format("data_requests", "answered_at"), uuid.UUID(made[0]), 91)
    await product.sql(ago.format("data_requests", "answered_at"), uuid.UUID(made[1]), 89)
    await product.sql(ago.format("complaints", "decided_at"), uuid.UUID(heard), 91)
    pool = await connect_pool(database.url("app"), role="test", largest=1)
    try:
        assert [await forget_contacts(pool) for _ in range(2)] == [2, 0]
    finally:
        await pool.close()
    left = [(await product.ask("GET", f"{PATH}/{each}"))[1]["contact"] for each in made]
    assert left == [None, "Ada 1", "Ada 2"]
    assert (await product.ask("GET", f"/api/v1/complaints/{heard}"))[1]["contact"] is None


async def test_rule_17_words_of_reviews_about_somebody_go_with_them(desk: Desk) -> None:  # noqa: F811
    product = desk.product
    mine = await desk.approved(1)
    lead = await add_match(product, mine["id"], desk.camera)
    await product.sql(
        "INSERT INTO match_reviews (id, chain_id, store_id, match_id, verdict, reason, reviewed_by, reviewed_at)"
        " SELECT gen_random_uuid(), m.chain_id, m.store_id, m.id, 'match', 'That is Ada, with the scar', u.id, now()"
        " FROM matches m JOIN users u ON u.chain_id = m.chain_id WHERE m.id = $1 LIMIT 1",
        uuid.UUID(lead),
    )
    suspension = {"store_id": await product.store(), "enrolment_id": mine["id"], "reason": "Ada again"}
    assert (await product.ask("POST", "/api/v1/match-suspensions", suspension))[0] == 201
    erasure = await record(product)
    assert (await product.ask("POST", f"{PATH}/{erasure['id']}/entries", {"enrolment_id": mine["id"]}))[0] == 200
    status, done = await product.ask("POST", f"{PATH}/{erasure['id']}/erase")
    assert (status, done["items"][0]["receipt"]["links"]["words_of_reviews"]) == (200, 2), done
    rows = await product.sql("SELECT reason FROM match_reviews UNION ALL SELECT reason FROM match_suspensions")
    assert [row["reason"] for row in rows] == ["erased", "erased"]


async def test_rule_17_no_model_is_asked_where_nothing_is_held_and_the_clock_is_extended_once(
    product: Product, monkeypatch: Any
) -> None:
    async def asked(_self: Looker, _raw: bytes) -> None:
        raise AssertionError("a face was looked at for nothing")

    monkeypatch.setattr(Looker, "look", asked)
    received = now() - timedelta(days=31)
    one = await record(product, received_at=received.isoformat())
    assert one["overdue"] is True
    answer = {"outcome": "nothing-held", "answer": "We hold nothing about you."}
    path = f"{PATH}/{one['id']}"
    assert (await product.ask("POST", f"{path}/answer", answer))[0] == 409, "nobody has looked"
    assert await sought(product, one, drawn(1)) == (200, {"templates": 0, "not_compared": 0, "candidates": []})
    longer = (await product.ask("POST", f"{path}/extend", {"days": 20, "reason": "Holidays"}))[1]
    assert (longer["overdue"], datetime.fromisoformat(longer["answer_by"]) - received) == (False, timedelta(days=50))
    assert (await product.ask("POST", f"{path}/extend", {"days": 20, "reason": "Again"}))[0] == 409
    assert (await product.ask("POST", f"{path}/answer", answer))[1]["state"] == "answered"
    listed = (await product.ask("GET", PATH, params={"state": "answered"}))[1]["items"]
    assert [each["id"] for each in listed] == [one["id"]]


async def test_rule_17_a_request_holds_the_footage_of_its_visit_until_it_is_answered(
    product: Product, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, other = await clips(product, 2)
    visit = now() - timedelta(days=40)
    minutes = timedelta(minutes=1)  # the visit begins three of them after the recording of five did, and its alert
    recorded = (
        "UPDATE evidence SET present_at = $1, moment = $1, wanted_from = $1, wanted_to = $2, recorded_from = $1, recorded_to = $2"
    )
    await product.sql(recorded, visit - 15 * minutes, visit - 10 * minutes)
    await product.sql(f"{recorded} WHERE id = $3", visit, visit + 5 * minutes, uuid.UUID(seen))
    span = {"seen_from": (visit + 3 * minutes).isoformat(), "seen_to": (visit + 10 * minutes).isoformat()}
    one = await record(product, kind="access", store_id=await product.store(), **span)
    shown = (await product.ask("GET", f"{PATH}/{one['id']}"))[1]
    assert [each["id"] for each in shown["footage"]] == [seen]
    pool = await connect_pool(database.url("retention"), role="test", largest=2)
    try:
        retention = Retention(pool, Storage(product.settings))
        assert (await retention.once(now())).deleted == 1
        assert await states(product, [seen, other]) == ["present", "deleted"]
        assert (await sought(product, one, drawn(1)))[0] == 200
        nothing = {"outcome": "nothing-held", "answer": "We hold nothing about you."}
        status, why = await product.ask("POST", f"{PATH}/{one['id']}/answer", nothing)
        assert (status, "footage" in why["detail"]) == (409, True), why
        with monkeypatch.context() as patched:
            patched.setattr(footage_repository, "MOST", 0)
            status, why = await product.ask("POST", f"{PATH}/{one['id']}/export")
        assert (status, "Name a shorter visit." in why["detail"]) == (409, True), why
        assert (await product.ask("POST", f"{PATH}/{one['id']}/export"))[0] == 200
        done = {"outcome": "fulfilled", "answer": "Here it is."}
        assert (await product.ask("POST", f"{PATH}/{one['id']}/answer", done))[0] == 200
        assert (await retention.once(now())).deleted == 1
        assert await states(product, [seen]) == ["deleted"]
    finally:
        await pool.close()


async def test_a_role_for_single_stores_reaches_no_request_and_what_does_not_fit_is_refused(product: Product) -> None:
    world = await make_world(product)
    body = {"kind": "erasure", "identity_checked": "Passport seen"}
    _, token = await world.sign_in(Role.CHAIN_ADMINISTRATOR, "store")
    for method, path, given in (("GET", PATH, None), ("POST", PATH, body)):
        assert (await product.ask(method, path, given, token=token))[0] == 403
    store, later = str(world.stores["store"]), (now() + timedelta(hours=1)).isoformat()
    for wrong in ({"identity_checked": " "}, {"received_at": later}, {"store_id": store}, {"kind": "other"}):
        assert (await product.ask("POST", PATH, {**body, **wrong}))[0] == 422, wrong
    one = await record(product)
    foreign = str(world.things["other-chain"]["enrolment_id"])
    assert (await product.ask("POST", f"{PATH}/{one['id']}/entries", {"enrolment_id": foreign}))[0] == 404
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await product.sql(
            "INSERT INTO data_request_subjects (request_id, enrolment_id, chain_id, added_by, added_at)"
            " SELECT id, $2, chain_id, recorded_by, now() FROM data_requests WHERE id = $1",
            uuid.UUID(one["id"]),
            uuid.UUID(foreign),
        )
    assert (await product.ask("POST", f"{PATH}/{one['id']}/erase"))[0] == 409, "no entry belongs to it"
