"""Assigning a list to a store, as pure decisions: by two people, with an end, never what names its own place only (rule 22)."""

import dataclasses
import uuid
from datetime import datetime

from app.identity.models import Assignment, AssignmentState, Watchlist
from app.kit.errors import BadInputError, ConflictError
from app.tenancy.changes.models import OwnApprovalError
from app.tenancy.sharing.models import LONGEST, SHAREABLE


def demand_assignable(listed: Watchlist, store_id: uuid.UUID, starts_at: datetime, ends_at: datetime, *, in_reach: bool) -> None:
    """BadInputError unless `listed` may be searched in `store_id` between these times."""
    if store_id == listed.store_id:
        raise BadInputError("The home store has its list already.", field="store_id")
    if listed.category not in SHAREABLE:
        raise BadInputError(f"Lists of the category {listed.category.value} stay in their store.", field="category")
    if not in_reach:
        raise BadInputError(f"The reach of this list ({listed.reach.value}) does not cover that store.", field="store_id")
    if not starts_at < ends_at <= starts_at + LONGEST:
        raise BadInputError(f"An assignment ends, at most {LONGEST.days} days after it begins.", field="ends_at")


def decide(assignment: Assignment, by: uuid.UUID, now: datetime, *, approved: bool) -> Assignment:
    """The decided assignment.

    Raises:
        OwnApprovalError: the approver proposed it. ConflictError: it is decided, or over.
    """
    if assignment.state is not AssignmentState.PROPOSED:
        raise ConflictError("This assignment was decided already.", state=assignment.state.value)
    if approved and by == assignment.proposed_by:
        raise OwnApprovalError("You proposed this assignment; somebody else has to approve it.")
    if approved and assignment.ends_at is not None and now >= assignment.ends_at:
        raise ConflictError("The time of this assignment is over; propose another.")
    state = AssignmentState.APPROVED if approved else AssignmentState.REJECTED
    return dataclasses.replace(assignment, state=state, decided_by=by, decided_at=now)


def end(assignment: Assignment, now: datetime) -> Assignment:
    """The ended assignment; ConflictError where it is not in force, or is the home store's."""
    if assignment.store_id == assignment.home_store_id:
        raise ConflictError("A list stays in its home store; retire the list instead.")
    if assignment.state is not AssignmentState.APPROVED:
        raise ConflictError("This assignment is not in force.", state=assignment.state.value)
    return dataclasses.replace(assignment, state=AssignmentState.ENDED, decided_at=now)
