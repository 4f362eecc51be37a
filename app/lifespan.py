"""What the service holds from its start to its stop: clients of the servers, services on them, and what runs beside requests."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import asyncpg
from fastapi import FastAPI
from starlette.datastructures import State

from app.auth.account.service import AccountService
from app.auth.identify import Identifier
from app.auth.login import Login
from app.auth.oidc.service import OidcService
from app.auth.passwords import PasswordChecker
from app.auth.refusals import Refusals, RowBudget
from app.auth.second_factor.factors import SecondFactors
from app.auth.service import AuthService
from app.auth.sessions.forgetting import keep_forgetting
from app.auth.throttle import UnknownNames
from app.compliance.forgetting import keep_forgetting_contacts
from app.dashboard.analyze import Analysis
from app.dashboard.endings import Endings
from app.dashboard.hub import Hub
from app.dashboard.pictures import Pictures
from app.dashboard.readiness import Check, model_check, pipeline_check, postgres_check, redis_check, workers_check
from app.dashboard.second_look.client import Endpoint
from app.dashboard.second_look.service import SecondLook
from app.dashboard.video import VideoViews
from app.evidence.exporting import Exporter
from app.identity.enrolment.pictures import Looker
from app.identity.enrolment.sweeper import keep_sweeping
from app.identity.gait.walking import WalkReader
from app.identity.templates.embedder import Embedder
from app.identity.templates.stored import ExactScan
from app.identity.templates.turner import keep_turning
from app.inference.face_client import FACE_VERSION, TritonFaces
from app.inference.gait.client import TritonGait
from app.inference.triton import TritonPose
from app.kit.backends import Backends
from app.kit.keeping import keep
from app.kit.keys.choice import by_pool, open_vault
from app.kit.keys.vault import Vault
from app.kit.limits import Limiter, Rate
from app.kit.logs import logger
from app.kit.postgres import Pool, connect_pool
from app.kit.redis import Redis, connect_redis
from app.models.drift.service import keep_counting as keep_counting_drift
from app.models.folder import ModelFolder
from app.models.models import POSE_MODEL, RELEASED_VERSION
from app.models.readings.repository import FORGET_EVERY_S, forget_old
from app.models.replicas import Replicas
from app.models.service import ModelService
from app.models.shadows.service import ShadowService
from app.models.shadows.service import keep_ending as keep_ending_shadows
from app.models.shared.opening import open_shared
from app.models.watch.service import Watcher
from app.settings import Settings
from app.tenancy.policy.enforcer import keep_enforcing
from app.tenancy.policy.packs import current_pack

STOP_PATIENCE_S = 5
LARGEST_POOL = 16
ENROLMENT_DEADLINE_S = 5.0
"""Somebody who enrols waits longer than a live camera: an uploaded picture is larger, and the model may be busy."""

MOST_DENIALS = 600
"""Audit rows of refused requests that one replica writes in a minute, whoever asks; the rest are counted."""

log = logger(__name__)


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI, settings: Settings) -> AsyncIterator[None]:
    """The servers' clients and the services on them, from start to stop, in `app.state`."""
    pool = await connect_pool(settings.database_dsn, role="service", smallest=0, largest=LARGEST_POOL, prepared=settings.prepared)
    bus = connect_redis(settings.redis_url.get_secret_value(), role="service")
    memory = connect_redis(settings.memory_redis_url.get_secret_value(), role="service")
    state = app.state
    state.backends = Backends(pool, bus, memory)
    state.vault = vault_of(settings, pool)
    _sign_in(state, pool, memory)
    rate, attempts = settings.requests_per_s, settings.sign_ins_per_minute
    state.limiter = Limiter(memory, Rate(rate, max(1, int(rate * 10))), Rate(attempts / 60, max(1, int(attempts))))
    state.hub, state.sockets = Hub(bus, memory), Counter()
    hub = state.hub
    state.pictures = Pictures(memory, hub.channels)
    state.endings = Endings(pool)
    state.video = VideoViews(settings.live_address, state.endings, settings.relay_key.get_secret_value())
    pose = TritonPose(settings.triton_url, POSE_MODEL, str(RELEASED_VERSION)) if settings.triton_url else None
    state.analysis = Analysis(pose)
    faces = TritonFaces(settings.triton_url, FACE_VERSION, ENROLMENT_DEADLINE_S) if settings.triton_url else None
    gait = TritonGait(settings.triton_url, deadline_s=ENROLMENT_DEADLINE_S) if settings.triton_url else None
    state.looker, state.neighbours = Looker(faces), ExactScan(state.vault)
    state.walk_reader = WalkReader(pose, gait)
    serving = Replicas(settings.triton_url, at_once=settings.computed_at_once) if settings.triton_url else None
    shared = await asyncio.to_thread(open_shared, settings)
    state.models = ModelService(pool, ModelFolder(settings.model_folder), settings.trusted_model_keys, serving, shared)
    state.shadows = ShadowService(pool, state.models, state.vault)
    state.exporter = Exporter(pool, state.storage, state.vault, pose)
    state.checks = _checks(pool, bus, memory, pose)
    tasks = _live_side(state, pool, settings)
    try:
        yield
    finally:
        hub.stopping.set()
        await _finished(tasks)
        await state.endings.finish()
        clients = (pose, faces, gait, serving, state.provider)
        await _closed(*(each.close for each in clients if each is not None), memory.aclose, bus.aclose, pool.close)


