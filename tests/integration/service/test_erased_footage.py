"""Rule 17 on the running service: footage in which whoever asks is seen goes, too, unless something holds it, which is proved."""

import asyncio
import json
import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.compliance.data_requests import footage_repository
from app.evidence import retention_run
from app.evidence.retention_run import Retention
from app.evidence.storage import Storage
from app.kit.clock import now
from app.kit.postgres import connect_pool
from tests.integration.conftest import Database
from tests.integration.service.conftest import Product
from tests.integration.service.faces import add_match
from tests.integration.service.test_data_requests import PATH, checked, record
from tests.integration.service.test_exports import until_made
from tests.integration.service.test_identity import Desk, desk, more_settings  # noqa: F401 - fixtures
from tests.integration.service.test_retention import clips, states

MINUTE = timedelta(minutes=1)
SPAN = "UPDATE evidence SET moment = $2, wanted_from = $2, wanted_to = $3, recorded_from = $2, recorded_to = $3 WHERE id = $1"


async def footage(product: Product, request: dict[str, Any]) -> dict[str, str]:
    """State of each piece that a request lists."""
    shown = (await product.ask("GET", f"{PATH}/{request['id']}"))[1]["footage"]
    return {each["id"]: each["state"] for each in shown}


async def say(product: Product, request: dict[str, Any], piece: str, *, theirs: bool) -> int:
    status, _ = await product.ask("PUT", f"{PATH}/{request['id']}/footage/{piece}", {"theirs": theirs})
    return status


async def answer(product: Product, request: dict[str, Any], outcome: str) -> tuple[int, Any]:
    return await product.ask("POST", f"{PATH}/{request['id']}/answer", {"outcome": outcome, "answer": "So it was done."})


@dataclass(frozen=True)
class Visit:
    """Three pieces of a visit and one of another time; one who was there asks for erasure, somebody else for access."""

    theirs: str
    held: str
    other: str
    outside: str
    request: dict[str, Any]
    somebody_elses: dict[str, Any]

    @property
    def pieces(self) -> tuple[str, str, str]:
        return self.theirs, self.held, self.other


async def a_visit(product: Product) -> Visit:
    """`theirs` has an export, `held` a legal hold."""
    theirs, held, other, outside = await clips(product, 4)
    began, store = now() - timedelta(hours=3), await product.store()
    for piece in (theirs, held, other):
        await product.sql(SPAN, uuid.UUID(piece), began, began + MINUTE)
    hold = {"held": True, "reason": "The police asked for it"}
    assert (await product.ask("POST", f"/api/v1/evidence/{held}/hold", hold))[0] == 200
    package = {"purpose": "Report of a theft", "recipient": "City police"}
    assert (await product.ask("POST", f"/api/v1/evidence/{theirs}/export", package))[0] == 201
    await until_made(product, f"/api/v1/evidence/{theirs}")
    span = {"store_id": store, "seen_from": (began - MINUTE).isoformat(), "seen_to": (began + 5 * MINUTE).isoformat()}
    return Visit(theirs, held, other, outside, await record(product, **span), await record(product, kind="access", **span))


async def decided(product: Product, visit: Visit) -> None:
    """They are in two of the pieces, which were asked to be erased."""
    said = [await say(product, visit.request, piece, theirs=piece != visit.other) for piece in visit.pieces]
    assert said == [204, 204, 204]
    status, done = await product.ask("POST", f"{PATH}/{visit.request['id']}/erase")
    assert (status, done) == (200, {"items": []})


async def proved(product: Product, visit: Visit, tmp_path: Path) -> dict[str, dict[str, Any]]:
    """What the proof, which is checked, tells of each piece."""
    fingerprint = (await product.ask("GET", "/api/v1/evidence-key"))[1]["fingerprint"]
    raw = (await product.ask("GET", f"{PATH}/{visit.request['id']}/proof"))[1]
    told = json.loads((await checked(raw, tmp_path, fingerprint)).read("proof.json"))["footage"]
    return {each["id"]: each for each in told}


