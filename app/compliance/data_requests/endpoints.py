"""`/api/v1/data-requests`: what people ask about what is held of them: find by photo, export, erase, answer, prove."""

import asyncio
import hashlib
import uuid
from typing import Annotated, Any

from fastapi import Query, Request, Response

from app.audit import repository as audit
from app.audit.models import Act, AuditEntry, audited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.compliance.data_requests import collecting, repository, service
from app.compliance.data_requests import footage_repository as footages
from app.compliance.data_requests.models import (
    DataRequest,
    RequestState,
    Subject,
    advance,
    answered,
    demand_open,
    demand_times,
    extend,
)
from app.compliance.data_requests.packaging import held_package, proof_package
from app.compliance.data_requests.schemas import (
    DataRequestFileOut,
    DataRequestIn,
    DataRequestOut,
    EntryIn,
    ErasedOut,
    ErasuresOut,
    ExtensionIn,
    FaceSearchOut,
    FootageVerdictIn,
    RequestAnswerIn,
    entry_out,
    footage_out,
    request_out,
    search_out,
)
from app.evidence.exporting import signing_key
from app.identity.enrolment import repository as enrolments
from app.identity.enrolment.endpoints import LARGEST_FORM, PICTURE_BODY
from app.identity.enrolment.pictures import Looker
from app.identity.templates.stored import Neighbours
from app.inference.face_client import FACE_MODEL, FACE_VERSION
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import ConflictError
from app.kit.ids import new_id
from app.kit.keys.models import REQUESTER
from app.kit.keys.vault import Vault
from app.kit.pages import Cursor, Limit, Page, cut, decode_cursor
from app.kit.postgres import TenantConnection, tenant_transaction
from app.tenancy.idempotency import IdempotencyKey, once
from app.tenancy.reach import CHAIN, held_at
from app.tenancy.repository import demand_store

router = guarded_router("data-requests")
Reads = Annotated[Access, require(Permission.DATA_REQUESTS_READ)]
Writes = Annotated[Access, require(Permission.DATA_REQUESTS_WRITE)]
ZIP: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": {}}, "description": "A signed package"}}
ONE = "/data-requests/{data_request_id}"


