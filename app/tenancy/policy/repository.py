"""Revisions of site policies and the evidence for them. A revision is inserted and read, never changed."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import asyncpg

from app.inference.face_client import FACE_VERSION
from app.kit.errors import NotFoundError
from app.kit.postgres import Pool, TenantConnection
from app.tenancy.policy.models import (
    AcceptanceTest,
    Cause,
    Papers,
    SignPhoto,
    Site,
    SitePolicy,
    Switch,
    Switches,
    counting_tests,
)  # fmt: skip
from app.tenancy.policy.models_in_use import face_models, models_in_use

_POLICY = (
    "store_id, revision, face, gait, re_identification, jurisdiction, pack, legal_basis, dpia_reference, notice_text,"
    " counsel_reference, counsel_signed_on, sign_photo_id, cause, reason, proposed_by, made_by, created_at"
)
_PHOTO = "id, taken_on, width, height, uploaded_by, uploaded_at"
_TEST = (
    "id, switch, performed_on, performed_by, cameras, strangers, false_matches, enrolled, misses, passed, report_reference,"
    " recorded_by, recorded_at, model, camera_ids, listed, addresses"
)
_SITE = (
    "SELECT id, name, public_id, jurisdiction, demo,"
    " (SELECT coalesce(jsonb_object_agg(c.id, left(encode(sha256(convert_to(c.url, 'UTF8')), 'hex'), 16)), '{}')"
    " FROM cameras c WHERE c.store_id = s.id AND c.deleted_at IS NULL) AS addresses,"
    " (SELECT count(DISTINCT e.person_id) FROM watchlist_assignments a JOIN watchlists w ON w.id = a.watchlist_id"
    " JOIN enrolments e ON e.watchlist_id = w.id WHERE a.store_id = s.id AND a.state = 'approved' AND a.starts_at <= now()"
    " AND (a.ends_at IS NULL OR a.ends_at > now()) AND w.retired_at IS NULL AND e.state = 'approved' AND e.expires_at > now())"
    " AS listed FROM stores s WHERE id = $1"
)
NO_STORE = "There is no such store, or you may not see it."


@dataclass(frozen=True, slots=True)
class NewPhoto:
    """A photo to keep: re-encoded, so that nothing of the camera's metadata is left."""

    photo: SignPhoto
    sha256: bytes
    jpeg: bytes


def _policy(row: "asyncpg.Record") -> SitePolicy:
    return SitePolicy(
        store_id=row["store_id"],
        revision=row["revision"],
        switches=Switches(row["face"], row["gait"], row["re_identification"]),
        papers=Papers(
            row["legal_basis"], row["dpia_reference"], row["notice_text"], row["counsel_reference"], row["counsel_signed_on"]
        ),
        jurisdiction=row["jurisdiction"],
        pack=row["pack"],
        sign_photo_id=row["sign_photo_id"],
        cause=Cause(row["cause"]),
        reason=row["reason"],
        proposed_by=row["proposed_by"],
        made_by=row["made_by"],
        created_at=row["created_at"],
    )


def _test(row: "asyncpg.Record") -> AcceptanceTest:
    found = dict(row)
    cameras = None if found["camera_ids"] is None else frozenset(found["camera_ids"])
    addresses = None if found["addresses"] is None else _addresses(found["addresses"])
    return AcceptanceTest(**{**found, "switch": Switch(found["switch"]), "camera_ids": cameras, "addresses": addresses})


def _addresses(found: dict[str, str]) -> dict[uuid.UUID, str]:
    return {uuid.UUID(camera): mark for camera, mark in found.items()}


