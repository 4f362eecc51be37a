"""What may be done to an enrolment and to a lead, as pure functions of the value, who acts and when."""

import dataclasses
import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from app.identity.models import (
    ENDED,
    WAITING,
    Enrolment,
    EnrolmentState,
    Grounds,
    IdentitySettings,
    Match,
    MatchState,
    Renewal,
    Review,
    ReviewVerdict,
)
from app.kit.errors import BadInputError, ConflictError, ForbiddenError
from app.tenancy.changes.models import OwnApprovalError


class ExcludedError(ForbiddenError):
    """A person under 18 or vulnerable is enrolled only by an exception from the top."""

    title = "An exception is needed"


class UnacceptedError(ConflictError):
    """The picture did not pass the quality gate, and the approver has not said that it shall do all the same."""

    title = "The picture has shortcomings"


def demand_grounds(grounds: Grounds, settings: IdentitySettings, list_category: str, now: datetime) -> Grounds:
    """The grounds, if they may be proposed.

    Raises:
        BadInputError: the end or the review lies in the past or beyond what the chain allows, the notice says both or neither,
            the category is not the list's, or an excluded person has no reason for an exception.
    """
    demand_term(grounds.expires_at, grounds.review_on, settings, now)
    notice = grounds.notice
    if (notice.given_on is not None and notice.how.strip() != "") == (notice.withheld.strip() != ""):
        raise BadInputError("Say when and how the person was told, or why not: one of the two.", field="notice")
    if notice.given_on is not None and notice.given_on > now.date():
        raise BadInputError("The day of the notice lies in the future.", field="notice_given_on")
    if grounds.category != list_category:
        raise BadInputError(f"This list is for {list_category}; choose a list of the enrolment's category.", field="category")
    if grounds.excluded and not grounds.exception_reason.strip():
        raise BadInputError(
            "People under 18 and vulnerable people are not enrolled; an exception needs a reason and an administrator of the"
            " whole chain.",
            field="exception_reason",
        )
    return grounds


