"""An end that comes while somebody approves, and a gallery that moves to the next version of the model while it serves."""

import asyncio
import json
import uuid
from contextlib import suppress
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from app.first_run import open_vault_of
from app.identity import lifecycle
from app.identity.enrolment import repository
from app.identity.enrolment.sweeper import sweep
from app.identity.models import EnrolmentState
from app.identity.templates.embedder import Embedder
from app.inference.face_client import FaceAnswer
from app.kit.clock import now
from app.kit.keys.choice import by_pool
from app.kit.keys.models import TEMPLATE
from app.kit.postgres import TenantScope, connect_pool, tenant_transaction
from tests.integration.conftest import Database
from tests.integration.service.faces import DrawnFaces, vector_of
from tests.integration.service.test_identity import Desk, desk  # noqa: F401 - a fixture


@pytest.fixture
def more_settings(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr("app.main.TritonFaces", DrawnFaces)
    return {"TRITON_URL": "127.0.0.1:1"}


async def test_rule_08_an_approval_that_races_the_end_is_decided_by_the_database(desk: Desk, database: Database) -> None:  # noqa: F811
    late, racing = await desk.proposed(1), [await desk.proposed(who, f"Person {who}") for who in (2, 7)]
    chain = (await desk.product.sql("SELECT id FROM chains"))[0]["id"]
    pool = await connect_pool(database.url("app"), role="test", largest=4)
    with suppress(_UndoError):
        async with tenant_transaction(pool, TenantScope(chain)) as connection:
            identity = uuid.UUID(late["id"])
            await connection.execute("UPDATE enrolments SET expires_at = clock_timestamp() WHERE id = $1", identity)
            found = await repository.get_enrolment(connection, identity, lock=True)
            behind = found.grounds.expires_at - timedelta(seconds=5)
            approved = lifecycle.approve(found, lifecycle.Approval(uuid.uuid4(), False, False), behind)
            assert not await repository.change_enrolment(connection, approved), "a service whose clock is behind approves nothing"
            assert await repository.change_enrolment(connection, lifecycle.end(found, EnrolmentState.EXPIRED, behind))
            raise _UndoError
    over = now() + timedelta(days=181)
    answers = await asyncio.gather(*(desk.act(each, "approve", {}, desk.approver) for each in racing), sweep(pool, over))
    await sweep(pool, over)
    await pool.close()
    assert all(status in (200, 409) for status, _ in answers[:2])
    assert {row["state"] for row in await desk.product.sql("SELECT state FROM enrolments")} == {"expired"}
    assert await desk.product.sql("SELECT FROM facial_profiles UNION ALL SELECT FROM enrolment_images") == []


class _UndoError(Exception):
    """Leaves a transaction without a trace."""


class NextModel:
    """A later version: it sees somebody in the background first, then the one who was enrolled."""

    def __init__(self, faces: int = 2) -> None:
        self.faces, self.calls = faces, 0

    async def find(self, picture: np.ndarray, most: int = 1) -> FaceAnswer:
        self.calls += 1
        boxes = np.array([[0, 0, 40, 40, 0.99], [80, 80, 240, 240, 0.9]], np.float32)[: self.faces]
        vectors = np.array([vector_of(100), vector_of(101)], np.float32)[: self.faces]
        return FaceAnswer(boxes, np.zeros((self.faces, 4, 2), np.float32), np.ones((self.faces, 5), np.float32), vectors)


async def test_rule_20_a_new_model_version_moves_the_gallery_while_the_old_one_serves(desk: Desk, database: Database) -> None:  # noqa: F811
    product, entries = desk.product, [await desk.approved(1), await desk.proposed(2, "Bea Example")]
    pool = await connect_pool(database.url("app"), role="test", largest=2)
    vault, second = open_vault_of(product.settings, by_pool(pool)), ("face_embedding", "2")

    async def versions() -> list[tuple[str, int]]:
        rows = await product.sql("SELECT model_version, count(*) AS n FROM facial_profiles GROUP BY 1 ORDER BY 1")
        return [(row["model_version"], row["n"]) for row in rows]

    blind = NextModel(faces=1)  # only the one in the background
    unlucky = Embedder(pool, vault, blind, second)
    assert [await unlucky.round(now()), await unlucky.round(now()), blind.calls] == [0, 0, 2], "nobody else's face is taken"
    embedder, before = Embedder(pool, vault, NextModel(), second), await desk.revision()
    assert await embedder.round(now()) == 2
    assert await versions() == [("1", 2), ("2", 2)]
    assert await desk.revision() > before
    stored = await product.sql("SELECT id, template FROM facial_profiles WHERE model_version = '2'")
    for row in stored:
        plain = np.frombuffer(await vault.open_bytes(TEMPLATE, row["id"], row["template"]), "<f4")
        assert np.allclose(plain, vector_of(101))
    assert await embedder.round(now()) == 0
    assert await versions() == [("1", 2), ("2", 2)], "the earlier serve until workers of the earlier release are gone"
    await desk.act(entries[0], "erase", {"reason": "Complaint upheld"}, desk.enroller)
    assert await versions() == [("1", 1), ("2", 1)], "an erasure takes the templates of every version"
    await embedder.round(now() + timedelta(hours=2))
    assert await versions() == [("2", 1)]
    details = await product.sql("SELECT details FROM audit_unsealed WHERE act = 'templates-turned' ORDER BY at DESC LIMIT 1")
    said = json.loads(details[0]["details"])
    assert (said["embedded"], said["model_version"]) == (2, "2")
    await pool.close()
