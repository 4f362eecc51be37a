"""Enrolments and leads as pure state machines: nobody approves their own, nothing outlives its end, people decide."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.identity import lifecycle
from app.identity.lifecycle import Approval, ExcludedError, UnacceptedError
from app.identity.models import ENDED, WAITING, EnrolmentState, IdentitySettings, MatchState, Notice, Renewal, ReviewVerdict
from app.kit.errors import BadInputError, ConflictError, ForbiddenError
from app.tenancy.changes.models import OwnApprovalError
from tests.unit.identity.builders import APPROVER, ENROLLER, NOW, OTHER, make_enrolment, make_grounds, make_match, make_review

CHAIN = IdentitySettings()
S = EnrolmentState


def approval(**changes: Any) -> Approval:
    return dataclasses.replace(Approval(APPROVER, accepts_findings=False, may_except=False), **changes)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"expires_at": NOW}, "expires_at"),
        ({"expires_at": NOW + timedelta(days=366)}, "expires_at"),
        ({"review_on": NOW.date()}, "review_on"),
        ({"review_on": (NOW + timedelta(days=91)).date()}, "review_on"),
        ({"expires_at": NOW + timedelta(days=5), "review_on": (NOW + timedelta(days=6)).date()}, "review_on"),
        ({"notice": Notice()}, "notice"),
        ({"notice": Notice(NOW.date(), "Letter", "Police asked")}, "notice"),
        ({"notice": Notice(NOW.date(), "")}, "notice"),
        ({"notice": Notice(NOW.date() + timedelta(days=1), "Letter")}, "notice_given_on"),
        ({"under_18": True}, "exception_reason"),
        ({"vulnerable": True, "exception_reason": "  "}, "exception_reason"),
    ],
)
def test_rule_08_15_07_grounds_without_an_end_a_notice_or_an_exception_are_refused(changes: Any, field: str) -> None:
    with pytest.raises(BadInputError) as caught:
        lifecycle.demand_grounds(make_grounds(**changes), CHAIN, "violence", NOW)
    assert caught.value.extra["field"] == field


def test_grounds_that_say_everything_are_taken_and_fit_their_list() -> None:
    assert lifecycle.demand_grounds(make_grounds(), CHAIN, "violence", NOW)
    withheld = make_grounds(notice=Notice(withheld="The police asked us not to"))
    assert lifecycle.demand_grounds(withheld, CHAIN, "violence", NOW)
    with pytest.raises(BadInputError, match="list is for weapon"):
        lifecycle.demand_grounds(make_grounds(), CHAIN, "weapon", NOW)


def test_rule_05_another_person_approves() -> None:
    with pytest.raises(OwnApprovalError):
        lifecycle.approve(make_enrolment(), approval(by=ENROLLER), NOW)
    approved = lifecycle.approve(make_enrolment(), approval(), NOW)
    assert (approved.state, approved.decided_by, approved.revision) == (S.APPROVED, APPROVER, 1)
    assert approved.active(NOW)
    with pytest.raises(ConflictError, match="already"):
        lifecycle.approve(approved, approval(), NOW)


def test_rule_06_shortcomings_of_the_picture_are_accepted_by_the_approver_or_it_stays() -> None:
    poor = make_enrolment(findings=("sharpness",), override_reason="The only picture")
    with pytest.raises(UnacceptedError):
        lifecycle.approve(poor, approval(), NOW)
    assert lifecycle.approve(poor, approval(accepts_findings=True), NOW).state is S.APPROVED


def test_rule_07_only_an_exception_from_the_top_enrols_the_excluded() -> None:
    young = make_enrolment(grounds=make_grounds(under_18=True, exception_reason="Court order"))
    with pytest.raises(ExcludedError):
        lifecycle.approve(young, approval(), NOW)
    assert lifecycle.approve(young, approval(may_except=True), NOW).state is S.APPROVED


def test_rule_08_nothing_is_done_to_what_has_expired_and_it_is_not_active() -> None:
    approved = make_enrolment(S.APPROVED)
    over = approved.grounds.expires_at
    assert approved.active(over - timedelta(microseconds=1))
    assert not approved.active(over)
    assert lifecycle.expired(approved, over)
    for act in (
        lambda: lifecycle.approve(make_enrolment(), approval(), over),
        lambda: lifecycle.reject(make_enrolment(), APPROVER, "", over),
        lambda: lifecycle.propose(make_enrolment(S.DRAFT), ENROLLER, over),
    ):
        with pytest.raises(ConflictError, match="expired"):
            act()
    gone = lifecycle.end(approved, S.EXPIRED, over)
    assert gone.ended_at == over
    with pytest.raises(ConflictError):
        lifecycle.end(gone, S.EXPIRED, over)
    assert lifecycle.end(gone, S.ERASED, over).state is S.ERASED


def test_rule_08_a_renewal_is_later_capped_and_decided_by_a_second_person() -> None:
    approved = make_enrolment(S.APPROVED, decided_by=APPROVER)
    later = Renewal(NOW + timedelta(days=300), (NOW + timedelta(days=80)).date(), "Still a threat", OTHER, NOW)
    renewing = lifecycle.renew(approved, later, CHAIN, NOW)
    assert renewing.grounds.expires_at == approved.grounds.expires_at
    for nobody in (OTHER, ENROLLER):
        with pytest.raises(OwnApprovalError):
            lifecycle.approve(renewing, approval(by=nobody), NOW)
    assert lifecycle.approve(renewing, approval(), NOW).grounds.expires_at == later.expires_at
    assert lifecycle.reject(renewing, APPROVER, "", NOW) == dataclasses.replace(approved, revision=2)
    for wrong in (later.expires_at + timedelta(days=100), approved.grounds.expires_at):
        with pytest.raises(BadInputError):
            lifecycle.renew(approved, dataclasses.replace(later, expires_at=wrong), CHAIN, NOW)
    with pytest.raises(ConflictError):
        lifecycle.renew(make_enrolment(), later, CHAIN, NOW)


def test_a_draft_is_proposed_by_its_author_only() -> None:
    draft = make_enrolment(S.DRAFT)
    with pytest.raises(ForbiddenError):
        lifecycle.propose(draft, OTHER, NOW)
    with pytest.raises(ConflictError):
        lifecycle.approve(draft, approval(), NOW)
    assert lifecycle.propose(draft, ENROLLER, NOW).state is S.PROPOSED


@settings(max_examples=60)
@given(st.lists(st.sampled_from(["approve", "own", "reject", "renew", "expire", "erase"]), max_size=8))
def test_whatever_is_tried_an_ended_enrolment_stays_ended_and_an_own_approval_never_counts(acts: list[str]) -> None:
    now, each = NOW, make_enrolment()
    for act in acts:
        now += timedelta(days=1)
        before = each
        try:
            if act in ("approve", "own"):
                each = lifecycle.approve(each, approval(by=APPROVER if act == "approve" else ENROLLER), now)
                assert act == "approve"
            elif act == "reject":
                each = lifecycle.reject(each, APPROVER, "", now)
            elif act == "renew":
                renewal = Renewal(now + timedelta(days=365), (now + timedelta(days=30)).date(), "r", OTHER, now)
                each = lifecycle.renew(each, renewal, CHAIN, now)
            else:
                each = lifecycle.end(each, S.EXPIRED if act == "expire" else S.ERASED, now)
        except (ConflictError, ForbiddenError, BadInputError):
            assert each == before
        if before.state in ENDED:
            assert each.state in (before.state, S.ERASED)
        assert (each.state in ENDED) == (each.ended_at is not None)


@pytest.mark.parametrize(
    ("verdicts", "two_people", "state"),
    [
        ("m", False, MatchState.CONFIRMED),
        ("m", True, MatchState.SECOND_REVIEW),
        ("mm", True, MatchState.CONFIRMED),
        ("mn", True, MatchState.REJECTED),
        ("n", True, MatchState.REJECTED),
        ("c", False, MatchState.SECOND_REVIEW),
        ("cm", False, MatchState.CONFIRMED),
        ("cm", True, MatchState.SECOND_REVIEW),
        ("cc", False, MatchState.UNDECIDED),
        ("cmm", True, MatchState.CONFIRMED),
    ],
)
def test_rule_09_people_decide_about_a_lead(verdicts: str, two_people: bool, state: MatchState) -> None:
    said = {"m": ReviewVerdict.MATCH, "n": ReviewVerdict.NOT_A_MATCH, "c": ReviewVerdict.CANNOT_TELL}
    people = (ENROLLER, APPROVER, OTHER)
    match, before = make_match(), []
    for who, verdict in zip(people, verdicts, strict=False):
        new = make_review(said[verdict], who)
        match = lifecycle.review(match, before, new, two_people=two_people, now=NOW)
        before.append(new)
    assert (match.state, match.decided_at is None) == (state, state in WAITING)


def test_rule_09_nobody_reviews_twice_and_nothing_decided_is_reviewed() -> None:
    first = make_review(ReviewVerdict.MATCH, OTHER)
    with pytest.raises(ConflictError, match="already"):
        lifecycle.review(make_match(MatchState.SECOND_REVIEW), [first], first, two_people=True, now=NOW)
    for state in set(MatchState) - WAITING:
        with pytest.raises(ConflictError):
            lifecycle.review(make_match(state), [], first, two_people=False, now=NOW)
