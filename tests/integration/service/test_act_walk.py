"""Every operation of the OpenAPI document says which act it leaves, or why none; each is performed and its row is found.

Before it is performed, the database is made to refuse that act's row: then nothing else of the operation may stay either, so act
and row are one transaction. A new operation is covered without a line here, unless its body is more than its schema says.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.auth.permissions import Role
from app.auth.sessions import forgetting
from app.contracts.live import pack_picture, picture_channel
from app.identity.enrolment import sweeper
from app.identity.templates import turner
from app.kit.keys.models import DISAGREEMENT
from app.lifespan import vault_of
from app.tenancy.policy import enforcer
from tests.integration.service.conftest import Product
from tests.integration.service.people import person
from tests.integration.service.principals import World, make_things, make_world
from tests.integration.service.sign_in import PASSWORD, add_user, code, enrol, token_of
from tests.integration.service.test_policy import FACE, OFF, gather_evidence, photo, switch_on
from tests.integration.service.test_role_walk import PARAMETER, sample_body

ELSEWHERE = {
    "GET /api/v1/auth/oidc/callback": "test_oidc.py, where a provider answers",
    "POST /api/v1/analyze/frame": "tests/integration/inference, where Triton answers",
    "GET /api/v1/live/pictures": "below: it has two rows",
    "POST /api/v1/persons/{person_id}/enrolments": "test_identity.py, where a face model answers",
    "POST /api/v1/stores/{store_id}/faces/check": "test_identity.py, where a face model answers",
    "POST /api/v1/enrolments/{enrolment_id}/gait": "test_identity.py, where pose and gait models answer",
    "POST /api/v1/enrolments/{enrolment_id}/gait/approve": "test_identity.py, likewise",
    "GET /api/v1/enrolments/{enrolment_id}/picture": "test_identity.py, where there are pictures",
    "GET /api/v1/matches/{match_id}/seen-picture": "test_identity.py, where there are pictures",
    "GET /api/v1/matches/{match_id}/enrolled-picture": "test_identity.py, where there are pictures",
    "POST /api/v1/live/{camera_id}/whep": "test_video.py, where a relay answers",
    "DELETE /api/v1/live/{camera_id}/whep/{session_id}": "test_video.py, likewise",
    "POST /api/v1/data-requests/{data_request_id}/search": "test_data_requests.py, where a face model answers",
    "POST /api/v1/notifications/mine/{channel_id}/confirm": "test_notifications.py, where the code is read",
    "POST /api/v1/models/versions": "tests/integration/models, where Triton answers",
    "POST /api/v1/models/versions/{model_version_id}/promote": "tests/integration/models, likewise",
    "POST /api/v1/models/versions/{model_version_id}/retire": "tests/integration/models, likewise",
    "POST /api/v1/models/versions/{model_version_id}/shadow": "test_model_shadow.py, likewise",
    "POST /api/v1/models/versions/{model_version_id}/calibration": "test_face_versions.py, likewise",
}
POLYGON = [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]
TODAY = date.today().isoformat()  # noqa: DTZ011
NEW_PASSWORD = "violet-anchor-teapot-moss"
UNCOMPARED = ("audit_unsealed", "audit_log", "audit_lease", "camera_status", "workers", "worker_cameras")


@dataclass
class Asked:
    """One request. `given` goes to the client as it is; `token` "" is nobody's."""

    body: Any = None
    query: str = ""
    ids: dict[str, Any] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    token: str | None = None
    subject: str = ""


@dataclass
class Walk:
    """The product, the world in it, and fresh things for the present operation."""

    product: Product
    world: World
    things: dict[str, uuid.UUID]
    administrator: str
    approver: str
    showing: "asyncio.Task[None] | None" = None

    async def account(self, *, second_factor: bool = False) -> tuple[str, bytes]:
        """Somebody new with PASSWORD: access token, secret of the app."""
        name = f"walker-{uuid.uuid4().hex[:8]}"
        await add_user(self.product, name, "chain-administrator")
        token = (await token_of(self.product, name))["access_token"]
        return token, (await enrol(self.product, token))[0] if second_factor else b""


Prepare = Callable[[Walk], Awaitable[Asked]]


def _body(**body: Any) -> Prepare:
    async def prepare(_walk: Walk) -> Asked:
        return Asked(body)

    return prepare


async def _log_in(walk: Walk) -> Asked:
    name = f"walker-{uuid.uuid4().hex[:8]}"
    await add_user(walk.product, name, "viewer")
    form = {"grant_type": "password", "username": name, "password": PASSWORD}
    return Asked(token="", given={"data": form})


async def _log_out(walk: Walk) -> Asked:
    return Asked(token=(await walk.account())[0])


async def _password(walk: Walk) -> Asked:
    return Asked({"current_password": PASSWORD, "new_password": NEW_PASSWORD}, token=(await walk.account())[0])


async def _confirm_app(walk: Walk) -> Asked:
    token, _ = await walk.account()
    made = (await walk.product.ask("POST", "/api/v1/auth/totp", {"password": PASSWORD}, token=token))[1]
    from app.auth import totp

    return Asked({"code": code(totp.from_base32(made["secret"]))}, token=token)


async def _own_password(walk: Walk) -> Asked:
    return Asked({"password": PASSWORD}, token=(await walk.account(second_factor=True))[0])


