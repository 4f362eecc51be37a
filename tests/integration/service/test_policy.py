"""Site policy at a running service: off at install, two people to switch on, one to switch off."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import asyncpg
import cv2
import numpy as np
import pytest

from app.auth.permissions import Role
from app.tenancy.policy.models import Switch
from tests.integration.service.conftest import WORKER_KEY, Product
from tests.integration.service.faces import make_incident, make_list
from tests.integration.service.people import person
from tests.integration.service.principals import make_world

NOTICE = "Our cameras compare faces with a list of people banned from this store. Ask at the desk."
PAPERS: dict[str, Any] = {"legal_basis": "Legitimate interest", "dpia_reference": "DPIA 7", "notice_text": NOTICE}
OFF = {"face": False, "gait": False, "re_identification": False}
FACE = {**OFF, "face": True, **PAPERS}


def photo(seed: int = 1) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (480, 640, 3), dtype=np.uint8)
    return bytes(cv2.imencode(".jpg", pixels)[1].tobytes())


async def policy_path(product: Product) -> str:
    return f"/api/v1/stores/{await product.store()}/policy"


async def gather_evidence(product: Product, jurisdiction: str = "US-OH", *switches: str) -> str:
    """Everything a switch needs but the two people; the policy's address."""
    path = await policy_path(product)
    moved = await product.ask("PUT", path.replace("/policy", "/jurisdiction"), {"jurisdiction": jurisdiction})
    assert moved[0] == 200, moved
    today = date.today().isoformat()  # noqa: DTZ011
    headers = {"Content-Type": "image/jpeg"}
    added = await product.ask("POST", f"{path}/sign-photos?taken_on={today}", data=photo(), headers=headers)
    assert added[0] == 201, added
    for switch in switches or ("face",):
        test = {
            "switch": switch, "performed_on": today, "performed_by": "Test team", "cameras": 2, "strangers": 500,
            "false_matches": 1, "enrolled": 50, "misses": 2, "passed": True,
        }  # fmt: skip
        assert (await product.ask("POST", f"{path}/acceptance-tests", test))[0] == 201
    return path


async def switch_on(product: Product, path: str, approver: str, wanted: dict[str, Any] | None = None) -> dict[str, Any]:
    status, standing = await product.ask("PUT", path, wanted or FACE)
    assert status == 200, standing
    status, standing = await product.ask("POST", f"{path}/approve", {"proposal_id": standing["proposal"]["id"]}, token=approver)
    assert status == 200, standing
    return dict(standing)


async def acts(product: Product) -> list[str]:
    return [row["act"] for row in await product.sql("SELECT act FROM audit_unsealed ORDER BY at, id")]


async def desired(product: Product, camera: str) -> dict[str, Any]:
    beat = {"worker_id": str(uuid.UUID(int=5)), "host": "h", "kind": "cpu", "capacity": 9, "running": [], "revision": ""}
    status, state = await product.ask("POST", "/api/v1/workers/heartbeat", beat, token=WORKER_KEY)
    assert status == 200, state
    return next(each for each in state["cameras"] if each["camera_id"] == camera)


async def test_rule_01_a_fresh_install_has_everything_off_and_says_what_is_missing(product: Product) -> None:
    path = await policy_path(product)
    camera = (await product.camera())["id"]
    told = await desired(product, camera)
    assert (told["face"], told["gait"], told["re_identification"]) == (False, False, False)
    status, refused = await product.ask("PUT", path, {**OFF, "face": True, "gait": True})
    assert status == 409
    missing = {(each["switch"], each["field"]) for each in refused["missing"]}
    fields = {"jurisdiction", "legal_basis", "dpia_reference", "notice_text", "sign_photo", "acceptance_test"}
    assert missing == {(switch, field) for switch in ("face", "gait") for field in fields}
    assert all(each["why"] for each in refused["missing"])
    assert "policy-refused" in await acts(product)


