"""Data-subject requests: the clock, what may follow what, and packages that anybody can check without a network."""

import json
import uuid
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.compliance.data_requests.models import (
    DataRequest,
    Footage,
    FootageState,
    Held,
    RequestKind,
    RequestOutcome,
    Subject,
    advance,
    answered,
    demand_times,
    extend,
)
from app.compliance.data_requests.packaging import HeldEntry, footage_proof, held_package, proof_package
from app.evidence.models import EvidenceState
from app.evidence.package import fingerprint_of, verify
from app.evidence.retention import Holder
from app.kit.errors import BadInputError, ConflictError

AT = datetime(2026, 11, 1, tzinfo=UTC)
ME = uuid.uuid4()


def asked(kind: RequestKind = RequestKind.ERASURE, **more: object) -> DataRequest:
    made = DataRequest(uuid.uuid4(), kind, AT, "Passport seen", None, None, None, None, ME, AT)
    return advance(made, **more) if more else made


def subject(of: DataRequest, erasure: uuid.UUID | None = None) -> Subject:
    return Subject(of.id, uuid.uuid4(), ME, AT, erasure)


def test_rule_17_the_clock_of_30_days_is_extended_once_and_says_why() -> None:
    one = asked()
    assert one.answer_by == AT + timedelta(days=30)
    assert [one.overdue(AT + timedelta(days=30, seconds=each)) for each in (0, 1)] == [False, True]
    longer = extend(one, 60, "Three hundred hours of footage")
    assert not longer.overdue(AT + timedelta(days=90))
    with pytest.raises(ConflictError):
        extend(longer, 1, "More")
    with pytest.raises(BadInputError):
        extend(one, 61, "Much more")
    done = answered(one, [], Held(), RequestOutcome.REFUSED, "We could not tell who you are.", ME, AT + timedelta(days=40))
    assert not done.overdue(AT + timedelta(days=99))
    with pytest.raises(ConflictError):
        answered(done, [], Held(), RequestOutcome.REFUSED, "Again", ME, AT)


@pytest.mark.parametrize(
    ("request_", "subjects", "outcome", "allowed"),
    [
        (asked(), [None], RequestOutcome.FULFILLED, False),
        (asked(), [uuid.uuid4(), None], RequestOutcome.FULFILLED, False),
        (asked(), [], RequestOutcome.FULFILLED, False),
        (asked(), [uuid.uuid4()], RequestOutcome.FULFILLED, True),
        (asked(), [None], RequestOutcome.PARTLY_FULFILLED, True),
        (asked(), [], RequestOutcome.NOTHING_HELD, False),
        (asked(searches=1), [], RequestOutcome.NOTHING_HELD, True),
        (asked(searches=1), [None], RequestOutcome.NOTHING_HELD, False),
        (asked(RequestKind.ACCESS), [None], RequestOutcome.FULFILLED, False),
        (asked(RequestKind.ACCESS, exports=1), [None], RequestOutcome.FULFILLED, True),
    ],
)
def test_rule_17_an_answer_claims_only_what_was_done(
    request_: DataRequest, subjects: list[uuid.UUID | None], outcome: RequestOutcome, allowed: bool
) -> None:
    theirs = [subject(request_, each) for each in subjects]
    if allowed:
        assert answered(request_, theirs, Held(), outcome, "So", ME, AT).outcome is outcome
    else:
        with pytest.raises(ConflictError):
            answered(request_, theirs, Held(), outcome, "So", ME, AT)


def test_rule_17_nothing_is_held_only_where_all_was_compared_and_no_footage_is_there() -> None:
    def nothing(of: DataRequest, held: Held) -> DataRequest:
        return answered(of, [], held, RequestOutcome.NOTHING_HELD, "Nothing", ME, AT)

    assert nothing(asked(searches=1), Held(not_compared=1)).outcome is RequestOutcome.NOTHING_HELD, "one before compared all"
    with pytest.raises(ConflictError, match="could not be compared with a photo yet; search again in an hour"):
        nothing(asked(), Held(not_compared=1))
    with pytest.raises(ConflictError, match="footage"):
        nothing(asked(searches=1), Held((FootageState.NOT_THEIRS, FootageState.TO_LOOK_AT)))
    assert nothing(asked(searches=1), Held((FootageState.NOT_THEIRS,))).outcome is RequestOutcome.NOTHING_HELD