async def _prove(walk: Walk) -> Asked:
    token, secret = await walk.account(second_factor=True)
    return Asked({"code": code(secret)}, token=token)


async def _other_session(walk: Walk) -> Asked:
    token, _ = await walk.account()
    me = (await walk.product.ask("GET", "/api/v1/auth/me", token=token))[1]
    session = uuid.uuid4()
    await walk.product.sql(
        "INSERT INTO sessions (id, chain_id, user_id, refresh_hash, expires_at) VALUES"
        " ($1::uuid, $2, $3, sha256($1::text::bytea), now() + interval '1 day')",
        session, uuid.UUID(me["chain_id"]), uuid.UUID(me["id"]),
    )  # fmt: skip
    return Asked(ids={"session_id": session}, token=token)


async def _lost_factor(walk: Walk) -> Asked:
    token, _ = await walk.account(second_factor=True)
    return Asked(ids={"user_id": (await walk.product.ask("GET", "/api/v1/auth/me", token=token))[1]["id"]})


async def _camera(walk: Walk) -> Asked:
    return Asked({"store_id": str(walk.things["store_id"]), "name": "Walk", "url": "rtsp://10.0.0.9/x"})


async def _import(walk: Walk) -> Asked:
    return Asked({"store_id": str(walk.things["store_id"]), "csv": "name,url\nListed,rtsp://10.0.0.8/x\n"})


async def _rule(walk: Walk) -> Asked:
    kinds = [each["kind"] for each in (await walk.product.ask("GET", "/api/v1/rules/kinds"))[1]["items"]]
    other = next(kind for kind in kinds if kind != "loitering")  # which the camera has
    return Asked({"store_id": str(walk.things["store_id"]), "kind": other, "camera_id": str(walk.things["camera_id"])})


async def _replay(walk: Walk) -> Asked:
    days = {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}
    return Asked({"store_id": str(walk.things["store_id"]), "kind": "loitering", **days})


async def _claimed(walk: Walk) -> Asked:
    path = f"/api/v1/alerts/{walk.things['alert_id']}/claim"
    assert (await walk.product.ask("POST", path, {}, token=walk.administrator))[0] == 200
    return Asked({})


async def _finished(walk: Walk) -> Asked:
    path = f"/api/v1/alerts/{walk.things['alert_id']}/resolve"
    assert (await walk.product.ask("POST", path, {"outcome": "false"}, token=walk.administrator))[0] == 200
    return Asked({})


async def _snooze(_walk: Walk) -> Asked:
    return Asked({"until": (datetime.now(UTC) + timedelta(hours=1)).isoformat(), "reason": "walk"})


async def _duty(walk: Walk) -> Asked:
    return Asked({"user_id": str(walk.things["user_id"]), "store_id": str(walk.things["store_id"]), "days": [1, 2]})


async def _incident(walk: Walk) -> Asked:
    return Asked({"store_id": str(walk.things["store_id"]), "kind": "falling", "title": "Walk"})


async def _playback(_walk: Walk) -> Asked:
    moment = datetime.now(UTC)
    return Asked({"from": (moment - timedelta(minutes=1)).isoformat(), "to": moment.isoformat()})


async def _recording(walk: Walk) -> Asked:
    return Asked({"camera_id": str(walk.things["camera_id"]), **(await _playback(walk)).body})


async def _stored(walk: Walk) -> Asked:
    file = walk.product.settings.home / "objects" / f"evidence/{walk.things['evidence_id']}"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x")
    return Asked()


async def _packed(walk: Walk) -> Asked:
    file = walk.product.settings.home / "objects" / f"exports/{walk.things['export_id']}"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x")
    return Asked()


async def _still(walk: Walk) -> Asked:
    await _stored(walk)
    file = walk.product.settings.home / "objects" / f"evidence/{walk.things['evidence_id']}"
    file.write_bytes(photo(3))
    return Asked()


async def _held(walk: Walk) -> Asked:
    await _stored(walk)
    return Asked({"held": True, "reason": "walk"})


async def _closed_incident(walk: Walk) -> Asked:
    path = f"/api/v1/incidents/{walk.things['incident_id']}/close"
    status, answer = await walk.product.ask("POST", path, {"conclusion": "walk"}, token=walk.administrator)
    assert status == 200, answer
    return Asked({})


async def _two_cameras(walk: Walk) -> Asked:
    ends = [
        (await walk.product.ask("POST", "/api/v1/cameras", (await _camera(walk)).body, token=walk.administrator))[1]["id"]
        for _ in range(2)
    ]
    return Asked({"camera_a": ends[0], "camera_b": ends[1], "metres": 8})


async def _plan_picture(_walk: Walk) -> Asked:
    return Asked(given={"data": photo(3), "headers": {"Content-Type": "image/jpeg"}})


async def _drawn_plan(walk: Walk) -> Asked:
    path = f"/api/v1/stores/{walk.things['store_id']}/floor-plan"
    given = (await _plan_picture(walk)).given
    status, plan = await walk.product.ask("PUT", f"{path}/picture", token=walk.administrator, **given)
    assert status == 200, plan
    place = {"camera_id": str(walk.things["camera_id"]), "x": 0.5, "y": 0.5, "heading_deg": 90, "view_deg": 70, "reach": 0.2}
    return Asked({"revision": plan["revision"], "width_m": None, "cameras": [place]})