async def test_rule_01_two_people_switch_on_and_the_worker_is_told(product: Product) -> None:
    camera, path = (await product.camera())["id"], await gather_evidence(product)
    status, standing = await product.ask("PUT", path, FACE)
    assert status == 200, standing
    assert standing["missing"] == [each for each in standing["missing"] if each["switch"] != "face"]
    assert (await desired(product, camera))["face"] is False, "a proposal switches nothing on"
    proposal = {"proposal_id": standing["proposal"]["id"]}
    status, refused = await product.ask("POST", f"{path}/approve", proposal)
    assert (status, refused["title"]) == (403, "A second person is needed")
    assert "policy-refused" in await acts(product)
    second = await person(product, "chain-administrator")
    status, standing = await product.ask("POST", f"{path}/approve", proposal, token=second)
    assert status == 200, standing
    assert standing["current"]["switches"] == {**OFF, "face": True}
    assert standing["current"]["proposed_by"]["id"] != standing["current"]["made_by"]["id"]
    told = await desired(product, camera)
    assert (told["face"], told["gait"], told["policy_revision"]) == (True, False, standing["current"]["revision"])
    assert [act for act in await acts(product) if act.startswith("policy-")] == [
        "policy-proposed", "policy-refused", "policy-approved",
    ]  # fmt: skip


async def test_rule_10_two_administrators_race_and_one_revision_is_made(product: Product) -> None:
    path = await gather_evidence(product)
    _, standing = await product.ask("PUT", path, FACE)
    proposal = {"proposal_id": standing["proposal"]["id"]}
    approvers = [await person(product, "chain-administrator") for _ in range(4)]
    before = standing["current"]["revision"]
    answers = await asyncio.gather(*(product.ask("POST", f"{path}/approve", proposal, token=each) for each in approvers))
    assert sorted(status for status, _ in answers) == [200, 409, 409, 409]
    _, standing = await product.ask("GET", path)
    assert standing["current"]["revision"] == before + 1


async def test_rule_10_a_revision_in_between_overtakes_a_proposal(product: Product) -> None:
    path = await gather_evidence(product, "US-OH", "face", "gait")
    second = await person(product, "chain-administrator")
    await switch_on(product, path, second)
    _, standing = await product.ask("PUT", path, {**FACE, "gait": True})
    waiting = {"proposal_id": standing["proposal"]["id"]}
    assert (await product.ask("POST", f"{path}/off", {"switches": ["face"]}))[0] == 200
    status, refused = await product.ask("POST", f"{path}/approve", waiting, token=second)
    assert status == 409, refused
    assert (await product.ask("GET", path))[1]["current"]["switches"] == OFF


async def test_rule_10_a_later_proposal_replaces_an_earlier_one(product: Product) -> None:
    path = await gather_evidence(product)
    _, first = await product.ask("PUT", path, FACE)
    _, later = await product.ask("PUT", path, {**FACE, "dpia_reference": "DPIA 8"})
    second = await person(product, "chain-administrator")
    old = {"proposal_id": first["proposal"]["id"]}
    assert (await product.ask("POST", f"{path}/approve", old, token=second))[0] == 409
    new = {"proposal_id": later["proposal"]["id"]}
    status, standing = await product.ask("POST", f"{path}/approve", new, token=second)
    assert (status, standing["current"]["papers"]["dpia_reference"]) == (200, "DPIA 8")


async def test_one_person_switches_off_at_once(product: Product) -> None:
    camera, path = (await product.camera())["id"], await gather_evidence(product)
    on = await switch_on(product, path, await person(product, "chain-administrator"))
    manager = await person(product, "store-manager", await product.store())
    status, standing = await product.ask("POST", f"{path}/off", {"switches": ["face"], "reason": "Complaint"}, token=manager)
    assert (status, standing["current"]["switches"]) == (200, OFF)
    told = await desired(product, camera)
    assert (told["face"], told["policy_revision"]) == (False, on["current"]["revision"] + 1)
    history = (await product.ask("GET", f"{path}/history"))[1]["items"]
    assert [each["cause"] for each in history] == ["switched-off", "approved", "install"]
    page = (await product.ask("GET", f"{path}/history?limit=1"))[1]
    rest = (await product.ask("GET", f"{path}/history?cursor={page['next']}"))[1]["items"]
    assert page["items"] + rest == history


async def test_rule_02_moving_to_illinois_switches_off_and_every_path_refuses(product: Product) -> None:
    camera, path = (await product.camera())["id"], await gather_evidence(product)
    second = await person(product, "chain-administrator")
    await switch_on(product, path, second)
    move = path.replace("/policy", "/jurisdiction")
    status, standing = await product.ask("PUT", move, {"jurisdiction": "US-IL"})
    assert (status, standing["current"]["switches"], standing["place"]["verdict"]) == (200, OFF, "deny")
    assert (await desired(product, camera))["face"] is False
    for wanted in (FACE, {**FACE, "counsel_reference": "C", "counsel_signed_on": "2026-01-01"}):
        status, refused = await product.ask("PUT", path, wanted)
        assert (status, {each["field"] for each in refused["missing"]}) == (409, {"jurisdiction"})
    assert (await product.ask("PUT", move, {"jurisdiction": "Atlantis"}))[0] == 422


