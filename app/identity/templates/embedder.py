"""Moves galleries to the face model version in use: enrolled pictures are embedded anew.

A new version ends the acceptance tests that were made with the earlier one, so faces are off in a store until its test is
repeated. Then its entries are embedded, the approved ones first. Probes are compared with templates of their own version alone:
until an entry's turn has come, workers of the new release do not find it. What the earlier version made of an entry goes
`OVERLAP` after the new template was made: workers of the earlier release have been replaced by then.

A version that the chain pushed has templates beside those of the released one from its push to its retirement: cameras go over
to it and back without a gap.
"""

import asyncio
import contextlib
import uuid
from datetime import datetime, timedelta
from typing import Final

import asyncpg
import numpy as np

from app.audit import repository as audit
from app.audit.models import Act, ActorKind, AuditEntry
from app.identity.enrolment import image_repository, repository
from app.identity.enrolment.gate import SeenFace, seen_faces
from app.identity.enrolment.image_repository import EnrolledPicture
from app.identity.enrolment.pictures import FaceModel, read_picture
from app.identity.models import ENDED
from app.identity.templates import embed_repository
from app.identity.templates.stored import Vector, add_template
from app.inference.face_client import FACE_MODEL, FACE_VERSION
from app.kit.clock import now
from app.kit.errors import BadInputError, PennyError
from app.kit.keys.vault import Vault
from app.kit.logs import logger
from app.kit.postgres import DATABASE_ERRORS, Pool, TenantConnection, TenantScope, tenant_transaction
from app.models.models import OWN_FACES

EVERY_S: Final = 30.0
AT_ONCE: Final = 20
OVERLAP: Final = timedelta(hours=1)
MOST_FACES: Final = 4
LEAST_OVERLAP: Final = 0.2
FAILURES: Final = (*DATABASE_ERRORS, PennyError)
Version = tuple[str, str]
"""Model and version."""

log = logger(__name__)


class Embedder:
    """Embeds what the version in use has not seen.

    Pictures that it refuses, or in which it does not find whoever was enrolled, are named in the log, counted in the audit and
    tried again after the next start.
    """

    def __init__(
        self, pool: "Pool[asyncpg.Record]", vault: Vault, model: FaceModel, version: Version = (FACE_MODEL, FACE_VERSION)
    ) -> None:
        self._pool, self._vault, self._model, self._version = pool, vault, model, version
        self._hopeless: dict[Version, set[uuid.UUID]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Rounds until `stop`, one after the other while there is something to move."""
        while not stop.is_set():
            moved = 0
            try:
                if moved := await self.round(now()):
                    log.info("templates made anew by the model version in use", count=moved)
            except FAILURES as error:
                log.warning("templates could not be made anew", error=_said(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.05 if moved else EVERY_S)

    async def round(self, moment: datetime) -> int:
        """A few entries of each chain; how many were moved. A chain that fails keeps no other one."""
        moved = 0
        for chain_id, version, over in await self._due():
            try:
                moved += await (self._drop(chain_id, version) if over else self._chain(chain_id, version, moment))
            except FAILURES as error:
                log.warning("a chain's templates could not be made anew", chain=str(chain_id), error=_said(error))
        return moved

    async def _due(self) -> list[tuple[uuid.UUID, Version, bool]]:
        released = await embed_repository.chains_to_embed(self._pool, *self._version)
        pushed = await embed_repository.pushed_versions(self._pool)
        return [(chain_id, self._version, False) for chain_id in released] + [
            (chain_id, (FACE_MODEL, version), over) for chain_id, version, over in pushed if over or not OWN_FACES
        ]

    async def _drop(self, chain_id: uuid.UUID, version: Version) -> int:
        async with tenant_transaction(self._pool, TenantScope(chain_id)) as connection:
            if dropped := await embed_repository.drop_of(connection, *version):
                await self._note(connection, chain_id, version, dropped=dropped)
        return 0

    async def _chain(self, chain_id: uuid.UUID, version: Version, moment: datetime) -> int:
        scope, hopeless = TenantScope(chain_id), self._hopeless.setdefault(version, set())
        async with tenant_transaction(self._pool, scope) as connection:
            released = version == self._version
            if released and (dropped := await embed_repository.drop_earlier(connection, *version, moment - OVERLAP)):
                await self._note(connection, chain_id, version, dropped=dropped)
            waiting = await embed_repository.entries_to_embed(connection, *version, AT_ONCE, hopeless)
            pictures = {each: await image_repository.read_image(connection, self._vault, each) for each in waiting}
        moved, before = 0, len(hopeless)
        try:
            for enrolment_id, picture in pictures.items():
                if (found := await self._found(enrolment_id, picture, version)) is not None:
                    async with tenant_transaction(self._pool, scope) as connection:
                        moved += await self._store(connection, chain_id, enrolment_id, *found, moment)
        finally:
            missed = len(hopeless) - before
            if moved or missed:
                async with tenant_transaction(self._pool, scope) as connection:
                    await self._note(connection, chain_id, version, embedded=moved, not_embedded=missed)
        return moved

    async def _note(self, connection: TenantConnection, chain_id: uuid.UUID, version: Version, **done: int) -> None:
        details = {**done, "model": version[0], "model_version": version[1]}
        entry = AuditEntry(Act.TEMPLATES_TURNED, ActorKind.SYSTEM, None, chain_id, None, "gallery", None, details)
        await audit.append(connection, entry)

    async def _found(self, enrolment_id: uuid.UUID, picture: EnrolledPicture, version: Version) -> tuple[SeenFace, Vector] | None:
        """None for a picture that helps nothing; it keeps no other one."""
        try:
            found, why = await self._look(picture, version), "it finds no such face"
        except BadInputError as error:
            found, why = None, _said(error)
        if found is None:
            self._hopeless[version].add(enrolment_id)
            log.warning(
                "a model version cannot embed an enrolled picture", enrolment=str(enrolment_id), version=version[1], why=why
            )
        return found

    async def _look(self, picture: EnrolledPicture, version: Version) -> tuple[SeenFace, Vector] | None:
        """The face that was enrolled, of those in its picture."""
        pixels = await asyncio.to_thread(read_picture, picture.jpeg)
        answer = await self._model.find(pixels, MOST_FACES, version[1])
        faces = seen_faces(answer.boxes, answer.points, answer.quality)
        ranked = sorted(range(len(faces)), key=lambda each: -_overlap(faces[each].box, picture.box))
        if not ranked or _overlap(faces[ranked[0]].box, picture.box) < LEAST_OVERLAP:
            return None
        return faces[ranked[0]], Vector(answer.embeddings[ranked[0]], *version)

    async def _store(
        self, connection: TenantConnection, chain_id: uuid.UUID, enrolment_id: uuid.UUID, face: SeenFace, vector: Vector,
        moment: datetime,
    ) -> bool:  # fmt: skip
        """False where the entry ended meanwhile, or another service was faster."""
        enrolment = await repository.get_enrolment(connection, enrolment_id, lock=True)
        if enrolment.state in ENDED or await embed_repository.has_template(
            connection, enrolment_id, vector.model, vector.model_version
        ):
            return False
        await add_template(connection, self._vault, chain_id, enrolment, vector, face.quality, moment)
        return True


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Of two boxes (x1, y1, x2, y2): their common area over their joint one."""
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:4], other[2:4])
    common = float(np.prod(np.maximum(high - low, 0)))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return common / max(sum(areas) - common, 1e-9)


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__