async def _alert_reference(walk: Walk) -> Asked:
    return Asked({"alert_id": str(walk.things["alert_id"])})


async def _joined_alert(walk: Walk) -> Asked:
    path = f"/api/v1/incidents/{walk.things['incident_id']}/alerts"
    joined = (await _alert_reference(walk)).body
    assert (await walk.product.ask("POST", path, joined, token=walk.administrator))[0] == 204
    return Asked()


async def _staff_reference(walk: Walk) -> Asked:
    return Asked({"user_id": str(walk.things["user_id"])})


async def _named_staff(walk: Walk) -> Asked:
    path = f"/api/v1/incidents/{walk.things['incident_id']}/staff"
    assert (await walk.product.ask("POST", path, (await _staff_reference(walk)).body, token=walk.administrator))[0] == 200
    return Asked()


async def _snapshot(walk: Walk) -> Asked:
    async def show() -> None:
        for _ in range(100):
            await walk.product.memory.publish(picture_channel(walk.things["camera_id"]), pack_picture(7, b"\xff\xd8picture"))
            await asyncio.sleep(0.05)

    walk.showing = asyncio.create_task(show())
    return Asked()


async def _membership(walk: Walk) -> Asked:
    return Asked({"user_id": str(walk.things["user_id"]), "role": "viewer"})


async def _invite(_walk: Walk) -> Asked:
    return Asked({"username": f"new-{uuid.uuid4().hex[:8]}", "roles": [{"role": "viewer"}]})


async def _disabled(walk: Walk) -> Asked:
    await walk.product.ask("POST", f"/api/v1/users/{walk.things['user_id']}/disable", {}, token=walk.administrator)
    return Asked({})


async def _photo(walk: Walk) -> Asked:
    # Each step of the walk made a photo of its own; a store keeps few a day.
    await walk.product.sql("UPDATE sign_photos SET uploaded_at = now() - interval '2 days'")
    return Asked(query=f"?taken_on={TODAY}", given={"data": photo(3), "headers": {"Content-Type": "image/jpeg"}})


def _another() -> dict[str, Any]:
    """A policy that is not the one that stands."""
    return {**FACE, "dpia_reference": f"DPIA {uuid.uuid4().hex[:6]}"}


async def _proposal(walk: Walk) -> Asked:
    await gather_evidence(walk.product)  # the walk adds and removes cameras, and a test covers those it was made with
    return Asked(_another())


async def _proposed(walk: Walk) -> dict[str, str]:
    await gather_evidence(walk.product)
    path = f"/api/v1/stores/{walk.things['store_id']}/policy"
    status, standing = await walk.product.ask("PUT", path, _another())
    assert status == 200, standing
    return {"proposal_id": standing["proposal"]["id"]}


async def _approve(walk: Walk) -> Asked:
    return Asked(await _proposed(walk), token=walk.approver)


async def _reject(walk: Walk) -> Asked:
    return Asked(await _proposed(walk))


async def _switched_on(walk: Walk) -> Asked:
    path = await gather_evidence(walk.product)
    if (await walk.product.ask("GET", path))[1]["current"]["switches"] == OFF:
        await switch_on(walk.product, path, walk.approver)
    return Asked({"switches": ["face"], "reason": "walk"})


async def _trained(walk: Walk) -> Asked:
    course = (await _course(walk))["id"]
    return Asked({"course_id": course, "user_id": str(walk.things["user_id"]), "trainer": "T", "trained_on": TODAY})


async def _course(walk: Walk) -> dict[str, Any]:
    body = {"name": f"Course {uuid.uuid4().hex[:6]}", "gate": "review", "valid_months": 12}
    gates = (await walk.product.ask("GET", "/api/v1/training/gates"))[1]["items"]
    status, made = await walk.product.ask("POST", "/api/v1/training/courses", {**body, "gate": gates[0]["gate"]})
    assert status == 201, made
    return dict(made)


async def _retired(walk: Walk) -> Asked:
    return Asked(ids={"course_id": (await _course(walk))["id"]})


async def _withdrawn(walk: Walk) -> Asked:
    asked = await _trained(walk)
    status, made = await walk.product.ask("POST", "/api/v1/training/records", asked.body)
    assert status == 201, made
    return Asked(ids={"record_id": made["id"]})


async def _faces_on(walk: Walk, body: Any = None, **more: Any) -> Asked:
    await _switched_on(walk)
    return Asked(body, **more)


async def _subject(walk: Walk) -> Asked:
    return await _faces_on(walk, {"store_id": str(walk.things["store_id"]), "name": "Walk"})


async def _approved_enrolment(walk: Walk) -> Asked:
    other = (await walk.product.ask("GET", "/api/v1/auth/me", token=walk.approver))[1]["id"]  # may still propose
    query = "UPDATE enrolments SET enrolled_by = $2 WHERE id = $1"
    await walk.product.sql(query, walk.things["enrolment_id"], uuid.UUID(other))
    return await _faces_on(walk, {})


async def _drafted(walk: Walk) -> Asked:
    me = (await walk.product.ask("GET", "/api/v1/auth/me", token=walk.administrator))[1]["id"]
    query = "UPDATE enrolments SET state = 'draft', enrolled_by = $2 WHERE id = $1"
    await walk.product.sql(query, walk.things["enrolment_id"], uuid.UUID(me))
    return Asked({})