async def test_rule_17_a_handler_says_of_each_piece_whether_they_are_in_it_also_of_those_beyond_the_list(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = await a_visit(product)
    one, last = visit.request, max(visit.pieces)
    assert await footage(product, one) == dict.fromkeys(visit.pieces, "to-look-at")
    assert (await product.ask("POST", f"{PATH}/{one['id']}/erase"))[0] == 409, "nobody said that they are in any of it"
    assert await say(product, one, visit.outside, theirs=True) == 404
    with monkeypatch.context() as patched:
        patched.setattr(footage_repository, "MOST", 2)
        shown = (await product.ask("GET", f"{PATH}/{one['id']}"))[1]
        assert (len(shown["footage"]), shown["more_footage"], last in str(shown["footage"])) == (2, True, False)
        assert await say(product, one, last, theirs=True) == 204
        assert (await footage(product, one))[last] == "theirs", "what was decided about comes first"
    assert await say(product, one, last, theirs=False) == 204
    assert [(await answer(product, one, outcome))[0] for outcome in ("fulfilled", "nothing-held")] == [409, 409]


async def test_rule_17_what_another_request_holds_is_due_once_that_is_answered_and_the_audit_says_what_was_asked(
    product: Product,
) -> None:
    visit = await a_visit(product)
    one, theirs, held, other = visit.request, *visit.pieces
    await decided(product, visit)
    (told,) = await product.sql(
        "SELECT details->'footage' AS footage FROM (SELECT act, details::jsonb FROM audit_unsealed"
        " UNION ALL SELECT act, details::jsonb FROM audit_log) a WHERE act = 'data-request-erased'"
    )
    assert set(json.loads(told["footage"])) == {theirs, held}
    custody = (await product.ask("GET", f"/api/v1/evidence/{theirs}/custody"))[1]["items"]
    assert (custody[-1]["act"], custody[-1]["details"]) == ("erasure-asked", {}), "stores read it: it names no request"
    assert await footage(product, one) == {theirs: "kept", held: "kept", other: "not-theirs"}, "another request holds it, too"
    assert (await answer(product, visit.somebody_elses, "refused"))[0] == 200
    assert await footage(product, one) == {theirs: "due", held: "kept", other: "not-theirs"}
    assert await say(product, one, theirs, theirs=False) == 409, "its erasure was asked for"


async def test_rule_17_footage_of_them_is_erased_what_is_held_waits_and_the_proof_says_why(
    product: Product, database: Database, tmp_path: Path
) -> None:
    visit = await a_visit(product)
    one, theirs, held, other = visit.request, *visit.pieces
    await decided(product, visit)
    assert (await answer(product, visit.somebody_elses, "refused"))[0] == 200
    pool = await connect_pool(database.url("retention"), role="test", largest=2)
    try:
        retention = Retention(pool, Storage(product.settings))
        asked = [await retention._erasure_asked(now() - 10 * MINUTE) for _ in range(2)]
        assert asked == [True, False], "what is kept causes one run, not one after the other"
        assert (await retention.once(now())).deleted == 1
        assert await states(product, [theirs, held, other, visit.outside]) == ["deleted", "present", "present", "present"]
        exports = (await product.ask("GET", f"/api/v1/evidence/{theirs}/exports"))[1]["items"]
        assert [each["state"] for each in exports] == ["ended"]
        custody = (await product.ask("GET", f"/api/v1/evidence/{theirs}/custody"))[1]
        assert (custody["whole"], [each["act"] for each in custody["items"][-2:]]) == (True, ["erasure-asked", "deleted"])
        status, why = await answer(product, one, "fulfilled")
        assert (status, "partly fulfilled" in why["detail"]) == (409, True), why
        assert (await answer(product, one, "partly-fulfilled"))[0] == 200

        proof = await proved(product, visit, tmp_path)
        assert set(proof) == {theirs, held}
        digest = (await product.ask("GET", f"/api/v1/evidence/{theirs}"))[1]["sha256"]
        assert (proof[theirs]["state"], proof[theirs]["receipt"]["sha256"]) == ("erased", digest)
        assert (proof[held]["state"], "legal hold" in proof[held]["kept_for"][0]) == ("kept", True)

        lifted = {"held": False, "reason": "The case is over"}
        assert (await product.ask("POST", f"/api/v1/evidence/{held}/hold", lifted))[0] == 200
        assert (await retention.once(now())).deleted == 1
        assert (await proved(product, visit, tmp_path))[held]["state"] == "erased"
        receipts = (await product.ask("GET", "/api/v1/retention/receipts"))[1]["items"]
        assert {each["evidence_id"] for each in receipts if each["kind"] == "erasure"} == {theirs, held}
    finally:
        await pool.close()


async def test_rule_17_footage_of_a_lead_is_found_by_its_entry_and_erased_without_waiting_for_the_hour(
    desk: Desk,  # noqa: F811
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    product = desk.product
    mine = await desk.approved(1)
    lead = await add_match(product, mine["id"], desk.camera)
    near, later = await clips(product, 2)
    (seen,) = await product.sql("SELECT camera_id, captured_at FROM matches WHERE id = $1", uuid.UUID(lead))
    await product.sql("UPDATE evidence SET camera_id = $1", seen["camera_id"])
    await product.sql(SPAN, uuid.UUID(near), seen["captured_at"] - MINUTE, seen["captured_at"] + MINUTE)
    await product.sql(SPAN, uuid.UUID(later), seen["captured_at"] + MINUTE, seen["captured_at"] + 2 * MINUTE)
    one = await record(product)
    assert (await product.ask("POST", f"{PATH}/{one['id']}/entries", {"enrolment_id": mine["id"]}))[0] == 200
    shown = await footage(product, one)
    coming = [each for each in shown if each != near]
    assert shown == dict.fromkeys((near, *coming), "to-look-at")
    assert len(coming) == 2, "stills of the same moment, which no worker has sent yet"
    assert await say(product, one, coming[0], theirs=False) == 409, "nobody has seen it"
    await product.sql("UPDATE evidence SET state = 'lost' WHERE id = ANY ($1)", [uuid.UUID(each) for each in coming])
    assert await footage(product, one) == {near: "to-look-at"}
    monkeypatch.setattr(retention_run, "LOOK_S", 0.1)
    monkeypatch.setattr(retention_run, "FIRST_S", 3600.0)
    pool, stop = await connect_pool(database.url("retention"), role="test", largest=2), asyncio.Event()
    running = asyncio.create_task(Retention(pool, Storage(product.settings)).keep(stop))
    try:
        assert await say(product, one, near, theirs=True) == 204
        assert (await product.ask("POST", f"{PATH}/{one['id']}/erase"))[0] == 200
        async with asyncio.timeout(60):
            while await footage(product, one) != {near: "erased"}:
                await asyncio.sleep(0.1)
        assert await states(product, [later]) == ["present"]
        assert (await answer(product, one, "fulfilled"))[0] == 200
    finally:
        stop.set()
        await running
        await pool.close()


async def test_rule_17_footage_of_a_lead_that_is_theirs_is_held_while_their_request_is_open(
    desk: Desk,  # noqa: F811
    database: Database,
) -> None:
    product, later = desk.product, now() + timedelta(days=31)
    mine = await desk.approved(1)
    lead = await add_match(product, mine["id"], desk.camera)
    (near,) = await clips(product, 1)
    (seen,) = await product.sql("SELECT camera_id, captured_at FROM matches WHERE id = $1", uuid.UUID(lead))
    await product.sql("UPDATE evidence SET camera_id = $1 WHERE id = $2", seen["camera_id"], uuid.UUID(near))
    await product.sql(SPAN, uuid.UUID(near), seen["captured_at"] - MINUTE, seen["captured_at"] + MINUTE)
    one = await record(product, kind="access")
    assert (await product.ask("POST", f"{PATH}/{one['id']}/entries", {"enrolment_id": mine["id"]}))[0] == 200
    assert await say(product, one, near, theirs=True) == 204
    pool = await connect_pool(database.url("retention"), role="test", largest=2)
    try:
        retention = Retention(pool, Storage(product.settings))
        assert (await retention.once(later)).deleted == 0
        assert (await answer(product, one, "refused"))[0] == 200
        assert (await retention.once(later)).deleted == 1
    finally:
        await pool.close()