async def test_rule_02_a_proposal_made_for_another_place_is_not_approved(product: Product) -> None:
    path = await gather_evidence(product)
    _, standing = await product.ask("PUT", path, FACE)
    await product.ask("PUT", path.replace("/policy", "/jurisdiction"), {"jurisdiction": "US-IL"})
    second = await person(product, "chain-administrator")
    status, _ = await product.ask("POST", f"{path}/approve", {"proposal_id": standing["proposal"]["id"]}, token=second)
    assert status == 409


async def test_rule_14_what_lapses_is_switched_off_within_seconds(product: Product) -> None:
    camera, path = (await product.camera())["id"], await gather_evidence(product)
    await switch_on(product, path, await person(product, "chain-administrator"))
    await product.sql("UPDATE sign_photos SET taken_on = $1", date.today() - timedelta(days=400))  # noqa: DTZ011
    async with asyncio.timeout(30):
        while (await desired(product, camera))["face"]:
            await asyncio.sleep(0.1)
    current = (await product.ask("GET", path))[1]["current"]
    assert (current["cause"], current["made_by"]) == ("lapsed", None)
    assert "photo" in current["reason"]


async def test_rule_14_only_a_readable_fresh_photo_counts_and_its_metadata_is_gone(product: Product) -> None:
    path = await policy_path(product)
    today = date.today()  # noqa: DTZ011

    async def upload(raw: bytes, day: date = today) -> int:
        headers = {"Content-Type": "image/jpeg"}
        answer = await product.ask("POST", f"{path}/sign-photos?taken_on={day.isoformat()}", data=raw, headers=headers)
        return int(answer[0])

    plain = bytes(cv2.imencode(".jpg", np.full((480, 640, 3), 90, np.uint8))[1].tobytes())
    tiny = bytes(cv2.imencode(".jpg", np.zeros((40, 40, 3), np.uint8))[1].tobytes())
    for raw in (b"", b"GIF89a", b"\xff\xd8\xff\xe0junk", plain, tiny):
        assert await upload(raw) == 422
    assert await upload(photo(), today + timedelta(days=1)) == 422
    assert await upload(photo(), today - timedelta(days=366)) == 422
    clean = photo()
    secret = b"GPS 51.5074 N 0.1278 W"
    comment = b"\xff\xfe" + (len(secret) + 2).to_bytes(2, "big") + secret
    assert await upload(clean[:2] + comment + clean[2:]) == 201
    shown = (await product.ask("GET", path))[1]["sign_photo"]
    status, raw = await product.ask("GET", f"{path}/sign-photos/{shown['id']}")
    assert status == 200
    assert secret not in raw
    assert raw.startswith(b"\xff\xd8")


async def test_people_without_the_right_propose_and_approve_nothing(product: Product) -> None:
    path = await gather_evidence(product)
    _, standing = await product.ask("PUT", path, FACE)
    proposal = {"proposal_id": standing["proposal"]["id"]}
    for role in ("viewer", "operator", "investigator", "auditor", "platform-operator"):
        token = await person(product, role)
        assert (await product.ask("PUT", path, FACE, token=token))[0] == 403
        assert (await product.ask("POST", f"{path}/off", {"switches": ["face"]}, token=token))[0] == 403
    for role in ("store-manager", "approver", "auditor"):
        assert (await product.ask("POST", f"{path}/approve", proposal, token=await person(product, role)))[0] == 403
    elsewhere = await person(product, "chain-administrator", await another_store(product))
    for method, address, body in (("GET", path, None), ("POST", f"{path}/approve", proposal), ("PUT", path, FACE)):
        assert (await product.ask(method, address, body, token=elsewhere))[0] == 404


