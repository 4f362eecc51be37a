"""What of a store goes where, how long it stays and who gets it, told from its live settings. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Site = Mapping[str, Any]
"""What `command._site` gathers from the service."""
Line = dict[str, str]


def _lines(names: Sequence[str], rows: Iterable[Sequence[str]]) -> list[Line]:
    return [dict(zip(names, row, strict=True)) for row in rows]


GIGABYTE = 1024**3
"""As on the page of retention."""
_FLOWS = (
    ("Picture", "camera", "worker", "in memory while it is analysed; masks are blackened first"),
    ("Encoded pictures of the last minutes", "camera", "worker", "in memory, to cut clips from; nothing leaves past a mask"),
    ("Boxes and body points", "worker", "memory store", "60 s, never on disk"),
    ("Boxes of a finished track, once a second", "worker", "database", "see retention"),
    ("Boxes and figures of rules, without body points", "pipeline", "database", "see retention"),
    ("Alert: kind, time, camera, explanation", "pipeline", "database and signed-in users", "see retention"),
    ("Clip and still of an alert or incident", "worker", "object store", "see retention"),
    ("Look-back into a camera's last ten minutes, asked for by a signed-in user", "worker", "object store", "see retention"),
    ("Export of a clip, everybody else blurred by default", "service", "whoever holds its link", "until the link expires"),
    ("What a model answered, counted: persons, scores, time (no picture)", "worker", "database", "see retention"),
    ("Still on which two versions of a model disagree, heads blurred (shadow run)", "worker", "database", "see retention"),
    ("Live picture", "worker", "signed-in users who watch", "not kept"),
    ("Switches and notice", "database", "anybody, on the public page", "every revision"),
    ("Who did what (opaque ids)", "service", "audit log", "append-only"),
)
_FACE_FLOWS = (
    ("Head crop and face embedding (switch face)", "worker", "memory store and pipeline", "10 s at most, never on disk"),
    ("Head crop of a lead, sealed (switch face)", "pipeline", "database", "see retention"),
)
_BODY_FLOWS = {
    "gait": (
        ("Body points of a track, for its gait (switch gait)", "worker", "worker's memory", "8 s, and 3 s after the track's end"),
        ("Gait embedding and features (switch gait)", "worker", "memory store and pipeline", "10 s at most, never on disk"),
        ("What a walk says of a lead that a face raised (switch gait)", "pipeline", "database", "as its picture"),
        ("Gait template of an enrolled person, sealed (switch gait)", "service", "database", "until the entry ends"),
    ),
    "re_identification": ((
        "Which finished tracks of several cameras are one visit, by time and place (switch re-identification)", "pipeline",
        "database", "see retention",
    ),),
}  # fmt: skip
_SECOND_LOOK = (
    "One still of a new alert, heads blurred (second look)", "service", "the operator's vision model (OPENAI_API_KEY)",
    "not kept by PennyProtect; as that provider says",
)  # fmt: skip
_MESSAGE = "Message about an alert: kind, place, time, a link; no name and no face"
KINDS = {"sms": "SMS by Twilio", "email": "e-mail", "webhook": "webhook", "slack": "Slack", "teams": "Microsoft Teams"}
_CLASSES = {
    "alert": "Clips and stills of alerts",
    "incident": "Clips and stills of closed incidents",
    "playback": "Recordings asked for without an incident",
}


def flows(switches: Mapping[str, bool], site: Site) -> list[Line]:
    """What goes from where to where."""
    rows: list[Sequence[str]] = [*_FLOWS, *(_FACE_FLOWS if switches["face"] else ())]
    rows += [row for switch, each in _BODY_FLOWS.items() if switches.get(switch) for row in each]
    rows += [(_MESSAGE, "dispatcher", _receiver(each), "90 days in the log of deliveries") for each in channels(site)]
    if site["second_look"]["enabled"]:
        rows.append(_SECOND_LOOK)
    return _lines(("what", "from", "to", "kept"), rows)


def retention(switches: Mapping[str, bool], site: Site) -> list[Line]:
    """What is kept, where, how long and who ends it."""
    rows: list[Sequence[str]] = [
        ("Body points, embeddings of passers-by, live pictures", "memory", "10 to 60 s", "their own time"),
        *(_footage(site, each["class"]) for each in site["retention"]["defaults"]),
        ("Boxes and figures for replaying rules", "database", "14 days", "the pipeline"),
        ("Detections, alerts, incidents", "database", "no end is set", "whoever runs the database"),
        ("What models answered, counted a camera", "database", "6 hours by the minute, 35 days by the hour", "the service"),
        (
            "Stills of shadow runs, heads blurred, 60 a run",
            "database, not sealed",
            "7 days; a run takes 7 days at most",
            "the service",
        ),
        ("Deliveries of messages", "database", "90 days", "the dispatcher"),
        ("Who complained or asked for their data", "database", "90 days after the answer", "the service, every hour"),
        ("Log-ins with device, address; used recovery codes", "database", "30 days after their end", "the service, every hour"),
        ("Policy revisions, sign photos, acceptance tests, training", "database", "no end is set", "nobody: they are proof"),
        ("Privacy masks that were taken away", "database", "shown for 90 days", "nobody"),
        ("Audit", "database", "no end is set", "nobody: rows are chained"),
        ("Audit anchors (hashes)", "object store", "400 days where it has Object Lock", "the store"),
    ]
    if switches["face"] or site["lists"]:
        rows[1:1] = [
            ("Pictures and templates of people on a list", "database, sealed", "until their entry expires", "the service"),
            ("Head crops of leads", "database, sealed", "until the entry ends, or review says somebody else", "the service"),
            ("Scores of passers-by, counted a day, without a person", "database", "90 days", "the pipeline"),
        ]
    if switches.get("re_identification"):
        kept = "24 hours; with an alert of an incident while that is open, and 30 days after its last change"
        rows[1:1] = [
            ("Visits across cameras, by ids made at random", "database", kept, "the pipeline, at once when switched off")
        ]
    return _lines(("what", "where", "kept", "ends_by"), rows)


def _footage(site: Site, kind: str) -> Sequence[str]:
    """The rule of the store, else of the chain, else the product's own."""
    store, told = site["store"]["id"], site["retention"]
    rules = [rule for rule in (*told["defaults"], *told["items"]) if rule["class"] == kind and rule["store_id"] in (None, store)]
    rule = sorted(rules, key=lambda each: each["store_id"] is not None)[-1]
    bound = f", at most {rule['most_bytes'] / GIGABYTE:.1f} GB" if rule["most_bytes"] else ""
    days = "1 day" if rule["days"] == 1 else f"{rule['days']} days"
    kept = f"{days}{bound}; longer on hold, in an open case, or for an open complaint or data request"
    return _CLASSES.get(kind, f"Footage, {kind}"), "object store", kept, "the retention process, with a receipt"


