"""Faces to leads, on real servers: who is found, who is not, what ends when; a stranger leaves no trace (rules 3, 8 and 9)."""

import asyncio
import base64
import itertools
import json
import os
import re
import time
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from app.contracts.biometrics import KEEP_PROBES_MS, ProbeEmbedding, probes_stream
from app.contracts.wire import FIELD, encode, floats
from app.identity.templates.protection import current_rotation, new_rotation, turn_anew
from app.kit.clock import now_us
from app.kit.ids import new_id, shard_of
from app.kit.keys.choice import by_pool, open_vault
from app.kit.keys.models import MATCH_PICTURE, TEMPLATE
from app.kit.keys.vault import Vault
from app.kit.postgres import connect_pool
from app.pipeline.configuration import CameraSetup
from app.pipeline.probes import Seen
from app.pipeline.stranger_repository import add_counts
from app.pipeline.strangers import TOGETHER, Strangers, measure
from app.pipeline.timetable import Timetable
from app.workers.head_picture import head_jpeg
from tests.builders import make_tracked_frame
from tests.integration.pipeline.collector import Receiver
from tests.integration.pipeline.conftest import Role, Site

KEY = base64.b64encode(bytes(range(32))).decode()
MODEL, VERSION, DIMENSIONS = "face_embedding", "1", 128
Float32 = npt.NDArray[np.float32]
RANDOM = np.random.default_rng(7)


def face() -> Float32:
    drawn = RANDOM.standard_normal(DIMENSIONS)
    return np.asarray(drawn / np.linalg.norm(drawn), np.float32)


def like(vector: Float32, cosine: float = 0.99) -> Float32:
    other = face() - (face() @ vector) * vector
    other -= (other @ vector) * vector
    mixed = cosine * vector + np.sqrt(1 - cosine**2) * other / np.linalg.norm(other)
    return np.asarray(mixed / np.linalg.norm(mixed), np.float32)


