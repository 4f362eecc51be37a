"""The annex says what the settings say, and how sure its error rates are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tenancy.policy.report import annex, error_rates, markdown, wilson_upper

TEST = {
    "switch": "face", "performed_on": "2026-11-23", "valid_until": "2027-11-23", "passed": True, "cameras": 2,
    "strangers": 1000, "false_matches": 1, "enrolled": 100, "misses": 3,
}  # fmt: skip
STANDING = {
    "store_name": "Store",
    "demo": False,
    "place": {
        "code": "US-IL", "name": "Illinois", "verdict": "deny", "why": "A ban.",
        "sources": [{"title": "BIPA", "of": "2008-10-03"}],
    },
    "pack": "2026-11",
    "current": {
        "revision": 3,
        "switches": {"face": True, "gait": False, "re_identification": False},
        "papers": {
            "legal_basis": "Interest", "dpia_reference": "D 7", "notice_text": "N", "counsel_reference": "",
            "counsel_signed_on": None,
        },
    },
    "missing": [],
    "sign_photo": None,
    "acceptance_tests": [TEST],
}  # fmt: skip
HISTORY = [{"revision": 3, "switches": {}, "cause": "approved", "reason": "", "created_at": "2026-11-23T00:00:00Z"}]


@given(st.integers(1, 100_000), st.floats(0, 1))
def test_the_upper_end_lies_above_the_rate_and_below_one(trials: int, share: float) -> None:
    errors = int(trials * share)
    assert errors / trials <= wilson_upper(errors, trials) + 1e-12 <= 1 + 1e-9


@pytest.mark.parametrize(("errors", "trials", "upper"), [(0, 100, 0.03699), (5, 100, 0.11175), (1, 1000, 0.00564)])
def test_the_upper_end_is_wilsons(errors: int, trials: int, upper: float) -> None:
    assert wilson_upper(errors, trials) == pytest.approx(upper, abs=2e-4)


STORE = {"id": "s1", "region_id": "r1"}
EVERYWHERE, HERE, REGION = (
    {"store_id": store, "region_id": region} for store, region in ((None, None), ("s1", None), (None, "r1"))
)
ELSEWHERE = {"store_id": "s2", "region_id": None}
USERS = [
    {"disabled_at": None, "memberships": [{"role": "operator", **HERE}, {"role": "viewer", **REGION}]},
    {"disabled_at": None, "memberships": [{"role": "operator", **EVERYWHERE}]},
    {"disabled_at": None, "memberships": [{"role": "viewer", **ELSEWHERE}]},
    {"disabled_at": "2026-11-01", "memberships": [{"role": "auditor", **EVERYWHERE}]},
]
KEY = {
    "name": "Till", "permissions": ["alerts:read"], "expires_at": "2027-01-01", "revoked_at": None, "maker_left": True,
    "store_ids": ["s1"], "region_ids": [],
}  # fmt: skip
KEYS = [KEY, KEY | {"revoked_at": "2026-11-02"}, KEY | {"expires_at": "2026-01-01"}, KEY | {"store_ids": ["s2"]}]
SITE = {
    "store": STORE, "users": USERS, "keys": KEYS, "provider": {"enabled": True, "issuer": "https://id.example"},
    "cameras": [
        {"name": "Door", "masks": [{"name": "Pin pad"}], "removed": [{"name": "Till", "removed_at": "2026-11-20T01:00:00Z"}]}
    ],
    "retention": {
        "defaults": [
            {"class": each, "days": days, "most_bytes": None, "store_id": None}
            for each, days in (("alert", 30), ("incident", 365), ("playback", 1))
        ],
        "items": [
            {"class": "alert", "days": 20, "most_bytes": None, "store_id": None},
            {"class": "alert", "days": 7, "most_bytes": 5 * 1024**3, "store_id": "s1"},
            {"class": "alert", "days": 90, "most_bytes": None, "store_id": "s2"},
        ],
    },
    "channels": [
        {"name": "Guards", "kind": "slack", "hint": "", "store_id": None, "paused": False},
        {"name": "Bridge", "kind": "webhook", "hint": "hooks.example", "store_id": "s1", "paused": False},
        {"name": "Nowhere", "kind": "webhook", "hint": "", "store_id": "s2", "paused": False},
        {"name": "Resting", "kind": "webhook", "hint": "", "store_id": "s1", "paused": True},
    ],
    "second_look": {"enabled": True},
    "lists": [{"name": "Banned", "category": "theft", "purpose": "Keep out"}],
}  # fmt: skip


def test_the_annex_counts_who_reaches_the_store_and_names_nobody() -> None:
    document = annex(STANDING, HISTORY, "2026-11-23T21:00:00+00:00", SITE)
    assert document["people"] == {"operator": 2, "viewer": 1}
    assert [each["name"] for each in document["programs"]] == ["Till"]
    text = markdown(document)
    for part in ("2 operators", "1 viewer", "is disabled", "https://id.example", "Door: Pin pad; taken away", "Head crop"):
        assert part in text
    face_off = {**STANDING, "current": {**STANDING["current"], "switches": {"face": False}}}  # type: ignore[dict-item]
    assert "Head crop" not in markdown(annex(face_off, HISTORY, "2026-11-23T21:00:00+00:00", SITE | {"lists": []}))


def test_the_annex_tells_what_is_kept_and_who_is_told_as_it_is_set() -> None:
    document = annex(STANDING, HISTORY, "2026-11-23T21:00:00+00:00", SITE)
    kept = {each["what"]: each["kept"] for each in document["retention"]}
    assert kept["Clips and stills of alerts"].startswith("7 days, at most 5.0 GB")
    assert kept["Clips and stills of closed incidents"].startswith("365 days")
    assert kept["Recordings asked for without an incident"].startswith("1 day;")
    assert "Pictures and templates of people on a list" in kept
    told = " ".join(document["recipients"])
    for part in ("Guards (Slack)", "Bridge (webhook: hooks.example)", "OPENAI_API_KEY", "Banned (theft): Keep out"):
        assert part in told
    assert "Nowhere" not in told
    assert "Resting" not in told
    receivers = [each["to"] for each in document["data_flows"]]
    assert {"Guards (Slack)", "Bridge (webhook: hooks.example)"} <= set(receivers)
    plain = SITE | {"channels": [], "second_look": {"enabled": False}, "lists": []}
    quiet = annex({**STANDING, "current": {**STANDING["current"], "switches": {"face": False}}}, HISTORY, "", plain)  # type: ignore[dict-item]
    assert "OPENAI" not in markdown(quiet)
    assert "Pictures and templates" not in markdown(quiet)


def test_the_annex_tells_of_visits_only_where_they_are_followed() -> None:
    followed = {
        **STANDING,
        "current": {**STANDING["current"], "switches": {**STANDING["current"]["switches"], "re_identification": True}},
    }  # type: ignore[dict-item]
    for standing, told in ((STANDING, 0), (followed, 1)):
        text = markdown(annex(standing, HISTORY, "2026-11-23T21:00:00+00:00", SITE))
        assert text.count("Visits across cameras, by ids made at random") == told
        assert text.count("are one visit, by time and place") == told


def test_the_annex_holds_every_part_in_both_forms() -> None:
    document = annex(STANDING, HISTORY, "2026-11-23T21:00:00+00:00", SITE)
    assert document["settings"]["face"] is True
    assert error_rates([TEST])[0]["false_match_rate"] == 0.001
    text = markdown(document)
    for part in (
        "## Settings",
        "## Error rates",
        "## Data flows",
        "## Retention",
        "## Privacy masks",
        "## Recipients",
        "## Revisions",
        "BIPA",
        "face: on",
    ):
        assert part in text
