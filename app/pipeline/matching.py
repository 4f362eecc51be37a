"""Faces to leads, walks beside them: reads `probes:*` of the held shards, compares with the store's lists, deletes what it read.

It runs beside the rules in the pipeline's process, under the same leases: a shard has one reader. A lead's id is derived from
camera, epoch, track and enrolment, so that two readers at a change of holder raise it once. A face that is nobody's leaves no
trace: no row, no log line, no entry in the stream.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

import asyncpg
import msgspec

from app.contracts.biometrics import GaitEmbedding, ProbeEmbedding, decode_probe, probes_stream
from app.contracts.wire import FIELD, WireError
from app.identity.decision.fusion import Lead
from app.identity.decision.thresholds import Thresholds
from app.identity.gallery.loader import Galleries
from app.identity.templates.protection import Rotation
from app.kit.backoff import Backoff
from app.kit.clock import now, now_us
from app.kit.errors import BadInputError, PennyError
from app.kit.keys.choice import by_pool, open_vault
from app.kit.keys.models import MATCH_PICTURE
from app.kit.keys.vault import Vault
from app.kit.logs import logger
from app.kit.postgres import DATABASE_ERRORS, Pool
from app.kit.redis import Redis, RedisError
from app.perception.ground import Ground
from app.perception.images import image_size
from app.pipeline import metrics
from app.pipeline.configuration import CameraSetup
from app.pipeline.gait import GaitSupports
from app.pipeline.match_repository import SealedPicture, match_id, raise_match
from app.pipeline.probes import Dropped, Seen, Tracklets, consider, refusal
from app.pipeline.shard import Setups, Shard
from app.pipeline.strangers import Strangers, keep_counting
from app.settings import Settings

BLOCK_MS: Final = 200
READ_S: Final = 3.0
MOST_ENTRIES: Final = 64
WRITE_S: Final = 5.0
CONSIDER_S: Final = 5.0
FEW_TEMPLATES: Final = 2_000

log = logger(__name__)


class Matcher:
    """One process's matching.

    Args:
        memory: a client of its own of the memory Redis.
        vault: seals the pictures of leads.
        shards: the held shards; asked before each read.
        setups: cameras and their stores' present policies.
    """

    def __init__(
        self, pool: "Pool[asyncpg.Record]", memory: Redis, vault: Vault, galleries: Galleries,
        shards: Callable[[], Iterable[Shard]], setups: Callable[[], Setups],
    ) -> None:  # fmt: skip
        self.strangers = Strangers()
        self._pool, self._memory, self._vault, self._galleries = pool, memory, vault, galleries
        self._shards, self._setups = shards, setups
        self._tracklets, self.gait = Tracklets(), GaitSupports(pool, self._rotations_of, self._floor_of)
        self._thresholds: dict[uuid.UUID, Thresholds] = {}
        self._calibrated: object = None

    async def run(self, stop: asyncio.Event) -> None:
        """Match until stopped, through any outage; then let go of everything."""
        backoff, failures = Backoff(first_s=0.2, longest_s=3.0), 0
        while not stop.is_set():
            self.strangers.note(self._tracklets.forget(time.monotonic()), self._setups())
            self.gait.walks.forget(time.monotonic())
            metrics.gallery_templates.set(len(self._galleries))
            try:
                async with asyncio.timeout(READ_S):
                    entries = await self._read()
                failures = 0
            except (RedisError, OSError, TimeoutError):
                metrics.outages.labels("probes").inc()
                await _pause(stop, backoff.delay_s(failures))
                failures += 1
                continue
            if not entries:
                await _pause(stop, 0.0 if any(True for _ in self._shards()) else 0.2)
            try:
                for _, _, message in entries:
                    await self.take(message)
            finally:
                await self._delete(entries)
        self._tracklets.clear()
        self.gait.walks.clear()

    async def take(self, message: bytes | None) -> None:
        """One face or walk: count why it is not looked at, or look. A face is raised to what it leads to, a walk to nothing."""
        done = metrics.faces
        try:
            if message is None:
                raise WireError("an entry without a message")
            probe = decode_probe(message)
            dropped = refusal(probe, self._setups(), now_us())
            if isinstance(probe, GaitEmbedding):
                done = metrics.gaits
            if dropped is None and isinstance(probe, GaitEmbedding):
                await self.gait.take(probe)
            elif dropped is None and isinstance(probe, ProbeEmbedding):
                dropped = await self._look(probe, self._setups()[probe.camera_id])
        except (msgspec.DecodeError, WireError, BadInputError, ValueError, ArithmeticError, LookupError, RecursionError):
            dropped = Dropped.POISON
        except DATABASE_ERRORS as error:
            metrics.outages.labels("matches").inc()
            log.warning("a lead or its support could not be written", error=type(error).__name__)
            return
        except RuntimeError as error:  # one face must not end the process that also watches for falls
            log.error("a face could not be looked at", error=type(error).__name__)
            dropped = Dropped.POISON
        if dropped is None:
            done.inc()
        else:
            metrics.faces_dropped.labels(dropped.value).inc()

    async def _look(self, probe: ProbeEmbedding, setup: CameraSetup) -> Dropped | None:
        gallery = self._galleries.of(setup.chain_id)
        if gallery is None:
            return Dropped.NO_GALLERY
        thresholds = self._thresholds_of(setup.chain_id)
        seen = self._tracklets.of((probe.camera_id, probe.epoch, probe.track_id), time.monotonic())
        began = time.perf_counter()
        async with asyncio.timeout(CONSIDER_S):
            if len(gallery) <= FEW_TEMPLATES:  # takes less than handing it to a thread
                decision = consider(probe, seen, gallery, thresholds, now())
            else:
                decision = await asyncio.to_thread(consider, probe, seen, gallery, thresholds, now())
        metrics.search.observe(time.perf_counter() - began)
        seen.keep(probe)
        if isinstance(decision, Dropped):
            return decision
        if isinstance(decision, Lead):
            await self._raise(probe, setup, seen, decision)
        return None

    def _rotations_of(self, chain_id: uuid.UUID) -> Mapping[int, Rotation] | None:
        gallery = self._galleries.of(chain_id)
        return None if gallery is None else gallery.rules.rotations

    def _floor_of(self, camera_id: uuid.UUID) -> Ground | None:
        setup = self._setups().get(camera_id)
        return None if setup is None else setup.ground

    def _thresholds_of(self, chain_id: uuid.UUID) -> Thresholds:
        calibrated = self._galleries.calibrated
        if self._calibrated is not calibrated:
            self._calibrated = calibrated
            self._thresholds.clear()
        if chain_id not in self._thresholds:
            self._thresholds[chain_id] = Thresholds(calibrated, chain_id)
        return self._thresholds[chain_id]

    async def _raise(self, probe: ProbeEmbedding, setup: CameraSetup, seen: Seen, lead: Lead) -> None:
        enrolment = lead.candidate.enrolment_id
        gallery = self._galleries.of(setup.chain_id)
        if enrolment in seen.told or gallery is None:
            return
        entry = next((gallery.entries[each] for each in gallery.profiles_of([enrolment]) if each in gallery.entries), None)
        # Looked at again: what ended, or a switch that went off, while the search ran, raises nothing.
        present = self._setups().get(probe.camera_id)
        if entry is None or now() >= entry.expires_at or refusal(probe, self._setups(), now_us()) or present is None:
            return
        async with asyncio.timeout(WRITE_S), self._pool.acquire(timeout=WRITE_S) as connection:
            picture = await self._sealed(connection, setup, probe, seen, lead)
            raised = await raise_match(connection, setup, probe, entry.watchlist_id, lead, picture)
        seen.told.add(enrolment)
        if raised is not None:
            metrics.leads.labels(lead.band.value).inc()
            metrics.face_to_lead.observe(max(0.0, (now_us() - probe.captured_at_us) / 1e6))
            await self.gait.led((probe.camera_id, probe.epoch, probe.track_id), raised)

    async def _sealed(
        self, connection: Any, setup: CameraSetup, probe: ProbeEmbedding, seen: Seen, lead: Lead
    ) -> SealedPicture | None:
        """The picture of the lead's best shot; None without one, and where the key is not at hand: a lead waits for nothing."""
        picture = bytes(seen.pictures.get(lead.best.captured_at_us, b""))
        if not picture:
            return None
        identity = match_id(probe, lead.candidate.enrolment_id)
        try:
            size = image_size(picture)
            sealed = await self._vault.seal_bytes(connection, setup.chain_id, MATCH_PICTURE, identity, picture)
        except (PennyError, *DATABASE_ERRORS) as error:
            log.warning("the picture of a lead cannot be kept", error=type(error).__name__)
            return None
        return SealedPicture(*size, sealed)

    async def _read(self) -> list[tuple[str, bytes, bytes | None]]:
        streams = {probes_stream(shard.number): "0-0" for shard in self._shards() if shard.held}
        if not streams:
            return []
        answer: Any = await self._memory.xread(streams, count=MOST_ENTRIES, block=BLOCK_MS)  # type: ignore[arg-type]
        return [(name.decode(), entry_id, fields.get(FIELD)) for name, entries in answer or [] for entry_id, fields in entries]

    async def _delete(self, entries: list[tuple[str, bytes, bytes | None]]) -> None:
        """After use, whatever came of it; where the server is away, the key's own expiry takes it within seconds."""
        read: dict[str, list[bytes]] = {}
        for stream, entry_id, _ in entries:
            read.setdefault(stream, []).append(entry_id)
        with suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(READ_S):
                for stream, ids in read.items():
                    await self._memory.xdel(stream, *ids)


async def match_faces(
    settings: Settings, pool: "Pool[asyncpg.Record]", memory: Redis, shards: Callable[[], Iterable[Shard]],
    setups: Callable[[], Setups], stop: asyncio.Event,
) -> None:  # fmt: skip
    """Keep the galleries and match, until stopped. Without a key nothing can be opened, so nothing is matched."""
    key, kms = settings.secret_key.get_secret_value(), settings.kms_keys
    if not key and not kms:
        log.warning("faces are not matched: PENNYPROTECT_SECRET_KEY is not set, so that no template can be searched")
        return
    vault = open_vault(key, settings.key_ring_file, kms, by_pool(pool))
    galleries = Galleries(pool, vault)
    matcher = Matcher(pool, memory, vault, galleries, shards, setups)
    async with asyncio.TaskGroup() as group:
        group.create_task(galleries.run(stop))
        group.create_task(matcher.run(stop))
        group.create_task(keep_counting(pool, matcher.strangers, stop))


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
