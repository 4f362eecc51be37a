"""What the policy's addresses take and answer."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.tenancy.changes.models import ChangeState, ProposedChange
from app.tenancy.policy.content import read_content
from app.tenancy.policy.evidence_schemas import AcceptanceTestOut, SignPhotoOut, acceptance_out, photo_out
from app.tenancy.policy.models import Cause, Papers, SitePolicy, Switch, Switches
from app.tenancy.policy.models import Field as PolicyField
from app.tenancy.policy.packs import Finding, Pack, Verdict
from app.tenancy.policy.service import Standing
from app.tenancy.policy.words import TEXT, Line, Words


class SwitchesOut(BaseModel):
    """What runs."""

    face: bool
    gait: bool
    re_identification: bool


class PapersOut(BaseModel):
    """What is said in writing."""

    legal_basis: str
    dpia_reference: str
    notice_text: str
    counsel_reference: str
    counsel_signed_on: date | None


class PolicyIn(SwitchesOut):
    """What shall hold: proposed by the caller, decided by somebody else."""

    model_config = ConfigDict(extra="forbid")

    legal_basis: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000, pattern=TEXT)] = ""
    dpia_reference: Line = ""
    notice_text: Words = ""
    counsel_reference: Line = ""
    counsel_signed_on: date | None = None

    def wanted(self) -> Switches:
        """The switches."""
        return Switches(self.face, self.gait, self.re_identification)

    def papers(self) -> Papers:
        """The papers."""
        return Papers(self.legal_basis, self.dpia_reference, self.notice_text, self.counsel_reference, self.counsel_signed_on)


class PersonOut(BaseModel):
    """A user."""

    id: uuid.UUID
    username: str


class SourceOut(BaseModel):
    """Where a statement of the pack comes from."""

    title: str
    of: date


class PlaceOut(BaseModel):
    """What the jurisdiction pack says of a place."""

    code: str
    name: str = Field(description='"" for a place the pack does not know.')
    verdict: Verdict
    why: str
    sources: list[SourceOut]
    exceptions: list[str] = Field(description="Codes of places inside it that have an entry of their own.")


class PackOut(BaseModel):
    """The jurisdiction pack in force."""

    version: str
    compiled_on: date
    note: str
    places: list[PlaceOut]


class GapOut(BaseModel):
    """One thing that a switch lacks."""

    switch: Switch
    field: PolicyField
    why: str


class ProposalOut(BaseModel):
    """A proposed policy."""

    id: uuid.UUID
    state: ChangeState
    switches: SwitchesOut
    papers: PapersOut
    base_revision: int
    proposed_by: PersonOut
    proposed_at: datetime
    expires_at: datetime


class RevisionOut(BaseModel):
    """One revision."""

    revision: int
    switches: SwitchesOut
    papers: PapersOut
    jurisdiction: str
    pack: str
    cause: Cause
    reason: str
    proposed_by: PersonOut | None
    made_by: PersonOut | None = Field(description="Who approved or switched off; null for the product itself.")
    created_at: datetime


class StandingOut(BaseModel):
    """A store's policy as it stands."""

    store_id: uuid.UUID
    store_name: str
    public_id: uuid.UUID
    demo: bool
    place: PlaceOut
    pack: str
    current: RevisionOut
    proposal: ProposalOut | None
    missing: list[GapOut] = Field(description="What each switch lacks under the proposal's papers, else under the current ones.")
    sign_photo: SignPhotoOut | None
    listed: int = Field(description="People on the lists that are searched in this store.")
    acceptance_tests: list[AcceptanceTestOut] = Field(description="The newest of each switch.")


class DecisionIn(BaseModel):
    """Which proposal is meant: an overtaken one is not approved by accident."""

    model_config = ConfigDict(extra="forbid")

    proposal_id: uuid.UUID
    reason: Line = ""


class OffIn(BaseModel):
    """What to switch off."""

    model_config = ConfigDict(extra="forbid")

    switches: list[Switch] = Field(min_length=1, max_length=3)
    reason: Line = ""


class JurisdictionIn(BaseModel):
    """Where the store stands."""

    model_config = ConfigDict(extra="forbid")

    jurisdiction: str = Field(max_length=40)


Names = Mapping[uuid.UUID, str]


def person_out(person: uuid.UUID | None, names: Names) -> PersonOut | None:
    """A user to show; one who is gone has no name."""
    return None if person is None else PersonOut(id=person, username=names.get(person, "removed user"))


def place_out(found: Finding) -> PlaceOut:
    """A place to show."""
    sources = [SourceOut(title=source.title, of=source.of) for source in found.sources]
    return PlaceOut(
        code=found.code, name=found.name, verdict=found.verdict, why=found.why, sources=sources, exceptions=list(found.exceptions)
    )


def pack_out(pack: Pack) -> PackOut:
    """The pack with its places by name."""
    places = sorted(pack.places.values(), key=lambda found: found.name)
    return PackOut(version=pack.version, compiled_on=pack.compiled_on, note=pack.note, places=[place_out(p) for p in places])


def revision_out(policy: SitePolicy, names: Names) -> RevisionOut:
    """A revision to show."""
    return RevisionOut(
        revision=policy.revision,
        switches=SwitchesOut.model_validate(policy.switches, from_attributes=True),
        papers=PapersOut.model_validate(policy.papers, from_attributes=True),
        jurisdiction=policy.jurisdiction,
        pack=policy.pack,
        cause=policy.cause,
        reason=policy.reason,
        proposed_by=person_out(policy.proposed_by, names),
        made_by=person_out(policy.made_by, names),
        created_at=policy.created_at,
    )


def proposal_out(change: ProposedChange, names: Names) -> ProposalOut:
    """A proposal to show."""
    switches, papers = read_content(change.content)
    proposer = person_out(change.proposed_by, names)
    assert proposer is not None  # noqa: S101 - every proposal is somebody's
    return ProposalOut(
        id=change.id,
        state=change.state,
        switches=SwitchesOut.model_validate(switches, from_attributes=True),
        papers=PapersOut.model_validate(papers, from_attributes=True),
        base_revision=change.base_revision,
        proposed_by=proposer,
        proposed_at=change.proposed_at,
        expires_at=change.expires_at,
    )


def standing_out(standing: Standing, pack: Pack) -> StandingOut:
    """A site as it stands, to show."""
    site = standing.site
    return StandingOut(
        store_id=site.store_id,
        store_name=site.name,
        public_id=site.public_id,
        demo=site.demo,
        place=place_out(pack.find(site.jurisdiction)),
        pack=pack.version,
        current=revision_out(standing.policy, standing.names),
        proposal=None if standing.proposal is None else proposal_out(standing.proposal, standing.names),
        missing=[GapOut.model_validate(gap, from_attributes=True) for each in standing.gaps.values() for gap in each],
        sign_photo=None if site.photo is None else photo_out(site.photo),
        listed=site.listed,
        acceptance_tests=[acceptance_out(test) for test in site.tests.values()],
    )