def channels(site: Site) -> list[Mapping[str, Any]]:
    """Those that are told of this store."""
    return [each for each in site["channels"] if each["store_id"] in (None, site["store"]["id"]) and not each["paused"]]


def _receiver(channel: Mapping[str, Any]) -> str:
    kind = KINDS.get(channel["kind"], channel["kind"])
    return f"{channel['name']} ({kind}{': ' + channel['hint'] if channel['hint'] else ''})"


def recipients(site: Site) -> list[str]:
    """Who gets what of this store, in sentences."""
    found = ["Signed-in users of this store, by role; live views and snapshots are in the audit."]
    found += [f"Messages about alerts: {_receiver(each)}." for each in channels(site)]
    found.append("Staff on duty who gave an own number or address: SMS by Twilio or e-mail with a link, no name and no face.")
    found.append("Whoever opens the link of an export: recipient and purpose stand in it and in the audit.")
    if site["second_look"]["enabled"]:
        found.append("The provider of the vision model behind OPENAI_API_KEY: one still of a new alert with heads blurred.")
    found += [_list(each) for each in site["lists"]]
    found.append("Whoever runs the servers. The product itself sends nothing to its makers.")
    return found


def _list(watchlist: Mapping[str, Any]) -> str:
    return f"List searched or kept here: {watchlist['name']} ({watchlist['category']}): {watchlist['purpose']}"
