"""Work on data-subject requests: search by a picture that nobody keeps, collect, erase. The scope is the whole chain."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Sequence
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
from app.compliance.data_requests.packaging import HeldEntry, footage_proof
from app.evidence import repository as evidence
from app.evidence.repository import link_by
from app.identity.enrolment import erasure, image_repository
from app.identity.enrolment import repository as enrolments
from app.identity.enrolment.gate import LOOK_ALIKE_LEAST, Finding
from app.identity.enrolment.pictures import Looked
from app.identity.enrolment.schemas import enrolment_out
from app.identity.gait.models import GaitProfile, ShownSupport
from app.identity.gait.repository import profiles_of, supports_of
from app.identity.lists import repository as lists
from app.identity.matches import repository as matches
from app.identity.models import Enrolment, EnrolmentState, Match
from app.identity.templates.stored import Neighbours
from app.inference.face_client import FACE_MODEL, FACE_VERSION
from app.kit.errors import BadInputError, ConflictError, NotFoundError, UnavailableError
from app.kit.keys.vault import Vault
from app.kit.postgres import TenantConnection

MOST_CANDIDATES: Final = 100
"""Somebody may be on every list of every store: as many as can belong to a request."""
LEADS_AT_ONCE: Final = 500
LEAD_BYTES: Final = 300
WALK_BYTES: Final = 3_000
MOST_BYTES: Final = 128 << 20
"""Of one package, which is made in memory."""
PACKING_S: Final = 30.0
"""A package may take before the next one waits no longer."""
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


@contextlib.asynccontextmanager
async def alone(packing: asyncio.Semaphore) -> AsyncIterator[None]:
    """One package at a time, as each is made in memory; UnavailableError where the one before takes too long."""
    try:
        await asyncio.wait_for(packing.acquire(), PACKING_S)
    except TimeoutError as error:
        raise UnavailableError("Another package is being made; ask for yours again in a minute.") from error
    try:
        yield
    finally:
        packing.release()


@dataclass(slots=True)
class _Room:
    """What still goes into a package: nothing is left out of one, so it is refused where it would grow too large."""

    left: int

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise ConflictError(
                f"More is held than one package takes ({MOST_BYTES >> 20} MB); record a request for each of its entries."
            )


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


async def collect(connection: TenantConnection, vault: Vault, subjects: Sequence[Subject]) -> list[HeldEntry]:
    """Everything that is held about the entries of a request. ConflictError where it is more than one package takes."""
    room = _Room(MOST_BYTES)
    return [await _held(connection, vault, each.enrolment_id, room) for each in subjects]


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


async def _leads(connection: TenantConnection, enrolment_id: uuid.UUID, room: _Room) -> list[Match]:
    """All of an entry, newest first."""
    found: list[Match] = []
    while True:
        page = await matches.list_matches(
            connection,
            store_id=None,
            camera_id=None,
            enrolment_id=enrolment_id,
            states=[],
            before=(found[-1].raised_at, found[-1].id) if found else None,
            limit=LEADS_AT_ONCE,
        )
        room.take(LEAD_BYTES * len(page))
        found += page[:LEADS_AT_ONCE]
        if len(page) <= LEADS_AT_ONCE:
            return found


async def _pictures(
    connection: TenantConnection, vault: Vault, enrolment_id: uuid.UUID, leads: Sequence[Match], room: _Room
) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []

    def keep(name: str, jpeg: bytes) -> None:
        room.take(len(jpeg))
        found.append((f"pictures/{name}.jpg", jpeg))

    with contextlib.suppress(NotFoundError):  # ended
        keep(f"entry-{enrolment_id}", (await image_repository.read_image(connection, vault, enrolment_id)).jpeg)
    for each in leads:
        with contextlib.suppress(NotFoundError):
            keep(f"lead-{each.id}", await matches.read_picture(connection, vault, each.id))
    return found


async def _held(connection: TenantConnection, vault: Vault, enrolment_id: uuid.UUID, room: _Room) -> HeldEntry:
    enrolment = await enrolments.get_enrolment(connection, enrolment_id)
    listed = await lists.get_list(connection, enrolment.watchlist_id)
    names = await enrolments.names_of(connection, {enrolment.person_id})
    leads = await _leads(connection, enrolment_id, room)
    places = await repository.places_of(connection, [each.id for each in leads])
    walks, supports = await profiles_of(connection, enrolment_id), await supports_of(connection, [each.id for each in leads])
    room.take(WALK_BYTES * (len(walks) + len(supports)))
    return HeldEntry(
        enrolment_id=enrolment_id,
        person_name=names.get(enrolment.person_id, ""),
        list_name=listed.name,
        entry=enrolment_out(enrolment).model_dump(mode="json"),
        searched_in=await repository.searched_in(connection, listed.id),
        leads=[
            {
                **places[each.id],
                "at": each.captured_at,
                "state": each.state,
                "band": each.band,
                **_compared(supports.get(each.id)),
            }
            for each in leads
        ],
        walks=[_walk(each) for each in walks],
        pictures=await _pictures(connection, vault, enrolment_id, leads, room),
    )


def _walk(profile: GaitProfile) -> dict[str, Any]:
    told = ("source", "created_at", "approved_at", "features", "model", "model_version")
    return {name: getattr(profile, name) for name in told}


def _compared(support: ShownSupport | None) -> dict[str, Any]:
    """Of a lead whose walk was looked at."""
    told = ("verdict", "reason", "score", "quality", "features", "seen_at", "model", "model_version")
    return {} if support is None else {"gait": {name: getattr(support, name) for name in told}}