@dataclass
class Faces:
    """A store with face recognition on, a list and its people, written as the owner."""

    site: Site
    vault: Vault
    user: uuid.UUID = field(default_factory=new_id)
    other: uuid.UUID = field(default_factory=new_id)
    watchlist: uuid.UUID = field(default_factory=new_id)
    incident: uuid.UUID = field(default_factory=new_id)
    revision: int = 0
    track: int = 0

    async def prepare(self) -> "Faces":
        pool, chain, store = self.site.pool, self.site.chain, self.site.store
        for user in (self.user, self.other):
            await pool.execute(
                "INSERT INTO users (id, chain_id, username, password_hash) VALUES ($1, $2, $3, 'x')",
                user,
                chain,
                f"u-{user}",
            )
        await pool.execute("UPDATE stores SET demo = true WHERE id = $1", store)
        await pool.execute(
            "INSERT INTO site_policies (store_id, chain_id, revision) VALUES ($1, $2, 1) ON CONFLICT DO NOTHING", store, chain
        )
        await pool.execute(
            "INSERT INTO site_policies (store_id, chain_id, revision, face, gait, re_identification, cause, reason, notice_text)"
            " SELECT $1, $2, max(revision) + 1, true, true, true, 'demo', 'a test', 'Faces are matched here.' FROM site_policies"
            " WHERE store_id = $1", store, chain,
        )  # fmt: skip
        self.revision = await pool.fetchval("SELECT max(revision) FROM site_policies WHERE store_id = $1", store)
        await pool.execute(
            "INSERT INTO incidents (id, chain_id, store_id, kind, title, opened_by, opened_at, changed_at)"
            " VALUES ($1, $2, $3, 'theft', 'Bottles', $4, now(), now())", self.incident, chain, store, self.user,
        )  # fmt: skip
        await pool.execute(
            "INSERT INTO watchlists (id, chain_id, store_id, name, category, purpose, created_by, created_at)"
            " VALUES ($1, $2, $3, 'List', 'violence', 'Safety of staff', $4, now())", self.watchlist, chain, store, self.user,
        )  # fmt: skip
        await pool.execute(
            "INSERT INTO watchlist_assignments (id, chain_id, watchlist_id, home_store_id, store_id, starts_at, state,"
            " proposed_by, proposed_at) VALUES ($1, $2, $3, $4, $4, now() - interval '1 minute', 'approved', $5, now())",
            new_id(), chain, self.watchlist, store, self.user,
        )  # fmt: skip
        return self

    async def enrol(self, vector: Float32, lasts: timedelta = timedelta(days=30), version: str = VERSION) -> uuid.UUID:
        """A person, an approved enrolment and its protected template; the enrolment."""
        person, enrolment, profile = new_id(), new_id(), new_id()
        chain, store = self.site.chain, self.site.store
        async with self.site.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO persons (id, chain_id, store_id, name, created_by, created_at)"
                " VALUES ($1, $2, $3, 'Nobody Known', $4, now())",
                person, chain, store, self.user,
            )  # fmt: skip
            await connection.execute(
                "INSERT INTO enrolments (id, chain_id, store_id, person_id, watchlist_id, state, category, reason,"
                " incident_id, source, evidence, review_on, expires_at, under_18, vulnerable, age_basis, notice_withheld,"
                " enrolled_by, enrolled_at, decided_by, decided_at)"
                " VALUES ($1, $2, $3, $4, $5, 'approved', 'violence', 'Hit a cashier', $6,"
                " 'store-camera', 'E-1', current_date, now() + $7::interval, false, false, 'identity card', 'danger', $8,"
                " now() - interval '1 minute', $9, now())",
                enrolment, chain, store, person, self.watchlist, self.incident, lasts, self.user, self.other,
            )  # fmt: skip
            rotation = await current_rotation(connection, self.vault, chain)
            sealed = await self.vault.seal_bytes(connection, chain, TEMPLATE, profile, floats(vector))
            await connection.execute(
                "INSERT INTO facial_profiles (id, dimensions, chain_id, store_id, person_id, enrolment_id, model, model_version,"
                " rotation, embeddings, template) VALUES ($1, $11, $2, $3, $4, $5, $6, $7, $8, $9::text::halfvec, $10)",
                profile, chain, store, person, enrolment, MODEL, version, rotation.version,
                str(rotation.turn(vector).tolist()), sealed, len(vector),
            )  # fmt: skip
        return enrolment

    async def see(self, vector: Float32, *, track: int | None = None, revision: int | None = None, version: str = VERSION) -> int:
        """A camera sees a face; the track it is on."""
        track, message = self.probe(vector, track, revision, version)
        await self.send([message])
        return track

    async def send(self, messages: list[bytes]) -> None:
        """Put probes into the stream as a worker does."""
        stream = probes_stream(shard_of(self.site.camera))
        async with self.site.memory.pipeline(transaction=False) as pipe:
            for message in messages:
                pipe.xadd(stream, {FIELD: message})
            pipe.pexpire(stream, KEEP_PROBES_MS)
            await pipe.execute()

    def probe(
        self, vector: Float32, track: int | None = None, revision: int | None = None, version: str = VERSION,
        picture: bytes = b"",
    ) -> tuple[int, bytes]:  # fmt: skip
        """Its track and the message."""
        if track is None:
            self.track += 1
            track = self.track
        probe = ProbeEmbedding(
            camera_id=self.site.camera, store_id=self.site.store, epoch=1, track_id=track, captured_at_us=now_us(),
            policy_revision=self.revision if revision is None else revision, model=MODEL, model_version=version, face_px=80.0,
            quality=floats(np.full(5, 0.8)), embedding=floats(vector), picture=picture, attack=0.75,
        )  # fmt: skip
        return track, encode(probe)

    async def used(self) -> None:
        """Wait until every face was looked at and deleted."""

        async def none_left() -> bool:
            return not await self.site.memory.xlen(probes_stream(shard_of(self.site.camera)))

        await self.site.until(none_left, 20)
        await asyncio.sleep(0.1)

    async def leads(self) -> list[uuid.UUID]:
        """The enrolments that leads were raised to."""
        return [row["enrolment_id"] for row in await self.site.pool.fetch("SELECT enrolment_id FROM matches ORDER BY raised_at")]


@pytest.fixture
async def faces(site: Site) -> Faces:
    return await Faces(site, open_vault(KEY, site.home / "keys.json", "", by_pool(site.pool))).prepare()


async def matching(site: Site, more: dict[str, str] | None = None) -> Role:
    """The pipeline, with the key, once it holds its shards."""
    os.environ["PENNYPROTECT_SECRET_KEY"] = KEY
    try:
        role = site.role("pipeline", more)
    finally:
        del os.environ["PENNYPROTECT_SECRET_KEY"]
    await site.until(site.held, 60)
    await asyncio.sleep(3)
    return role


