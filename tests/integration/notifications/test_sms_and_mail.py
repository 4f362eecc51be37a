"""SMS against a double that Prism holds to Twilio's public description, and e-mail against a real SMTP exchange."""

import asyncio
import email
import email.policy
from datetime import timedelta
from typing import Any

import pytest

from app.kit.clock import now
from app.kit.ids import new_id
from app.notifications.outcomes import ABSENT_LOOKS, MOST_LOOKS
from app.notifications.transports import sms
from tests.integration.notifications.conftest import Desk
from tests.integration.notifications.provider import BREAK, HANG, LOSE, SENDER, SID, TOKEN, prism, providing
from tests.integration.pipeline.conftest import pipeline_servers, site  # noqa: F401 - fixtures

PHONE = "+4915112345678"


def account(url: str) -> dict[str, str]:
    return {"TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": TOKEN, "TWILIO_PHONE_NUMBER": SENDER, "TWILIO_BASE_URL": url}


@pytest.mark.timeout(300)  # the first time Prism is installed
async def test_the_library_the_double_and_twilios_description_agree(desk: Desk) -> None:
    async with providing() as provider, prism(provider.url) as url, desk.sender(**account(url)) as sender:
        await desk.channel("sms", PHONE)
        (alert,) = await desk.raised()
        await desk.dispatch()
        await sender.send_all()
        row = await desk.row()
        assert (row["state"], row["reason"]) == ("sent", "")
        (message,) = provider.messages
        assert (message["to"], message["from"], message["sid"]) == (PHONE, SENDER, row["provider_id"])
        assert f"https://penny.test/alerts/{alert}?n={row['id'].hex[-12:]}" in message["body"]
        provider.fate = "delivered"
        await desk.hurry()
        await sender.look_and_recover()
        assert (await desk.row())["state"] == "delivered"
        await desk.site.pool.execute("UPDATE notifications SET state = 'checking', provider_id = NULL, next_at = now()")
        await sender.look_and_recover()
        assert (await desk.row())["state"] == "delivered"  # found by number, time and reference
        assert any("DateSent" in each for each in provider.asked)


async def test_a_code_goes_to_an_own_number_that_nobody_confirmed_and_alerts_do_not(desk: Desk) -> None:
    user = new_id()
    await desk.site.pool.execute(
        "INSERT INTO users (id, chain_id, username, password_hash) VALUES ($1, $2, 'u', '')", user, desk.site.chain
    )
    await desk.site.pool.execute(
        "INSERT INTO memberships (id, chain_id, user_id, role) VALUES ($1, $2, $1, 'operator')", user, desk.site.chain
    )
    async with providing() as provider, desk.sender(**account(provider.url)) as sender:
        channel = await desk.channel("sms", PHONE, user_id=user, secret="042137", code_until=now() + timedelta(hours=1))
        await desk.site.pool.execute(
            "INSERT INTO notifications (id, chain_id, channel_id, cause, occasion, message)"
            " VALUES ($1, $2, $3, $1, 'test', jsonb_build_object('code', true))",
            new_id(), desk.site.chain, channel,
        )  # fmt: skip
        await desk.raised()
        await desk.dispatch()
        await sender.send_all()
        (message,) = provider.messages
        assert "042137 confirms" in message["body"]
        assert "https://penny.test/security?n=" in message["body"]
        again = "UPDATE notifications SET state = 'queued', next_at = now(), attempts = 0"
        await desk.site.pool.execute("UPDATE notification_channels SET code_until = now() - interval '1 second'")
        await desk.site.pool.execute(again)
        await sender.send_all()
        row = await desk.row()
        assert (row["state"], "over before" in row["reason"], len(provider.messages)) == ("dead", True, 1), "a code that is over"
        await desk.site.pool.execute("UPDATE notification_channels SET secret = NULL")
        await desk.site.pool.execute(again)
        await sender.send_all()
        assert ((await desk.row())["state"], len(provider.messages)) == ("dead", 1), "a code that was used is not sent again"


