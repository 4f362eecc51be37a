"""The annex for an impact assessment: settings, data flows, retention, recipients and error rates of one store. Pure."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

FLOWS = (
    {"what": "Picture", "from": "camera", "to": "worker", "kept": "in memory while it is analysed; masks are blackened first"},
    {"what": "Boxes and body points", "from": "worker", "to": "memory store", "kept": "60 s, never on disk"},
    {"what": "Boxes of a finished track, once a second", "from": "worker", "to": "database", "kept": "until deleted"},
    {
        "what": "Alert: kind, time, camera, explanation",
        "from": "pipeline",
        "to": "database and signed-in users",
        "kept": "until deleted",
    },
    {"what": "Live picture", "from": "worker", "to": "signed-in users who watch", "kept": "not kept"},
    {"what": "Switches and notice", "from": "database", "to": "anybody, on the public page", "kept": "every revision"},
    {"what": "Who did what (opaque ids)", "from": "service", "to": "audit log", "kept": "append-only"},
)
RECIPIENTS = (
    "Signed-in users of this store, by role; live views and snapshots are in the audit.",
    "Whoever runs the servers. The product itself sends nothing to its makers.",
)


def wilson_upper(errors: int, trials: int, z: float = 1.96) -> float:
    """Upper end of the 95 % Wilson interval of a rate (Wilson, 1927)."""
    rate, share = errors / trials, z * z / trials
    return min(1.0, (rate + share / 2 + z * math.sqrt((rate * (1 - rate) + share / 4) / trials)) / (1 + share))


def error_rates(tests: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rates of each acceptance test with the upper end of their 95 % interval."""
    return [
        {
            "switch": test["switch"],
            "performed_on": test["performed_on"],
            "valid_until": test["valid_until"],
            "passed": test["passed"],
            "false_match_rate": test["false_matches"] / test["strangers"],
            "false_match_rate_upper_95": round(wilson_upper(test["false_matches"], test["strangers"]), 6),
            "miss_rate": test["misses"] / test["enrolled"],
            "miss_rate_upper_95": round(wilson_upper(test["misses"], test["enrolled"]), 6),
            "strangers": test["strangers"],
            "enrolled": test["enrolled"],
            "cameras": test["cameras"],
        }
        for test in tests
    ]


def annex(standing: Mapping[str, Any], history: Sequence[Mapping[str, Any]], at: str) -> dict[str, Any]:
    """The whole annex, from what the service answers about a store's policy."""
    current = standing["current"]
    return {
        "made_at": at,
        "store": standing["store_name"],
        "demonstration": standing["demo"],
        "jurisdiction": {key: standing["place"][key] for key in ("code", "name", "verdict", "why", "sources")},
        "jurisdiction_pack": standing["pack"],
        "settings": {"revision": current["revision"], **current["switches"], **current["papers"]},
        "missing": standing["missing"],
        "sign_photo_taken_on": standing["sign_photo"] and standing["sign_photo"]["taken_on"],
        "error_rates": error_rates(standing["acceptance_tests"]),
        "data_flows": list(FLOWS),
        "recipients": list(RECIPIENTS),
        "history": [
            {key: revision[key] for key in ("revision", "switches", "cause", "reason", "created_at")} for revision in history
        ],
    }


def markdown(document: Mapping[str, Any]) -> str:
    """The annex for people."""
    settings, place = document["settings"], document["jurisdiction"]
    lines = [f"# Annex: {document['store']}", "", f"Made {document['made_at']} from the live settings.", "", "## Settings", ""]
    lines += [f"- {key.replace('_', ' ')}: {_plain(value)}" for key, value in settings.items()]
    lines += [
        "",
        "## Jurisdiction",
        "",
        f"{place['name'] or 'Not set'} ({place['verdict']}, pack {document['jurisdiction_pack']}).",
    ]
    lines += [place["why"], *(f"- {source['title']} ({source['of']})" for source in place["sources"])]
    lines += ["", "## Error rates", ""]
    lines += [
        f"- {rate['switch']}, {rate['performed_on']}: false matches {rate['false_match_rate']:.3%} (95 % up to"
        f" {rate['false_match_rate_upper_95']:.3%}, n = {rate['strangers']}), misses {rate['miss_rate']:.1%}"
        f" (up to {rate['miss_rate_upper_95']:.1%}, n = {rate['enrolled']})"
        for rate in document["error_rates"]
    ] or ["No acceptance test is recorded."]
    lines += ["", "## Data flows and retention", "", "| what | from | to | kept |", "|---|---|---|---|"]
    lines += [f"| {flow['what']} | {flow['from']} | {flow['to']} | {flow['kept']} |" for flow in document["data_flows"]]
    lines += ["", "## Recipients", "", *(f"- {each}" for each in document["recipients"])]
    lines += ["", "## Revisions", ""]
    lines += [
        f"- {each['revision']}, {each['created_at']}: {each['cause']} {each['reason']}".rstrip() for each in document["history"]
    ]
    return "\n".join(lines) + "\n"


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value) if value not in ("", None) else "none"
