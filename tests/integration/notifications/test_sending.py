"""From the outbox to a receiver: signed, at least once, marked where it may be twice; whatever breaks, nothing is lost."""

import asyncio
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from app.auth.permissions import Permission, Role, permissions_of
from app.kit.ids import new_id
from app.kit.keys.choice import by_pool, open_vault
from app.kit.keys.models import CHANNEL_SECRET
from app.notifications import sender as sending
from app.notifications.outcomes import MOST_ATTEMPTS
from app.notifications.signing import make_secret
from app.notifications.transports import hook
from tests.integration.notifications.conftest import KEY, Desk
from tests.integration.notifications.receiver import BREAK, HANG, receiving
from tests.integration.pipeline.conftest import pipeline_servers, site  # noqa: F401 - fixtures


async def test_an_alert_arrives_signed_with_what_happened_and_a_link_and_once(desk: Desk) -> None:
    async with receiving() as receiver, desk.sender() as sender:
        receiver.secret = make_secret()
        await desk.channel("webhook", receiver.url, secret=receiver.secret)
        await desk.channel("slack", receiver.url)
        await desk.channel("webhook", receiver.url, secret=receiver.secret, paused=True)
        await desk.channel("webhook", receiver.url, secret=receiver.secret, store_id=desk.site.store, lowest_threat="high")
        (alert,) = await desk.raised(threat="medium")
        receiver.secret, signed = "", receiver.secret
        await desk.dispatch()
        await sender.send_all()
        assert [row["state"] for row in await desk.rows()] == ["sent", "sent"]
        own, slack = sorted(receiver.taken, key=lambda each: "text" in each and "id" not in each)
        assert (own["type"], own["subject_id"], own["repeated"]) == ("alert-raised", alert, False)
        assert own["link"].startswith(f"https://penny.test/alerts/{alert}?n=")
        assert "Person on the floor" in slack["text"]
        receiver.secret = signed
        await desk.raised(threat="high")
        await desk.dispatch()
        await desk.site.pool.execute("UPDATE notification_channels SET paused = true WHERE kind = 'slack'")
        await sender.send_all()
        assert receiver.unsigned == 0
        assert len(receiver.taken) == 4  # one more from each webhook; Slack's waits until it is no longer paused


async def test_429_500_and_a_broken_connection_are_tried_again_under_one_id_and_marked_where_they_may_have_arrived(
    desk: Desk,
) -> None:
    async with receiving() as receiver, desk.sender() as sender:
        receiver.plan, receiver.retry_after = [429, 500, BREAK], "40"
        secret = make_secret()
        await desk.channel("webhook", receiver.url, secret=secret)
        await desk.raised()
        await desk.dispatch()
        await sender.send_all()
        row = await desk.row()
        assert (row["state"], row["waits"], row["repeated"]) == ("queued", "retry", False)
        assert row["next_at"].timestamp() > time.time() + 35  # as it asked
        for _ in range(3):
            await desk.hurry()
            await sender.send_all()
        row = await desk.row()
        assert (row["state"], row["attempts"], row["repeated"]) == ("sent", 4, True)
        assert {each["id"] for each in receiver.taken} == {str(row["id"])}
        assert [each["repeated"] for each in receiver.taken] == [False, False, True, True]
        assert [each["webhook-repeated"] for each in receiver.headers] == ["false", "false", "true", "true"]


async def test_a_receiver_that_hangs_holds_up_nobody_else(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook, "TOTAL_S", 6.0)
    monkeypatch.setattr(sending, "MOST_SENDING", 40)
    async with receiving() as stuck, receiving() as well, desk.sender() as sender:
        stuck.plan = [HANG] * 200
        hanging = await desk.channel("webhook", stuck.url, secret=make_secret())
        await desk.channel("webhook", well.url, secret=make_secret())
        await desk.raised(60)
        await desk.dispatch()
        began = time.monotonic()
        stop = asyncio.Event()
        working = asyncio.create_task(sender.run(stop))
        while len(well.taken) < 60 and time.monotonic() - began < 6:
            await asyncio.sleep(0.05)
        assert len(well.taken) == 60  # before the first of the others had even timed out
        while len(stuck.taken) <= sending.PER_CHANNEL + 1 and time.monotonic() - began < 20:
            await asyncio.sleep(0.05)
        busy = await desk.site.pool.fetchval(
            "SELECT count(*) FROM notifications WHERE channel_id = $1 AND state = 'sending'", hanging
        )
        assert busy <= 1  # after its time-outs it has one place
        stop.set()
        await asyncio.wait_for(working, 10)
        states = {row["state"] for row in await desk.rows() if row["channel_id"] == hanging}
        assert states <= {"queued", "sending"}  # nothing of it is lost


