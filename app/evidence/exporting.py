"""Makes exports: who is where is looked up and looked at, pictures are redacted, everything is hashed and signed.

Runs beside requests in each replica of the service; a claim that nobody finishes ends by itself, and the next one makes it.
"""

import asyncio
import base64
import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import asyncpg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.audit import repository as audit
from app.audit.models import Act, ActorKind, AuditEntry
from app.evidence import exports_repository, repository, service
from app.evidence.custody import Link, canonical, link_document
from app.evidence.models import Custody, Evidence, Export, ExportState, Redaction
from app.evidence.package import CUSTODY, build
from app.evidence.recoding import PoseModel, look_again, redacted
from app.evidence.redaction import Scene, tracks_of
from app.evidence.storage import Storage
from app.kit.clock import now
from app.kit.errors import ConflictError, PennyError
from app.kit.ids import new_id
from app.kit.keys.models import SIGNING
from app.kit.keys.vault import Vault
from app.kit.logs import logger
from app.kit.objects.store import ObjectStoreError
from app.kit.postgres import DATABASE_ERRORS, Pool, TenantConnection, TenantScope, tenant_transaction
from app.kit.version import product_version

POLL_S: Final = 1.0
MAKE_S: Final = 280.0
MOST_TRIES: Final = 3
AWAY_S: Final = 30.0
"""After which it is tried again where the store did not answer."""
README: Final = """This package holds evidence exported by PennyProtect.

manifest.json  what it is, for whom and why, and the sha256 of each file
manifest.sig   its Ed25519 signature
custody.json   who had the recording in hand, as a hash chain

Check it, without a network:   pennyprotect evidence verify THIS_FILE --key FINGERPRINT
The fingerprint of the key is told by whoever gave you the package, on another way than the package itself.
"""

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Source:
    """What an export is made of."""

    piece: Evidence
    export: Export
    boxes: list[dict[str, Any]]
    custody: list[Custody]
    store: str
    camera: str


class Exporter:
    """Makes what waits.

    Args:
        pose: looks at the pictures again; without it everything but the subjects is blurred.
    """

    def __init__(self, pool: "Pool[asyncpg.Record]", storage: Storage, vault: Vault, pose: PoseModel | None) -> None:
        self._pool, self._storage, self._vault, self._pose = pool, storage, vault, pose
        self.woken = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Make exports until `stop`, through any outage."""
        while not stop.is_set():
            self.woken.clear()
            try:
                claimed = await exports_repository.claim(self._pool)
                if claimed is not None:
                    await self._make_one(*claimed)
                    continue
            except DATABASE_ERRORS as error:
                log.warning("exports wait", error=type(error).__name__)
            await _first(stop, self.woken)

    async def scene_of(
        self, piece: Evidence, body: bytes, boxes: list[dict[str, Any]], export: Export, around_ms: float | None = None
    ) -> Scene:
        """Who is where; where the pose model does not answer, everything but the subjects is to be blurred.

        Args:
            around_ms: only this moment is to be shown, so the model looks at its neighbourhood alone.
        """
        plain = Scene(tracks_of(_still(boxes) if piece.media_type == "image/jpeg" else boxes), (), frozenset(export.subjects))
        if export.redaction in (Redaction.NONE, Redaction.EVERYONE):
            return replace(plain, mode=export.redaction)
        try:
            if self._pose is not None:
                async with asyncio.timeout(MAKE_S / 2):
                    looks = await look_again(self._pose, body, piece.media_type or "", around_ms)
                return replace(plain, looks=looks, mode=export.redaction)
        except (PennyError, TimeoutError) as error:
            log.warning("an export is made without the pose model", error=type(error).__name__)
        return replace(plain, mode=Redaction.EVERYONE)

    async def _make_one(self, export_id: uuid.UUID, chain_id: uuid.UUID) -> None:
        scope = TenantScope(chain_id)
        try:
            async with asyncio.timeout(MAKE_S):
                await self._make(export_id, scope)
        except Exception as error:  # whatever a decoder thinks of; the requester sees a sentence
            log.warning("an export failed", export=str(export_id), error=type(error).__name__)
            await self._put_off(export_id, scope, error)

    async def _put_off(self, export_id: uuid.UUID, scope: TenantScope, error: Exception) -> None:
        """It is tried again, a few times at most; while the store is away it waits, at most until its link is over."""
        reason = error.detail if isinstance(error, PennyError) else "It could not be made; the service's log says more."
        async with tenant_transaction(self._pool, scope) as connection:
            export = await exports_repository.get_export(connection, export_id, lock=True)
            if export.state is ExportState.ENDED:
                return
            changes: dict[str, Any] = {"state": ExportState.WAITING.value}
            if isinstance(error, ObjectStoreError):
                later, tries = now() + timedelta(seconds=AWAY_S), export.tries - isinstance(error, _StoreAwayError)
                changes = {"state": ExportState.MAKING.value, "claimed_until": later, "tries": max(0, tries)}
            if export.tries >= MOST_TRIES and not isinstance(error, _StoreAwayError):
                changes = {"state": ExportState.FAILED.value}
            await exports_repository.change_export(connection, export_id, reason=reason[:300], **changes)

    async def _make(self, export_id: uuid.UUID, scope: TenantScope) -> None:
        with _away():
            store = await self._storage.open()
        async with tenant_transaction(self._pool, scope) as connection:
            source = await _source(connection, export_id)
            key = await signing_key(connection, self._vault, scope.chain_id)
        with _away():
            body = await store.get(source.piece.s3_key or "")
            await service.verify_stored(store, source.piece)
        scene = await self.scene_of(source.piece, body, source.boxes, source.export)
        watermark = watermark_of(source.export)
        if scene.mode is not Redaction.NONE:
            body = await asyncio.to_thread(redacted, body, source.piece.media_type or "", scene, watermark)
        name = f"recording.{service.MEDIA[source.piece.media_type or '']}"
        files = [("README.txt", README.encode()), (name, body), (CUSTODY, _custody(source))]
        package, digest = await asyncio.to_thread(_packed, files, _about(source, scene), key)
        await self._keep(source, scope, package, digest)

    async def _keep(self, source: Source, scope: TenantScope, package: bytes, digest: bytes) -> None:
        export = source.export
        where = f"exports/{export.chain_id}/{export.store_id}/{now():%Y/%m/%d}/{export.id}-{uuid.uuid4().hex[:12]}.zip"
        store = await self._storage.open()
        await store.put(where, package)
        try:
            async with tenant_transaction(self._pool, scope) as connection:
                await _hand_over(connection, export.id, source.piece.id, where, (len(package), digest))
        except PennyError:
            await store.erase(where)
            raise


class _StoreAwayError(ObjectStoreError):
    """What is to be exported cannot be read now: no fault of the export, so it costs no try."""


@contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except ObjectStoreError as error:
        raise _StoreAwayError(error.detail) from error


async def _hand_over(
    connection: TenantConnection, export_id: uuid.UUID, piece_id: uuid.UUID, where: str, made: tuple[int, bytes]
) -> None:
    """The package is ready. ConflictError where the piece was deleted, or the export was ended, while it was made."""
    piece = await repository.get_evidence(connection, piece_id, lock=True)
    service.demand_present(piece)
    if (await exports_repository.get_export(connection, export_id, lock=True)).state is not ExportState.MAKING:
        raise ConflictError("This export was ended while it was made.")
    size, digest = made
    ready = {"state": ExportState.READY.value, "reason": "", "s3_key": where, "size": size, "sha256": digest}
    await exports_repository.change_export(connection, export_id, **ready)
    details = {"export_id": str(export_id), "sha256": digest.hex()}
    await repository.add_custody(connection, piece, Link("exported", ActorKind.SYSTEM.value, None, now(), details))
    system = (Act.EVIDENCE_EXPORTED, ActorKind.SYSTEM, None, piece.chain_id, piece.store_id)
    await audit.append(connection, AuditEntry(*system, "evidence", piece.id, details))


async def signing_key(connection: TenantConnection, vault: Vault, chain_id: uuid.UUID) -> Ed25519PrivateKey:
    """The chain's key, made at first use; it never leaves the service unsealed."""
    found = await exports_repository.signing_key(connection)
    if found is None:
        fresh, key_id = Ed25519PrivateKey.generate(), new_id()
        secret = base64.b64encode(fresh.private_bytes_raw()).decode()
        sealed = await vault.seal(connection, chain_id, SIGNING, key_id, secret)
        public = fresh.public_key().public_bytes_raw()
        await exports_repository.add_signing_key(connection, chain_id, key_id, public, sealed, now())
        found = await exports_repository.signing_key(connection)
        assert found is not None  # noqa: S101 - somebody has added one
    key_id, _, sealed = found
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(await vault.open(SIGNING, key_id, sealed)))


