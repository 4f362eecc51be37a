"""Rule 16 on the running service: complaints hold their evidence, show their clocks, and corrections reach every site."""

import uuid
from datetime import timedelta

from app.auth.permissions import Permission, Role
from app.evidence.retention import HELD_AROUND
from app.evidence.retention_run import Retention
from app.evidence.storage import Storage
from app.kit.clock import now
from app.kit.postgres import connect_pool
from tests.integration.conftest import Database
from tests.integration.service.conftest import Product
from tests.integration.service.principals import make_world
from tests.integration.service.test_retention import clips, states

PATH = "/api/v1/complaints"


async def test_rule_16_a_complaint_holds_its_evidence_until_it_is_decided_and_says_who_only_to_its_handlers(
    product: Product, database: Database
) -> None:
    about, near, far = await clips(product, 3)
    alert = (await product.ask("GET", f"/api/v1/evidence/{about}"))[1]["alert_id"]
    happened, days = now() - timedelta(days=12), "now() - interval '40 days'"
    await product.sql(f"UPDATE evidence SET present_at = {days}, moment = {days}, recorded_from = {days}, recorded_to = {days}")
    began = happened + HELD_AROUND - timedelta(seconds=20)  # and the alert it is of came after the half hour
    await product.sql("UPDATE evidence SET recorded_from = $2, recorded_to = $3, moment = $3 WHERE id = $1",
                      uuid.UUID(near), began, began + timedelta(seconds=30))  # fmt: skip
    body = {"store_id": await product.store(), "happened_at": happened.isoformat(),
            "received_at": (now() - timedelta(days=8)).isoformat(),
            "alert_id": alert, "summary": "I was stopped at the door.", "contact": "Ann Example, ann@example.com"}  # fmt: skip
    status, made = await product.ask("POST", PATH, body)
    assert status == 201, made
    assert (made["state"], made["overdue"]) == ("open", True)  # 8 days without a word
    assert "Ann" not in str(await product.sql("SELECT * FROM complaints"))
    listed = (await product.ask("GET", PATH))[1]["items"]
    assert [each["id"] for each in listed] == [made["id"]]
    assert "Ann" not in str(listed)
    shown = (await product.ask("GET", f"{PATH}/{made['id']}"))[1]
    assert (shown["contact"], shown["held_evidence"]) == (body["contact"], 3)  # of the alert a still is on its way, too
    assert (await product.ask("PUT", "/api/v1/retention", {"class": "alert", "days": 10}))[0] == 200
    pool = await connect_pool(database.url("retention"), role="test", largest=2)
    try:
        retention = Retention(pool, Storage(product.settings))
        assert (await retention.once(now())).deleted == 1
        assert await states(product, [about, near, far]) == ["present", "present", "deleted"]
        assert (await product.ask("POST", f"{PATH}/{made['id']}/acknowledge", {}))[1]["overdue"] is False
        decision = {"outcome": "not-upheld", "answer": "We looked, and it was right."}
        decided = (await product.ask("POST", f"{PATH}/{made['id']}/decide", decision))[1]
        assert (decided["state"], decided["overdue"]) == ("decided", False)
        assert (await product.ask("POST", f"{PATH}/{made['id']}/decide", decision))[0] == 409
        assert (await retention.once(now())).deleted == 2
        assert await states(product, [about, near]) == ["deleted", "deleted"]
    finally:
        await pool.close()


async def test_rule_16_a_correction_erases_the_enrolment_for_every_store_and_needs_reach_over_all(product: Product) -> None:
    world = await make_world(product)
    things, store = world.things["store"], str(world.stores["store"])
    body = {"store_id": store, "happened_at": now().isoformat(), "match_id": str(things["match_id"]), "summary": "It was not me."}
    made = (await product.ask("POST", PATH, body))[1]
    decide = {"outcome": "upheld", "answer": "We are sorry.", "correct": True}
    _, manager = await world.sign_in(Role.STORE_MANAGER, "store")
    assert (await product.ask("POST", f"{PATH}/{made['id']}/decide", decide, token=manager))[0] == 403
    assert (await product.ask("POST", f"{PATH}/{made['id']}/decide", {**decide, "outcome": "not-upheld"}))[0] == 422
    status, done = await product.ask("POST", f"{PATH}/{made['id']}/decide", decide)
    assert (status, done["corrected"]) == (200, True), done
    enrolment = (await product.sql("SELECT enrolment_id FROM matches WHERE id = $1", things["match_id"]))[0][0]
    assert (await product.sql("SELECT state FROM enrolments WHERE id = $1", enrolment))[0]["state"] == "erased"
    assert len(await product.sql("SELECT 1 FROM erasures WHERE enrolment_id = $1", enrolment)) == 1
    acts = [
        row["act"]
        for row in await product.sql("SELECT act FROM audit_unsealed WHERE act LIKE 'complaint%' OR act LIKE '%erased'")
    ]
    assert {"complaint-recorded", "complaint-decided", "enrolment-erased"} <= set(acts)


async def test_what_does_not_fit_is_refused(product: Product) -> None:
    world = await make_world(product)
    body = {"store_id": str(world.stores["store"]), "happened_at": now().isoformat(), "summary": "s"}
    later = (now() + timedelta(hours=1)).isoformat()
    foreign = str(world.things["other-store"]["alert_id"])
    for wrong in (
        {"happened_at": later},
        {"received_at": later},
        {"alert_id": foreign},
        {"summary": " "},
        {"happened_at": "2026-01-01T00:00:00"},
    ):
        assert (await product.ask("POST", PATH, {**body, **wrong}))[0] == 422, wrong
    made = (await product.ask("POST", PATH, {**body, "contact": "Ann Example"}))[1]["id"]
    reader = await world.key(frozenset({Permission.COMPLAINTS_READ}), "chain")
    shown = [(await product.ask("GET", f"{PATH}/{made}", token=token))[1]["contact"] for token in (None, reader)]
    assert shown == ["Ann Example", None], "who complains is its handlers' to see"
    key = await world.key(frozenset(), "chain")
    assert (await product.ask("POST", f"{PATH}/{made}/acknowledge", {}, token=key))[0] == 403