async def test_a_message_comes_in_the_language_of_its_channel_and_to_a_person_in_the_one_that_he_chose(desk: Desk) -> None:
    user = new_id()
    await desk.site.pool.execute(
        "INSERT INTO users (id, chain_id, username, password_hash) VALUES ($1, $2, 'u', '')", user, desk.site.chain
    )
    await desk.site.pool.execute(
        "INSERT INTO memberships (id, chain_id, user_id, role) VALUES ($1, $2, $1, 'operator')", user, desk.site.chain
    )
    async with providing() as provider, desk.sender(**account(provider.url)) as sender:
        await desk.channel("sms", "+34600000001", language="es")
        own = await desk.channel("sms", PHONE, user_id=user, proven_at=now())

        async def told() -> dict[str, str]:
            provider.messages.clear()
            await desk.raised()
            await desk.dispatch()
            await sender.send_all()
            return {each["to"]: each["body"] for each in provider.messages}

        first = await told()
        assert "Persona en el suelo, amenaza alta" in first["+34600000001"]
        assert "Person on the floor, high threat" in first[PHONE]
        await desk.site.pool.execute("UPDATE users SET language = 'es' WHERE id = $1", user)
        assert "Persona en el suelo, amenaza alta" in (await told())[PHONE]
        await desk.site.pool.execute("UPDATE users SET language = 'en' WHERE id = $1", user)
        await desk.site.pool.execute("UPDATE notification_channels SET language = 'es' WHERE id = $1", own)
        assert "Person on the floor, high threat" in (await told())[PHONE]


async def looks(desk: Desk, sender: Any, number: int) -> None:
    for _ in range(number):
        await desk.hurry()
        await sender.look_and_recover()


@pytest.mark.parametrize("fault", [BREAK, HANG])
async def test_an_sms_whose_answer_was_lost_is_found_in_the_records_and_not_sent_twice(
    desk: Desk, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sms, "TOTAL_S", 1.0)
    async with providing() as provider, desk.sender(**account(provider.url)) as sender:
        provider.plan = [fault]
        await desk.channel("sms", PHONE)
        await desk.raised()
        await desk.dispatch()
        await sender.send_all()
        assert (await desk.row())["state"] == "checking"
        await looks(desk, sender, 1)
        row = await desk.row()
        assert (row["state"], row["provider_id"]) == ("sent", provider.messages[0]["sid"])
        await desk.hurry()
        await sender.send_all()
        assert len(provider.messages) == 1


async def test_an_sms_that_the_records_do_not_know_is_sent_again_and_says_so(desk: Desk) -> None:
    async with providing() as provider, desk.sender(**account(provider.url)) as sender:
        provider.plan = [LOSE]
        await desk.channel("sms", PHONE)
        await desk.raised()
        await desk.dispatch()
        await sender.send_all()
        await looks(desk, sender, ABSENT_LOOKS - 1)
        assert (await desk.row())["state"] == "checking"
        await looks(desk, sender, 1)
        row = await desk.row()
        assert (row["state"], row["repeated"]) == ("queued", True)
        await desk.hurry()
        await sender.send_all()
        assert (await desk.row())["state"] == "sent"
        assert "sent before" in provider.messages[0]["body"]


async def test_where_the_records_cannot_be_asked_it_is_shown_as_uncertain(desk: Desk) -> None:
    async with providing() as provider, desk.sender(**account(provider.url)) as sender:
        provider.plan, provider.records_away = [BREAK], True
        await desk.channel("sms", PHONE)
        await desk.raised()
        await desk.dispatch()
        await sender.send_all()
        await looks(desk, sender, MOST_LOOKS)
        row = await desk.row()
        assert (row["state"], row["repeated"]) == ("uncertain", True)
        assert "provider could not be asked" in row["reason"]