async def get_site(connection: TenantConnection, store_id: uuid.UUID, *, lock: bool = False) -> Site:
    """A store in scope with its newest evidence; NotFoundError otherwise. `lock`: no other change of policy until the end."""
    row = await connection.fetchrow(_SITE + (" FOR UPDATE" if lock else ""), store_id)
    if row is None:
        raise NotFoundError(NO_STORE)
    photo = await connection.fetchrow(
        f"SELECT {_PHOTO} FROM sign_photos WHERE store_id = $1 ORDER BY taken_on DESC, id DESC LIMIT 1",  # noqa: S608
        store_id,
    )
    tests = await connection.fetch(
        f"SELECT DISTINCT ON (switch, model) {_TEST} FROM acceptance_tests WHERE store_id = $1"  # noqa: S608
        " ORDER BY switch, model, performed_on DESC, id DESC",
        store_id,
    )
    models = await _models(connection, store_id)
    return Site(
        store_id=row["id"],
        name=row["name"],
        public_id=row["public_id"],
        jurisdiction=row["jurisdiction"],
        demo=row["demo"],
        photo=None if photo is None else SignPhoto(**dict(photo)),
        tests=counting_tests(map(_test, tests), models),
        models=models,
        addresses=_addresses(row["addresses"]),
        listed=row["listed"],
    )


async def _models(connection: TenantConnection, store_id: uuid.UUID) -> Mapping[Switch, str]:
    """What each switch measures with in the store's chain, which may use a face embedding that it pushed."""
    row = await connection.fetchrow(
        "SELECT v.version, v.manifest_sha256 FROM stores s JOIN model_pointers p ON p.chain_id = s.chain_id"
        " JOIN model_versions v ON v.chain_id = p.chain_id AND v.model = p.model AND v.version = p.stable"
        " WHERE s.id = $1 AND p.model = 'face_embedding'",
        store_id,
    )
    return models_in_use() if row is None or FACE_VERSION != "1" else {**models_in_use(), Switch.FACE: face_models(*row)}


async def pushed_face_models(connection: TenantConnection, version: int) -> str:
    """What faces would be measured with under a version that the chain pushed. NotFoundError where there is none."""
    row = await connection.fetchrow(
        "SELECT version, manifest_sha256 FROM model_versions WHERE model = 'face_embedding' AND version = $1 AND state = 'ready'",
        version,
    )
    if row is None:
        raise NotFoundError(f"There is no pushed version {version} of face_embedding.")
    return face_models(*row)


async def set_jurisdiction(connection: TenantConnection, store_id: uuid.UUID, jurisdiction: str) -> None:
    """Where the store stands from now on."""
    await connection.execute("UPDATE stores SET jurisdiction = $2 WHERE id = $1", store_id, jurisdiction)


async def current_policy(connection: TenantConnection, store_id: uuid.UUID) -> SitePolicy | None:
    """The newest revision; None where there never was one, which means: everything off."""
    row = await connection.fetchrow(
        f"SELECT {_POLICY} FROM site_policies WHERE store_id = $1 ORDER BY revision DESC LIMIT 1",  # noqa: S608
        store_id,
    )
    return None if row is None else _policy(row)


async def list_policies(connection: TenantConnection, store_id: uuid.UUID, before: int | None, limit: int) -> list[SitePolicy]:
    """Revisions, newest first; one more than `limit` when there are more."""
    rows = await connection.fetch(
        f"SELECT {_POLICY} FROM site_policies WHERE store_id = $1 AND ($2::integer IS NULL OR revision < $2)"  # noqa: S608
        " ORDER BY revision DESC LIMIT $3",
        store_id,
        before,
        limit + 1,
    )
    return [_policy(row) for row in rows]


async def add_policy(connection: TenantConnection, chain_id: uuid.UUID, policy: SitePolicy) -> None:
    """The next revision; the site is locked by the caller."""
    await connection.execute(
        f"INSERT INTO site_policies (chain_id, {_POLICY})"  # noqa: S608
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
        chain_id,
        policy.store_id,
        policy.revision,
        policy.switches.face,
        policy.switches.gait,
        policy.switches.re_identification,
        policy.jurisdiction,
        policy.pack,
        policy.papers.legal_basis,
        policy.papers.dpia_reference,
        policy.papers.notice_text,
        policy.papers.counsel_reference,
        policy.papers.counsel_signed_on,
        policy.sign_photo_id,
        policy.cause.value,
        policy.reason,
        policy.proposed_by,
        policy.made_by,
        policy.created_at,
    )