async def test_rule_9_an_enrolled_face_becomes_one_lead_that_names_nobody(faces: Faces) -> None:
    known, stranger = face(), face()
    enrolment = await faces.enrol(known)
    await faces.enrol(face())
    await matching(faces.site)
    track = await faces.see(like(known))
    row = await faces.site.until(lambda: faces.site.pool.fetchrow("SELECT * FROM matches"), 20)
    for _ in range(3):  # more shots of the same track raise nothing more
        await faces.see(like(known), track=track)
    await faces.see(stranger)
    await faces.used()
    assert await faces.leads() == [enrolment]
    assert (row["state"], row["track_id"], row["policy_revision"]) == ("open", track, faces.revision)
    assert 0.95 <= round(row["threshold"], 6) <= row["match_score"] <= 1
    sent = await faces.site.pool.fetch("SELECT payload FROM outbox WHERE kind = 'match-raised'")
    text = json.dumps([each["payload"] for each in sent], default=str)
    assert len(sent) == 1
    for hidden in ("Nobody", "thief", str(row["person_id"]), str(enrolment), "Hit", "violence"):
        assert hidden not in text


async def test_the_picture_of_a_lead_is_sealed_and_no_other_is_kept(faces: Faces) -> None:
    known, stranger = face(), face()
    await faces.enrol(known)
    await matching(faces.site)
    jpeg = head_jpeg(RANDOM.integers(0, 255, (96, 80, 3), dtype=np.uint8))
    await faces.send([faces.probe(stranger, picture=jpeg)[1], faces.probe(like(known), picture=jpeg)[1]])
    row = await faces.site.until(lambda: faces.site.pool.fetchrow("SELECT * FROM match_pictures"), 20)
    assert (row["width"], row["height"]) == (80, 96)
    assert jpeg not in row["picture"]
    assert await faces.vault.open_bytes(MATCH_PICTURE, row["match_id"], row["picture"]) == jpeg
    # One that is no picture keeps no lead back.
    other = face()
    second = await faces.enrol(other)
    await asyncio.sleep(1.5)
    await faces.send([faces.probe(like(other), picture=b"<html>")[1]])
    await faces.used()
    assert second in await faces.leads()
    assert await faces.site.pool.fetchval("SELECT count(*) FROM match_pictures") == 1
    assert (await faces.site.pool.fetchval("SELECT evidence FROM matches LIMIT 1"))["attack"] == 0.75
    # No lead is written behind an erasure that is under way.
    third = await faces.enrol(last := face())
    await asyncio.sleep(1.5)
    async with faces.site.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM enrolments WHERE id = $1 FOR UPDATE", third)
        await faces.see(like(last))
        await asyncio.sleep(1.0)
        await connection.execute(
            "UPDATE enrolments SET state = 'erased', ended_at = now(), revision = revision + 1 WHERE id = $1", third
        )
    await faces.used()
    assert third not in await faces.leads()


async def test_strangers_are_counted_together_and_a_threshold_is_measured_on_them(faces: Faces) -> None:
    await faces.enrol(face())
    role = faces.site
    pool = await connect_pool(role.servers.postgres.url("pennyprotect_pipeline"), role="test", largest=2)
    strangers, random = Strangers(), np.random.default_rng(2)
    setup = CameraSetup(role.camera, role.chain, role.store, True, Timetable((), "UTC", {}))
    place = (role.chain, role.store, MODEL, VERSION)

    def pass_by(count: int) -> None:
        for track, score in enumerate(0.8 + 0.05 * random.standard_normal(count)):
            seen = Seen(0.0, model=(MODEL, VERSION), top=float(score), templates=10)
            strangers.note([((role.camera, 1, track), seen)], {role.camera: setup})

    pass_by(TOGETHER - 1)
    assert strangers.take() == {}, "few people are not written"
    strangers.note([((role.camera, 1, 9), Seen(0.0, told={new_id()}, top=0.99, templates=10))], {role.camera: setup})
    for _ in range(3):
        pass_by(900)
        await add_counts(pool, place, strangers.take()[place])
    row = await role.pool.fetchrow("SELECT searches, comparisons, bins FROM stranger_scores")
    assert (row["searches"], row["comparisons"], sum(row["bins"])) == (2749, 27490, 2749)
    assert (await measure(pool), await measure(pool)) == (1, 0), "measured once, and left while nothing moved"
    found = await role.pool.fetchrow("SELECT chain_id, threshold FROM face_calibrations")
    assert found["chain_id"] == role.chain
    assert 0.85 < found["threshold"] < 1
    await role.pool.execute("UPDATE stranger_scores SET day = current_date - 91")
    await measure(pool)
    assert await role.pool.fetchval("SELECT count(*) FROM stranger_scores") == 0
    await pool.close()