@pytest.mark.parametrize(("plan", "state", "attempts"), [([429, 429], "sent", 3), ([400], "dead", 1), ([500], "checking", 1)])
async def test_what_the_provider_answers_decides(desk: Desk, plan: list[Any], state: str, attempts: int) -> None:
    async with providing() as provider, desk.sender(**account(provider.url)) as sender:
        provider.plan = plan
        await desk.channel("sms", PHONE)
        await desk.raised()
        await desk.dispatch()
        for _ in range(3):
            await sender.send_all()
            await desk.site.pool.execute("UPDATE notifications SET next_at = now() WHERE state = 'queued'")
        row = await desk.row()
        assert (row["state"], row["attempts"]) == (state, attempts)
        assert provider.asked.count(f"POST /2010-04-01/Accounts/{SID}/Messages.json") == attempts


async def test_a_sender_killed_while_an_sms_is_under_way_asks_the_records_first(desk: Desk) -> None:
    async with providing() as provider, desk.sender(**account(provider.url)) as sender:
        await desk.channel("sms", PHONE)
        await desk.raised()
        await desk.dispatch()
        await sender.send_all()
        await desk.site.pool.execute(
            "UPDATE notifications SET state = 'sending', provider_id = NULL, lease_until = now() - interval '1 second'"
        )
        await sender.look_and_recover()
        assert (await desk.row())["state"] == "checking"
        await looks(desk, sender, 1)
        assert (await desk.row())["state"] == "sent"
        assert len(provider.messages) == 1


class Mailbox:
    """The receiving side of RFC 5321, as far as one message goes."""

    def __init__(self, *, answer: str = "250 taken", dies: bool = False) -> None:
        self.answer, self.dies = answer, dies
        self.mails: list[Any] = []
        self.port = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                raw = await reader.readuntil(b"\r\n.\r\n")
                self.mails.append(email.message_from_bytes(raw[:-5], policy=email.policy.default))
                if self.dies:
                    break
                writer.write(self.answer.encode() + b"\r\n")
            else:
                writer.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
            await writer.drain()
            if verb == b"QUIT":
                break
        writer.close()


@pytest.mark.parametrize(
    ("answer", "dies", "state", "repeated"),
    [
        ("250 taken", False, "sent", False), ("451 later", False, "queued", False), ("554 no", False, "dead", False),
        ("", True, "queued", True),
    ],
)  # fmt: skip
async def test_mail_by_smtp(desk: Desk, answer: str, dies: bool, state: str, repeated: bool) -> None:
    box = Mailbox(answer=answer, dies=dies)
    server = await asyncio.start_server(box.talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    own = {"PENNYPROTECT_SMTP_URL": f"smtp+plain://127.0.0.1:{port}", "PENNYPROTECT_MAIL_FROM": "Penny <penny@example.com>"}
    async with server, desk.sender(**own) as sender:
        await desk.channel("email", "ann@example.com")
        await desk.raised()
        await desk.dispatch()
        await sender.send_all()
        row = await desk.row()
        assert (row["state"], row["repeated"]) == (state, repeated)
        (mail,) = box.mails
        assert (mail["To"], mail["From"]) == ("ann@example.com", "Penny <penny@example.com>")
        assert mail["Message-ID"] == f"<{row['id']}@pennyprotect>"
        assert "Person on the floor, high threat" in mail["Subject"]
        assert "https://penny.test/alerts/" in mail.get_content()


async def test_without_a_mail_server_it_waits_and_starttls_is_demanded(desk: Desk) -> None:
    box = Mailbox()
    server = await asyncio.start_server(box.talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    own = {"PENNYPROTECT_SMTP_URL": f"smtp://127.0.0.1:{port}", "PENNYPROTECT_MAIL_FROM": "penny@example.com"}
    async with server, desk.sender(**own) as sender:
        await desk.channel("email", "ann@example.com")
        await desk.raised()
        await desk.dispatch()
        await sender.send_all()
        row = await desk.row()
        assert (row["state"], row["waits"], box.mails) == ("queued", "retry", [])
