"""What must hold in a storm is noticed when it does not."""

import hashlib
from typing import Any

import pytest

from tests.chaos.faults import LEAPS, LINE, OFF_S, PARTS, WRITERS, Kind, schedule
from tests.chaos.ledger import Ledger
from tests.chaos.pieces import wrong


def alert(name: str = "a", **changes: Any) -> dict[str, Any]:
    found = {
        "id": name, "kind": "falling", "camera_id": "c", "zone_id": None, "epoch": 1, "track_ids": [3], "revision": 2,
        "occurrences": 1, "started_at": "2026-11-26T10:00:00Z", "ended_at": None,
    }  # fmt: skip
    return found | changes


def delivery(**changes: Any) -> dict[str, Any]:
    return {"id": "d", "subject_id": "a", "state": "sent", "reason": ""} | changes


def test_a_quiet_run_breaks_nothing() -> None:
    ledger = Ledger()
    ledger.see([alert()])
    ledger.see([alert(revision=3, occurrences=2), alert("b", track_ids=[4])])
    ledger.see([alert(revision=3, occurrences=2), alert("b", track_ids=[4]), alert("later", epoch=2)])
    ledger.hear([{"webhook-id": "d"}, {"webhook-id": "d", "webhook-repeated": "true"}])
    told = [delivery(), delivery(id="e", subject_id="b", state="merged"), delivery(id="f", subject_id="later")]
    ledger.settle(told, frozenset({"d", "f"}))
    assert ledger.broken == []


@pytest.mark.parametrize(
    ("then", "sentence"),
    [
        ([], "is gone"),
        ([alert(revision=1)], "went back"),
        ([alert(occurrences=0)], "went back"),
        ([alert(), alert("b", started_at="2026-11-26T10:00:09Z")], "is two alerts"),
    ],
)
def test_alerts_that_go_go_back_or_come_twice_are_said_once(then: list[dict[str, Any]], sentence: str) -> None:
    ledger = Ledger()
    ledger.see([alert()])
    ledger.see(then)
    ledger.see(then)
    assert [sentence in each for each in ledger.broken] == [True]


def test_an_act_that_ended_before_another_of_the_same_person_began_is_another_act() -> None:
    ledger = Ledger()
    ledger.see([alert(ended_at="2026-11-26T10:00:05Z"), alert("b", started_at="2026-11-26T10:00:09Z")])
    assert ledger.broken == []


def test_a_delivery_that_comes_again_unsaid_is_noticed() -> None:
    ledger = Ledger()
    ledger.hear([{"webhook-id": "d"}, {"webhook-id": "d", "webhook-repeated": "false"}])
    assert ledger.broken == ["delivery d came again without saying so"]


@pytest.mark.parametrize(
    ("deliveries", "arrived", "sentence"),
    [
        ([], {"d"}, "told to nobody"),
        ([delivery()], set(), "never arrived"),
        ([delivery(state="dead", reason="refused")], {"d"}, "is dead although everything runs: refused"),
        ([delivery(state="queued")], {"d"}, "is queued"),
    ],
)
def test_what_is_not_told_in_the_end_is_noticed(deliveries: list[dict[str, Any]], arrived: set[str], sentence: str) -> None:
    ledger = Ledger()
    ledger.see([alert()])
    ledger.settle(deliveries, frozenset(arrived))
    assert [sentence in each for each in ledger.broken] == [True]


def test_a_storm_is_its_seeds_and_leaves_nothing_out() -> None:
    storm = schedule(3, 600.0, 10.0)
    assert storm == schedule(3, 600.0, 10.0)
    assert storm != schedule(4, 600.0, 10.0)
    both = (Kind.KILL, Kind.PAUSE)
    deck = (
        {(kind, part) for kind in both for part in PARTS}
        | {(Kind.FULL, part) for part in WRITERS}
        | {(Kind.CLOCK, leap) for leap in LEAPS}
        | {(kind, "") for kind in (Kind.POISON, Kind.OFF, *LINE)}
    )
    assert {(each.kind, each.part) for each in storm[: len(deck) + 1]} == deck
    assert all(0 < each.at_s < 600.0 for each in storm)
    assert all(each.for_s > OFF_S for each in storm if each.kind is Kind.OFF)
    assert all((each.for_s > 0) is (each.kind not in (Kind.KILL, Kind.POISON)) for each in storm)


def test_a_piece_that_is_gone_or_has_other_bytes_is_noticed() -> None:
    piece = {"id": "e", "type": "clip", "sha256": hashlib.sha256(b"film").hexdigest()}
    assert wrong(piece, 200, b"film") == ""
    assert all("not there as it was" in wrong(piece, *answer) for answer in ((200, b"fil"), (404, {}), (200, {"a": 1}), (0, "")))
