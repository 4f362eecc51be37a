"""Walks beside leads, on real servers: a support of a lead that a face led to, no trace of any other walk (rules 3 and 9)."""

import json
import uuid
from datetime import timedelta

import numpy as np
import pytest

from app.contracts.biometrics import GaitEmbedding, ProbeEmbedding, probes_stream
from app.contracts.wire import encode, floats
from app.identity.gait.decision import threshold_of
from app.identity.templates.protection import current_rotation, new_rotation, turn_anew
from app.kit.clock import now_us
from app.kit.ids import new_id, shard_of
from app.kit.keys.choice import by_pool, open_vault
from app.kit.keys.models import TEMPLATE
from tests.integration.pipeline.conftest import Site
from tests.integration.pipeline.test_matching import KEY, Faces, Float32, face, like, matching

MODEL = "gait_embedding"
QUALITY: dict[str, float | bool | str] = {"overall": 0.9, "frames": 60, "facing": "side", "walking": True}
FEATURES: dict[str, float | bool | None] = {"cadence_steps_per_min": 112.5, "stride_length_m": None, "walking": True}


class Walkers(Faces):
    """The same store, whose entries may have a gait template, too."""

    async def enrol_gait(self, enrolment: uuid.UUID, vector: Float32, *, approved: bool = True, version: str = "1") -> None:
        profile, chain = new_id(), self.site.chain
        async with self.site.pool.acquire() as connection, connection.transaction():
            rotation = await current_rotation(connection, self.vault, chain)
            sealed = await self.vault.seal_bytes(connection, chain, TEMPLATE, profile, floats(vector))
            await connection.execute(
                "INSERT INTO gait_profiles (id, chain_id, store_id, person_id, enrolment_id, model, model_version, rotation,"
                " features, embeddings, template, source, proposed_by, created_at, approved_by, approved_at) SELECT $1,"
                " e.chain_id, e.store_id, e.person_id, e.id, $3, $4, $5, '{}', $6::text::halfvec, $7, 'Clip E-1', $8, now(), $9,"
                " CASE WHEN $9::uuid IS NULL THEN NULL ELSE now() END FROM enrolments e WHERE e.id = $2",
                profile, enrolment, MODEL, version, rotation.version, str(rotation.turn(vector).tolist()), sealed, self.user,
                self.other if approved else None,
            )  # fmt: skip

    def walk(self, track: int, vector: Float32 | None, *, quality: float = 0.9, revision: int | None = None) -> bytes:
        """What a worker says of a track's walk."""
        told = {**QUALITY, "overall": quality}
        said = GaitEmbedding(
            self.site.camera, self.site.store, 1, track, now_us(), self.revision if revision is None else revision, MODEL, "1",
            b"" if vector is None else floats(vector), told if vector is not None else {}, FEATURES if vector is not None else {},
            "too few frames" if vector is None else "",
        )  # fmt: skip
        return encode(said)

    async def supports(self) -> dict[uuid.UUID, tuple[str, str]]:
        rows = await self.site.pool.fetch(
            "SELECT m.enrolment_id, s.verdict, s.reason FROM gait_supports s JOIN matches m ON m.id = s.match_id"
        )
        return {row["enrolment_id"]: (row["verdict"], row["reason"]) for row in rows}


@pytest.fixture
async def walkers(site: Site) -> Walkers:
    made = Walkers(site, open_vault(KEY, site.home / "keys.json", "", by_pool(site.pool)))
    await made.prepare()
    return made


