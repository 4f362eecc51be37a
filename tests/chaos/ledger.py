"""What was seen so far, and what of it must never change: an alert that was there stays, is there once, and is told. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

UNTOLD: Final = frozenset({"dead", "uncertain"})
ON_ITS_WAY: Final = frozenset({"queued", "sending", "checking"})


@dataclass
class Ledger:
    """Alerts as the API showed them, and every sentence about what should not have been.

    Attributes:
        broken: each rule that did not hold, once.
    """

    alerts: dict[str, dict[str, Any]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def say(self, sentence: str) -> None:
        """Note it, once."""
        if sentence not in self.broken:
            self.broken.append(sentence)

    def see(self, alerts: Sequence[dict[str, Any]]) -> None:
        """All alerts that there are now."""
        now = {alert["id"]: alert for alert in alerts}
        for alert_id, before in self.alerts.items():
            after = now.get(alert_id)
            if after is None:
                self.say(f"alert {alert_id} ({before['kind']}) was there and is gone")
            elif after["revision"] < before["revision"] or after["occurrences"] < before["occurrences"]:
                self.say(f"alert {alert_id} went back from {before['revision']} to {after['revision']}")
        for first, second in doubled(alerts):
            self.say(f"{first['kind']} of tracks {first['track_ids']} is two alerts: {first['id']} and {second['id']}")
        self.alerts |= now

    def hear(self, heads: Iterable[dict[str, str]]) -> None:
        """The headers of every webhook that arrived: what comes again says so."""
        came: Counter[str] = Counter()
        for head in heads:
            name = head.get("webhook-id", "")
            came[name] += 1
            if came[name] > 1 and head.get("webhook-repeated") != "true":
                self.say(f"delivery {name} came again without saying so")

    def settle(self, deliveries: Sequence[dict[str, Any]], arrived: frozenset[str]) -> None:
        """Once everything is quiet: each alert was told, and what counts as sent arrived.

        Args:
            deliveries: of the webhook.
            arrived: ids of deliveries that the receiver took.
        """
        told = {delivery["subject_id"] for delivery in deliveries}
        for alert_id, alert in self.alerts.items():
            if alert_id not in told:
                self.say(f"alert {alert_id} ({alert['kind']}) was told to nobody")
        for delivery in deliveries:
            if delivery["state"] in UNTOLD | ON_ITS_WAY:
                self.say(f"delivery {delivery['id']} is {delivery['state']} although everything runs: {delivery['reason']}")
            if delivery["state"] == "sent" and delivery["id"] not in arrived:
                self.say(f"delivery {delivery['id']} counts as sent and never arrived")


def doubled(alerts: Sequence[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Pairs about the same act: of one kind, camera, zone, connection and person, at overlapping times."""
    found = []
    for place, one in enumerate(alerts):
        for other in alerts[place + 1 :]:
            same = all(one[key] == other[key] for key in ("kind", "camera_id", "zone_id", "epoch"))
            if same and set(one["track_ids"]) & set(other["track_ids"]) and _overlap(one, other):
                found.append((one, other))
    return found


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """ISO times of one form compare as texts; an act without an end goes on."""
    starts = max(one["started_at"], other["started_at"])
    return all(each["ended_at"] is None or starts <= each["ended_at"] for each in (one, other))