@router.get("/data-requests", openapi_extra=audited(Act.DATA_REQUESTS_SEARCHED))
async def list_requests(
    request: Request,
    access: Reads,
    state: Annotated[list[RequestState] | None, Query(description="Only these.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[DataRequestOut]:
    """Requests of the chain, newest first."""
    before, states = decode_cursor(cursor), [each.value for each in state or ()]
    async with tenant_transaction(backends(request).postgres, access.whole_chain) as connection:
        found = await repository.list_requests(connection, states, before, limit)
        await _note(connection, Act.DATA_REQUESTS_SEARCHED, access, None, shown=min(limit, len(found)))
    shown, following = cut(found, limit, lambda each: (each.received_at, each.id))
    return Page(items=[request_out(each) for each in shown], next=following)


@router.post("/data-requests", status_code=201, openapi_extra=audited(Act.DATA_REQUEST_RECORDED))
async def add_request(
    request: Request, access: Writes, body: DataRequestIn, idempotency_key: IdempotencyKey = None
) -> DataRequestOut:
    """Record a request. From now on footage of the visit it names is kept until it is answered."""
    who, moment, scope = access.principal, now(), access.whole_chain
    received_at = body.received_at or moment
    demand_times(received_at, moment, (body.store_id, body.seen_from, body.seen_to))
    async with tenant_transaction(backends(request).postgres, scope) as connection:

        async def make() -> DataRequestOut:
            if body.store_id is not None:
                await demand_store(connection, body.store_id)
            made, vault = new_id(), _vault(request)
            contact = await vault.seal(connection, scope.chain_id, REQUESTER, made, body.contact) if body.contact else None
            visit = (body.store_id, body.seen_from, body.seen_to)
            recorded = DataRequest(made, body.kind, received_at, body.identity_checked, contact, *visit, who.id, moment)
            await repository.add_request(connection, scope.chain_id, recorded)
            await _note(connection, Act.DATA_REQUEST_RECORDED, access, made, kind=body.kind.value)
            return request_out(recorded)

        return await once(connection, who.id, idempotency_key, "POST /data-requests", body, make, DataRequestOut)


@router.get(ONE, openapi_extra=audited(Act.DATA_REQUEST_SHOWN))
async def get_request(request: Request, access: Reads, data_request_id: uuid.UUID) -> DataRequestFileOut:
    """One request, with the entries that are theirs, the footage of the visit and, for its handlers, who asks."""
    async with tenant_transaction(backends(request).postgres, access.whole_chain) as connection:
        found = await repository.get_request(connection, data_request_id)
        entries = [entry_out(each, await enrolments.get_enrolment(connection, each.enrolment_id))
                   for each in await repository.subjects_of(connection, data_request_id)]  # fmt: skip
        footage, more = await footages.footage_of(connection, found)
        await _note(connection, Act.DATA_REQUEST_SHOWN, access, data_request_id)
    handles = Permission.DATA_REQUESTS_WRITE in held_at(access.principal, CHAIN)
    contact = await _vault(request).open_left(REQUESTER, found.id, found.contact) if handles else None
    shown = [footage_out(each) for each in footage]
    return DataRequestFileOut(request=request_out(found), contact=contact, entries=entries, footage=shown, more_footage=more)


@router.post(f"{ONE}/search", openapi_extra=PICTURE_BODY | audited(Act.DATA_REQUEST_FACE_SOUGHT), max_body_size=LARGEST_FORM)
async def search(request: Request, access: Writes, data_request_id: uuid.UUID) -> FaceSearchOut:
    """Which entries look like the face in a picture (JPEG or PNG as the body). The picture and its vector are not stored;
    where no template can be compared, no model is asked. A search that could not compare all of them is none that shows that
    nothing is held."""
    pool, scope, raw = backends(request).postgres, access.whole_chain, await request.body()
    async with tenant_transaction(pool, scope) as connection:
        demand_open(await repository.get_request(connection, data_request_id))
        held, other = await repository.count_templates(connection, FACE_MODEL, FACE_VERSION)
    looked = await _looker(request).look(raw) if held > other else None
    if looked is not None:
        service.demand_one_face(looked)
    async with tenant_transaction(pool, scope) as connection:
        found = await repository.get_request(connection, data_request_id, lock=True)
        demand_open(found)
        held, other = await repository.count_templates(connection, FACE_MODEL, FACE_VERSION)
        complete = not other and (looked is not None or not held)
        near = await service.candidates(connection, _neighbours(request), looked) if looked else []
        await repository.change_request(connection, advance(found, searches=found.searches + complete))
        await _note(connection, Act.DATA_REQUEST_FACE_SOUGHT, access, data_request_id, templates=held, found=len(near))
    return search_out(held, other, near)


@router.post(f"{ONE}/entries", openapi_extra=audited(Act.DATA_REQUEST_ENTRY_ADDED))
async def add_entry(request: Request, access: Writes, data_request_id: uuid.UUID, body: EntryIn) -> DataRequestOut:
    """Say that an entry is of whoever asks."""
    scope = access.whole_chain
    async with tenant_transaction(backends(request).postgres, scope) as connection:
        found = await repository.get_request(connection, data_request_id, lock=True)
        await service.add_subject(connection, scope.chain_id, access.principal, found, body.enrolment_id, now())
        await _note(connection, Act.DATA_REQUEST_ENTRY_ADDED, access, data_request_id, enrolment=str(body.enrolment_id))
    return request_out(found)


@router.delete(f"{ONE}/entries/{{enrolment_id}}", status_code=204, openapi_extra=audited(Act.DATA_REQUEST_ENTRY_REMOVED))
async def remove_entry(request: Request, access: Writes, data_request_id: uuid.UUID, enrolment_id: uuid.UUID) -> None:
    """It was somebody else's."""
    async with tenant_transaction(backends(request).postgres, access.whole_chain) as connection:
        demand_open(await repository.get_request(connection, data_request_id, lock=True))
        await repository.remove_subject(connection, data_request_id, enrolment_id)
        await _note(connection, Act.DATA_REQUEST_ENTRY_REMOVED, access, data_request_id, enrolment=str(enrolment_id))


@router.post(f"{ONE}/export", response_class=Response, responses=ZIP, openapi_extra=audited(Act.DATA_REQUEST_EXPORTED))
async def export(request: Request, access: Writes, data_request_id: uuid.UUID) -> Response:
    """What is held about whoever asks, as a signed package. It is made for this answer and not stored."""
    async with collecting.alone(request.app.state.packing):
        return await _exported(request, access, data_request_id)


async def _exported(request: Request, access: Access, data_request_id: uuid.UUID) -> Response:
    pool, vault, scope = backends(request).postgres, _vault(request), access.whole_chain
    async with tenant_transaction(pool, scope) as connection:
        found = await repository.get_request(connection, data_request_id)
        demand_open(found)
        subjects = await repository.subjects_of(connection, data_request_id)
        footage = await service.footage(connection, found)
        if not subjects and not footage:
            raise ConflictError("Nothing belongs to this request yet: look for the person by a photo, or name a visit.")
        held = await collecting.collect(connection, vault, subjects)
        key = await signing_key(connection, vault, scope.chain_id)
    package = await asyncio.to_thread(held_package, found, held, footage, key)
    digest = (await asyncio.to_thread(hashlib.sha256, package)).hexdigest()
    async with tenant_transaction(pool, scope) as connection:
        latest = await repository.get_request(connection, data_request_id, lock=True)
        demand_open(latest)
        if await repository.subjects_of(connection, data_request_id) != subjects:
            raise ConflictError("Its entries changed meanwhile; export it again.")
        await repository.change_request(connection, advance(latest, exports=latest.exports + 1))
        await _note(connection, Act.DATA_REQUEST_EXPORTED, access, data_request_id, entries=len(held), sha256=digest)
    return _package(package, f"held-{data_request_id}")


@router.post(f"{ONE}/erase", openapi_extra=audited(Act.DATA_REQUEST_ERASED, Act.ENROLMENT_ERASED))
async def erase(request: Request, access: Writes, data_request_id: uuid.UUID) -> ErasuresOut:
    """Erase the entries of an erasure request in every store: templates, pictures, crops of leads, and what points at them.
    Footage that shows them goes within minutes, as far as nothing holds it."""
    async with tenant_transaction(backends(request).postgres, access.whole_chain) as connection:
        found = await repository.get_request(connection, data_request_id, lock=True)
        receipts, footage = await service.erase(connection, access.principal, found, now())
        details = {"entries": len(receipts), "footage": [str(each) for each in footage]}
        await _note(connection, Act.DATA_REQUEST_ERASED, access, data_request_id, **details)
    return ErasuresOut(items=[ErasedOut(**each) for each in receipts])


@router.put(f"{ONE}/footage/{{evidence_id}}", status_code=204, openapi_extra=audited(Act.DATA_REQUEST_FOOTAGE_DECIDED))
async def decide_footage(
    request: Request, access: Writes, data_request_id: uuid.UUID, evidence_id: uuid.UUID, body: FootageVerdictIn
) -> None:
    """Say, after looking at it, whether whoever asks is in a recording or a still."""
    async with tenant_transaction(backends(request).postgres, access.whole_chain) as connection:
        found = await repository.get_request(connection, data_request_id, lock=True)
        await service.decide_footage(connection, access.principal, found, evidence_id, now(), theirs=body.theirs)
        details = {"evidence": str(evidence_id), "theirs": body.theirs}
        await _note(connection, Act.DATA_REQUEST_FOOTAGE_DECIDED, access, data_request_id, **details)


@router.post(f"{ONE}/extend", openapi_extra=audited(Act.DATA_REQUEST_EXTENDED))
async def extend_request(request: Request, access: Writes, data_request_id: uuid.UUID, body: ExtensionIn) -> DataRequestOut:
    """Take more time, once; tell the person why."""
    async with tenant_transaction(backends(request).postgres, access.whole_chain) as connection:
        after = extend(await repository.get_request(connection, data_request_id, lock=True), body.days, body.reason)
        await repository.change_request(connection, after)
        await _note(connection, Act.DATA_REQUEST_EXTENDED, access, data_request_id, days=body.days)
    return request_out(after)


@router.post(f"{ONE}/answer", openapi_extra=audited(Act.DATA_REQUEST_ANSWERED))
async def answer(request: Request, access: Writes, data_request_id: uuid.UUID, body: RequestAnswerIn) -> DataRequestOut:
    """Answer it, for good; what the outcome says must have been done. Footage that it held is due by the rules again."""
    async with tenant_transaction(backends(request).postgres, access.whole_chain) as connection:
        found = await repository.get_request(connection, data_request_id, lock=True)
        subjects: list[Subject] = await repository.subjects_of(connection, data_request_id)
        held = await service.held_besides(connection, found)
        after = answered(found, subjects, held, body.outcome, body.answer, access.principal.id, now())
        await repository.change_request(connection, after)
        await _note(connection, Act.DATA_REQUEST_ANSWERED, access, data_request_id, outcome=body.outcome.value)
    return request_out(after)


@router.get(f"{ONE}/proof", response_class=Response, responses=ZIP, openapi_extra=audited(Act.DATA_REQUEST_PROVED))
async def proof(request: Request, access: Writes, data_request_id: uuid.UUID) -> Response:
    """The signed proof of what was done about an answered request, for whoever asked."""
    async with collecting.alone(request.app.state.packing):
        return await _proved(request, access, data_request_id)


async def _proved(request: Request, access: Access, data_request_id: uuid.UUID) -> Response:
    pool, scope = backends(request).postgres, access.whole_chain
    async with tenant_transaction(pool, scope) as connection:
        found = await repository.get_request(connection, data_request_id)
        done, at = await service.done_about(connection, found), now()
        key = await signing_key(connection, _vault(request), scope.chain_id)
    told = (found, done.receipts, done.footage, key, at)
    package = await asyncio.to_thread(proof_package, *told, footage_complete=done.complete)
    async with tenant_transaction(pool, scope) as connection:
        await _note(connection, Act.DATA_REQUEST_PROVED, access, data_request_id)
    return _package(package, f"proof-{data_request_id}")


def _package(package: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.zip"', "Cache-Control": "no-store"}
    return Response(package, media_type="application/zip", headers=headers)


def _vault(request: Request) -> Vault:
    vault = request.app.state.vault
    assert isinstance(vault, Vault)  # noqa: S101 - set once by main
    return vault


def _looker(request: Request) -> Looker:
    looker = request.app.state.looker
    assert isinstance(looker, Looker)  # noqa: S101 - set once by main
    return looker


def _neighbours(request: Request) -> Neighbours:
    found: Neighbours = request.app.state.neighbours
    return found


async def _note(connection: TenantConnection, act: Act, access: Access, request_id: uuid.UUID | None, **details: Any) -> None:
    who = access.principal
    await audit.append(connection, AuditEntry(act, who.kind, who.id, who.chain_id, None, "data-request", request_id, details))
