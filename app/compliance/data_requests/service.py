"""Work on data-subject requests: search by a picture that nobody keeps, footage, erasure. The scope is the whole chain."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from app.auth.models import Principal
from app.compliance.data_requests import footage_repository as footages
from app.compliance.data_requests import repository
from app.compliance.data_requests.models import (
    DataRequest,
    Footage,
    FootageState,
    Held,
    RequestKind,
    RequestState,
    Subject,
    advance,
    demand_open,
)
from app.compliance.data_requests.packaging import footage_proof
from app.evidence import repository as evidence
from app.evidence.repository import link_by
from app.identity.enrolment import erasure, image_repository
from app.identity.enrolment import repository as enrolments
from app.identity.enrolment.gate import LOOK_ALIKE_LEAST, Finding
from app.identity.enrolment.pictures import Looked
from app.identity.models import Enrolment, EnrolmentState
from app.identity.templates.stored import Neighbours
from app.inference.face_client import FACE_MODEL, FACE_VERSION
from app.kit.errors import BadInputError, ConflictError, NotFoundError
from app.kit.postgres import TenantConnection

MOST_CANDIDATES: Final = 100
"""Somebody may be on every list of every store: as many as can belong to a request."""
SHOWN_LEAST: Final = LOOK_ALIKE_LEAST - 0.04
"""Lower than where an enrolment warns: to miss somebody who asks is worse than to show the handler one face too many."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that may be of whoever asks; a person decides."""

    enrolment: Enrolment
    match_score: float

    @property
    def likely(self) -> bool:
        """Whether it would count as a look-alike at enrolment."""
        return self.match_score >= LOOK_ALIKE_LEAST


def demand_one_face(looked: Looked) -> None:
    """BadInputError unless exactly one face can be seen; how good the picture is matters less than at an enrolment."""
    for finding, words in looked.judgement.words():
        if finding in (Finding.NO_FACE, Finding.SEVERAL_FACES):
            raise BadInputError(words)


async def candidates(connection: TenantConnection, neighbours: Neighbours, looked: Looked) -> list[Candidate]:
    """Entries that look like the face, best first. The picture and its vector are forgotten with `looked`."""
    assert looked.vector is not None  # noqa: S101 - there is a face
    near = await neighbours.nearest(connection, looked.vector, MOST_CANDIDATES)
    kept = [alike for alike, _ in near if alike.match_score >= SHOWN_LEAST]
    return [Candidate(await enrolments.get_enrolment(connection, each.enrolment_id), each.match_score) for each in kept]


async def add_subject(
    connection: TenantConnection, chain_id: uuid.UUID, who: Principal, request: DataRequest, enrolment_id: uuid.UUID, at: datetime
) -> None:
    """A person says that this entry is of whoever asks."""
    demand_open(request)
    await enrolments.get_enrolment(connection, enrolment_id)
    if len(await repository.subjects_of(connection, request.id)) >= repository.MOST_SUBJECTS:
        raise ConflictError(f"A request has at most {repository.MOST_SUBJECTS} entries.")
    await repository.add_subject(connection, chain_id, Subject(request.id, enrolment_id, who.id, at))


async def footage(connection: TenantConnection, request: DataRequest) -> list[Footage]:
    """All footage that may show them; ConflictError where it is more than one package names."""
    found, more = await footages.footage_of(connection, request)
    if more:
        raise ConflictError(f"The visit has more than {footages.MOST} pieces of footage. Name a shorter visit.")
    return [each for each in found if each.theirs is not False]


async def held_besides(connection: TenantConnection, request: DataRequest) -> Held:
    """What is held besides the entries; footage beyond what is listed counts as not looked at."""
    _, other = await repository.count_templates(connection, FACE_MODEL, FACE_VERSION)
    found, more = await footages.footage_of(connection, request)
    beyond = (FootageState.TO_LOOK_AT,) if more else ()
    return Held((*(each.state for each in found), *beyond), other)


