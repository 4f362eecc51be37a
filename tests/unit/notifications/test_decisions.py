"""Who is told what and when, what follows a try, what is written in a message."""

import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.behaviour.cameras import CAMERA_RULES
from app.behaviour.findings import Threat
from app.behaviour.rules import RULES
from app.incidents.models import IncidentState
from app.kit.errors import BadInputError
from app.notifications.addresses import demand_address, hint_of
from app.notifications.models import (
    LEADS,
    ChannelKind,
    Claimed,
    DeliveryState,
    Happening,
    Language,
    Occasion,
    QuietHours,
    Route,
)
from app.notifications.outcomes import (
    ABSENT_LOOKS,
    MOST_ATTEMPTS,
    MOST_LOOKS,
    Found,
    Looked,
    Outcome,
    Verdict,
    after_crash,
    after_look,
    after_try,
)
from app.notifications.planning import Told, happening_of
from app.notifications.routing import plan, quiet_until
from app.notifications.sentences import SENTENCES
from app.notifications.signing import make_secret, signature, verified
from app.notifications.texts import LONGEST_SMS, hook_body, mail_text, sms_text

AT = datetime(2026, 11, 25, 21, 30, tzinfo=UTC)
STORE, OTHER, ME = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
NIGHT = QuietHours(time(22), time(6), "Europe/Berlin")  # 21:30 UTC is 22:30 there


def route(**changes: Any) -> Route:
    plain = Route(uuid.uuid4(), ChannelKind.EMAIL, None, None, frozenset({"alert-raised", "alert-escalated"}), Threat.LOW, None)
    return replace(plain, **changes)


def happening(**changes: Any) -> Happening:
    plain = Happening(uuid.uuid4(), uuid.uuid4(), STORE, Occasion.ALERT_RAISED, Threat.MEDIUM, uuid.uuid4(), {"kind": "floor"})
    return replace(plain, **changes)


def delivery(**changes: Any) -> Claimed:
    plain = Claimed(
        id=uuid.UUID("0198c0de-0000-7000-8000-0123456789ab"), chain_id=uuid.uuid4(), channel_id=uuid.uuid4(),
        kind=ChannelKind.SMS, channel_name="Duty", address=b"", secret=None, store_id=STORE, store_name="Main <St> & Co",
        timezone="Europe/Berlin", occasion=Occasion.ALERT_RAISED, threat=Threat.HIGH, subject_id=uuid.UUID(int=7),
        message={"kind": "floor", "at": AT.isoformat()}, attempts=1, checks=0, repeated=False, merged=1, created_at=AT,
        tried_at=AT, provider_id=None,
    )  # fmt: skip
    return replace(plain, **changes)


@pytest.mark.parametrize(
    ("of", "about", "told"),
    [
        (route(), happening(), True),
        (route(store_id=STORE), happening(), True),
        (route(store_id=OTHER), happening(), False),
        (route(lowest_threat=Threat.HIGH), happening(), False),
        (route(lowest_threat=Threat.MEDIUM), happening(), True),
        (route(occasions=frozenset({"incident-changed"})), happening(), False),
        (route(lowest_threat=Threat.HIGH, occasions=frozenset({"incident-changed"})),
         happening(occasion=Occasion.INCIDENT_CHANGED, threat=None), True),
        (route(user_id=ME), happening(occasion=Occasion.ALERT_ESCALATED), False),
        (route(user_id=ME), happening(occasion=Occasion.ALERT_ESCALATED, called=frozenset({ME})), True),
        (route(user_id=ME, occasions=frozenset({"alert-raised"})),
         happening(occasion=Occasion.ALERT_ESCALATED, called=frozenset({ME})), True),
    ],
)  # fmt: skip
def test_who_is_told(of: Route, about: Happening, told: bool) -> None:
    assert len(plan(about, [of], AT, uuid.uuid4)) == told


def test_quiet_hours_hold_back_until_they_end_by_the_places_clock_and_urgent_things_come_through() -> None:
    (held,) = plan(happening(), [route(quiet=NIGHT)], AT, uuid.uuid4)
    assert (held.next_at, held.waits) == (datetime(2026, 11, 26, 5, tzinfo=UTC), "quiet-hours")
    (urgent,) = plan(happening(threat=Threat.HIGH), [route(quiet=NIGHT)], AT, uuid.uuid4)
    assert (urgent.next_at, urgent.waits) == (AT, "")
    assert quiet_until(replace(NIGHT, threat=None), Threat.HIGH, AT) is not None
    assert quiet_until(NIGHT, Threat.LOW, datetime(2026, 11, 25, 12, tzinfo=UTC)) is None
    assert quiet_until(QuietHours(time(9), time(9), "UTC"), None, AT) == datetime(2026, 11, 26, 9, tzinfo=UTC)