async def _standing_enrolment(walk: Walk) -> None:
    other = (await walk.product.ask("GET", "/api/v1/auth/me", token=walk.approver))[1]["id"]
    query = "UPDATE enrolments SET state = 'approved', decided_by = $2 WHERE id = $1"
    await walk.product.sql(query, walk.things["enrolment_id"], uuid.UUID(other))


async def _renewable(walk: Walk) -> Asked:
    await _standing_enrolment(walk)
    later = datetime.now(UTC) + timedelta(days=200)
    looked_at = (datetime.now(UTC) + timedelta(days=40)).date().isoformat()
    return Asked({"expires_at": later.isoformat(), "review_on": looked_at, "reason": "walk"})


async def _reviewed(walk: Walk) -> Asked:
    await _standing_enrolment(walk)
    me = (await walk.product.ask("GET", "/api/v1/auth/me", token=walk.administrator))[1]["id"]
    course = await walk.product.ask("POST", "/api/v1/training/courses", {"name": "w", "gate": "match-review", "valid_months": 9})
    body = {"course_id": course[1]["id"], "user_id": me, "trainer": "T", "trained_on": TODAY}
    assert (await walk.product.ask("POST", "/api/v1/training/records", body))[0] == 201
    return Asked({"verdict": "match", "reason": "walk"})


async def _complaint(walk: Walk) -> Asked:
    return Asked({"store_id": str(walk.things["store_id"]), "happened_at": datetime.now(UTC).isoformat(), "summary": "walk"})


async def _own_entry(walk: Walk) -> Asked:
    return Asked({"enrolment_id": str(walk.things["enrolment_id"])})


async def _with_entry(walk: Walk) -> Asked:
    path = f"/api/v1/data-requests/{walk.things['data_request_id']}/entries"
    status, answer = await walk.product.ask("POST", path, (await _own_entry(walk)).body, token=walk.administrator)
    assert status == 200, answer
    return Asked()


async def _visited(walk: Walk) -> Asked:
    query = "UPDATE data_requests SET store_id = $2, seen_from = now() - interval '9 hours', seen_to = now() WHERE id = $1"
    await walk.product.sql(query, walk.things["data_request_id"], walk.things["store_id"])
    return Asked({"theirs": True})


async def _signed_entry(walk: Walk) -> Asked:
    # The chain's signing key is made where it is first needed, whatever becomes of the act that needs it.
    assert (await walk.product.ask("GET", "/api/v1/evidence-key", token=walk.administrator))[0] == 200
    return await _with_entry(walk)


async def _sealed_still(walk: Walk) -> Asked:
    disagreement, chain = walk.things["disagreement_id"], walk.things["chain_id"]
    vault = vault_of(walk.product.settings, walk.product.owner)
    async with walk.product.owner.acquire() as connection, connection.transaction():
        sealed = await vault.seal_bytes(connection, chain, DISAGREEMENT, disagreement, b"a picture")
        await connection.execute("UPDATE model_disagreements SET picture = $2 WHERE id = $1", disagreement, sealed)
    return Asked()


async def _answered_request(walk: Walk) -> Asked:
    path = f"/api/v1/data-requests/{walk.things['data_request_id']}/answer"
    status, answer = await walk.product.ask("POST", path, REFUSAL, token=walk.administrator)
    assert status == 200, answer
    return Asked()


async def _webhook(walk: Walk) -> Asked:
    return Asked({"url": "https://93.184.215.14/hook", "store_id": str(walk.things["store_id"])})


async def _shared_channel(walk: Walk) -> Asked:
    return Asked({"kind": "sms", "name": "Walk", "address": "+15005550006", "store_id": str(walk.things["store_id"])})


async def _own_channel(walk: Walk) -> Asked:
    # Each step of the walk makes one; people have few.
    await walk.product.sql("UPDATE notification_channels SET removed_at = now() WHERE user_id IS NOT NULL")
    body = {"kind": "email", "address": "walk@example.com"}
    status, made = await walk.product.ask("POST", "/api/v1/notifications/mine", body, token=walk.administrator)
    assert status == 201, made
    return Asked({"lowest_threat": "high"}, ids={"channel_id": made["id"]})


async def _confirmed_channel(walk: Walk) -> Asked:
    asked = await _own_channel(walk)
    await walk.product.sql("UPDATE notification_channels SET proven_at = now() WHERE user_id IS NOT NULL")
    return asked


async def _list_body(walk: Walk) -> Asked:
    return Asked({"store_id": str(walk.things["store_id"]), "name": "Walk", "category": "weapon", "purpose": "walk"})


async def _emptied_list(walk: Walk) -> Asked:
    query = "UPDATE enrolments SET state = 'erased', ended_at = now() WHERE watchlist_id = $1"
    await walk.product.sql(query, walk.things["watchlist_id"])
    return Asked({})


async def _assignable(walk: Walk) -> Asked:
    span = {"starts_at": datetime.now(UTC).isoformat(), "ends_at": (datetime.now(UTC) + timedelta(days=9)).isoformat()}
    return Asked({"store_id": str(walk.world.stores["other-store"]), "reason": "walk", **span})


