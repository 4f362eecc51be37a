"""What each kind of channel is sent. An act, a place, a time and a link: never a name, a face or a picture. Pure."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from app.notifications.models import LEADS, ChannelKind, Claimed, Occasion

ACTS: Final = {
    "falling": "Somebody fell",
    "floor": "Person on the floor",
    "fighting": "Fight",
    "running": "Somebody runs",
    "loitering": "Loitering",
    "camera-offline": "Camera offline",
    "camera-frozen": "Camera frozen",
    "camera-blind": "Camera covered",
    "camera-moved": "Camera moved",
}
_OF_LEADS: Final = {
    Occasion.LEAD_RAISED: "Two pictures wait to be compared",
    Occasion.MATCH_CONFIRMED: "A lead was confirmed by a person",
}
LONGEST_SMS: Final = 320
REFERENCE_DIGITS: Final = 12
REPEATED: Final = "(sent before, perhaps)"


@dataclass(frozen=True, slots=True)
class Words:
    """A notification for people."""

    title: str
    link: str
    reference: str


def reference_of(delivery: Claimed) -> str:
    """What stands in the link, so that the provider's records can be asked for this very delivery."""
    return delivery.id.hex[-REFERENCE_DIGITS:]


def words_of(delivery: Claimed, public_url: str, code: str | None = None) -> Words:
    """Title, link and reference; `code` where the message brings one."""
    base, reference = public_url.rstrip("/"), reference_of(delivery)
    title = _title(delivery) if code is None else f"{code} confirms that alerts may come here. It is good for 15 minutes"
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


def _title(delivery: Claimed) -> str:
    if delivery.occasion is Occasion.TEST:
        return f"Test of {delivery.channel_name}"
    if delivery.merged > 1:
        return f"{delivery.merged} notifications, the first at {_clock(delivery)}"
    if delivery.occasion is Occasion.INCIDENT_CHANGED:
        return f"Incident is {delivery.message.get('state', 'changed')}, {delivery.store_name}"
    if delivery.occasion in LEADS:
        return f"{_OF_LEADS[delivery.occasion]}, {delivery.store_name}, {_clock(delivery)}"
    kind = str(delivery.message.get("kind", ""))
    act = ACTS.get(kind) or (kind.replace("-", " ").capitalize() or "Alert")
    began = "Nobody reacts: " if delivery.occasion is Occasion.ALERT_ESCALATED else ""
    threat = f", {delivery.threat.value} threat" if delivery.threat else ""
    return f"{began}{act}{threat}, {delivery.store_name}, {_clock(delivery)}"


def _clock(delivery: Claimed) -> str:
    """The store's wall clock."""
    at = delivery.message.get("at")
    moment = datetime.fromisoformat(at) if isinstance(at, str) else delivery.created_at
    return moment.astimezone(ZoneInfo(delivery.timezone)).strftime("%H:%M")


def sms_text(delivery: Claimed, public_url: str, code: str | None = None) -> str:
    """At most `LONGEST_SMS` characters; the link is never cut."""
    words = words_of(delivery, public_url, code)
    title = f"PennyProtect: {words.title}" + (f" {REPEATED}" if delivery.repeated else "")
    return f"{title[: max(20, LONGEST_SMS - len(words.link) - 1)]} {words.link}"


def mail_text(delivery: Claimed, public_url: str, code: str | None = None) -> tuple[str, str]:
    """(subject, body)."""
    words = words_of(delivery, public_url, code)
    mark = f"\n\nAn earlier try may have arrived: this is the same message, {delivery.id}." if delivery.repeated else ""
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
    mark = f" _{REPEATED}_" if delivery.repeated else ""
    return {"text": f"{said}{mark}\n<{words.link}|Open in PennyProtect>"}


def _teams(delivery: Claimed, words: Words) -> dict[str, Any]:
    """What a workflow's webhook posts: a message with one Adaptive Card (adaptivecards.io, version 1.4)."""
    mark = f" {REPEATED}" if delivery.repeated else ""
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [{"type": "TextBlock", "text": f"{words.title}{mark}", "wrap": True}],
        "actions": [{"type": "Action.OpenUrl", "title": "Open in PennyProtect", "url": words.link}],
    }
    return {"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}]}
