"""Channels and the delivery log by the API: who may, what is shown once, what is never shown."""

import uuid
from typing import Any

import pytest

from app.auth.permissions import Role
from app.first_run import open_vault_of
from app.kit.keys.choice import by_pool
from app.kit.keys.models import CHANNEL_SECRET
from tests.integration.service.conftest import Product
from tests.integration.service.principals import make_world

HOOK = "https://93.184.215.14/hooks/secret-part"


@pytest.fixture
def more_settings() -> dict[str, Any]:
    return {"PENNYPROTECT_WEBHOOK_NETWORKS": "public 127.0.0.0/8"}


async def test_a_webhook_shows_its_secret_once_and_its_address_never(product: Product) -> None:
    headers = {"Idempotency-Key": "one"}
    status, made = await product.ask("POST", "/api/v1/webhooks", {"url": HOOK, "name": "Siem"}, headers=headers)
    assert status == 201, made
    assert made["secret"].startswith("whsec_")
    again = (await product.ask("POST", "/api/v1/webhooks", {"url": HOOK, "name": "Siem"}, headers=headers))[1]
    assert again == {"channel": made["channel"], "secret": None}
    listed = (await product.ask("GET", "/api/v1/webhooks"))[1]
    assert [each["hint"] for each in listed["items"]] == ["https://93.184.215.14"]
    assert "secret-part" not in str(listed)
    stored = str(await product.sql("SELECT * FROM notification_channels"))
    assert "secret-part" not in stored
    assert made["secret"] not in stored
    assert made["secret"] not in str(await product.sql("SELECT * FROM idempotency_keys"))
    path = f"/api/v1/webhooks/{made['channel']['id']}/secret"
    rotated = (await product.ask("POST", path, {}))[1]["secret"]
    assert rotated not in (None, made["secret"])
    slack = (await product.ask("POST", "/api/v1/webhooks", {"url": HOOK, "kind": "slack"}))[1]
    assert slack["secret"] is None
    assert (await product.ask("POST", f"/api/v1/webhooks/{slack['channel']['id']}/secret", {}))[0] == 422
    assert (await product.ask("DELETE", f"/api/v1/webhooks/{made['channel']['id']}"))[0] == 204
    gone = (await product.sql("SELECT address, secret FROM notification_channels WHERE removed_at IS NOT NULL"))[0]
    assert (gone["address"], gone["secret"]) == (None, None)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://169.254.169.254/latest", "metadata"), ("https://10.0.0.7/x", "PENNYPROTECT_WEBHOOK_NETWORKS"),
        ("http://93.184.215.14/x", "https"), ("https://localhost/x", "may not be reached"), ("ftp://93.184.215.14/x", "https://"),
        ("https://u:p@93.184.215.14/x", "user name"),
    ],
)  # fmt: skip
async def test_a_webhook_to_where_it_may_not_go_is_refused(product: Product, url: str, said: str) -> None:
    status, answer = await product.ask("POST", "/api/v1/webhooks", {"url": url})
    assert (status, said in answer["detail"]) == (422, True), answer


async def test_a_port_of_our_own_is_refused(product: Product) -> None:
    own = f"http://127.0.0.1:{product.settings.port}/api/v1/stores"
    status, answer = await product.ask("POST", "/api/v1/webhooks", {"url": own})
    assert (status, "port of PennyProtect" in answer["detail"]) == (422, True)