async def _assigned_elsewhere(walk: Walk) -> Asked:
    query = "UPDATE watchlist_assignments SET store_id = $2 WHERE id = $1"
    await walk.product.sql(query, walk.things["assignment_id"], walk.world.stores["other-store"])
    # Who proposes must still be allowed to.
    await walk.product.sql(
        "UPDATE watchlist_assignments SET proposed_by = (SELECT user_id FROM memberships WHERE role = 'chain-administrator'"
        " AND chain_id = $2 AND store_id IS NULL AND user_id <> $3 ORDER BY created_at LIMIT 1) WHERE id = $1",
        walk.things["assignment_id"], walk.world.chain,
        uuid.UUID((await walk.product.ask("GET", "/api/v1/auth/me", token=walk.administrator))[1]["id"]),
    )  # fmt: skip
    return Asked({})


async def _in_force(walk: Walk) -> Asked:
    await _assigned_elsewhere(walk)
    other = (await walk.product.ask("GET", "/api/v1/auth/me", token=walk.administrator))[1]["id"]
    query = "UPDATE watchlist_assignments SET state = 'approved', decided_by = $2 WHERE id = $1"
    await walk.product.sql(query, walk.things["assignment_id"], uuid.UUID(other))
    return Asked({})


async def _promoted(walk: Walk) -> Asked:
    await walk.product.sql(
        "INSERT INTO model_pointers (chain_id, model, stable, previous) VALUES ($1, 'yolo_pose', 1001, 1)", walk.world.chain
    )
    return Asked({})


async def _shadowed(walk: Walk) -> Asked:
    await walk.product.sql(
        "INSERT INTO model_shadows (id, chain_id, model, version, share, started_by)"
        " SELECT gen_random_uuid(), $1, 'yolo_pose', 1001, 1, $1"
        " WHERE NOT EXISTS (SELECT FROM model_shadows WHERE ended_at IS NULL)",
        walk.world.chain,
    )
    return Asked({})


async def _settings(walk: Walk) -> Asked:
    known = (await walk.product.ask("GET", "/api/v1/identity/settings"))[1]
    return Asked({**known, "second_reviewer": not known["second_reviewer"]})


async def _suspended(walk: Walk) -> Asked:
    return Asked({"store_id": str(walk.things["store_id"]), "reason": "walk", "enrolment_id": str(walk.things["enrolment_id"])})


async def _raised(walk: Walk) -> Asked:
    await walk.product.sql(
        "INSERT INTO face_calibrations (id, model, model_version, fpir, threshold, made_at)"
        " VALUES (gen_random_uuid(), 'face_embedding', '1', 0.001, 0.9, now())"
    )
    return Asked({"threshold": 0.96, "watchlist_id": str(walk.things["watchlist_id"])})


async def _raised_by_another(walk: Walk) -> Asked:
    asked = await _raised(walk)
    path = f"/api/v1/stores/{walk.things['store_id']}/match-thresholds"
    status, made = await walk.product.ask("POST", path, asked.body, token=walk.approver)
    assert status == 201, made
    return Asked({"proposal_id": made["id"]})


async def _destroy(walk: Walk) -> Asked:
    wish = (await walk.product.ask("POST", "/api/v1/keys/destructions", {}))[1]
    if "id" not in wish:
        rows = await walk.product.sql(
            "SELECT id FROM key_destructions WHERE chain_id = $1 ORDER BY requested_at DESC", walk.world.chain
        )
        wish = {"id": rows[0]["id"]}
    name = (await walk.product.sql("SELECT name FROM chains WHERE id = $1", walk.world.chain))[0]["name"]
    return Asked({"chain_name": name}, ids={"destruction_id": wish["id"]}, token=walk.approver)


