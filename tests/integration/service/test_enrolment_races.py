"""An end that comes while somebody approves, and a gallery that moves to the next version of the model while it serves."""

import asyncio
import json
import uuid
from contextlib import suppress
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from app.compliance.data_requests.repository import count_templates
from app.first_run import open_vault_of
from app.identity import lifecycle
from app.identity.enrolment import repository
from app.identity.enrolment.pictures import Looker
from app.identity.enrolment.sweeper import forget_names, sweep
from app.identity.models import EnrolmentState
from app.identity.templates.embedder import Embedder
from app.inference.face_client import FaceAnswer
from app.kit.clock import now
from app.kit.errors import BadInputError, UnavailableError
from app.kit.keys.choice import by_pool
from app.kit.keys.models import TEMPLATE
from app.kit.postgres import TenantScope, connect_pool, tenant_transaction
from tests.integration.conftest import Database
from tests.integration.service.faces import DrawnFaces, drawn, enrol, form, grounds, make_person, vector_of
from tests.integration.service.test_identity import Desk, desk  # noqa: F401 - a fixture


@pytest.fixture
def more_settings(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr("app.lifespan.TritonFaces", DrawnFaces)
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


async def test_rule_06_one_face_enrolled_twice_at_one_moment_stands_once(desk: Desk) -> None:  # noqa: F811
    subjects = [await make_person(desk.product, desk.enroller, f"Twin {number}") for number in range(4)]
    given = grounds(desk.watchlist, desk.incident)
    answers = await asyncio.gather(*(enrol(desk.product, desk.enroller, each, drawn(1), given) for each in subjects))
    assert sorted(status for status, _ in answers) == [201, 422, 422, 422], answers
    assert all("duplicate" in str(answer["findings"]) for status, answer in answers if status == 422)
    assert len(await desk.product.sql("SELECT FROM facial_profiles")) == 1


async def test_rule_08_an_erasure_takes_the_words_out_of_kept_answers_too(desk: Desk) -> None:  # noqa: F811
    product, once = desk.product, {"Idempotency-Key": "import row 1"}
    body = {"store_id": await product.store(), "name": "Dee Example"}
    made = (await product.ask("POST", "/api/v1/persons", body, token=desk.enroller, headers=once))[1]
    address, fields = f"/api/v1/persons/{made['id']}/enrolments", grounds(desk.watchlist, desk.incident)
    again = {"Idempotency-Key": "import row 1, enrolment"}
    status, entry = await product.ask("POST", address, token=desk.enroller, data=form(drawn(1), fields), headers=again)
    assert status == 201, entry
    assert (await desk.act(entry, "approve", {}, desk.approver))[0] == 200
    assert (await desk.act(entry, "erase", {"reason": "Complaint upheld"}, desk.enroller))[0] == 200
    kept = str(await product.sql("SELECT response::text FROM idempotency_keys"))
    for word in ("Dee Example", "Hit a guard", "Clip 7", "Identity card seen", "Letter"):
        assert word not in kept
    answered = await product.ask("POST", address, token=desk.enroller, data=form(drawn(1), fields), headers=again)
    assert (answered[0], answered[1]["id"], answered[1]["state"]) == (201, entry["id"], "erased"), "sent again it enrols nobody"
    assert len(await product.sql("SELECT FROM enrolments")) == 1


async def test_rule_08_a_name_goes_a_day_later_where_nobody_was_enrolled(desk: Desk, database: Database) -> None:  # noqa: F811
    product, day = desk.product, timedelta(hours=26)
    standing = await desk.approved(1)
    status, made = await product.ask(
        "POST", "/api/v1/persons", {"store_id": await product.store(), "name": "Cy Example"}, token=desk.enroller,
        headers={"Idempotency-Key": "cy"},
    )  # fmt: skip
    assert status == 201, made
    refused, _ = await enrol(product, desk.enroller, made["id"], b"no picture", grounds(desk.watchlist, desk.incident))
    assert refused == 422
    pool = await connect_pool(database.url("app"), role="test", largest=2)

    async def names() -> list[str]:
        return sorted(row["name"] for row in await product.sql("SELECT name FROM persons WHERE erased_at IS NULL"))

    assert (await forget_names(pool, now()), await names()) == (0, ["Ada Example", "Cy Example"]), "a day for a better picture"
    await product.sql("UPDATE idempotency_keys SET created_at = created_at - interval '25 hours'")
    assert (await forget_names(pool, now() + day), await names()) == (1, ["Ada Example"])
    assert await product.sql("SELECT FROM idempotency_keys WHERE response::text LIKE '%Cy Example%'") == []
    assert await desk.acts(made["id"]) == ["person-created", "person-forgotten"]
    refused, said = await enrol(product, desk.enroller, made["id"], drawn(2), grounds(desk.watchlist, desk.incident))
    assert (refused, "erased" in said["detail"]) == (409, True), said
    assert await forget_names(pool, now() + day) == 0
    assert standing["state"] == "approved"
    await pool.close()


class _UndoError(Exception):
    """Leaves a transaction without a trace."""


class NextModel:
    """A later version: it sees somebody in the background first, then the one who was enrolled."""

    def __init__(self, faces: int = 2) -> None:
        self.faces, self.calls = faces, 0

    async def find(self, picture: np.ndarray, most: int = 1, version: str = "1") -> FaceAnswer:
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

    async def noted() -> list[dict[str, Any]]:
        rows = await product.sql("SELECT details FROM audit_unsealed WHERE act = 'templates-turned' ORDER BY at, id")
        return [json.loads(row["details"]) for row in rows]

    blind = NextModel(faces=1)  # only the one in the background
    unlucky = Embedder(pool, vault, Looker(blind), second)
    assert [await unlucky.round(now()), await unlucky.round(now()), blind.calls] == [0, 0, 2], "nobody else's face is taken"
    assert await Embedder(pool, vault, Looker(None), second).round(now()) == 0, "without a model server it waits"
    embedder, before = Embedder(pool, vault, Looker(NextModel()), second), await desk.revision()
    assert await embedder.round(now()) == 2
    assert await versions() == [("1", 2), ("2", 2)]
    assert await desk.revision() > before
    scope = TenantScope((await product.sql("SELECT id FROM chains"))[0]["id"])
    async with tenant_transaction(pool, scope) as connection:
        counted = [await count_templates(connection, "face_embedding", version) for version in ("1", "2", "3")]
    assert counted == [(2, 0), (2, 0), (2, 2)], "entries are counted, not their templates"
    stored = await product.sql("SELECT id, template FROM facial_profiles WHERE model_version = '2'")
    for row in stored:
        plain = np.frombuffer(await vault.open_bytes(TEMPLATE, row["id"], row["template"]), "<f4")
        assert np.allclose(plain, vector_of(101))
    assert await embedder.round(now()) == 0
    assert await versions() == [("1", 2), ("2", 2)], "the earlier serve until workers of the earlier release are gone"
    await desk.act(entries[0], "erase", {"reason": "Complaint upheld"}, desk.enroller)
    assert await versions() == [("1", 1), ("2", 1)], "an erasure takes the templates of every version"
    later = now() + timedelta(hours=2)
    await Embedder(pool, vault, Looker(NextModel()), ("face_embedding", "1")).round(later)
    assert await versions() == [("1", 1), ("2", 1)], "a release that goes takes nothing from the one that comes"
    await embedder.round(later)
    assert await versions() == [("2", 1)]
    of = {"model": "face_embedding", "model_version": "2"}
    assert await noted() == [
        {"embedded": 0, "not_embedded": 2, **of}, {"embedded": 2, "not_embedded": 0, **of}, {"dropped": 1, **of}
    ]  # fmt: skip
    await pool.close()


class Moody(NextModel):
    """It refuses one picture, embeds another, and then it is gone."""

    async def find(self, picture: np.ndarray, most: int = 1, version: str = "1") -> FaceAnswer:
        found = await super().find(picture, most)
        if self.calls == 1:
            raise BadInputError("The model refuses this picture.")
        if self.calls == 3:
            raise UnavailableError("The model server is away.")
        return found


async def test_rule_20_one_refused_picture_stops_no_gallery_and_every_move_is_noted(desk: Desk, database: Database) -> None:  # noqa: F811
    product, entries = desk.product, [await desk.proposed(who, f"Person {who}") for who in (1, 2, 7)]
    pool = await connect_pool(database.url("app"), role="test", largest=2)
    model = Moody()
    embedder = Embedder(pool, open_vault_of(product.settings, by_pool(pool)), Looker(model), ("face_embedding", "2"))
    assert await embedder.round(now()) == 0, "it ended early"

    async def noted() -> list[tuple[int, int]]:
        rows = await product.sql("SELECT details FROM audit_unsealed WHERE act = 'templates-turned' ORDER BY at, id")
        return [(said["embedded"], said["not_embedded"]) for said in (json.loads(row["details"]) for row in rows)]

    assert await noted() == [(1, 1)], "what was moved before it ended is noted"
    assert [await embedder.round(now()), await embedder.round(now())] == [1, 0]
    assert model.calls == 4, "the refused picture is not asked again"
    assert await noted() == [(1, 1), (1, 0)]
    refused = sorted(each["id"] for each in entries)[0]
    moved = await product.sql("SELECT enrolment_id FROM facial_profiles WHERE model_version = '2'")
    assert {str(row["enrolment_id"]) for row in moved} == {each["id"] for each in entries} - {refused}
    await pool.close()