@settings(max_examples=60, deadline=None)
@given(st.times(), st.times(), st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001
def test_quiet_hours_end_ahead_and_when_they_say(starts: time, ends: time, at: datetime) -> None:
    hours = QuietHours(starts.replace(tzinfo=None), ends.replace(tzinfo=None), "America/New_York")
    until = quiet_until(hours, Threat.LOW, at)
    if until is not None:
        assert at < until <= at + timedelta(hours=26)
        assert until.astimezone(ZoneInfo("America/New_York")).time() == hours.ends or until.month in (3, 11)  # clocks change


def test_what_is_not_taken_is_tried_again_later_and_later_and_then_given_up() -> None:
    waits = [after_try(ChannelKind.WEBHOOK, n, Outcome(Verdict.NOT_TAKEN, "429"), AT, 1.0) for n in range(1, MOST_ATTEMPTS)]
    assert [step.state for step in waits] == [DeliveryState.QUEUED] * (MOST_ATTEMPTS - 1)
    times = [step.next_at for step in waits if step.next_at]
    assert times == sorted(times)
    assert times[0] == AT + timedelta(seconds=5)
    assert all(step.repeated is None for step in waits)
    last = after_try(ChannelKind.WEBHOOK, MOST_ATTEMPTS, Outcome(Verdict.NOT_TAKEN, "429"), AT)
    assert (last.state, last.next_at) == (DeliveryState.DEAD, None)
    asked = after_try(ChannelKind.EMAIL, 1, Outcome(Verdict.NOT_TAKEN, after_s=90), AT, 0.0)
    assert asked.next_at == AT + timedelta(seconds=90)
    assert after_try(ChannelKind.SMS, 1, Outcome(Verdict.REFUSED, "x" * 999), AT).state is DeliveryState.DEAD


@pytest.mark.parametrize("kind", [each for each in ChannelKind if each is not ChannelKind.SMS])
def test_where_receivers_can_know_a_repetition_an_unknown_outcome_is_tried_again_and_marked(kind: ChannelKind) -> None:
    for step in (after_try(kind, 1, Outcome(Verdict.UNKNOWN), AT), after_crash(kind, 1, AT)):
        assert (step.state, step.repeated) == (DeliveryState.QUEUED, True)


def test_an_sms_of_unknown_outcome_is_looked_for_before_it_is_sent_again() -> None:
    unknown = after_try(ChannelKind.SMS, 1, Outcome(Verdict.UNKNOWN), AT)
    assert (unknown.state, unknown.repeated) == (DeliveryState.CHECKING, None)
    assert after_crash(ChannelKind.SMS, 1, AT).state is DeliveryState.CHECKING
    checking = DeliveryState.CHECKING
    for looks in range(1, ABSENT_LOOKS):
        assert after_look(checking, 1, looks, Looked(Found.ABSENT), AT).state is checking
    again = after_look(checking, 1, ABSENT_LOOKS, Looked(Found.ABSENT), AT)
    assert (again.state, again.repeated) == (DeliveryState.QUEUED, True)
    found = after_look(checking, 1, 1, Looked(Found.UNDER_WAY, "SM1"), AT)
    assert (found.state, found.provider_id, found.repeated) == (DeliveryState.SENT, "SM1", None)
    nobody = after_look(checking, 1, MOST_LOOKS, Looked(Found.NO_ANSWER), AT)
    assert (nobody.state, nobody.next_at, nobody.repeated) == (DeliveryState.UNCERTAIN, None, True)


def test_what_the_provider_took_is_followed_to_its_end_and_never_sent_again() -> None:
    sent = DeliveryState.SENT
    assert after_look(sent, 1, 1, Looked(Found.DELIVERED), AT).state is DeliveryState.DELIVERED
    assert after_look(sent, 1, 1, Looked(Found.FAILED, reason="30003"), AT).state is DeliveryState.DEAD
    for found in (Found.ABSENT, Found.NO_ANSWER, Found.UNDER_WAY):
        assert after_look(sent, 1, 1, Looked(found), AT).next_at is not None
        last = after_look(sent, 1, MOST_LOOKS, Looked(found), AT)
        assert (last.state, last.next_at) == (sent, None)


def test_rule_9_a_message_says_act_place_time_and_link_and_no_name_whatever_the_alert_holds() -> None:
    alert = {
        "id": str(uuid.UUID(int=7)), "kind": "floor", "threat": "high", "state": "raised", "camera_id": str(uuid.UUID(int=8)),
        "started_at": AT.isoformat(), "explanation": {"person": "Ann Example"}, "track_ids": ["1"],
        "claimed_by": {"name": "Ann Example"},
    }  # fmt: skip
    told = happening_of(Told(uuid.uuid4(), uuid.uuid4(), STORE, "alert-raised", {"alert": alert}))
    assert told is not None
    for kind in ChannelKind:
        each = delivery(kind=kind, message=told.message)
        said = (
            hook_body(each, "https://penny.test").decode()
            + sms_text(each, "https://penny.test")
            + str(mail_text(each, "https://p"))
        )
        assert "Ann" not in said
        assert "explanation" not in said
        assert "data:" not in said
    assert sms_text(delivery(), "https://penny.test/") == (
        "PennyProtect: Person on the floor, high threat, Main <St> & Co, 22:30"
        " https://penny.test/alerts/00000000-0000-0000-0000-000000000007?n=0123456789ab"
    )


def test_rule_9_a_lead_is_told_once_and_its_confirmation_without_a_name() -> None:
    lead, camera = str(uuid.UUID(int=9)), str(uuid.UUID(int=8))
    names = {"match_id": lead, "camera_id": camera, "person_name": "Ann Example", "person_id": str(uuid.UUID(int=5))}

    def told(kind: str, **more: str) -> Happening | None:
        return happening_of(Told(uuid.uuid4(), uuid.uuid4(), STORE, kind, {**names, **more}))

    for state in ("second-review", "rejected", "undecided", "withdrawn", "erased"):
        assert told("match-changed", state=state) is None
    raised, again, confirmed = told("match-raised"), told("match-raised"), told("match-changed", state="confirmed")
    assert raised is not None
    assert again is not None
    assert confirmed is not None
    assert raised.cause == again.cause != confirmed.cause
    assert (raised.occasion, confirmed.occasion) == (Occasion.LEAD_RAISED, Occasion.MATCH_CONFIRMED)
    assert raised.message == confirmed.message == {"camera_id": camera}
    for each in (raised, confirmed):
        assert len(plan(each, [route(), route(occasions=frozenset({each.occasion.value}))], AT, uuid.uuid4)) == 1
        sent = delivery(occasion=each.occasion, threat=each.threat, subject_id=each.subject_id, message=each.message)
        said = sms_text(sent, "https://penny.test") + hook_body(replace(sent, kind=ChannelKind.WEBHOOK), "https://p").decode()
        assert "https://penny.test/leads?n=0123456789ab" in said
        assert not any(word in said for word in ("Ann", str(uuid.UUID(int=5)), "thief", "recognised"))


def test_what_is_no_lead_is_told_to_nobody() -> None:
    with pytest.raises(KeyError):
        happening_of(Told(uuid.uuid4(), uuid.uuid4(), STORE, "match-raised", {"match": {}}))


def test_an_escalation_is_one_cause_however_often_the_alert_changes_afterwards() -> None:
    alert = {"id": str(uuid.UUID(int=7)), "kind": "floor", "threat": "high", "state": "escalated", "escalation_level": "area",
             "escalated_at": "2026-11-25T21:30:00Z", "escalated_to": [str(ME)]}  # fmt: skip
    first = happening_of(Told(uuid.uuid4(), uuid.uuid4(), STORE, "alert-changed", {"alert": alert}))
    again = happening_of(
        Told(
            uuid.uuid4(), uuid.uuid4(), STORE, "alert-changed", {"alert": {**alert, "escalated_at": "2026-11-25T21:30:00+00:00"}}
        )
    )
    assert first is not None
    assert again is not None
    assert (first.cause, first.called) == (again.cause, frozenset({ME}))
    assert (
        happening_of(Told(uuid.uuid4(), uuid.uuid4(), STORE, "alert-changed", {"alert": {**alert, "state": "claimed"}})) is None
    )


def test_texts_are_bounded_marked_when_repeated_and_escaped_for_slack() -> None:
    long = sms_text(delivery(store_name="S" * 500), "https://penny.test")
    assert len(long) <= LONGEST_SMS
    assert long.endswith("?n=0123456789ab")
    assert "sent before" in sms_text(delivery(repeated=True), "https://penny.test")
    slack = json.loads(hook_body(delivery(kind=ChannelKind.SLACK, repeated=True), "https://penny.test"))["text"]
    assert "Main &lt;St&gt; &amp; Co" in slack
    assert "sent before" in slack
    teams = json.loads(hook_body(delivery(kind=ChannelKind.TEAMS), "https://penny.test"))
    assert teams["attachments"][0]["content"]["type"] == "AdaptiveCard"
    assert json.loads(hook_body(delivery(kind=ChannelKind.WEBHOOK, repeated=True), "https://p"))["repeated"] is True
    assert sms_text(delivery(merged=5), "https://p").startswith(
        "PennyProtect: 5 notifications, the first at 22:30 https://p/alerts?n="
    )


def test_each_language_says_everything_and_whoever_reads_spanish_gets_no_english() -> None:
    kinds = {*RULES, *CAMERA_RULES, "model-drift"}
    english = SENTENCES[Language.ENGLISH]
    assert set(SENTENCES) == set(Language)
    for said in SENTENCES.values():
        assert set(said.acts) == kinds
        assert set(said.of_leads) == set(LEADS)
        assert set(said.threats) == set(Threat)
        assert set(said.incidents) == set(IncidentState)
    spanish = delivery(language=Language.SPANISH)
    assert sms_text(spanish, "https://penny.test").startswith(
        "PennyProtect: Persona en el suelo, amenaza alta, Main <St> & Co, 22:30 https://penny.test/alerts/"
    )
    assert sms_text(spanish, "https://p", "042137").startswith(
        "PennyProtect: 042137 confirma que las alertas pueden llegar aquí."
    )
    occasions = [
        {}, {"occasion": Occasion.ALERT_ESCALATED}, {"merged": 5}, {"occasion": Occasion.TEST},
        {"occasion": Occasion.INCIDENT_CHANGED, "message": {"state": "in-review"}},
        {"occasion": Occasion.INCIDENT_CHANGED, "message": {}},
        *({"occasion": each, "message": {}} for each in LEADS), {"message": {}},
    ]  # fmt: skip
    ours = (*english.acts.values(), *english.of_leads.values(), *english.threats.values(), *english.incidents.values(),
            english.incident_changed, english.unreacted, english.repeated, english.open, "notifications", "Test of",
            "An earlier try")  # fmt: skip
    for each in occasions:
        for kind in ChannelKind:
            one = replace(spanish, kind=kind, repeated=True, **each)
            said_of_it = [
                sms_text(one, "https://p"),
                *mail_text(one, "https://p"),
                *_texts(json.loads(hook_body(one, "https://p"))),
            ]
            assert not [(word, text) for text in said_of_it for word in ours if word in text], each


def _texts(body: Any) -> list[str]:
    """What a person reads of a webhook's body."""
    if isinstance(body, dict):
        read = [text for name, value in body.items() for text in ([value] if name in ("text", "title") else _texts(value))]
        return [each for each in read if isinstance(each, str)]
    return [text for each in body for text in _texts(each)] if isinstance(body, list) else []


def test_a_signature_is_the_specifications_and_tells_a_changed_byte_and_an_old_message() -> None:
    # The example of the specification's own libraries.
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    wanted = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == wanted
    own = make_secret()
    given = signature(own, "id", 1000, body)
    assert verified(own, "id", 1000, body, f"v1,AAAA {given}", 1010)
    assert not verified(own, "id", 1000, body + b" ", given, 1010)
    assert not verified(own, "id", 1000, body, given, 1000 + 301)
    assert not verified(make_secret(), "id", 1000, body, given, 1010)


@pytest.mark.parametrize(
    ("kind", "given", "clean", "hint"),
    [
        (ChannelKind.SMS, "+1 (500) 555-0006", "+15005550006", "+15…006"),
        (ChannelKind.EMAIL, "ann@example.com", "ann@example.com", "a…@example.com"),
        (ChannelKind.SLACK, "https://hooks.slack.com/services/T/B/secret", "https://hooks.slack.com/services/T/B/secret",
         "https://hooks.slack.com"),
    ],
)  # fmt: skip
def test_addresses_have_one_form_and_a_hint_that_gives_nothing_away(kind: ChannelKind, given: str, clean: str, hint: str) -> None:
    assert demand_address(kind, given) == clean
    assert hint_of(kind, clean) == hint


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (ChannelKind.SMS, "0171 123456"), (ChannelKind.SMS, "+0123456789"), (ChannelKind.EMAIL, "ann"),
        (ChannelKind.EMAIL, "a@b"),
        (ChannelKind.EMAIL, "a@b.example\nBcc: x@y.example"), (ChannelKind.WEBHOOK, "ftp://example.com"),
        (ChannelKind.WEBHOOK, "https://user:pw@example.com/x"), (ChannelKind.TEAMS, "https://"),
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(kind: ChannelKind, wrong: str) -> None:
    with pytest.raises(BadInputError):
        demand_address(kind, wrong)