REFUSAL = {"outcome": "refused", "answer": "walk"}
ACCEPTED = {
    "switch": "gait", "performed_on": TODAY, "performed_by": "Test team", "cameras": 2, "strangers": 500, "false_matches": 1,
    "enrolled": 50, "misses": 2, "passed": True,
}  # fmt: skip
PREPARE: dict[str, Prepare] = {
    "GET /api/v1/models/disagreements/{disagreement_id}/picture": _sealed_still,
    "POST /api/v1/auth/token": _log_in,
    "POST /api/v1/auth/logout": _log_out,
    "POST /api/v1/auth/password": _password,
    "POST /api/v1/auth/totp/confirm": _confirm_app,
    "POST /api/v1/auth/totp/remove": _own_password,
    "POST /api/v1/auth/recovery-codes": _own_password,
    "POST /api/v1/auth/second-factor": _prove,
    "DELETE /api/v1/auth/sessions": _other_session,
    "DELETE /api/v1/auth/sessions/{session_id}": _other_session,
    "DELETE /api/v1/users/{user_id}/second-factor": _lost_factor,
    "PATCH /api/v1/auth/settings": _body(second_factor_roles=["auditor"]),
    "POST /api/v1/alerts/{alert_id}/acknowledge": _claimed,
    "POST /api/v1/alerts/{alert_id}/resolve": _claimed,
    "POST /api/v1/alerts/{alert_id}/reopen": _finished,
    "POST /api/v1/alerts/{alert_id}/snooze": _snooze,
    "POST /api/v1/notifications/rota": _duty,
    "POST /api/v1/incidents": _incident,
    "POST /api/v1/incidents/{incident_id}/evidence": _recording,
    "POST /api/v1/cameras/{camera_id}/playback": _playback,
    "GET /api/v1/evidence/{evidence_id}/content": _stored,
    "POST /api/v1/evidence/{evidence_id}/hold": _held,
    "POST /api/v1/evidence/{evidence_id}/export": _body(purpose="Walk", recipient="Police"),
    "GET /api/v1/evidence/{evidence_id}/exports/{export_id}/package": _packed,
    "GET /api/v1/evidence/{evidence_id}/preview": _still,
    "PUT /api/v1/retention": _body(**{"class": "alert", "days": 30}),
    "PATCH /api/v1/incidents/{incident_id}": _body(title="Walk, renamed"),
    "POST /api/v1/incidents/{incident_id}/reopen": _closed_incident,
    "POST /api/v1/incidents/{incident_id}/alerts": _alert_reference,
    "DELETE /api/v1/incidents/{incident_id}/alerts/{alert_id}": _joined_alert,
    "POST /api/v1/incidents/{incident_id}/staff": _staff_reference,
    "DELETE /api/v1/incidents/{incident_id}/staff/{user_id}": _named_staff,
    "POST /api/v1/api-keys": _body(name="Walk", permissions=["cameras:read"]),
    "POST /api/v1/cameras": _camera,
    "POST /api/v1/cameras/discover": _body(seconds=0.5),
    "POST /api/v1/cameras/import": _import,
    "POST /api/v1/cameras/probe": _body(url="rtsp://127.0.0.1:9/x"),
    "PATCH /api/v1/cameras/{camera_id}": _body(name="Other"),
    "GET /api/v1/cameras/{camera_id}/snapshot": _snapshot,
    "POST /api/v1/cameras/{camera_id}/masks": _body(name="Walk", polygon=POLYGON),
    "PATCH /api/v1/cameras/{camera_id}/masks/{mask_id}": _body(name="Other"),
    "POST /api/v1/cameras/{camera_id}/zones": _body(name="Walk", kind="area", polygon=POLYGON),
    "PATCH /api/v1/cameras/{camera_id}/zones/{zone_id}": _body(name="Other"),
    "POST /api/v1/stores/{store_id}/camera-links": _two_cameras,
    "PUT /api/v1/stores/{store_id}/floor-plan/picture": _plan_picture,
    "PUT /api/v1/stores/{store_id}/floor-plan": _drawn_plan,
    "DELETE /api/v1/stores/{store_id}/floor-plan": _drawn_plan,
    "PATCH /api/v1/regions/{region_id}": _body(name="Walk, renamed"),
    "PATCH /api/v1/rules/{rule_id}": _body(enabled=False),
    "POST /api/v1/rules": _rule,
    "POST /api/v1/rules/replay": _replay,
    "PUT /api/v1/stores/{store_id}/second-look": _body(enabled=False),
    "POST /api/v1/memberships": _membership,
    "POST /api/v1/users": _invite,
    "POST /api/v1/users/{user_id}/enable": _disabled,
    "PATCH /api/v1/stores/{store_id}": _body(timezone="Europe/London"),
    "PUT /api/v1/stores/{store_id}/jurisdiction": _body(jurisdiction="US-NV"),
    "POST /api/v1/stores/{store_id}/policy/sign-photos": _photo,
    "POST /api/v1/stores/{store_id}/policy/acceptance-tests": _body(**ACCEPTED),
    "PUT /api/v1/stores/{store_id}/policy": _proposal,
    "POST /api/v1/stores/{store_id}/policy/approve": _approve,
    "POST /api/v1/stores/{store_id}/policy/reject": _reject,
    "POST /api/v1/stores/{store_id}/policy/off": _switched_on,
    "POST /api/v1/training/courses": _body(name="Walk", gate="GATE", valid_months=12),
    "POST /api/v1/training/records": _trained,
    "DELETE /api/v1/training/courses/{course_id}": _retired,
    "DELETE /api/v1/training/records/{record_id}": _withdrawn,
    "POST /api/v1/keys/destructions/{destruction_id}/confirm": _destroy,
    "POST /api/v1/watchlists": _list_body,
    "PATCH /api/v1/watchlists/{watchlist_id}": _body(name="Walk, renamed"),
    "POST /api/v1/watchlists/{watchlist_id}/retire": _emptied_list,
    "POST /api/v1/watchlists/{watchlist_id}/assignments": _assignable,
    "POST /api/v1/watchlists/{watchlist_id}/assignments/{assignment_id}/approve": _assigned_elsewhere,
    "POST /api/v1/watchlists/{watchlist_id}/assignments/{assignment_id}/reject": _assigned_elsewhere,
    "POST /api/v1/watchlists/{watchlist_id}/assignments/{assignment_id}/end": _in_force,
    "PUT /api/v1/identity/settings": _settings,
    "POST /api/v1/models/rollback": _promoted,
    "POST /api/v1/models/shadow/end": _shadowed,
    "POST /api/v1/persons": _subject,
    "POST /api/v1/enrolments/{enrolment_id}/approve": _approved_enrolment,
    "POST /api/v1/enrolments/{enrolment_id}/propose": _drafted,
    "POST /api/v1/enrolments/{enrolment_id}/renew": _renewable,
    "POST /api/v1/matches/{match_id}/review": _reviewed,
    "POST /api/v1/match-suspensions": _suspended,
    "POST /api/v1/webhooks": _webhook,
    "POST /api/v1/complaints": _complaint,
    "POST /api/v1/data-requests": _body(kind="access", identity_checked="walk"),
    "POST /api/v1/data-requests/{data_request_id}/entries": _own_entry,
    "DELETE /api/v1/data-requests/{data_request_id}/entries/{enrolment_id}": _with_entry,
    "POST /api/v1/data-requests/{data_request_id}/export": _signed_entry,
    "PUT /api/v1/data-requests/{data_request_id}/footage/{evidence_id}": _visited,
    "POST /api/v1/data-requests/{data_request_id}/erase": _with_entry,
    "POST /api/v1/data-requests/{data_request_id}/extend": _body(days=10, reason="walk"),
    "POST /api/v1/data-requests/{data_request_id}/answer": _body(outcome="refused", answer="walk"),
    "GET /api/v1/data-requests/{data_request_id}/proof": _answered_request,
    "POST /api/v1/notifications/channels": _shared_channel,
    "PATCH /api/v1/notifications/channels/{channel_id}": _body(paused=True),
    "POST /api/v1/notifications/mine": _body(kind="sms", address="+15005550006"),
    "PATCH /api/v1/notifications/mine/{channel_id}": _own_channel,
    "DELETE /api/v1/notifications/mine/{channel_id}": _own_channel,
    "POST /api/v1/notifications/mine/{channel_id}/test": _confirmed_channel,
    "POST /api/v1/notifications/mine/{channel_id}/code": _own_channel,
    "POST /api/v1/stores/{store_id}/match-thresholds": _raised,
    "POST /api/v1/stores/{store_id}/match-thresholds/approve": _raised_by_another,
    "POST /api/v1/stores/{store_id}/match-thresholds/reject": _raised_by_another,
}
LAST = ("/jurisdiction", "/confirm", "/chains")
"""What takes something from the others comes after them."""


