"""Walks beside leads: what is held and for how long, what is compared, and that nothing but a lead's row is ever written."""

import uuid
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.contracts.biometrics import GaitEmbedding
from app.contracts.wire import WireError, encode, floats
from app.identity.gait.models import LeadId, StandingLead, Verdict
from app.identity.templates.protection import Rotation
from app.kit.clock import now_us
from app.perception.ground import ground_of
from app.pipeline.configuration import CameraSetup
from app.pipeline.gait import LEADS_KEPT_S, GaitSupports, Walk, Walks, weighed
from app.pipeline.gait_repository import Template
from app.pipeline.matching import Matcher
from app.pipeline.policy import StorePolicy
from app.pipeline.probes import KEEP_S
from app.pipeline.timetable import Timetable

CHAIN, STORE, CAMERA = (uuid.UUID(int=number) for number in (1, 2, 3))
ENTRY, OTHER, PERSON = (uuid.UUID(int=number) for number in (4, 5, 6))
TURNS = {1: Rotation(1, bytes(range(32)))}
SETUP = CameraSetup(CAMERA, CHAIN, STORE, True, Timetable((), "UTC", {}), policy=StorePolicy(3, face=True, gait=True))
LEAD = StandingLead(LeadId(uuid.UUID(int=7)), CHAIN, STORE, ENTRY)


def vector(seed: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).standard_normal(128)
    return (drawn / np.linalg.norm(drawn)).astype(np.float32)


def walk(numbers: np.ndarray | None, track: int = 1, **other: Any) -> GaitEmbedding:
    given = {
        "quality": {"overall": 0.9, "walking": True}, "features": {"cadence_steps_per_min": 110.0}, "reason": "",
        "embedding": b"" if numbers is None else floats(numbers), **other,
    }  # fmt: skip
    if numbers is None:
        given |= {"quality": {}, "features": {}, "reason": "too few frames"}
    return GaitEmbedding(CAMERA, STORE, 1, track, now_us(), 3, "gait_embedding", "1", **given)


def held(numbers: np.ndarray | None) -> Walk:
    walks = Walks()
    walks.hold(walk(numbers), 0.0)
    found = walks.walk_of((CAMERA, 1, 1))
    assert found is not None
    return found


def stored(entry: uuid.UUID, seed: int, person: uuid.UUID | None = None, rotation: int = 1) -> Template:
    return Template(entry, person or uuid.uuid5(entry, "person"), rotation, TURNS[1].turn(vector(seed)))


def test_a_walk_is_held_for_seconds_and_overwritten_and_a_lead_is_remembered_by_its_id() -> None:
    walks, track = Walks(), (CAMERA, 1, 1)
    walks.hold(walk(vector(1)), 0.0)
    first = walks.walk_of(track)
    walks.hold(walk(vector(2)), 1.0)
    second = walks.walk_of(track)
    assert first is not None
    assert second is not None
    assert not first.vector.any(), "a later sequence of the track takes its place"
    assert second.said.embedding == b"", "no copy that cannot be overwritten"
    walks.led(track, LEAD, 1.0)
    walks.forget(KEEP_S + 0.9)
    assert second.vector.any()
    walks.forget(KEEP_S + 1.1)
    assert not second.vector.any()
    assert len(walks) == 0
    assert list(walks.leads_of(track)) == [LEAD]
    walks.forget(LEADS_KEPT_S + 1.1)
    assert list(walks.leads_of(track)) == []


def test_only_the_leads_own_entry_is_judged_against_the_others_of_its_store() -> None:
    own, other = stored(ENTRY, 1), stored(OTHER, 2)
    found = weighed(LEAD, held(vector(1)), [own, other], TURNS)
    assert found is not None
    assert (found.verdict, found.lead, found.searched) == (Verdict.SUPPORTS, LEAD, 2)
    assert found.score == pytest.approx(1, abs=1e-3)
    unknown = weighed(LEAD, held(vector(2)), [own, other], TURNS)
    assert unknown is not None
    assert unknown.verdict is Verdict.UNKNOWN
    assert weighed(LEAD, held(vector(2)), [other], TURNS) is None, "the lead's entry has no template: nothing is kept"
    assert weighed(LEAD, held(vector(1)), [stored(ENTRY, 1, rotation=9)], TURNS) is None, "turned by what cannot be opened"
    twin = stored(OTHER, 1, person=own.person_id)
    same = weighed(LEAD, held(vector(1)), [own, twin], TURNS)
    assert same is not None
    assert (same.verdict, same.searched) == (Verdict.SUPPORTS, 1), "another entry of the same person rivals nobody"
    said = walk(
        vector(1),
        features={"stride_time_s": 1.0},
        way=floats(np.array([[0, 0.1, 0.5], [1, 0.2, 0.5], [2, 0.3, 0.5], [3, 0.4, 0.5]])),
    )
    walks = Walks()
    walks.hold(said, 0.0)
    floor = ground_of([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)], 10.0, 10.0)
    metres = weighed(LEAD, walks.walk_of((CAMERA, 1, 1)), [own], TURNS, floor)  # type: ignore[arg-type]
    assert metres is not None
    assert (metres.features["speed_m_per_s"], metres.features["stride_length_m"]) == (pytest.approx(1.0), pytest.approx(1.0))
    none = weighed(LEAD, held(None), [own, other], TURNS)
    assert none is not None
    assert (none.verdict, none.reason, none.score, none.threshold) == (Verdict.NO_RESULT, "too few frames", None, None)


