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
}  # fmt: skip


def test_the_annex_counts_who_reaches_the_store_and_names_nobody() -> None:
    document = annex(STANDING, HISTORY, "2026-11-23T21:00:00+00:00", SITE)
    assert document["people"] == {"operator": 2, "viewer": 1}
    assert [each["name"] for each in document["programs"]] == ["Till"]
    text = markdown(document)
    for part in ("2 operators", "1 viewer", "is disabled", "https://id.example", "Door: Pin pad; taken away", "Head crop"):
        assert part in text
    face_off = {**STANDING, "current": {**STANDING["current"], "switches": {"face": False}}}  # type: ignore[dict-item]
    assert "Head crop" not in markdown(annex(face_off, HISTORY, "2026-11-23T21:00:00+00:00", SITE))


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
