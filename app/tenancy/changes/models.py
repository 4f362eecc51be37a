"""Two-person changes as a pure state machine: proposed by one, decided by another, while nothing else has changed."""

import enum
import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from app.kit.errors import ConflictError, ForbiddenError

OPEN_FOR = timedelta(days=7)
"""A proposal that nobody decided lapses: what it was based on may no longer be so."""


class ChangeKind(enum.StrEnum):
    """What needs two people."""

    SITE_POLICY = "site-policy"
    MATCH_THRESHOLD = "match-threshold"


class ChangeState(enum.StrEnum):
    """Where a proposal stands. Every state but OPEN is final."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    OVERTAKEN = "overtaken"  # a revision was made in between


class OwnApprovalError(ForbiddenError):
    """Who proposes does not approve."""

    title = "A second person is needed"


@dataclass(frozen=True, slots=True)
class ProposedChange:
    """One proposal.

    Attributes:
        subject: what of this kind in the store, e.g. a list's id; "" where there is one only.
        base_revision: the revision it was made on; approving it on another is refused.
        content: what shall be; its shape is the kind's own.
    """

    id: uuid.UUID
    store_id: uuid.UUID
    kind: ChangeKind
    subject: str
    base_revision: int
    content: dict[str, Any]
    proposed_by: uuid.UUID
    proposed_at: datetime
    expires_at: datetime
    state: ChangeState = ChangeState.OPEN
    decided_by: uuid.UUID | None = None
    decided_at: datetime | None = None
    reason: str = ""


def stand(change: ProposedChange, revision: int, now: datetime) -> ProposedChange:
    """The proposal as it stands at `now` on `revision`: an open one may have expired or been overtaken meanwhile."""
    if change.state is not ChangeState.OPEN:
        return change
    if revision != change.base_revision:
        return replace(change, state=ChangeState.OVERTAKEN, decided_at=now)
    if now >= change.expires_at:
        return replace(change, state=ChangeState.EXPIRED, decided_at=now)
    return change


def approve(change: ProposedChange, by: uuid.UUID, revision: int, now: datetime) -> ProposedChange:
    """The approved proposal.

    Raises:
        OwnApprovalError: `by` proposed it.
        ConflictError: it is decided, expired or overtaken.
    """
    if by == change.proposed_by:
        raise OwnApprovalError("You proposed this change; another administrator has to approve it.")
    return _decide(change, ChangeState.APPROVED, by, revision, now, "")


def reject(change: ProposedChange, by: uuid.UUID, revision: int, now: datetime, reason: str) -> ProposedChange:
    """The rejected proposal; who proposed it may withdraw it this way. ConflictError when it is no longer open."""
    return _decide(change, ChangeState.REJECTED, by, revision, now, reason)


def _decide(
    change: ProposedChange, state: ChangeState, by: uuid.UUID, revision: int, now: datetime, reason: str
) -> ProposedChange:
    current = stand(change, revision, now)
    if current.state is not ChangeState.OPEN:
        raise ConflictError(_SENTENCES[current.state], state=current.state.value)
    return replace(current, state=state, decided_by=by, decided_at=now, reason=reason)


_SENTENCES = {
    ChangeState.APPROVED: "This change was approved already.",
    ChangeState.REJECTED: "This change was rejected; propose it again if it is still wanted.",
    ChangeState.EXPIRED: "This proposal has expired; propose it again.",
    ChangeState.OVERTAKEN: "Something was changed since this was proposed; look at the present state and propose it again.",
}