async def test_what_ends_is_not_found_within_a_second(faces: Faces) -> None:
    erased, expiring, suspended = face(), face(), face()
    await matching(faces.site)
    first = await faces.enrol(erased)
    await faces.enrol(expiring, lasts=timedelta(seconds=10))
    third = await faces.enrol(suspended)
    ends = time.monotonic() + 10
    await asyncio.sleep(1.5)
    await faces.see(like(erased))
    await faces.see(like(expiring))
    await faces.see(like(suspended))
    await faces.site.until(lambda: faces.site.pool.fetchrow("SELECT 1 FROM matches HAVING count(*) = 3"), 20)
    await faces.site.pool.execute("DELETE FROM facial_profiles WHERE enrolment_id = $1", first)
    await faces.site.pool.execute(
        "INSERT INTO match_suspensions (id, chain_id, store_id, enrolment_id, reason, suspended_at)"
        " VALUES ($1, $2, $3, $4, 'x', now())",
        new_id(), faces.site.chain, faces.site.store, third,
    )  # fmt: skip
    await asyncio.sleep(max(1.0, ends - time.monotonic() + 0.1))
    for vector in (erased, expiring, suspended):
        await faces.see(like(vector))
    await faces.used()
    assert len(await faces.leads()) == 3


async def test_only_under_the_present_policy_and_of_the_same_model_version(faces: Faces) -> None:
    known = face()
    await faces.enrol(known)
    await faces.enrol(face(), version="2")
    long = RANDOM.standard_normal(512)
    longer = await faces.enrol(long := np.asarray(long / np.linalg.norm(long), np.float32), version="4")
    await matching(faces.site)
    await faces.see(like(known), revision=faces.revision - 1)
    await faces.see(like(known), revision=faces.revision + 1)
    await faces.see(like(known), version="3")
    await faces.see(like(known), version="2")
    await faces.see(np.full(DIMENSIONS, np.nan, np.float32))
    await faces.see(np.ones(64, np.float32))
    await faces.site.raw(probes_stream(shard_of(faces.site.camera)), b"\x00nonsense")
    await faces.used()
    assert await faces.leads() == []
    assert await faces.see(long, version="4")
    assert await faces.site.until(faces.leads, 20) == [longer], "512 numbers are compared with their own kind"
    await faces.site.pool.execute(
        "INSERT INTO site_policies (store_id, chain_id, revision, cause, reason) VALUES ($1, $2, $3, 'switched-off', 'x')",
        faces.site.store, faces.site.chain, faces.revision + 1,
    )  # fmt: skip
    await asyncio.sleep(2.5)
    await faces.see(like(known))
    await faces.see(like(known), revision=faces.revision + 1)
    await faces.used()
    assert await faces.leads() == [longer]


async def test_a_new_rotation_moves_the_gallery_while_it_serves(faces: Faces) -> None:
    people = [face() for _ in range(3)]
    enrolments = [await faces.enrol(each) for each in people]
    before = await faces.site.pool.fetch("SELECT embeddings::text AS e FROM facial_profiles ORDER BY id")
    await matching(faces.site)
    async with faces.site.pool.acquire() as connection:
        async with connection.transaction():
            rotation = await new_rotation(connection, faces.vault, faces.site.chain)
        enrolments.append(await faces.enrol(fresh := face()))
        for expected in (3, 0):
            async with connection.transaction():
                assert await turn_anew(connection, faces.vault, faces.site.chain, rotation) == expected
    assert await faces.site.pool.fetchval("SELECT count(*) FROM template_rotations") == 1
    after = await faces.site.pool.fetch("SELECT embeddings::text AS e FROM facial_profiles ORDER BY id")
    assert not {each["e"] for each in before} & {each["e"] for each in after}
    await asyncio.sleep(2)
    for vector in (*people, fresh):
        await faces.see(like(vector))
    await faces.used()
    assert sorted(await faces.leads()) == sorted(enrolments)


