"""Exact search: what it finds is what float64 finds, whatever the vectors are and however the gallery came to be."""

import threading
import uuid
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.identity.gallery.exact import ExactIndex
from app.identity.gallery.held import ChainGallery, Rules
from app.identity.gallery.repository import Entry, Kind
from app.identity.templates.protection import Rotation
from app.kit.errors import BadInputError

Float32 = npt.NDArray[np.float32]


def unit(random: np.random.Generator, rows: int, dimensions: int) -> Float32:
    drawn = random.standard_normal((rows, dimensions))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


def ids(first: int, count: int) -> list[uuid.UUID]:
    return [uuid.UUID(int=first + number) for number in range(count)]


def kinds(random: np.random.Generator, kind: str, rows: int, dimensions: int) -> Float32:
    """Vectors that are easy, hard or nasty for codes of one byte."""
    if kind == "spikes":
        return np.eye(dimensions, dtype=np.float32)[random.integers(0, dimensions, rows)]
    if kind == "twins":
        return np.asarray(
            np.repeat(unit(random, 1, dimensions), rows, axis=0) + random.normal(0, 1e-6, (rows, dimensions)), np.float32
        )
    if kind == "cone":
        narrow = unit(random, rows, dimensions) * 0.3 + unit(random, 1, dimensions)
        return np.asarray(narrow / np.linalg.norm(narrow, axis=1, keepdims=True), np.float32)
    if kind == "lengths":
        return np.asarray(unit(random, rows, dimensions) * random.uniform(0, 40, (rows, 1)), np.float32)
    return unit(random, rows, dimensions)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**31), kind=st.sampled_from(["plain", "spikes", "twins", "cone", "lengths"]), rows=st.integers(1, 1500),
    dimensions=st.sampled_from([2, 17, 128, 512]), queries=st.integers(1, 5), most=st.integers(1, 6),
)  # fmt: skip
def test_the_best_are_those_of_float64(seed: int, kind: str, rows: int, dimensions: int, queries: int, most: int) -> None:
    random = np.random.default_rng(seed)
    vectors, asked = kinds(random, kind, rows, dimensions), kinds(random, kind, queries, dimensions)
    index = ExactIndex(dimensions, threads=1)
    half = rows // 2
    index.add(ids(0, half), vectors[:half])
    index.add(ids(half, rows - half), vectors[half:])
    for found, exact in zip(index.search(asked, most), asked.astype(float) @ vectors.astype(float).T, strict=True):
        assert len(found.ids) == min(most, rows)
        np.testing.assert_allclose(
            found.scores, np.sort(exact)[::-1][: len(found.scores)], rtol=0, atol=1e-12 * max(1, abs(exact).max())
        )
        np.testing.assert_allclose([exact[each.int] for each in found.ids], found.scores, atol=1e-12 * max(1, abs(exact).max()))


def test_many_blocks_and_threads_agree_with_float64() -> None:
    random = np.random.default_rng(3)
    vectors, asked = unit(random, 70_000, 32), unit(random, 64, 32)
    index = ExactIndex(32, threads=2)
    index.add(ids(0, len(vectors)), vectors)
    exact = asked.astype(float) @ vectors.astype(float).T
    assert [found.ids[0].int for found in index.search(asked, 1)] == exact.argmax(axis=1).tolist()
    best = np.argsort(-exact[:2], axis=1)[:, :5]
    assert [[each.int for each in found.ids] for found in index.search(asked[:2], 5)] == best.tolist()
    index.close()
    assert len(index) == 0


@pytest.mark.parametrize(("rows", "queries", "most"), [(9_000, 64, 1), (9_000, 64, 3), (40, 64, 50), (17_000, 1, 2)])
def test_threads_share_small_galleries_and_many_queries(rows: int, queries: int, most: int) -> None:
    random = np.random.default_rng(6)
    vectors, asked = unit(random, rows, 32), unit(random, queries, 32)
    index = ExactIndex(32, threads=3)
    index.add(ids(0, rows), vectors)
    exact = asked.astype(float) @ vectors.astype(float).T
    wanted = np.argsort(-exact, axis=1)[:, :most].tolist()
    assert [[each.int for each in found.ids] for found in index.search(asked, most)] == wanted
    index.close()


def test_what_was_removed_is_never_found_and_its_numbers_are_wiped() -> None:
    random = np.random.default_rng(4)
    vectors = unit(random, 600, 64)
    index = ExactIndex(64)
    index.add(ids(0, 600), vectors)
    gone = random.permutation(600)[:400]
    assert index.remove([uuid.UUID(int=int(each)) for each in gone]) == 400
    assert index.remove([uuid.UUID(int=int(gone[0]))]) == 0
    left = sorted(set(range(600)) - set(gone.tolist()))
    assert sorted(each.int for each in index.ids()) == left
    exact = vectors.astype(float) @ vectors[left].astype(float).T
    assert [found.ids[0].int for found in index.search(vectors)] == [left[each] for each in exact.argmax(axis=1)]
    stored = np.concatenate([block.vectors for block in index._blocks])
    assert len(stored[np.abs(stored).sum(axis=1) > 0]) == 200
    assert index.scores([uuid.UUID(int=left[0]), uuid.UUID(int=int(gone[0]))], vectors[left[0]]).keys() == {
        uuid.UUID(int=left[0])
    }
    index.remove(index.ids())
    assert [found.ids for found in index.search(vectors[:2])] == [(), ()]