def watermark_of(export: Export) -> str:
    """What is written on every picture."""
    return f"{export.recipient} - {export.created_at:%Y-%m-%d} - {str(export.id)[-12:]}"


async def _source(connection: TenantConnection, export_id: uuid.UUID) -> Source:
    export = await exports_repository.get_export(connection, export_id)
    piece = await repository.get_evidence(connection, export.evidence_id)
    service.demand_present(piece)
    boxes = await repository.boxes_of(connection, piece.id)
    names = await exports_repository.names_for(connection, piece.store_id, piece.camera_id)
    return Source(piece, export, boxes, await repository.custody_of(connection, piece.id), *names)


def _packed(files: list[tuple[str, bytes]], about: dict[str, Any], key: Ed25519PrivateKey) -> tuple[bytes, bytes]:
    """The package and its sha256."""
    package = build(files, about, key)
    return package, hashlib.sha256(package).digest()


def _custody(source: Source) -> bytes:
    links = []
    for each in source.custody:
        link = Link(each.act, each.actor_kind, each.actor_id, each.at, each.details)
        links.append({**link_document(source.piece.id, each.sequence, link), "hash": each.hash.hex()})
    return canonical(links)


def _about(source: Source, scene: Scene) -> dict[str, Any]:
    piece, export = source.piece, source.export
    times = {name: each.isoformat() for name in ("recorded_from", "recorded_to", "moment") if (each := getattr(piece, name))}
    return {
        "evidence": {
            "id": str(piece.id), "type": piece.type.value, "store": source.store, "camera": source.camera, **times,
            "original_sha256": (piece.sha256 or b"").hex(), "original_size": piece.size, "masked": piece.masked,
        },
        "export": {
            "id": str(export.id), "purpose": export.purpose, "recipient": export.recipient,
            "requested_by": str(export.requested_by),
            "created_at": export.created_at.isoformat(), "expires_at": export.expires_at.isoformat(),
            "redaction_asked_for": export.redaction.value, "redaction": scene.mode.value,
            "subjects": [str(each) for each in sorted(scene.subjects)], "looked_again": len(scene.looks),
        },
        "software": f"pennyprotect {product_version()}",
    }  # fmt: skip


def _still(boxes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of a still, the sighting nearest to it, at 0."""
    nearest = min(boxes, key=lambda each: abs(int(each["at_ms"])), default=None)
    return [] if nearest is None else [{**nearest, "at_ms": 0}]


async def _first(stop: asyncio.Event, other: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(each.wait()) for each in (stop, other)]
    try:
        with suppress(TimeoutError):
            await asyncio.wait(waits, timeout=POLL_S, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