async def test_a_dispatcher_killed_between_send_and_mark_sends_again_under_the_same_id_and_says_so(desk: Desk) -> None:
    async with receiving() as receiver:
        receiver.plan = [HANG]
        await desk.channel("webhook", receiver.url, secret=make_secret())
        env = {"PENNYPROTECT_SECRET_KEY": KEY, "PENNYPROTECT_WEBHOOK_NETWORKS": "127.0.0.0/8"}
        role = desk.site.role("dispatcher", env)
        (alert,) = await desk.raised()
        await desk.site.until(lambda: _taken(receiver, 1), 60)
        role.kill()
        assert (await desk.row())["state"] == "sending"
        await desk.site.pool.execute("UPDATE notifications SET lease_until = now() - interval '1 second'")
        again = desk.site.role("dispatcher", env)
        await desk.site.until(lambda: _state(desk, "queued", "sent"), 60)
        await desk.hurry()
        await desk.site.until(lambda: _state(desk, "sent"), 20)
        assert again.stop() == 0
    row = await desk.row()
    assert [each["id"] for each in receiver.taken] == [str(row["id"])] * 2
    assert [each["repeated"] for each in receiver.taken] == [False, True]
    assert {each["subject_id"] for each in receiver.taken} == {alert}
    assert row["repeated"]


async def _taken(receiver: Any, number: int) -> bool:
    return len(receiver.taken) >= number


async def _state(desk: Desk, *wanted: str) -> bool:
    return (await desk.row())["state"] in wanted


async def test_what_never_works_is_a_dead_letter_and_a_cause_is_planned_once(desk: Desk) -> None:
    async with receiving() as receiver, desk.sender() as sender:
        receiver.plan = [404]
        await desk.channel("webhook", receiver.url, secret=make_secret())
        await desk.channel("webhook", "http://169.254.169.254/latest/meta-data", secret=make_secret())
        await desk.channel("webhook", "http://10.1.2.3/x", secret=make_secret())
        await desk.channel("sms", "+15005550006")
        await desk.channel("email", "a@example.com")
        await desk.raised()
        row = await desk.site.pool.fetchrow("SELECT * FROM outbox")
        await desk.dispatch()
        await desk.site.pool.execute("INSERT INTO outbox SELECT ($1::outbox).*", row)  # as if its end had been rolled back
        await desk.dispatch()
        await sender.send_all()
        rows = await desk.rows()
        assert [each["state"] for each in rows] == ["dead"] * 5
        reasons = " ".join(each["reason"] for each in rows)
        for said in ("answered 404", "metadata address", "PENNYPROTECT_WEBHOOK_NETWORKS", "TWILIO_", "PENNYPROTECT_SMTP_URL"):
            assert said in reasons
        assert len(receiver.taken) == 1
        receiver.plan = [503] * MOST_ATTEMPTS
        await desk.site.pool.execute("DELETE FROM notifications WHERE reason NOT LIKE '%404%'")
        await desk.site.pool.execute("UPDATE notifications SET state = 'queued', attempts = 0, next_at = now()")
        for _ in range(MOST_ATTEMPTS):
            await desk.hurry()
            await sender.send_all()
        row = await desk.row()
        assert (row["state"], row["attempts"]) == ("dead", MOST_ATTEMPTS)
        assert row["reason"].startswith("Given up after 12 tries")