@pytest.mark.parametrize(
    ("theirs", "gone", "asked_for", "kept_for", "state"),
    [
        (None, False, None, (), FootageState.TO_LOOK_AT),
        (False, True, None, (), FootageState.NOT_THEIRS),
        (True, False, None, (Holder.LEGAL_HOLD,), FootageState.THEIRS),
        (True, False, AT, (), FootageState.DUE),
        (True, False, AT, (Holder.LEGAL_HOLD,), FootageState.KEPT),
        (True, True, AT, (Holder.LEGAL_HOLD,), FootageState.ERASED),
        (True, False, AT, (), FootageState.LOST),
    ],
)
def test_rule_17_an_erasure_is_fulfilled_once_footage_of_them_is_gone_and_what_is_kept_says_why(
    theirs: bool | None, gone: bool, asked_for: datetime | None, kept_for: tuple[Holder, ...], state: FootageState
) -> None:
    stored = {FootageState.LOST: EvidenceState.LOST}.get(state, EvidenceState.DELETED if gone else EvidenceState.PRESENT)
    ids, erased_at = (uuid.uuid4(), uuid.uuid4()), AT if gone else None
    piece = Footage(*ids, "clip", "North", "Door", AT, AT, AT, theirs, asked_for, erased_at, stored, kept_for)
    assert piece.state is state
    (told,) = footage_proof([piece], {piece.id: {"evidence_id": piece.id, "sha256": "00"}})
    assert bool(told["kept_for"]) is (state is FootageState.KEPT)
    assert told["receipt"] == {"sha256": "00"}
    assert ("lost" in told) is (state is FootageState.LOST)
    held = Held((state,))

    def claim(outcome: RequestOutcome, subjects: list[Subject]) -> DataRequest:
        return answered(request, subjects, held, outcome, "So", ME, AT)

    request = asked()
    erased = subject(request, uuid.uuid4())
    if state in (FootageState.ERASED, FootageState.NOT_THEIRS):
        assert claim(RequestOutcome.FULFILLED, [erased]).outcome is RequestOutcome.FULFILLED
    else:
        with pytest.raises(ConflictError, match="ootage"):
            claim(RequestOutcome.FULFILLED, [erased])
    if state is FootageState.ERASED:
        assert claim(RequestOutcome.FULFILLED, []).outcome is RequestOutcome.FULFILLED
    assert claim(RequestOutcome.PARTLY_FULFILLED, [erased]).outcome is RequestOutcome.PARTLY_FULFILLED


def test_a_visit_is_named_whole_within_a_day_and_in_the_past() -> None:
    store, hour = uuid.uuid4(), timedelta(hours=1)
    demand_times(AT, AT, (None, None, None))
    demand_times(AT, AT, (store, AT - 2 * hour, AT - hour))
    for wrong in ((store, None, None), (None, AT - hour, AT), (store, AT, AT - hour), (store, AT - 25 * hour, AT),
                  (store, AT, AT + hour)):  # fmt: skip
        with pytest.raises(BadInputError):
            demand_times(AT, AT, wrong)
    with pytest.raises(BadInputError):
        demand_times(AT + hour, AT, (None, None, None))


def test_rule_17_packages_are_signed_leave_out_other_people_and_name_what_was_changed(tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    fingerprint = fingerprint_of(key.public_key().public_bytes_raw())
    entry = {"reason": "Hit a guard", "enrolled_by": str(ME), "look_alikes": [{"enrolment_id": str(uuid.uuid4())}]}
    leads = [{"at": AT, "store": "North", "camera": "Door", "state": "open", "band": "high"}]
    held = HeldEntry(uuid.uuid4(), "Ada Example", "Violence", entry, ["North"], leads, [("pictures/entry-1.jpg", b"\xff\xd8x")])
    path = tmp_path / "held.zip"
    film = Footage(uuid.uuid4(), uuid.uuid4(), "clip", "North", "Door", AT, AT, AT, None, None, None, EvidenceState.PRESENT, ())
    path.write_bytes(held_package(asked(RequestKind.ACCESS), [held], [film], key))
    assert verify(path, fingerprint).whole
    with zipfile.ZipFile(path) as package:
        told = json.loads(package.read("held.json"))
        assert package.read("pictures/entry-1.jpg") == b"\xff\xd8x"
    (said,) = told["entries"]
    assert (said["name"], said["reason"], said["leads"][0]["at"]) == ("Ada Example", "Hit a guard", AT.isoformat())
    assert not {"enrolled_by", "look_alikes"} & set(said)
    path.write_bytes(
        proof_package(asked(), [{"erasure_id": uuid.uuid4(), "receipt": {"removed": {"templates": 1}}}], [], key, AT)
    )
    assert verify(path, fingerprint).whole
    part = tmp_path / "part.zip"
    part.write_bytes(proof_package(asked(), [], [], key, AT, footage_complete=False))
    with zipfile.ZipFile(part) as package:
        cut = json.loads(package.read("proof.json"))
    assert (cut["footage_complete"], "shorter visit" in cut["footage_note"]) == (False, True)
    body = path.read_bytes()
    for changed in (body.index(b'"templates"') + 1, len(body) // 2):
        path.write_bytes(body[:changed] + bytes([body[changed] ^ 1]) + body[changed + 1 :])
        assert verify(path, fingerprint).findings