async def test_people_choose_for_themselves_and_see_nobody_elses(product: Product) -> None:
    world = await make_world(product)
    _, mine = await world.sign_in(Role.VIEWER, "store")
    _, theirs = await world.sign_in(Role.VIEWER, "store")
    body = {"kind": "sms", "address": "+1 500 555 0006", "lowest_threat": "medium",
            "quiet": {"starts": "22:00", "ends": "06:00", "timezone": "Europe/Berlin", "threat": "high"}}  # fmt: skip
    status, made = await product.ask("POST", "/api/v1/notifications/mine", body, token=mine)
    assert status == 201, made
    assert (made["hint"], made["most_per_hour"], made["quiet"]["starts"]) == ("+15…006", 20, "22:00:00")
    path = f"/api/v1/notifications/mine/{made['id']}"
    for method, address, given in (("PATCH", path, {"paused": True}), ("POST", f"{path}/test", {}), ("DELETE", path, None)):
        assert (await product.ask(method, address, given, token=theirs))[0] == 404
        assert (await product.ask(method, address.replace("mine", "channels"), given))[0] == 404  # nor an administrator
    assert (await product.ask("GET", "/api/v1/notifications/mine", token=theirs))[1]["items"] == []
    changed = (await product.ask("PATCH", path, {"quiet": None, "lowest_threat": "high"}, token=mine))[1]
    assert (changed["quiet"], changed["lowest_threat"], changed["occasions"]) == (None, "high", made["occasions"])
    assert (await product.ask("PATCH", path, {"lowest_threat": None}, token=mine))[0] == 422
    assert (await product.ask("PATCH", path, {}, token=mine))[0] == 422
    wrong = {**body, "quiet": {**body["quiet"], "timezone": "Mars"}}  # type: ignore[dict-item]
    assert (await product.ask("POST", "/api/v1/notifications/mine", wrong, token=mine))[0] == 422
    await product.sql("UPDATE notification_channels SET proven_at = now() WHERE id = $1", uuid.UUID(made["id"]))
    status, test = await product.ask("POST", f"{path}/test", {}, token=mine)
    assert (status, test["state"], test["occasion"]) == (202, "queued", "test")
    log = (await product.ask("GET", "/api/v1/notifications/mine/log", token=mine))[1]["items"]
    assert test["id"] in [each["id"] for each in log]
    assert (await product.ask("GET", "/api/v1/notifications", token=mine))[0] == 403
    for _ in range(9):
        await product.ask("POST", f"{path}/test", {}, token=mine)
    assert (await product.ask("POST", f"{path}/test", {}, token=mine))[0] == 429
    assert (await product.ask("DELETE", path, token=mine))[0] == 204
    states = await product.sql("SELECT DISTINCT state, reason FROM notifications WHERE channel_id = $1", uuid.UUID(made["id"]))
    assert [(row["state"], row["reason"]) for row in states] == [("dead", "The channel was removed.")]


async def code_sent(product: Product, channel: str) -> str:
    """What stands in the message to an own channel: sealed in the database."""
    row = (await product.sql("SELECT secret FROM notification_channels WHERE id = $1", uuid.UUID(channel)))[0]
    vault = open_vault_of(product.settings, by_pool(product.owner))
    return await vault.open(CHANNEL_SECRET, uuid.UUID(channel), row["secret"])


async def test_an_own_number_is_told_nothing_until_its_owner_gives_the_code_that_was_sent_there(product: Product) -> None:
    body = {"kind": "sms", "address": "+15005550006"}
    status, made = await product.ask("POST", "/api/v1/notifications/mine", body)
    assert (status, made["proven"]) == (201, False)
    path = f"/api/v1/notifications/mine/{made['id']}"
    first = await code_sent(product, made["id"])
    assert first not in str(await product.sql("SELECT * FROM notifications"))
    assert (await product.ask("POST", f"{path}/test", {}))[0] == 409, "a test to somebody else's number"
    assert (await product.ask("POST", f"{path}/confirm", {"code": "12"}))[0] == 422
    assert (await product.ask("POST", f"{path}/code", {}))[0] == 202
    second = await code_sent(product, made["id"])
    wrong = str((int(second) + 1) % 1_000_000).zfill(6)
    for _ in range(5):
        assert (await product.ask("POST", f"{path}/confirm", {"code": wrong}))[0] == 422
    assert (await product.ask("POST", f"{path}/confirm", {"code": second}))[0] == 422, "five wrong ones end it"
    assert (await product.ask("POST", f"{path}/code", {}))[0] == 202
    third = await code_sent(product, made["id"])
    later = "UPDATE notification_channels SET code_until = now() {} interval '1 minute' WHERE id = $1"
    await product.sql(later.format("-"), uuid.UUID(made["id"]))
    assert (await product.ask("POST", f"{path}/confirm", {"code": third}))[0] == 422, "it is over"
    await product.sql(later.format("+"), uuid.UUID(made["id"]))
    status, proven = await product.ask("POST", f"{path}/confirm", {"code": third})
    assert (status, proven["proven"]) == (200, True)
    assert (await product.sql("SELECT secret FROM notification_channels WHERE id = $1", uuid.UUID(made["id"])))[0][
        "secret"
    ] is None
    assert (await product.ask("POST", f"{path}/code", {}))[0] == 409
    assert (await product.ask("POST", f"{path}/test", {}))[0] == 202
    acts = [
        row["act"] for row in await product.sql("SELECT act FROM audit_unsealed WHERE subject_id = $1", uuid.UUID(made["id"]))
    ]
    assert (acts.count("notification-channel-code-refused"), acts.count("notification-channel-confirmed")) == (7, 1)
    other = (await product.ask("POST", "/api/v1/notifications/mine", {"kind": "email", "address": "a@example.com"}))[1]["id"]
    codes = [(await product.ask("POST", f"/api/v1/notifications/mine/{other}/code", {}))[0] for _ in range(7)]
    assert codes == [202] * 6 + [429]  # four went out before