async def another_store(product: Product) -> str:
    made = await product.sql(
        "INSERT INTO stores (id, chain_id, name) SELECT $1, chain_id, 'Second' FROM stores LIMIT 1 RETURNING id", uuid.uuid4()
    )
    return str(made[0]["id"])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE site_policies SET face = true",
        "DELETE FROM site_policies",
        "INSERT INTO site_policies (store_id, chain_id, revision, face) SELECT id, chain_id, 99, true FROM stores",
        "INSERT INTO site_policies (store_id, chain_id, revision, gait, cause) SELECT id, chain_id, 99, true, 'demo' FROM stores",
        "INSERT INTO site_policies (store_id, chain_id, revision, face, cause, jurisdiction, legal_basis, dpia_reference,"
        " notice_text, proposed_by, made_by) SELECT s.id, s.chain_id, 99, true, 'approved', 'x', 'x', 'x', 'x', u.id, u.id"
        " FROM stores s, users u",
    ],
)
async def test_rule_01_even_the_databases_owner_switches_nothing_on_alone(product: Product, statement: str) -> None:
    with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.CheckViolationError)):
        await product.sql(statement)


async def test_rule_01_biometric_columns_are_not_written_while_the_switch_is_off(product: Product) -> None:
    await product.sql("CREATE TABLE probes (id int, store_id uuid, embedding real[], picture bytea)")
    await product.sql("SELECT guard_biometrics('probes', 'face', ARRAY['embedding', 'picture'])")
    write = "INSERT INTO probes SELECT 1, id, ARRAY[0.5]::real[] FROM stores"
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="face switch"):
        await product.sql(write)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="face switch"):
        await product.sql("INSERT INTO probes (id, store_id, picture) SELECT 1, id, 'x' FROM stores")
    await product.sql("INSERT INTO probes SELECT 2, id, NULL FROM stores")  # what is no biometric may be written
    path = await gather_evidence(product)
    await switch_on(product, path, await person(product, "chain-administrator"))
    await product.sql(write)
    await product.ask("POST", f"{path}/off", {"switches": ["face"]})
    for statement in (write, "UPDATE probes SET embedding = ARRAY[0.7]::real[]"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="face switch"):
            await product.sql(statement)
    with pytest.raises(asyncpg.RaiseError):
        await product.sql("SELECT guard_biometrics('probes', 'face', ARRAY['no_such_column'])")


async def test_masks_are_checked_told_to_the_worker_and_audited(product: Product) -> None:
    camera = (await product.camera())["id"]
    path, square = f"/api/v1/cameras/{camera}/masks", [[0.1, 0.1], [0.4, 0.1], [0.4, 0.5]]
    assert (await product.ask("POST", path, {"name": "Till", "polygon": [[0, 0], [1, 1]]}))[0] == 422
    status, made = await product.ask("POST", path, {"name": "Till", "polygon": square})
    assert status == 201, made
    assert (await desired(product, camera))["masks"] == [square]
    assert (await product.ask("PATCH", f"{path}/{made['id']}", {"name": "Pin pad"}))[1]["name"] == "Pin pad"
    assert (await product.ask("DELETE", f"{path}/{made['id']}"))[0] == 204
    assert (await desired(product, camera))["masks"] == []
    assert [act for act in await acts(product) if act.startswith("mask-")] == ["mask-created", "mask-changed", "mask-removed"]
    (gone,) = (await product.ask("GET", f"{path}/removed"))[1]["items"]
    assert (gone["name"], gone["removed_by"], gone["polygon"]) == ("Pin pad", "admin", square)


