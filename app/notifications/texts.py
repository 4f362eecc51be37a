"""What each kind of channel is sent, in its reader's language: an act, a place, a time and a link.

Never a name, a face or a picture. Pure.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from app.notifications.models import LEADS, ChannelKind, Claimed, Occasion
from app.notifications.sentences import SENTENCES, Sentences

LONGEST_SMS: Final = 320
REFERENCE_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class Words:
    """A notification for people."""

    title: str
    link: str
    reference: str


def reference_of(delivery: Claimed) -> str:
    """What stands in the link, so that the provider's records can be asked for this very delivery."""
    return delivery.id.hex[-REFERENCE_DIGITS:]


def sentences_for(delivery: Claimed) -> Sentences:
    """Those of the language that its channel is written to in."""
    return SENTENCES[delivery.language]


def words_of(delivery: Claimed, public_url: str, code: str | None = None) -> Words:
    """Title, link and reference; `code` where the message brings one."""
    base, reference = public_url.rstrip("/"), reference_of(delivery)
    said = sentences_for(delivery)
    title = _title(delivery, said) if code is None else said.code(code)
    return Words(title, f"{base}{_path(delivery)}?n={reference}", reference)


def _path(delivery: Claimed) -> str:
    if delivery.asks_for_code:
        return "/security"
    if delivery.occasion is Occasion.TEST or delivery.merged > 1 or delivery.subject_id is None:
        return "/alerts"
    if delivery.occasion in LEADS:
        return "/leads"
    return (
        f"/incidents/{delivery.subject_id}"
        if delivery.occasion is Occasion.INCIDENT_CHANGED
        else f"/alerts/{delivery.subject_id}"
    )


def _title(delivery: Claimed, said: Sentences) -> str:
    if delivery.occasion is Occasion.TEST:
        return said.test(delivery.channel_name)
    if delivery.merged > 1:
        return said.several(delivery.merged, _clock(delivery))
    if delivery.occasion is Occasion.INCIDENT_CHANGED:
        state = said.incidents.get(str(delivery.message.get("state")), said.incident_changed)
        return f"{state}, {delivery.store_name}"
    if delivery.occasion in LEADS:
        return f"{said.of_leads[delivery.occasion]}, {delivery.store_name}, {_clock(delivery)}"
    kind = str(delivery.message.get("kind", ""))
    act = said.acts.get(kind) or (kind.replace("-", " ").capitalize() or said.alert)
    began = said.unreacted if delivery.occasion is Occasion.ALERT_ESCALATED else ""
    threat = f", {said.threats[delivery.threat]}" if delivery.threat else ""
    return f"{began}{act}{threat}, {delivery.store_name}, {_clock(delivery)}"


def _clock(delivery: Claimed) -> str:
    """The store's wall clock."""
    at = delivery.message.get("at")
    moment = datetime.fromisoformat(at) if isinstance(at, str) else delivery.created_at
    return moment.astimezone(ZoneInfo(delivery.timezone)).strftime("%H:%M")


def sms_text(delivery: Claimed, public_url: str, code: str | None = None) -> str:
    """At most `LONGEST_SMS` characters; the link is never cut."""
    words = words_of(delivery, public_url, code)
    title = f"PennyProtect: {words.title}" + (f" {sentences_for(delivery).repeated}" if delivery.repeated else "")
    return f"{title[: max(20, LONGEST_SMS - len(words.link) - 1)]} {words.link}"


def mail_text(delivery: Claimed, public_url: str, code: str | None = None) -> tuple[str, str]:
    """(subject, body)."""
    words = words_of(delivery, public_url, code)
    mark = f"\n\n{sentences_for(delivery).repeated_mail(str(delivery.id))}" if delivery.repeated else ""
    return f"[PennyProtect] {words.title}", f"{words.title}\n\n{words.link}{mark}\n"


def hook_body(delivery: Claimed, public_url: str) -> bytes:
    """JSON for a webhook of ours, of Slack (text with a link) or of Teams (an Adaptive Card)."""
    shapes = {ChannelKind.SLACK: _slack, ChannelKind.TEAMS: _teams}
    shape = shapes.get(delivery.kind)
    body = shape(delivery, words_of(delivery, public_url)) if shape else _own(delivery, public_url)
    return json.dumps(body, separators=(",", ":")).encode()


def _own(delivery: Claimed, public_url: str) -> dict[str, Any]:
    words = words_of(delivery, public_url)
    return {
        "id": str(delivery.id),
        "type": delivery.occasion.value,
        "created_at": delivery.created_at.isoformat(),
        "repeated": delivery.repeated,
        "store": None if delivery.store_id is None else {"id": str(delivery.store_id), "name": delivery.store_name},
        "threat": None if delivery.threat is None else delivery.threat.value,
        "subject_id": None if delivery.subject_id is None else str(delivery.subject_id),
        "about": delivery.message,
        "text": words.title,
        "link": words.link,
    }


def _slack(delivery: Claimed, words: Words) -> dict[str, Any]:
    """An incoming webhook's message; `&`, `<` and `>` are its only control characters (docs.slack.dev, Formatting text)."""
    said = words.title.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    ours = sentences_for(delivery)
    mark = f" _{ours.repeated}_" if delivery.repeated else ""
    return {"text": f"{said}{mark}\n<{words.link}|{ours.open}>"}


def _teams(delivery: Claimed, words: Words) -> dict[str, Any]:
    """What a workflow's webhook posts: a message with one Adaptive Card (adaptivecards.io, version 1.4)."""
    ours = sentences_for(delivery)
    mark = f" {ours.repeated}" if delivery.repeated else ""
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [{"type": "TextBlock", "text": f"{words.title}{mark}", "wrap": True}],
        "actions": [{"type": "Action.OpenUrl", "title": ours.open, "url": words.link}],
    }
    return {"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}]}