@pytest.mark.parametrize(
    "vectors", [np.zeros((1, 128), np.float32), np.full((1, 64), np.nan, np.float32), np.zeros(64, np.float32)]
)
def test_vectors_of_another_model_are_refused(vectors: Float32) -> None:
    index = ExactIndex(64)
    with pytest.raises(BadInputError):
        index.add(ids(0, 1), vectors)
    with pytest.raises(BadInputError):
        index.search(vectors)


def test_a_change_during_searches_never_gives_a_wrong_name() -> None:
    random = np.random.default_rng(5)
    vectors = unit(random, 4000, 32)
    index = ExactIndex(32, threads=1)
    index.add(ids(0, 4000), vectors)
    stop, wrong = threading.Event(), []

    def ask() -> None:
        while not stop.is_set():
            for found, query in zip(index.search(vectors[:8], 2), vectors[:8], strict=True):
                for each, score in zip(found.ids, found.scores, strict=True):
                    if abs(score - float(vectors[each.int].astype(float) @ query.astype(float))) > 1e-12:
                        wrong.append(each)

    thread = threading.Thread(target=ask)
    thread.start()
    for number in range(40):
        part = [uuid.UUID(int=100 * number + each) for each in range(50)]
        index.remove(part)
        index.add(part, vectors[[each.int for each in part]])
    stop.set()
    thread.join()
    assert not wrong


def test_a_template_that_moves_to_another_rotation_is_found_at_every_moment() -> None:
    profile, enrolment, person, listed = ids(1, 4)
    held, rotation, vector = ChainGallery(), Rotation(2, bytes(range(32))), unit(np.random.default_rng(6), 1, 64)[0]
    old, new = Kind("m", "1", 0), Kind("m", "1", 2)
    entry = Entry(profile, enrolment, person, listed, "violence", datetime.max.replace(tzinfo=UTC), 64)
    held.rules = Rules(rotations={2: rotation})
    held.put(old, {profile: entry}, {profile: vector})
    for step in (
        lambda: held.put(new, {profile: entry}, {profile: rotation.turn(vector)}),
        lambda: held.forget({profile}, old),
    ):
        step()
        assert held.look("m", "1", vector, [listed])[profile] == pytest.approx(1, abs=1e-6)
        assert held.by_enrolment({profile: 1.0}, datetime.now(UTC)) == {enrolment: 1.0}
        assert held.profiles_of([enrolment]) == [profile]
    assert held.kinds() == {new}
    held.forget({profile})
    assert (held.look("m", "1", vector, [listed]), held.entries, len(held)) == ({}, {}, 0)


def test_rule_08_who_has_expired_is_nobody_from_that_moment_on_though_the_template_is_still_held() -> None:
    profile, listed = ids(1, 2)
    end, kind, vector = datetime(2026, 3, 1, tzinfo=UTC), Kind("m", "1", 0), unit(np.random.default_rng(6), 1, 64)[0]
    held = ChainGallery()
    held.put(kind, {profile: Entry(profile, profile, profile, listed, "violence", end, 64)}, {profile: vector})
    found = held.look("m", "1", vector, [listed])
    assert held.by_enrolment(found, end - timedelta(microseconds=1)) == {profile: pytest.approx(1, abs=1e-6)}
    assert held.by_enrolment(found, end) == {}


def test_lists_that_come_and_go_while_a_search_looks_disturb_it_not() -> None:
    held, kind, end = ChainGallery(), Kind("m", "1", 0), datetime.max.replace(tzinfo=UTC)
    vector, numbers = unit(np.random.default_rng(8), 1, 8)[0], iter(range(1, 1000))

    def load() -> uuid.UUID:
        profile = uuid.UUID(int=next(numbers))
        held.put(kind, {profile: Entry(profile, profile, profile, profile, "violence", end, 8)}, {profile: vector})
        return profile

    class Meddling(ExactIndex):
        """The loader brings another list whenever somebody looks at this one."""

        def __len__(self) -> int:
            load()
            return super().__len__()

    first = load()
    held._shelves[first, kind, 8] = Meddling(8)
    held._shelves[first, kind, 8].add([first], vector[None])
    load()
    assert held.size(first, "m", "1") == 1
    assert len(held) >= 2
    assert list(held.look("m", "1", vector, [first])) == [first]


def test_templates_of_another_length_under_the_same_version_are_kept_apart() -> None:
    short, long, listed = *ids(1, 2), uuid.UUID(int=9)
    held, end = ChainGallery(), datetime.max.replace(tzinfo=UTC)
    vectors = {short: unit(np.random.default_rng(9), 1, 64)[0], long: unit(np.random.default_rng(9), 1, 128)[0]}
    entries = {each: Entry(each, each, each, listed, "violence", end, len(vector)) for each, vector in vectors.items()}
    held.put(Kind("m", "1", 0), entries, vectors)
    for each, vector in vectors.items():
        assert list(held.look("m", "1", vector, [listed])) == [each]
    held.forget({short})
    assert (held.look("m", "1", vectors[short], [listed]), len(held)) == ({}, 1)