async def test_quiet_hours_limits_and_floods_spare_people_and_lose_nothing(desk: Desk) -> None:
    async with receiving() as receiver, desk.sender() as sender:
        quiet = {"quiet_starts": _clock(-3600), "quiet_ends": _clock(3600), "quiet_threat": "high"}
        await desk.channel("slack", receiver.url, **quiet)
        await desk.raised(5, threat="medium")
        await desk.raised(1, threat="high")
        await desk.dispatch()
        await sender.send_all()
        assert len(receiver.taken) == 1
        assert sorted(row["waits"] for row in await desk.rows()) == ["", *["quiet-hours"] * 5]
        await desk.hurry()
        await sender.look_and_recover()
        await sending.queue_repository.merge_due(desk.pool)
        await sender.send_all()
        assert len(receiver.taken) == 2
        assert "5 notifications" in receiver.taken[1]["text"]
        states = sorted(row["state"] for row in await desk.rows())
        assert states == [*["merged"] * 4, "sent", "sent"]
        receiver.taken.clear()
        await desk.channel("webhook", receiver.url, secret=make_secret(), most_per_hour=3)
        await desk.site.pool.execute("UPDATE notification_channels SET paused = true WHERE kind = 'slack'")
        await desk.raised(5)
        await desk.dispatch()
        await sender.send_all()
        assert len(receiver.taken) == 3
        await desk.site.pool.execute("UPDATE notifications SET tried_at = now() - interval '2 hours' WHERE tried_at IS NOT NULL")
        await sender.send_all()
        assert len(receiver.taken) == 5


def _clock(offset_s: int) -> Any:
    from datetime import UTC, datetime, timedelta

    return (datetime.now(UTC) + timedelta(seconds=offset_s)).time().replace(microsecond=0)


async def test_people_are_told_of_stores_whose_alerts_they_may_see_and_of_escalations_to_them(desk: Desk) -> None:
    async def person(role: str, store: uuid.UUID | None, *, disabled: bool = False) -> uuid.UUID:
        user = new_id()
        await desk.site.pool.execute(
            "INSERT INTO users (id, chain_id, username, password_hash, disabled_at)"
            " VALUES ($1, $2, $3, '', CASE WHEN $4 THEN now() END)",
            user, desk.site.chain, f"u-{user}", disabled,
        )  # fmt: skip
        await desk.site.pool.execute(
            "INSERT INTO memberships (id, chain_id, user_id, role, store_id) VALUES ($1, $2, $3, $4, $5)",
            new_id(), desk.site.chain, user, role, store,
        )  # fmt: skip
        await desk.channel("email", "a@example.com", user_id=user, proven_at=datetime.now(UTC))
        await desk.channel("sms", "+15005550009", user_id=user)  # not confirmed: told nothing
        return user

    other = new_id()
    await desk.site.pool.execute("INSERT INTO stores (id, chain_id, name) VALUES ($1, $2, 'Other')", other, desk.site.chain)
    here, everywhere = await person("operator", desk.site.store), await person("chain-administrator", None)
    for role, store, disabled in (("operator", other, False), ("model-engineer", None, False), ("operator", None, True)):
        await person(role, store, disabled=disabled)
    await desk.raised()
    await desk.dispatch()
    told = "SELECT c.user_id FROM notifications n JOIN notification_channels c ON c.id = n.channel_id WHERE n.occasion = $1"
    assert {row["user_id"] for row in await desk.site.pool.fetch(told, "alert-raised")} == {here, everywhere}
    alert = {"id": str(new_id()), "kind": "floor", "threat": "high", "state": "escalated", "escalation_level": "area",
             "escalated_at": "2026-11-25T12:00:00Z", "escalated_to": [str(here)]}  # fmt: skip
    await desk.site.pool.execute(
        "INSERT INTO outbox (id, chain_id, store_id, kind, payload) VALUES ($1, $2, $3, 'alert-changed', $4)",
        new_id(), desk.site.chain, desk.site.store, {"alert": alert},
    )  # fmt: skip
    await desk.dispatch()
    assert {row["user_id"] for row in await desk.site.pool.fetch(told, "alert-escalated")} == {here}