async def declared(product: Product) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The document, and each operation by "METHOD path"."""
    document = (await product.ask("GET", "/openapi.json", token=""))[1]
    paths = document["paths"].items()
    return document, {f"{method.upper()} {path}": operation for path, of in paths for method, operation in of.items()}


async def test_rule_19_every_operation_names_its_act_or_says_why_it_leaves_none(product: Product) -> None:
    _, operations = await declared(product)
    silent = [name for name, operation in operations.items() if not {"x-audit", "x-unaudited"} & set(operation)]
    assert silent == []
    changing = [name for name, operation in operations.items() if "x-unaudited" in operation and not name.startswith("GET ")]
    assert sorted(changing) == [  # what changes nothing that lasts; a new one is thought about here
        "POST /api/v1/alerts/seen",
        "POST /api/v1/auth/totp",
        "POST /api/v1/auth/ws-ticket",
        "POST /api/v1/cameras/import/check",
        "POST /api/v1/ingest/messages",
        "POST /api/v1/ingest/tracked-frames",
        "POST /api/v1/stores/{store_id}/policy/sign",
        "POST /api/v1/watchlists/{watchlist_id}/rows",
        "POST /api/v1/workers/evidence/{evidence_id}/lost",
        "POST /api/v1/workers/evidence/{evidence_id}/upload",
        "POST /api/v1/workers/evidence/{evidence_id}/uploaded",
        "POST /api/v1/workers/heartbeat",
        "POST /api/v1/workers/models",
        "PUT /api/v1/uploads/{token}",
    ]


async def everything(product: Product) -> dict[str, str]:
    """A digest of the rows of each table; when a session was last used is not of the act."""
    tables = [row[0] for row in await product.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    query = " UNION ALL ".join(
        f"SELECT '{table}' AS name, coalesce(md5(string_agg(t.r, '|' ORDER BY t.r)), '') AS rows"
        f" FROM (SELECT (to_jsonb({table}) - 'last_used_at')::text AS r FROM {table}) t"
        for table in tables
        if not table.startswith(UNCOMPARED)
    )
    return {row["name"]: row["rows"] for row in await product.sql(query)}


async def perform(walk: Walk, name: str, operation: dict[str, Any], document: dict[str, Any]) -> str:
    """Empty when the row belongs to the act and to its transaction; else what was seen."""
    method, _, path = name.partition(" ")
    product, act = walk.product, operation["x-audit"][0]
    prepare = PREPARE.get(name)
    asked = await prepare(walk) if prepare else Asked(sample_body(document, operation))
    if isinstance(asked.body, dict) and asked.body.get("gate") == "GATE":
        asked.body["gate"] = (await product.ask("GET", "/api/v1/training/gates"))[1]["items"][0]["gate"]
    ids = {**walk.things, **asked.ids}
    address = PARAMETER.sub(lambda found: str(ids[found[1]]), path) + asked.query
    token = walk.administrator if asked.token is None else asked.token
    mark = (await product.sql("SELECT clock_timestamp()"))[0][0]
    await product.sql(f"ALTER TABLE audit_unsealed ADD CONSTRAINT walk CHECK (act <> '{act}') NOT VALID")
    before = await everything(product)
    with capture_logs():  # each is a fault with a long trace
        refused, _ = await product.ask(method, address, asked.body, token=token, **_again(asked.given))
    after = await everything(product)
    await product.sql("ALTER TABLE audit_unsealed DROP CONSTRAINT walk")
    if refused < 500 or before != after:
        changed = [table for table in before if before[table] != after[table]]
        return f"{name}: without its row it answered {refused} and changed {changed}"
    status, answer = await product.ask(method, address, asked.body, token=token, **_again(asked.given))
    rows = await product.sql("SELECT actor_id FROM audit_unsealed WHERE act = $1 AND at >= $2", act, mark)
    if len(rows) != 1 or rows[0]["actor_id"] is None:
        return f"{name}: {len(rows)} rows of {act}; it answered {status} {str(answer)[:300]}"
    return "" if status < 300 or name.endswith("/probe") else f"{name}: {status} {answer}"


def _again(given: dict[str, Any]) -> dict[str, Any]:
    return {key: dict(value) if isinstance(value, dict) else value for key, value in given.items()}


@pytest.fixture(autouse=True)
def no_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's own rounds would change rows between an act and the look at them."""
    for loop in (enforcer, sweeper, forgetting, turner):  # each has its first round before there is anything to do
        monkeypatch.setattr(loop, "EVERY_S", 3600.0)


