"""Values of identity that a test changes where it matters."""

import dataclasses
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from app.identity.models import (
    Band,
    Enrolment,
    EnrolmentState,
    Grounds,
    Match,
    MatchState,
    Notice,
    Review,
    ReviewVerdict,
    Source,
)
from app.tenancy.sharing.models import Category

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
ENROLLER, APPROVER, OTHER = (uuid.UUID(int=each) for each in (1, 2, 3))


def make_grounds(**changes: Any) -> Grounds:
    plain = Grounds(
        category=Category.VIOLENCE,
        reason="Hit a guard",
        incident_id=uuid.UUID(int=9),
        source=Source.INCIDENT_EVIDENCE,
        evidence="Clip 7",
        review_on=(NOW + timedelta(days=60)).date(),
        expires_at=NOW + timedelta(days=180),
        under_18=False,
        vulnerable=False,
        age_basis="Identity card seen",
        exception_reason="",
        notice=Notice(NOW.date(), "Letter"),
    )
    return dataclasses.replace(plain, **changes)


def make_enrolment(state: EnrolmentState = EnrolmentState.PROPOSED, **changes: Any) -> Enrolment:
    grounds = changes.pop("grounds", make_grounds())
    plain = Enrolment(uuid.UUID(int=20), uuid.UUID(int=21), uuid.UUID(int=22), uuid.UUID(int=23), state, grounds, ENROLLER, NOW)
    return dataclasses.replace(plain, **changes)


def make_match(state: MatchState = MatchState.OPEN) -> Match:
    ids = [uuid.UUID(int=each) for each in range(30, 36)]
    return Match(
        ids[0],
        ids[1],
        ids[2],
        1,
        2,
        NOW,
        ids[3],
        ids[4],
        ids[5],
        0.96,
        Band.HIGH,
        0.94,
        {},
        {},
        "face_embedding",
        "1",
        3,
        state,
        NOW,
    )


def make_review(verdict: ReviewVerdict, by: uuid.UUID) -> Review:
    return Review(uuid.uuid4(), make_match().id, verdict, "Same scar", by, NOW)