async def test_rule_9_confirmed_leads_are_told_to_those_who_may_learn_names(desk: Desk) -> None:
    told = {}
    for role in ("operator", "store-manager", "investigator", "auditor"):
        told[role] = user = new_id()
        await desk.site.pool.execute(
            "INSERT INTO users (id, chain_id, username, password_hash) VALUES ($1, $2, $3, 'x')",
            user, desk.site.chain, f"u-{user}",
        )  # fmt: skip
        await desk.site.pool.execute(
            "INSERT INTO memberships (id, chain_id, user_id, role, store_id) VALUES ($1, $2, $3, $4, $5)",
            new_id(), desk.site.chain, user, role, desk.site.store,
        )  # fmt: skip
        await desk.channel(
            "email", "a@example.com", user_id=user, proven_at=datetime.now(UTC), occasions=["lead-raised", "match-confirmed"]
        )
    lead = {"match_id": str(new_id()), "camera_id": str(desk.site.camera)}
    for kind, payload in (("match-raised", lead), ("match-changed", {**lead, "state": "confirmed"})):
        for _ in range(2):
            await desk.site.pool.execute(
                "INSERT INTO outbox (id, chain_id, store_id, kind, payload) VALUES ($1, $2, $3, $4, $5)",
                new_id(), desk.site.chain, desk.site.store, kind, payload,
            )  # fmt: skip
    await desk.dispatch()
    of = "SELECT c.user_id FROM notifications n JOIN notification_channels c ON c.id = n.channel_id WHERE n.occasion = $1"
    for occasion, permission in (("lead-raised", Permission.MATCHES_REVIEW), ("match-confirmed", Permission.MATCHES_NAME)):
        allowed = sorted(user for role, user in told.items() if permission in permissions_of(Role(role)))
        assert sorted(row["user_id"] for row in await desk.site.pool.fetch(of, occasion)) == allowed != []
    assert told["auditor"] not in [row["user_id"] for row in await desk.site.pool.fetch(of, "match-confirmed")]


async def test_a_message_that_cannot_be_understood_holds_up_nothing(desk: Desk) -> None:
    async with receiving() as receiver, desk.sender() as sender:
        await desk.channel("webhook", receiver.url, secret=make_secret())
        for kind, payload in (("incident-changed", {}), ("alert-raised", {"alert": {"id": "x", "threat": "extreme"}})):
            await desk.site.pool.execute(
                "INSERT INTO outbox (id, chain_id, store_id, kind, payload) VALUES ($1, $2, $3, $4, $5)",
                new_id(), desk.site.chain, desk.site.store, kind, payload,
            )  # fmt: skip
        await desk.raised()
        await desk.dispatch()
        await sender.send_all()
        assert len(receiver.taken) == 1
        assert await desk.site.pool.fetchval("SELECT count(*) FROM outbox") == 0


async def test_a_rotated_secret_signs_beside_the_new_one_until_the_overlap_is_over(desk: Desk) -> None:
    old, new = make_secret(), make_secret()
    vault = open_vault(KEY, None, "", by_pool(desk.site.pool))
    async with receiving() as receiver, desk.sender() as sender:
        channel = await desk.channel("webhook", receiver.url, secret=new)
        async with desk.site.pool.acquire() as connection, connection.transaction():
            sealed = await vault.seal(connection, desk.site.chain, CHANNEL_SECRET, channel, old)
            await connection.execute(
                "UPDATE notification_channels SET previous_secret = $2, previous_until = now() + interval '1 hour' WHERE id = $1",
                channel, sealed,
            )  # fmt: skip
        for known, over, refused in ((old, False, 0), (new, False, 0), (new, True, 0), (old, True, 1)):
            if over:
                await desk.site.pool.execute("UPDATE notification_channels SET previous_until = now()")
            receiver.secret, receiver.unsigned = known, 0
            await desk.raised()
            await desk.dispatch()
            await sender.send_all()
            assert receiver.unsigned == refused, (known == old, over)