@pytest.mark.timeout(600)
async def test_rule_19_every_act_leaves_its_row_in_its_own_transaction(product: Product) -> None:
    world = await make_world(product)
    document, operations = await declared(product)
    _, administrator = await world.sign_in(Role.CHAIN_ADMINISTRATOR, "chain")
    await gather_evidence(product)  # its photo first: a store keeps a number of them a day
    approver = await person(product, "chain-administrator")
    wanted = [name for name, operation in operations.items() if "x-audit" in operation and name not in ELSEWHERE]
    assert len(wanted) > 50
    assert set(PREPARE) <= set(wanted)
    wrong = []
    for name in sorted(wanted, key=lambda each: each.endswith(LAST)):
        await product.sql("UPDATE training_courses SET retired_at = now()")  # a chain has a hundred at most
        things = await make_things(product, world.chain, world.stores["store"])
        walk = Walk(product, world, {**things, "region_id": things["region_id"]}, administrator, approver)
        found = await perform(walk, name, operations[name], document)
        if found:
            wrong.append(found)
        if walk.showing is not None:  # or it would publish on a client that the fixture has closed
            walk.showing.cancel()
            await asyncio.gather(walk.showing, return_exceptions=True)
    assert wrong == [], "\n".join(wrong)


async def _until_ended(product: Product, camera: uuid.UUID) -> list[Any]:
    for _ in range(400):
        rows = await product.sql(
            "SELECT act, details FROM audit_unsealed WHERE subject_id = $1 AND act LIKE 'live-view%' ORDER BY at, id", camera
        )
        if len(rows) >= 2:
            return rows
        await asyncio.sleep(0.05)
    raise AssertionError("no row of the end")


@pytest.mark.parametrize("leave", ["close", "abort"])
async def test_rule_19_a_live_view_has_a_beginning_and_an_end_also_when_the_line_breaks(product: Product, leave: str) -> None:
    pictures = uuid.UUID((await product.camera("Pictures"))["id"])
    watched, dropped = uuid.UUID((await product.camera("Socket"))["id"]), uuid.UUID((await product.camera("Left"))["id"])
    headers = {"Authorization": f"Bearer {product.token}"}
    answer = await product.session.get(f"{product.base}/api/v1/live/pictures?camera_id={pictures}", headers=headers)
    socket = await product.open_socket()
    for camera in (watched, dropped):
        await socket.send_json({"type": "subscribe-camera", "camera_id": str(camera)})
    await socket.send_json({"type": "unsubscribe-camera", "camera_id": str(dropped)})
    assert [row["act"] for row in await _until_ended(product, dropped)] == ["live-view", "live-view-ended"]
    began = await product.sql("SELECT act FROM audit_unsealed WHERE subject_id = ANY($1)", [pictures, watched])
    assert sorted(row["act"] for row in began if row["act"] != "camera-created") == ["live-view", "live-view"]
    if leave == "abort":
        answer.close()
        transport = socket._response.connection.transport  # type: ignore[union-attr]
        transport.abort()  # type: ignore[union-attr]
    else:
        answer.close()
        await socket.close()
    for camera in (pictures, watched):
        rows = await _until_ended(product, camera)
        assert [row["act"] for row in rows] == ["live-view", "live-view-ended"]
        assert '"seconds"' in rows[1]["details"]


async def test_rule_19_denials_on_a_socket_leave_one_row_a_minute(product: Product) -> None:
    world = await make_world(product)
    user, token = await world.sign_in(Role.AUDITOR, "chain")
    socket = await product.open_socket(token)
    for _ in range(40):
        await socket.send_json({"type": "subscribe-camera", "camera_id": str(world.things["store"]["camera_id"])})
        assert (await socket.receive_json(timeout=20))["for"] == "subscribe-camera"
    rows = await product.sql("SELECT details FROM audit_unsealed WHERE act = 'request-refused' AND actor_id = $1", user)
    assert len(rows) == 1
    assert "subscribe-camera" in rows[0]["details"]
    await socket.close()
