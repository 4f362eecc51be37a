"""The annex for an impact assessment: settings, data flows, retention, recipients and error rates of one store. Pure."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from app.tenancy.policy.annex_parts import flows, recipients, retention


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


def reaches(place: Mapping[str, Any], store: Mapping[str, Any]) -> bool:
    """Whether a role (`store_id`, `region_id`) or a key (`store_ids`, `region_ids`) holds in this store."""
    stores = place["store_ids"] if "store_ids" in place else place["store_id"] and [place["store_id"]]
    regions = place["region_ids"] if "region_ids" in place else place["region_id"] and [place["region_id"]]
    return (not stores and not regions) or store["id"] in (stores or ()) or store["region_id"] in (regions or ())


def people(users: Sequence[Mapping[str, Any]], store: Mapping[str, Any]) -> dict[str, int]:
    """How many users that may sign in have each role in this store. Numbers only: an annex is handed on."""
    held = [{m["role"] for m in user["memberships"] if reaches(m, store)} for user in users if user["disabled_at"] is None]
    return {role: sum(role in each for each in held) for role in sorted(set().union(*held))} if held else {}


def programs(keys: Sequence[Mapping[str, Any]], store: Mapping[str, Any], at: str) -> list[dict[str, Any]]:
    """API keys that answer and reach this store."""
    return [
        {"name": key["name"], "may": key["permissions"], "until": key["expires_at"], "maker_left": key["maker_left"]}
        for key in keys
        if key["revoked_at"] is None and (key["expires_at"] or at) >= at and reaches(key, store)
    ]


def annex(standing: Mapping[str, Any], history: Sequence[Mapping[str, Any]], at: str, site: Mapping[str, Any]) -> dict[str, Any]:
    """The whole annex, from what the service answers about a store's policy.

    Args:
        site: `store`, `users`, `keys`, `provider`, `cameras` (each with `masks` and `removed`), `retention`, `channels`,
            `second_look` and `lists`, as the service answers.
    """
    current, store = standing["current"], site["store"]
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
        "data_flows": flows(current["switches"], site),
        "retention": retention(current["switches"], site),
        "recipients": recipients(site),
        "people": people(site["users"], store),
        "programs": programs(site["keys"], store, at),
        "identity_provider": site["provider"]["issuer"] if site["provider"]["enabled"] else "",
        "masks": [
            {
                "camera": camera["name"],
                "masks": [mask["name"] for mask in camera["masks"]],
                "taken_away": [f"{mask['name']} on {mask['removed_at'][:10]}" for mask in camera["removed"]],
            }
            for camera in site["cameras"]
        ],
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
    lines += ["", "## Data flows", "", "| what | from | to | kept |", "|---|---|---|---|"]
    lines += [f"| {flow['what']} | {flow['from']} | {flow['to']} | {flow['kept']} |" for flow in document["data_flows"]]
    lines += ["", "## Retention", "", "| what | where | kept | ends by |", "|---|---|---|---|"]
    lines += [f"| {each['what']} | {each['where']} | {each['kept']} | {each['ends_by']} |" for each in document["retention"]]
    lines += ["", "## Recipients", "", *(f"- {each}" for each in document["recipients"]), *_recipients(document)]
    lines += ["", "## Privacy masks", "", *(_mask_line(each) for each in document["masks"])]
    lines += ["", "## Revisions", ""]
    lines += [
        f"- {each['revision']}, {each['created_at']}: {each['cause']} {each['reason']}".rstrip() for each in document["history"]
    ]
    return "\n".join(lines) + "\n"


def _recipients(document: Mapping[str, Any]) -> list[str]:
    lines = [f"- {number} {role.replace('-', ' ')}{'' if number == 1 else 's'}" for role, number in document["people"].items()]
    lines += [
        f"- Program {each['name']!r}: {', '.join(each['may'])}; until {(each['until'] or 'revoked')[:10]}"
        + (" (whoever made it is disabled)" if each["maker_left"] else "")
        for each in document["programs"]
    ]
    provider = document["identity_provider"]
    return lines + ([f"- Identity provider {provider}: learns who signs in and when."] if provider else [])


def _mask_line(camera: Mapping[str, Any]) -> str:
    gone = f"; taken away in the last 90 days: {', '.join(camera['taken_away'])}" if camera["taken_away"] else ""
    return f"- {camera['camera']}: {', '.join(camera['masks']) or 'no mask'}{gone}"


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value) if value not in ("", None) else "none"