async def test_rule_11_an_acceptance_test_of_another_model_does_not_count(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera, path = (await product.camera())["id"], await gather_evidence(product)
    await switch_on(product, path, await person(product, "chain-administrator"))
    (test,) = (await product.ask("GET", path))[1]["acceptance_tests"]
    assert test["model"].startswith("face_detection 1, ")
    monkeypatch.setattr("app.tenancy.policy.repository.models_in_use", lambda: {Switch.FACE: "face_detection 2 [other]"})
    for _ in range(50):
        _, standing = await product.ask("GET", path)
        if not standing["current"]["switches"]["face"]:
            break
        await asyncio.sleep(0.1)
    assert (standing["current"]["switches"], standing["current"]["cause"]) == (OFF, "lapsed")
    assert "another model" in standing["current"]["reason"]
    assert (await desired(product, camera))["face"] is False
    status, refused = await product.ask("PUT", path, {**FACE, "dpia_reference": "DPIA 8"})
    assert (status, {each["field"] for each in refused["missing"]}) == (409, {"acceptance_test"})


async def test_what_a_change_would_switch_off_is_told_whoever_may_make_one(product: Product) -> None:
    world = await make_world(product)
    told = {}
    for role in (Role.VIEWER, Role.INVESTIGATOR, Role.ENROLLER, Role.APPROVER, Role.STORE_MANAGER, Role.AUDITOR):
        _, token = await world.sign_in(role, "store")
        for place in ("store", "other-store"):
            told[role, place] = (await product.ask("GET", f"/api/v1/stores/{world.stores[place]}/policy/coverage", token=token))[
                0
            ]
    assert {role for (role, place), status in told.items() if place == "store" and status == 200} == {
        Role.ENROLLER, Role.APPROVER, Role.STORE_MANAGER, Role.AUDITOR,
    }  # fmt: skip
    assert {status for (_, place), status in told.items() if place == "other-store"} == {403}


async def test_rule_11_an_acceptance_test_covers_its_cameras_and_its_lists_only(product: Product) -> None:
    camera, second = await product.camera(), await person(product, "chain-administrator")
    address = f"/api/v1/cameras/{camera['id']}"

    async def move() -> None:
        for url, ends in (("rtsp://user:new@127.0.0.1:9/x", False), ("rtsp://user:new@127.0.0.1:9/another", True)):
            assert (await product.ask("PATCH", address, {"url": url}))[0] == 200
            _, standing = await product.ask("GET", path)  # another password is no other device, another address may be
            assert any(gap["switch"] == "face" for gap in standing["missing"]) == ends

    changes: tuple[tuple[str, Callable[[], Awaitable[Any]]], ...] = (
        ("1 added since", lambda: product.camera("Another")),
        ("a camera has another address", move),
        ("1 removed", lambda: product.ask("DELETE", address)),
        ("lists of up to 10 people, and they hold 11", lambda: fill_list(product, 11)),
    )
    for said, change in changes:
        path = await gather_evidence(product)  # tested, as the store is now
        standing = await switch_on(product, path, second, {**FACE, "dpia_reference": said})
        assert standing["current"]["switches"]["face"] is True
        _, coverage = await product.ask("GET", f"{path}/coverage")
        assert (coverage["on"], coverage["ends_with_cameras"], coverage["most_listed"]) == (["face"], ["face"], 10)
        assert (coverage["ends_with_addresses"], coverage["lapsed"]) == (["face"], None)
        await change()
        for _ in range(80):
            _, standing = await product.ask("GET", path)
            if not standing["current"]["switches"]["face"]:
                break
            await asyncio.sleep(0.1)
        assert (standing["current"]["switches"], standing["current"]["cause"]) == (OFF, "lapsed")
        assert said in standing["current"]["reason"]
        _, coverage = await product.ask("GET", f"{path}/coverage")
        assert (coverage["on"], coverage["ends_with_cameras"], coverage["most_listed"]) == ([], [], None)
        assert (coverage["lapsed"]["switches"], said in coverage["lapsed"]["why"]) == (["face"], True)
        status, refused = await product.ask("PUT", path, {**FACE, "dpia_reference": "DPIA 8"})
        assert (status, {each["field"] for each in refused["missing"]}) == (409, {"acceptance_test"})
    await gather_evidence(product)
    standing = await switch_on(product, path, second)
    (test,) = standing["acceptance_tests"]
    assert (standing["listed"], test["listed"], test["most_listed"]) == (11, 11, 21)


async def fill_list(product: Product, people: int) -> None:
    """A list of the store with this many approved people; written by the owner, since enrolling takes a picture and two each."""
    listed, incident = await make_list(product), await make_incident(product)
    await product.sql(
        "WITH them AS (INSERT INTO persons (id, chain_id, store_id, created_by, created_at)"
        " SELECT gen_random_uuid(), w.chain_id, w.store_id, w.created_by, now() FROM watchlists w, generate_series(1, $3)"
        " WHERE w.id = $1 RETURNING *)"
        " INSERT INTO enrolments (id, chain_id, store_id, person_id, watchlist_id, state, category, reason, incident_id,"
        " source, evidence, review_on, expires_at, under_18, vulnerable, age_basis, notice_withheld, enrolled_by, enrolled_at,"
        " decided_by)"
        " SELECT gen_random_uuid(), chain_id, store_id, id, $1, 'approved', 'violence', 'Test', $2, 'police', 'Test',"
        " current_date + 1, now() + interval '2 days', false, false, 'Passport', 'Test', created_by, now(), gen_random_uuid()"
        " FROM them",
        uuid.UUID(listed),
        uuid.UUID(incident),
        people,
    )
