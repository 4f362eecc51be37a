"""What is remembered of a tracklet, and for how long; nothing of one model version is ever compared with another's."""

import uuid
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pytest

from app.contracts.biometrics import ProbeEmbedding
from app.contracts.wire import floats
from app.identity.decision.fusion import Lead, Unknown
from app.identity.decision.thresholds import Thresholds
from app.identity.gallery.held import ChainGallery, Rules
from app.identity.gallery.repository import Assignment, Entry, Kind
from app.kit.clock import from_us
from app.pipeline.probes import OLDEST_US, Dropped, Seen, consider
from tests.builders import START_US

Float32 = npt.NDArray[np.float32]
STORE, CAMERA, LIST, OTHER_LIST = (uuid.UUID(int=number) for number in (1, 2, 3, 4))
MODEL, NOW, NOW_US = "face_embedding", from_us(START_US), START_US


def face(seed: int) -> Float32:
    drawn = np.random.default_rng(seed).standard_normal(128)
    return np.asarray(drawn / np.linalg.norm(drawn), np.float32)


def mixed(one: Float32, cosine: float, seed: int = 99) -> Float32:
    other = face(seed)
    other = other - (other @ one) * one
    return np.asarray(cosine * one + np.sqrt(1 - cosine**2) * other / np.linalg.norm(other), np.float32)


def gallery(*people: tuple[int, str, Float32]) -> ChainGallery:
    """Entries: number, model version, template. They do not end today."""
    made = ChainGallery()
    made.rules = Rules((Assignment(LIST, STORE, NOW - timedelta(days=1), None),))
    for number, version, vector in people:
        entry = Entry(
            *(uuid.UUID(int=base + number) for base in (100, 200, 300)), LIST, "violence", NOW + timedelta(days=1), len(vector)
        )
        made.put(Kind(MODEL, version, 0), {entry.profile_id: entry}, {entry.profile_id: vector})
    return made


def probe(vector: Float32, captured_at_us: int = NOW_US, version: str = "1", quality: float = 0.8) -> ProbeEmbedding:
    return ProbeEmbedding(
        camera_id=CAMERA, store_id=STORE, epoch=1, track_id=1, captured_at_us=captured_at_us, policy_revision=1, model=MODEL,
        model_version=version, face_px=80.0, quality=floats(np.full(5, quality)), embedding=floats(vector), picture=b"jpeg",
    )  # fmt: skip


def look(seen: Seen, held: ChainGallery, given: ProbeEmbedding, later_s: float = 0) -> Lead | Unknown | Dropped:
    decision = consider(given, seen, held, Thresholds({}), NOW + timedelta(seconds=later_s))
    seen.keep(given)
    return decision


def test_a_track_that_goes_on_keeps_no_shot_longer_than_its_time() -> None:
    held, seen = gallery((1, "1", face(1))), Seen(0.0)
    assert look(seen, held, probe(face(2), quality=0.99)) is Unknown.BELOW_THRESHOLD
    first = next(iter(seen.vectors.values()))
    later = OLDEST_US + 1_000_000
    look(seen, held, probe(face(3), NOW_US + later, quality=0.3), later_s=later / 1e6)
    assert list(seen.vectors) == list(seen.pictures) == [NOW_US + later]
    assert [shot.captured_at_us for shot in seen.shots] == [NOW_US + later]
    assert not first.any(), "wiped, not only let go"


def test_shots_of_another_model_version_are_never_compared() -> None:
    """Both have 128 numbers: a shot of the first, compared with templates of the second, would name somebody at random."""
    first, second = face(1), face(2)
    held, seen = gallery((1, "1", first), (2, "2", second)), Seen(0.0)
    look(seen, held, probe(second, version="1"))
    assert seen.top < 0.9
    decision = look(seen, held, probe(mixed(face(3), 0.5), NOW_US + 1, version="2"))
    assert decision is Unknown.BELOW_THRESHOLD
    assert list(seen.vectors) == [NOW_US + 1]
    assert (seen.model, seen.templates) == ((MODEL, "2"), 1)
    assert look(seen, held, probe(first, version="3")) is Dropped.MODEL_VERSION
    assert look(seen, gallery(), probe(first)) is Dropped.MODEL_VERSION


def test_strangers_count_by_their_best_moment_for_each_may_become_a_lead() -> None:
    known = face(1)
    held, seen = gallery((1, "1", known)), Seen(0.0)
    look(seen, held, probe(mixed(known, 0.9), NOW_US))
    look(seen, held, probe(mixed(known, 0.2), NOW_US + 1))
    assert seen.top == pytest.approx(0.9, abs=0.01)


@pytest.mark.parametrize(
    "vector", [np.zeros(128, np.float32), np.full(128, np.nan, np.float32), np.full(128, 1e20, np.float32), 3 * face(1)]
)
def test_what_is_no_embedding_is_no_evidence(vector: Float32) -> None:
    seen = Seen(0.0)
    assert look(seen, gallery((1, "1", face(1))), probe(vector)) is Dropped.POISON
    assert not seen.vectors


def test_a_pushed_version_that_nobody_calibrated_is_compared_with_nobody() -> None:
    """Its templates are there from its push on."""
    known = face(1)
    held, chain = gallery((1, "1001", known)), uuid.UUID(int=9)
    for measured, found in (({}, Dropped), ({(chain, MODEL, "1001", True): (0.8, {})}, Lead)):
        assert isinstance(consider(probe(known, version="1001"), Seen(0.0), held, Thresholds(measured, chain), NOW), found)
    strangers = Thresholds({(chain, MODEL, "1001", False): (0.8, {}), (uuid.UUID(int=8), MODEL, "1001", True): (0.8, {})}, chain)
    assert consider(probe(known, version="1001"), Seen(0.0), held, strangers, NOW) is Dropped.MODEL_VERSION
