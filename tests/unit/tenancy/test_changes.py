"""Rule 10: two people, one open proposal, nothing in between; thresholds are only raised."""

import math
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from app.kit.errors import BadInputError, ConflictError
from app.tenancy.changes.models import OPEN_FOR, ChangeKind, ChangeState, OwnApprovalError, ProposedChange, approve, reject, stand
from app.tenancy.changes.thresholds import check_local_threshold, effective_threshold

A, B, C = (uuid.UUID(int=number) for number in (1, 2, 3))
THEN = datetime(2026, 1, 1, tzinfo=UTC)


def proposed(by: uuid.UUID = A, revision: int = 4) -> ProposedChange:
    return ProposedChange(
        uuid.UUID(int=9), uuid.UUID(int=8), ChangeKind.SITE_POLICY, "", revision, {}, by, THEN, THEN + OPEN_FOR
    )  # fmt: skip


def test_rule_10_another_person_approves() -> None:
    done = approve(proposed(), B, 4, THEN)
    assert (done.state, done.decided_by) == (ChangeState.APPROVED, B)


def test_rule_10_who_proposes_does_not_approve() -> None:
    with pytest.raises(OwnApprovalError) as refused:
        approve(proposed(by=A), A, 4, THEN)
    assert refused.value.status == 403


def test_rule_10_a_revision_in_between_overtakes_a_proposal() -> None:
    with pytest.raises(ConflictError):
        approve(proposed(revision=4), B, 5, THEN)
    assert stand(proposed(revision=4), 5, THEN).state is ChangeState.OVERTAKEN


@pytest.mark.parametrize(("late", "state"), [(-1, ChangeState.OPEN), (0, ChangeState.EXPIRED)])
def test_rule_10_a_proposal_expires(late: int, state: ChangeState) -> None:
    assert stand(proposed(), 4, THEN + OPEN_FOR + timedelta(microseconds=late)).state is state


def test_who_proposed_may_take_it_back() -> None:
    assert reject(proposed(), A, 4, THEN, "a slip").state is ChangeState.REJECTED


class Story(RuleBasedStateMachine):
    """Any order of acts by three people: never approved by its proposer, never on another revision, never twice."""

    def __init__(self) -> None:
        super().__init__()
        self.change, self.revision, self.at, self.approvals = proposed(), 4, THEN, 0

    @rule(who=st.sampled_from([A, B, C]))
    def approve(self, who: uuid.UUID) -> None:
        try:
            self.change = approve(self.change, who, self.revision, self.at)
        except (OwnApprovalError, ConflictError):
            return
        self.approvals += 1
        assert who != self.change.proposed_by
        assert self.revision == self.change.base_revision
        assert self.at < self.change.expires_at
        self.revision += 1

    @rule(who=st.sampled_from([A, B, C]))
    def reject(self, who: uuid.UUID) -> None:
        try:
            self.change = reject(self.change, who, self.revision, self.at, "")
        except ConflictError:
            return

    @rule()
    def something_else_changes(self) -> None:
        self.revision += 1

    @rule(hours=st.integers(0, 100))
    def time_passes(self, hours: int) -> None:
        self.at += timedelta(hours=hours)

    @invariant()
    def approved_at_most_once(self) -> None:
        assert self.approvals <= 1


TestStory = Story.TestCase

shares = st.floats(0, 1)


@given(shares, shares)
def test_rule_10_a_store_only_raises_a_threshold(measured: float, wanted: float) -> None:
    if wanted < measured:
        with pytest.raises(BadInputError):
            check_local_threshold(measured, wanted)
    else:
        assert check_local_threshold(measured, wanted) == wanted


@given(shares, st.none() | shares)
def test_rule_10_decisions_never_use_less_than_the_measured_threshold(measured: float, local: float | None) -> None:
    assert effective_threshold(measured, local) >= measured


@pytest.mark.parametrize("nonsense", [math.nan, math.inf, -math.inf, 1.01])
def test_a_threshold_is_a_similarity(nonsense: float) -> None:
    with pytest.raises(BadInputError):
        check_local_threshold(0.4, nonsense)