def demand_term(expires_at: datetime, review_on: date, settings: IdentitySettings, now: datetime) -> None:
    """BadInputError unless the enrolment ends, and is looked at before, within what the chain allows."""
    if not now < expires_at <= now + timedelta(days=settings.longest_days):
        raise BadInputError(
            f"An enrolment ends in the future, at most {settings.longest_days} days from now.",
            field="expires_at",
            longest_days=settings.longest_days,
        )
    last = min(expires_at.date(), now.date() + timedelta(days=settings.review_days))
    if not now.date() < review_on <= last:
        raise BadInputError(
            f"The review lies after today and at most {settings.review_days} days ahead, before the end.",
            field="review_on",
            review_days=settings.review_days,
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Approval:
    """Who approves, and what that person says and may.

    Attributes:
        accepts_findings: the picture's shortcomings are known and accepted.
        may_except: holds the right to except excluded people, for the whole chain.
    """

    by: uuid.UUID
    accepts_findings: bool
    may_except: bool
    reason: str = ""


def approve(enrolment: Enrolment, approval: Approval, now: datetime) -> Enrolment:
    """The enrolment after approval of itself, or of its renewal.

    Raises:
        OwnApprovalError: the approver enrolled the person, or proposed the renewal.
        ConflictError: it ended meanwhile, or there is nothing to approve.
        ExcludedError: the person is excluded and the approver may not except.
        UnacceptedError: the picture has findings that were not accepted.
    """
    _demand_living(enrolment, now)
    if enrolment.state is EnrolmentState.APPROVED:
        return _approve_renewal(enrolment, approval, now)
    if enrolment.state is not EnrolmentState.PROPOSED:
        raise ConflictError("This enrolment is a draft; propose it first.", state=enrolment.state.value)
    if approval.by == enrolment.enrolled_by:
        raise OwnApprovalError("You enrolled this person; somebody else has to approve it.")
    if enrolment.grounds.excluded and not approval.may_except:
        raise ExcludedError("This person is under 18 or vulnerable; only an administrator of the whole chain may except that.")
    if enrolment.findings and not approval.accepts_findings:
        raise UnacceptedError("Say that you accept the picture's shortcomings, or reject it.", findings=list(enrolment.findings))
    return _touched(
        enrolment,
        state=EnrolmentState.APPROVED,
        decided_by=approval.by,
        decided_at=now,
        decision_reason=approval.reason,
    )


def reject(enrolment: Enrolment, by: uuid.UUID, reason: str, now: datetime) -> Enrolment:
    """The enrolment without its renewal, or rejected; whoever proposed it may take it back. ConflictError when nothing is."""
    _demand_living(enrolment, now)
    if enrolment.state is EnrolmentState.APPROVED:
        if enrolment.renewal is None:
            raise ConflictError("This enrolment was approved already; erase it instead.", state=enrolment.state.value)
        return _touched(enrolment, renewal=None)
    return _touched(enrolment, state=EnrolmentState.REJECTED, decided_by=by, decided_at=now, decision_reason=reason, ended_at=now)


def propose(enrolment: Enrolment, by: uuid.UUID, now: datetime) -> Enrolment:
    """A draft that its author now proposes."""
    _demand_living(enrolment, now)
    if enrolment.state is not EnrolmentState.DRAFT:
        raise ConflictError("This enrolment was proposed already.", state=enrolment.state.value)
    if by != enrolment.enrolled_by:
        raise ForbiddenError("Only who drafted this enrolment proposes it.")
    return _touched(enrolment, state=EnrolmentState.PROPOSED)


def renew(enrolment: Enrolment, renewal: Renewal, settings: IdentitySettings, now: datetime) -> Enrolment:
    """The enrolment with a later end proposed; the present end holds until a second person approves.

    Raises:
        ConflictError: it is not approved, or has ended. BadInputError: the new end is beyond the cap or not later.
    """
    _demand_living(enrolment, now)
    if enrolment.state is not EnrolmentState.APPROVED:
        raise ConflictError("Only an approved enrolment is renewed.", state=enrolment.state.value)
    demand_term(renewal.expires_at, renewal.review_on, settings, now)
    if renewal.expires_at <= enrolment.grounds.expires_at:
        raise BadInputError("A renewal ends later than the present end.", field="expires_at")
    return _touched(enrolment, renewal=renewal)


def end(enrolment: Enrolment, state: EnrolmentState, now: datetime) -> Enrolment:
    """The enrolment without a person in it: expired or erased. ConflictError when it ended already."""
    last = EnrolmentState.ERASED  # what was rejected or has expired can still be erased: then its words go too
    if enrolment.state is last or (state is not last and enrolment.state in ENDED):
        raise ConflictError("This enrolment has ended already.", state=enrolment.state.value)
    return _touched(enrolment, state=state, renewal=None, ended_at=enrolment.ended_at or now)


def expired(enrolment: Enrolment, now: datetime) -> bool:
    """Whether the sweeper has to end it."""
    return enrolment.state not in ENDED and now >= enrolment.grounds.expires_at


def review(match: Match, before: Sequence[Review], new: Review, *, two_people: bool, now: datetime) -> Match:
    """The lead after one more review.

    "Not a match" from one person ends it; a match needs two where the chain says so; who cannot tell leaves it to others until
    two could not.

    Raises:
        ConflictError: it is decided, was withdrawn, or the same person reviewed it before.
    """
    if match.state not in WAITING:
        raise ConflictError(_DECIDED[match.state], state=match.state.value)
    if any(each.reviewed_by == new.reviewed_by for each in before):
        raise ConflictError("You reviewed this lead already; a second person has to.", state=match.state.value)
    verdicts = [each.verdict for each in before] + [new.verdict]
    state = _after(verdicts, two_people)
    decided = None if state in WAITING else now
    return dataclasses.replace(match, state=state, decided_at=decided, changed_at=now, revision=match.revision + 1)


def _after(verdicts: Sequence[ReviewVerdict], two_people: bool) -> MatchState:
    if ReviewVerdict.NOT_A_MATCH in verdicts:
        return MatchState.REJECTED
    if verdicts.count(ReviewVerdict.MATCH) >= (2 if two_people else 1):
        return MatchState.CONFIRMED
    if verdicts.count(ReviewVerdict.CANNOT_TELL) >= 2:
        return MatchState.UNDECIDED
    return MatchState.SECOND_REVIEW


_DECIDED = {
    MatchState.CONFIRMED: "This lead was confirmed already.",
    MatchState.REJECTED: "This lead was found to be somebody else.",
    MatchState.UNDECIDED: "Two people looked at this lead and could not tell.",
    MatchState.WITHDRAWN: "The enrolment of this lead has ended; there is nothing to compare with any more.",
}


def _demand_living(enrolment: Enrolment, now: datetime) -> None:
    if enrolment.state in ENDED:
        raise ConflictError(f"This enrolment is {enrolment.state.value}.", state=enrolment.state.value)
    if now >= enrolment.grounds.expires_at:
        raise ConflictError("This enrolment has expired.", state=EnrolmentState.EXPIRED.value)


def _approve_renewal(enrolment: Enrolment, approval: Approval, now: datetime) -> Enrolment:
    renewal = enrolment.renewal
    if renewal is None:
        raise ConflictError("This enrolment was approved already.", state=enrolment.state.value)
    if approval.by in (renewal.proposed_by, enrolment.enrolled_by):
        raise OwnApprovalError("You proposed this renewal or enrolled this person; somebody else has to approve it.")
    if enrolment.grounds.excluded and not approval.may_except:
        raise ExcludedError("This person is under 18 or vulnerable; only an administrator of the whole chain may except that.")
    if renewal.expires_at <= now:
        raise ConflictError("The renewal lies in the past by now; propose another.")
    grounds = dataclasses.replace(enrolment.grounds, expires_at=renewal.expires_at, review_on=renewal.review_on)
    return _touched(enrolment, grounds=grounds, renewal=None, decided_by=approval.by, decided_at=now)


def _touched(enrolment: Enrolment, **changes: object) -> Enrolment:
    return dataclasses.replace(enrolment, **changes, revision=enrolment.revision + 1)  # type: ignore[arg-type]