def _checks(pool: "Pool[asyncpg.Record]", bus: Redis, memory: Redis, pose: TritonPose | None) -> dict[str, Check]:
    """What `/readyz` asks of each part."""
    return {
        "postgres": postgres_check(pool),
        "bus": redis_check(bus),
        "memory": redis_check(memory),
        "triton": model_check(pose),
        "workers": workers_check(memory),
        "pipeline": pipeline_check(pool),
    }


async def _closed(*closing: Callable[[], Awaitable[object]]) -> None:
    """Close one after the other, each within its own bound."""
    for close in closing:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_PATIENCE_S):
                await close()


def _sign_in(state: State, pool: "Pool[asyncpg.Record]", memory: Redis) -> None:
    """Who somebody is, and the ways to show it."""
    refusals, checker, factors = Refusals(pool), PasswordChecker(), SecondFactors(state.vault)
    state.denials = Refusals(pool, RowBudget(MOST_DENIALS))
    state.malformed = Refusals(pool)
    state.identifier = Identifier(pool, state.signer, refusals)
    state.auth = AuthService(pool, state.signer, refusals)
    state.login = Login(pool, state.signer, checker, UnknownNames(memory), factors, refusals)
    state.oidc = None if state.provider is None else OidcService(pool, memory, state.signer, state.provider, refusals)
    state.checker, state.account = checker, AccountService(pool, checker, factors)


async def _finished(tasks: "set[asyncio.Task[None]]") -> None:
    """Returns once none runs any longer, or none can be waited for."""
    _, late = await asyncio.wait(tasks, timeout=STOP_PATIENCE_S)
    for task in late:
        task.cancel()
    if late:  # what still unwinds would open the connections anew that the caller closes
        await asyncio.wait(late, timeout=STOP_PATIENCE_S)


def _live_side(state: State, pool: "Pool[asyncpg.Record]", settings: Settings) -> "set[asyncio.Task[None]]":
    """Start what runs beside requests until the hub's stop; the end of one is the end of the service."""
    stopping = state.hub.stopping
    looker: Looker = state.looker
    work = {
        "hub": state.hub.run(),
        "pictures": state.pictures.run(stopping),
        "policies": keep_enforcing(pool, current_pack(), stopping, demo_allowed=settings.demo_allowed),
        "endings": state.endings.run(stopping),
        "ended sign-ins": keep_forgetting(pool, stopping),
        "answered contacts": keep_forgetting_contacts(pool, stopping),
        "expiry": keep_sweeping(pool, stopping),
        "rotations": keep_turning(pool, state.vault, stopping),
        "templates": Embedder(pool, state.vault, looker).run(stopping),
        "second look": SecondLook(pool, state.pictures, state.hub.channels, _vision(settings)).run(stopping),
        "exports": state.exporter.run(stopping),
        "video": state.video.run(stopping),
        "models": state.models.keep_level(stopping),
        "admitted models": state.models.keep_admitting(stopping),
        "promotions": _watching(state, pool, stopping),
        "model drift": keep_counting_drift(pool, stopping),
        "model readings": keep(partial(forget_old, pool), FORGET_EVERY_S, stopping, "old readings of models are not deleted now"),
        "shadow runs": keep_ending_shadows(pool, stopping),
    }
    tasks = {asyncio.create_task(each, name=name) for name, each in work.items()}
    for task in tasks:
        task.add_done_callback(partial(_ended, state.live_ended))
    return tasks


async def _watching(state: State, pool: "Pool[asyncpg.Record]", stopping: asyncio.Event) -> None:
    """Without a Triton nothing was ever promoted here."""
    models: ModelService = state.models
    if models.has_triton:
        return await Watcher(pool, models).run(stopping)
    await stopping.wait()


def _vision(settings: Settings) -> Endpoint:
    """Of second looks; without a key nothing looks."""
    key, allowance = settings.openai_api_key.get_secret_value(), settings.second_look_tokens
    return Endpoint(settings.openai_base_url, key, settings.openai_model, allowance)


def vault_of(settings: Settings, pool: "Pool[asyncpg.Record] | None") -> Vault:
    return open_vault(settings.secret_key.get_secret_value(), settings.key_ring_file, settings.kms_keys, by_pool(pool))


def _ended(event: asyncio.Event, task: "asyncio.Task[None]") -> None:
    """A service without its live side looks well and tells nobody of an alert: it had better be started again."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("the live side ended unexpectedly", part=task.get_name(), exc_info=error)
    event.set()