@pytest.mark.timeout(300)
async def test_rule_3_ten_thousand_strangers_leave_no_trace(faces: Faces, receiver: Receiver) -> None:
    """Their numbers, pictures and poses are looked for in all that outlives memory: database with WAL and log, both Valkeys,
    every log, what the collector of traces was sent. (Core dumps: `test_cores`.)"""
    known = face()
    enrolment = await faces.enrol(known)
    traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_TRACES_SAMPLER": "always_on"}
    await matching(faces.site, traced | {"OTEL_BSP_SCHEDULE_DELAY": "200"})
    strangers = [face() for _ in range(10_000)]
    pictures = [head_jpeg(RANDOM.integers(0, 255, (24, 24, 3), dtype=np.uint8)) for _ in range(1_000)]
    stream, sent = probes_stream(shard_of(faces.site.camera)), 0
    poses = []
    for first in range(0, len(strangers), 100):
        passing = zip(strangers[first : first + 100], [*pictures[first // 10 :][:10], *[b""] * 90], strict=True)
        await faces.send([faces.probe(vector, picture=picture)[1] for vector, picture in passing])
        frame = make_tracked_frame([(1, 0.5, 0.8)], camera=faces.site.camera, sequence=first + 1, start_us=now_us())
        keypoints = frame.keypoint_array() + RANDOM.random(3, np.float32)
        poses.append(np.asarray(keypoints.reshape(-1), np.float32))
        parent = f"00-{new_id().hex}-{new_id().hex[-16:]}-01"
        await faces.site.send(msgspec.structs.replace(frame, keypoints=floats(keypoints), trace_parent=parent))
        while await faces.site.memory.xlen(stream) > 200:
            await asyncio.sleep(0.02)
        sent += 100
    await faces.see(like(known))
    await faces.used()
    assert sent == 10_000
    assert await faces.leads() == [enrolment]
    await faces.site.pool.execute("CHECKPOINT")
    await asyncio.sleep(1.2)
    await faces.site.until(lambda: _true(bool(receiver.sent)), 20)
    (faces.site.home / "traces.bin").write_bytes(receiver.sent)
    assert await asyncio.to_thread(_traces, _outliving(faces.site), [*strangers, *poses], pictures) > 1_000_000
    # The search would find them, however they were written.
    for leak in (b"abc" + strangers[77].astype("<f2").tobytes(), b"x" + pictures[500], base64.b64encode(floats(strangers[9])),
                 json.dumps({"face": [0.5, *strangers[3].tolist()]}).encode()):  # fmt: skip
        leaked = faces.site.home / "leak.log"
        leaked.write_bytes(leak)
        assert leaked in _outliving(faces.site)
        with pytest.raises(AssertionError, match="stand in"):
            _traces({leaked}, strangers, pictures)


async def _true(value: bool) -> bool:
    return value


def _outliving(site: Site) -> set[Path]:
    """Every file that outlives memory."""
    folders = (site.servers.postgres.folder, site.servers.bus.folder, site.servers.memory.folder, site.home)
    return {each for folder in folders for each in folder.rglob("*") if each.is_file()}


def _traces(files: set[Path], vectors: list[Float32], pictures: list[bytes]) -> int:
    """Bytes of the files, in none of which a picture or the first numbers of any vector stand: in any float format, in base64, or
    spelled out."""
    begin = [vector.astype(shape).tobytes()[:8] for vector in vectors for shape in ("<f4", "<f2", ">f2", ">f4")]
    begin += [base64.b64encode(vector.astype("<f4").tobytes()[:6]) for vector in vectors]
    begin += [picture[-40:-32] for picture in pictures]
    firsts = np.unique(np.frombuffer(b"".join(begin), "<u8"))
    table = np.zeros(1 << 22, bool)
    table[(firsts * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(42)] = True
    spelled = {_spelled(first, second) for first, second in (vector[:2] for vector in vectors)}
    searched = 0
    for path in files:
        try:
            content = path.read_bytes()
        except FileNotFoundError:  # of a server that goes on: what is gone outlives nothing
            continue
        searched += len(content)
        for offset in range(8 if len(content) >= 16 else 0):
            words = np.frombuffer(content, "<u8", (len(content) - offset) // 8, offset)
            near = words[table[(words * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(42)]]
            found = firsts[np.minimum(np.searchsorted(firsts, near), len(firsts) - 1)] == near
            assert not found.any(), f"a stranger's numbers stand in {path}"
        numbers = [float(each) for each in re.findall(rb"-?\d\.\d{5,}(?:e-\d+)?", content)]
        written = {_spelled(*pair) for pair in itertools.pairwise(numbers)}
        assert not written & spelled, f"a stranger's numbers stand in {path}"
    return searched


def _spelled(first: float, second: float) -> tuple[int, int]:
    return round(float(first) * 1e5), round(float(second) * 1e5)