async def test_codes_are_counted_by_person_whatever_became_of_the_numbers(product: Product) -> None:
    world = await make_world(product)
    _, other = await world.sign_in(Role.VIEWER, "store")
    path, answers = "/api/v1/notifications/mine", []
    for number in range(11):
        body = {"kind": "sms", "address": f"+1500555{number:04}"}
        status, made = await product.ask("POST", path, body)
        answers.append(status)
        if status == 201:
            assert (await product.ask("DELETE", f"{path}/{made['id']}"))[0] == 204
    assert answers == [201] * 10 + [429]
    assert (await product.ask("GET", path))[1]["items"] == [], "what was refused is not there"
    assert (await product.ask("POST", path, {"kind": "sms", "address": "+15005550006"}, token=other))[0] == 201


async def test_a_rotated_secret_is_kept_for_its_overlap_or_not_at_all(product: Product) -> None:
    made = (await product.ask("POST", "/api/v1/webhooks", {"url": HOOK}))[1]["channel"]["id"]
    kept = "SELECT secret, previous_secret, previous_until > now() + interval '23 hours' AS long FROM notification_channels"
    before = (await product.sql(kept))[0]["secret"]
    assert (await product.ask("POST", f"/api/v1/webhooks/{made}/secret"))[0] == 200, "as before there was an overlap to choose"
    row = (await product.sql(kept))[0]
    assert (row["previous_secret"], row["long"]) == (before, True)
    assert (await product.ask("POST", f"/api/v1/webhooks/{made}/secret", {"overlap_hours": 0}))[0] == 200
    assert (await product.sql(kept))[0]["previous_secret"] is None


async def test_a_store_manager_makes_channels_of_his_store_only(product: Product) -> None:
    world = await make_world(product)
    _, manager = await world.sign_in(Role.STORE_MANAGER, "store")
    body = {"kind": "email", "name": "Back office", "address": "office@example.com"}
    path = "/api/v1/notifications/channels"
    assert (await product.ask("POST", path, body, token=manager))[0] == 403
    elsewhere = {**body, "store_id": str(world.stores["other-store"])}
    assert (await product.ask("POST", path, elsewhere, token=manager))[0] in (403, 404)
    status, own = await product.ask("POST", path, {**body, "store_id": str(world.stores["store"])}, token=manager)
    assert (status, own["channel"]["language"]) == (201, "en")
    mine = f"{path}/{own['channel']['id']}"
    status, changed = await product.ask("PATCH", mine, {"language": "es"}, token=manager)
    assert (status, changed["language"], changed["name"]) == (200, "es", "Back office")
    assert (await product.ask("PATCH", mine, {"language": None}, token=manager))[0] == 422
    listed = (await product.ask("GET", path, token=manager))[1]["items"]
    assert [each["language"] for each in listed if each["id"] == own["channel"]["id"]] == ["es"]
    chains = (await product.ask("POST", path, body))[1]["channel"]["id"]
    assert (await product.ask("PATCH", f"{path}/{chains}", {"paused": True}, token=manager))[0] == 403


async def test_dead_letters_are_seen_and_replayed_under_their_ids(product: Product) -> None:
    world = await make_world(product)
    store, dead = world.things["store"], str(world.things["store"]["notification_id"])
    page = (await product.ask("GET", f"/api/v1/notifications?state=dead&channel_id={store['channel_id']}"))[1]["items"]
    assert [each["id"] for each in page] == [dead]
    status, again = await product.ask("POST", f"/api/v1/notifications/{dead}/replay", {})
    assert (status, again["id"], again["state"], again["repeated"]) == (200, dead, "queued", False)
    assert (await product.ask("POST", f"/api/v1/notifications/{dead}/replay", {}))[0] == 409
    await product.sql("UPDATE notifications SET state = 'uncertain' WHERE id = $1", uuid.UUID(dead))
    assert (await product.ask("POST", f"/api/v1/notifications/{dead}/replay", {}))[1]["repeated"] is True
    await product.sql("UPDATE notifications SET state = 'dead' WHERE id = $1", uuid.UUID(dead))
    path = f"/api/v1/notifications/channels/{store['channel_id']}/replay"
    assert (await product.ask("POST", path, {}))[1] == {"replayed": 1}
    assert (await product.ask("POST", path, {}))[1] == {"replayed": 0}