async def add_photo(connection: TenantConnection, chain_id: uuid.UUID, store_id: uuid.UUID, new: NewPhoto) -> None:
    """Keep a photo of the sign."""
    photo = new.photo
    await connection.execute(
        "INSERT INTO sign_photos (id, chain_id, store_id, taken_on, width, height, sha256, jpeg, uploaded_by, uploaded_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        photo.id,
        chain_id,
        store_id,
        photo.taken_on,
        photo.width,
        photo.height,
        new.sha256,
        new.jpeg,
        photo.uploaded_by,
        photo.uploaded_at,
    )


async def find_photo(connection: TenantConnection, store_id: uuid.UUID, taken_on: date, sha256: bytes) -> SignPhoto | None:
    """The photo that was uploaded for this day before, if it is this one."""
    row = await connection.fetchrow(
        f"SELECT {_PHOTO} FROM sign_photos WHERE store_id = $1 AND taken_on = $2 AND sha256 = $3",  # noqa: S608
        store_id,
        taken_on,
        sha256,
    )
    return None if row is None else SignPhoto(**dict(row))


async def photos_since(connection: TenantConnection, store_id: uuid.UUID, moment: datetime) -> int:
    """How many photos of a store were uploaded since."""
    query = "SELECT count(*) FROM sign_photos WHERE store_id = $1 AND uploaded_at > $2"
    return int(await connection.fetchval(query, store_id, moment))


async def read_photo(connection: TenantConnection, store_id: uuid.UUID, photo_id: uuid.UUID) -> bytes:
    """The JPEG of a photo in scope; NotFoundError otherwise."""
    found: bytes | None = await connection.fetchval(
        "SELECT jpeg FROM sign_photos WHERE store_id = $1 AND id = $2", store_id, photo_id
    )
    if found is None:
        raise NotFoundError("There is no such photo, or you may not see it.")
    return found


async def add_test(connection: TenantConnection, chain_id: uuid.UUID, store_id: uuid.UUID, test: AcceptanceTest) -> None:
    """Keep the result of an acceptance test."""
    await connection.execute(
        "INSERT INTO acceptance_tests (chain_id, store_id, id, switch, performed_on, performed_by, cameras, strangers,"
        " false_matches, enrolled, misses, passed, report_reference, recorded_by, recorded_at, model, camera_ids, listed,"
        " addresses)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
        chain_id,
        store_id,
        test.id,
        test.switch.value,
        test.performed_on,
        test.performed_by,
        test.cameras,
        test.strangers,
        test.false_matches,
        test.enrolled,
        test.misses,
        test.passed,
        test.report_reference,
        test.recorded_by,
        test.recorded_at,
        test.model,
        None if test.camera_ids is None else sorted(test.camera_ids),
        test.listed,
        None if test.addresses is None else {str(camera): mark for camera, mark in test.addresses.items()},
    )


async def list_tests(
    connection: TenantConnection, store_id: uuid.UUID, before: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[AcceptanceTest]:
    """Acceptance tests of a store, last recorded first; one more than `limit` when there are more."""
    rows = await connection.fetch(
        f"SELECT {_TEST} FROM acceptance_tests WHERE store_id = $1"  # noqa: S608
        " AND ($2::timestamptz IS NULL OR (recorded_at, id) < ($2, $3::uuid)) ORDER BY recorded_at DESC, id DESC LIMIT $4",
        store_id,
        *(before or (None, None)),
        limit + 1,
    )
    return [_test(row) for row in rows]


async def usernames(connection: TenantConnection, ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Names to show beside proposals and revisions."""
    rows = await connection.fetch("SELECT id, username FROM users WHERE id = ANY ($1::uuid[])", list(ids))
    return {row["id"]: row["username"] for row in rows}


async def stores_with_biometrics(pool: "Pool[asyncpg.Record]") -> list[tuple[uuid.UUID, uuid.UUID]]:
    """(chain, store) of every store that has a switch on, across chains."""
    async with pool.acquire(timeout=5) as connection:
        rows = await connection.fetch("SELECT chain_id, store_id FROM stores_with_biometrics()")
    return [(row["chain_id"], row["store_id"]) for row in rows]