async def test_rule_9_a_walk_supports_the_lead_of_its_own_track_and_says_when_it_cannot_tell(walkers: Walkers) -> None:
    site, people = walkers.site, [face() for _ in range(5)]
    entries = [await walkers.enrol(each, lasts=timedelta(days=2)) for each in people]
    walks = [face() for _ in people]
    for entry, walk in zip(entries[:4], walks, strict=False):
        await walkers.enrol_gait(entry, walk)
    await walkers.enrol_gait(entries[4], walks[4], approved=False)
    await matching(site)
    for number, person in enumerate(people):
        track, probe = walkers.probe(like(person))
        assert track == number + 1
        await walkers.send([probe])
    await site.until(lambda: site.pool.fetchrow("SELECT 1 FROM matches HAVING count(*) = 5"), 20)
    await walkers.send([
        walkers.walk(1, like(walks[0], 0.999)),  # its own
        walkers.walk(2, like(walks[0], 0.999)),  # another entry's
        walkers.walk(3, like(walks[2], 0.999), quality=0.3),  # too poorly seen
        walkers.walk(4, None),
        walkers.walk(5, like(walks[4], 0.999)),  # nobody approved its template
    ])  # fmt: skip
    await site.until(lambda: site.pool.fetchrow("SELECT 1 FROM gait_supports HAVING count(*) = 4"), 20)
    await walkers.used()
    threshold = threshold_of(MODEL, "1", 4)
    assert threshold is not None
    assert await walkers.supports() == {
        entries[0]: ("supports", ""),
        entries[1]: ("unknown", "below the threshold"),
        entries[2]: ("unknown", "poorly seen"),
        entries[3]: ("no-result", "too few frames"),
    }
    row = await site.pool.fetchrow("SELECT * FROM gait_supports WHERE verdict = 'supports'")
    assert row is not None
    assert (row["searched"], row["features"], row["quality"]) == (4, FEATURES, {**QUALITY, "overall": 0.9})
    assert round(row["threshold"], 4) == round(threshold, 4) <= row["gait_score"] <= 1
    # A better sequence of the same track is taken over, a poorer one is not.
    await walkers.send([walkers.walk(3, like(walks[2], 0.999)), walkers.walk(1, like(walks[1], 0.999), quality=0.6)])
    await site.until(lambda: site.pool.fetchrow("SELECT 1 FROM gait_supports WHERE verdict = 'supports' HAVING count(*) = 2"), 20)
    await walkers.used()
    assert (await walkers.supports())[entries[0]] == ("supports", "")
    told = await site.pool.fetch("SELECT payload FROM outbox WHERE kind = 'match-changed'")
    assert len(told) == 5
    assert not any(word in json.dumps([each["payload"] for each in told], default=str) for word in ("Nobody", "cadence", "112.5"))
    # Templates turn with the chain's others.
    async with site.pool.acquire() as connection:
        async with connection.transaction():
            rotation = await new_rotation(connection, walkers.vault, site.chain)
        for expected in (5, 5, 0):
            async with connection.transaction():
                assert await turn_anew(connection, walkers.vault, site.chain, rotation) == expected
    assert await site.pool.fetchval("SELECT count(*) FROM template_rotations") == 1


async def test_rule_3_a_walk_without_a_lead_leaves_no_trace_and_raises_nothing(walkers: Walkers) -> None:
    site, known, walk = walkers.site, face(), face()
    entry = await walkers.enrol(known)
    await walkers.enrol_gait(entry, walk)
    role = await matching(site)
    # The enrolled person's very walk, of tracks whose face led to nobody; and under another policy.
    await walkers.send([walkers.walk(track, like(walk, 0.9999)) for track in range(1, 40)])
    await walkers.send([walkers.walk(50, walk, revision=walkers.revision + 1), walkers.probe(face(), track=3)[1]])
    # A worker that sends a walk as a face leads to nobody either.
    await walkers.send([as_face(walkers, walk, 60)])
    await walkers.used()
    counts = "SELECT (SELECT count(*) FROM matches), (SELECT count(*) FROM alerts), (SELECT count(*) FROM gait_supports),"
    row = await site.pool.fetchrow(counts + " (SELECT count(*) FROM outbox), (SELECT count(*) FROM stranger_scores)")
    assert row is not None
    assert tuple(row) == (0, 0, 0, 0, 0)
    assert await site.memory.xlen(probes_stream(shard_of(site.camera))) == 0
    logs = role.log.read_text()
    assert not any(f"{number:.4f}" in logs for number in walk[:8])
    assert not any(word in logs for word in ("cadence", "112.5"))
    # The lead comes after the walk: within seconds the walk is still there.
    await walkers.send([walkers.walk(70, like(walk, 0.999)), walkers.probe(like(known), track=70)[1]])
    await site.until(lambda: site.pool.fetchrow("SELECT 1 FROM gait_supports WHERE verdict = 'supports'"), 20)
    # With the switch off nothing is compared any more.
    await site.pool.execute(
        "INSERT INTO site_policies (store_id, chain_id, revision, face, cause, reason, notice_text)"
        " VALUES ($1, $2, $3, true, 'demo', 'x', 'Faces are matched here.')", site.store, site.chain, walkers.revision + 1,
    )  # fmt: skip
    with pytest.raises(Exception, match="gait switch"):
        await site.pool.execute("UPDATE gait_supports SET reason = 'x'")


def as_face(walkers: Walkers, walk: Float32, track: int) -> bytes:
    """A face's message that carries a walk."""
    site, quality = walkers.site, floats(np.full(5, 0.9))
    return encode(
        ProbeEmbedding(site.camera, site.store, 1, track, now_us(), walkers.revision, MODEL, "1", 80.0, quality, floats(walk))
    )