@pytest.mark.parametrize(
    "said",
    [
        walk(vector(1) * 2), walk(np.full(128, np.nan, np.float32)), walk(vector(1), reason="both"), walk(None, embedding=b"123"),
        walk(vector(1), features={"x": float("inf")}), walk(vector(1), features={"x" * 99: 1.0}),
        walk(vector(1), quality={"facing": "a\0b"}),
        walk(vector(1), way=b"12345"), walk(vector(1), way=floats(np.full((2, 3), np.nan))), walk(np.ones(4000, np.float32)),
        msgspec.structs.replace(walk(vector(1)), model="face_embedding"), walk(vector(1), track=-1),
    ],
)  # fmt: skip
async def test_what_nobody_can_work_with_is_refused(said: GaitEmbedding) -> None:
    supports = GaitSupports(None, lambda _chain: TURNS)  # type: ignore[arg-type]
    with pytest.raises(WireError):
        await supports.take(said)
    assert len(supports.walks) == 0


class Watched:
    """A pool whose connections keep what they are asked, and know one template."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    @asynccontextmanager
    async def acquire(self, **_: object) -> Any:
        yield self

    @asynccontextmanager
    async def transaction(self) -> Any:
        yield self

    async def fetch(self, query: str, *_: object, **__: object) -> list[Any]:
        self.asked.append(query)
        return []

    async def fetchval(self, query: str, *_: object, **__: object) -> None:
        self.asked.append(query)

    async def execute(self, query: str, *_: object, **__: object) -> None:
        self.asked.append(query)

    async def executemany(self, query: str, *_: object) -> None:
        self.asked.append(query)


class Chain:
    """A gallery whose every list would take anything."""

    def __init__(self) -> None:
        self.calibrated: dict[Any, Any] = {}

    def of(self, _chain: uuid.UUID) -> "Chain":
        return self

    rules = type("Rules", (), {"rotations": TURNS})


numbers = st.floats(-1e6, 1e6) | st.floats() | st.booleans()
results = st.builds(
    GaitEmbedding,
    camera_id=st.just(CAMERA), store_id=st.just(STORE), epoch=st.integers(-1, 3), track_id=st.integers(-1, 4),
    captured_at_us=st.integers(-20_000_000, 1_000_000).map(lambda ago: now_us() + ago), policy_revision=st.integers(2, 4),
    model=st.sampled_from(["gait_embedding", "face_embedding"]), model_version=st.sampled_from(["1", "2"]),
    embedding=st.integers(0, 50).map(lambda seed: floats(vector(seed))) | st.binary(max_size=40),
    quality=st.dictionaries(st.text(max_size=8), numbers | st.text(max_size=8), max_size=4),
    features=st.dictionaries(st.text(max_size=8), numbers | st.none(), max_size=4), reason=st.text(max_size=8) | st.just(""),
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(results, max_size=8), st.booleans())
async def test_rule_9_no_sequence_of_gait_results_asks_for_a_lead_or_an_alert(given_: list[GaitEmbedding], led: bool) -> None:
    pool = Watched()
    matcher = Matcher(pool, None, None, Chain(), lambda: [], lambda: {CAMERA: SETUP})  # type: ignore[arg-type]
    if led:  # even beside a lead: one statement that reads, none that raises
        await matcher.gait.led((CAMERA, 1, 1), LEAD)
    for said in given_:
        await matcher.take(encode(said))
    assert all("gait_candidates" in query for query in pool.asked)
    assert led or pool.asked == [], "without a lead nothing is compared at all"