async def decide_footage(
    connection: TenantConnection, who: Principal, request: DataRequest, evidence_id: uuid.UUID, at: datetime, *, theirs: bool
) -> None:
    """A person looked at a piece and says whether whoever asks is in it.

    Raises:
        NotFoundError: it does not belong to the request. ConflictError: the request is answered, the piece is being erased, or is
            not there yet.
    """
    demand_open(request)
    found, _ = await footages.footage_of(connection, request, evidence_id)
    if not found:
        raise NotFoundError("This piece shows nothing of the visit or of an entry of the request, or you may not see it.")
    piece = found[0]
    if piece.coming:
        raise ConflictError("This piece is on its way; look at it once it has arrived.")
    if piece.erase_from is not None:
        raise ConflictError("The erasure of this piece was asked for.")
    assert who.chain_id is not None  # noqa: S101 - a tenant's connection has one
    await footages.decide(connection, who.chain_id, request.id, piece, who.id, at, theirs=theirs)


async def _erase_footage(
    connection: TenantConnection, who: Principal, request: DataRequest, found: Sequence[Footage], at: datetime
) -> list[uuid.UUID]:
    """Ask retention, which alone deletes evidence, for each piece that shows them; which it was asked for."""
    asked = [each.id for each in found if each.state is FootageState.THEIRS]
    for piece_id in asked:
        await footages.ask_for_erasure(connection, request.id, piece_id, at)
        locked = await evidence.get_evidence(connection, piece_id, lock=True)
        # Whose request it was stands in the audit, which fewer people read.
        await evidence.add_custody(connection, locked, link_by(who, "erasure-asked", at))
    return asked


async def erase(
    connection: TenantConnection, who: Principal, request: DataRequest, at: datetime
) -> tuple[list[dict[str, Any]], list[uuid.UUID]]:
    """Erase every entry of the request that stands: template, pictures, crops, and what points at it; the receipts of all, and
    the footage whose erasure it asked for now.

    Footage that shows them is deleted by retention's next run, as far as nothing holds it, and else when nothing does any more.

    Raises:
        ConflictError: it is answered, asks for no erasure, or neither an entry nor footage belongs to it.
    """
    demand_open(request)
    if request.kind is not RequestKind.ERASURE:
        raise ConflictError("This request asks for access, not for erasure; record another one.")
    subjects = await repository.subjects_of(connection, request.id)
    found, _ = await footages.footage_of(connection, request)  # what was decided about comes first
    if not subjects and not any(each.theirs for each in found):
        raise ConflictError("Nothing belongs to this request: look for the person by a photo, or at the footage of the visit.")
    asked = await _erase_footage(connection, who, request, found, at)
    for subject in subjects:
        if subject.erasure_id is None:
            await repository.note_erasure(connection, subject, await _erased(connection, who, request, subject.enrolment_id, at))
    await repository.change_request(connection, advance(request))
    return await repository.receipts_of(connection, request.id), asked


@dataclass(frozen=True, slots=True)
class Done:
    """What was done about an answered request: receipts of entries, what became of footage, and whether that is all of it."""

    receipts: list[dict[str, Any]]
    footage: list[dict[str, Any]]
    complete: bool


async def done_about(connection: TenantConnection, request: DataRequest) -> Done:
    """What its proof tells; ConflictError while it is open."""
    if request.state is not RequestState.ANSWERED:
        raise ConflictError("There is nothing to prove yet: this request is open.")
    found, more = await footages.footage_of(connection, request)
    maybe_theirs = [each for each in found if each.theirs is not False]
    deleted = await footages.receipts_of(connection, [each.id for each in maybe_theirs])
    receipts = await repository.receipts_of(connection, request.id)
    return Done(receipts, footage_proof(maybe_theirs, deleted), not more)


async def _erased(
    connection: TenantConnection, who: Principal, request: DataRequest, enrolment_id: uuid.UUID, at: datetime
) -> uuid.UUID:
    """The proof that the entry is gone, also where somebody erased it before."""
    enrolment = await enrolments.get_enrolment(connection, enrolment_id, lock=True)
    if enrolment.state is EnrolmentState.ERASED:
        return (await image_repository.list_erasures(connection, enrolment_id))[0].id
    _, proof = await erasure.erase(connection, who, enrolment, f"data request {request.id}", at)
    return proof.id
