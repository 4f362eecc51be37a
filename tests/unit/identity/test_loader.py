"""What is wrong with one chain's templates or key stops its own matching, and nobody else's; nothing ends the process."""

import asyncio
import contextlib
import threading
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from app.identity.gallery import following, loader, repository
from app.identity.gallery.following import AGAIN, STALE_S
from app.identity.gallery.held import ChainGallery
from app.identity.gallery.loader import Galleries
from app.identity.gallery.repository import Entry, Kind, Seed
from app.kit.errors import UnavailableError
from app.kit.keys.provider import KeyLostError

GOOD, BAD, LIST = (uuid.UUID(int=number) for number in (1, 2, 3))
END = datetime.max.replace(tzinfo=UTC)
VECTOR = np.eye(1, 8, dtype=np.float32)[0]
KIND = Kind("m", "1", 1)


class Connection:
    """Is told of nothing: the queries are replaced below."""

    def add_termination_listener(self, _call: Any) -> None:
        """Never ends."""

    async def add_listener(self, _channel: str, _call: Any) -> None:
        """Never tells."""


@dataclass
class World:
    """A database and a key provider as the test wants them, on a clock that only the test moves."""

    held: dict[uuid.UUID, dict[uuid.UUID, np.ndarray]]
    now: float = 100.0
    revisions: dict[uuid.UUID, int] = field(default_factory=lambda: {GOOD: 7, BAD: 7})
    failure: Exception | None = None
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    listed: list[uuid.UUID] = field(default_factory=list)
    asked: list[uuid.UUID] = field(default_factory=list)
    connections: int = 0
    fetched: list[int] = field(default_factory=list)
    during_fetch: Callable[[], None] = lambda: None

    def monotonic(self) -> float:
        return self.now

    @contextlib.asynccontextmanager
    async def acquire(self, **_: Any) -> AsyncIterator[Connection]:
        self.connections += 1
        try:
            yield Connection()
        finally:
            self.connections -= 1

    async def open(self, _context: bytes, subject: uuid.UUID, _sealed: bytes) -> str:
        """The bad chain's provider fails as told, or is silent until the test lets it answer."""
        self.asked.append(subject)
        if subject == BAD:
            await self.answers.wait()
            if self.failure is not None:
                raise self.failure
        return "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

    def erase(self, chain: uuid.UUID, profile: uuid.UUID) -> None:
        del self.held[chain][profile]
        self.revisions[chain] += 1


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World({GOOD: {GOOD: VECTOR}, BAD: {BAD: VECTOR}})
    made.answers.set()

    async def revisions(_: Any) -> dict[uuid.UUID, int]:
        return dict(made.revisions)

    async def entries(_: Any, chain: uuid.UUID, _kind: Kind) -> dict[uuid.UUID, Entry]:
        made.listed.append(chain)
        return {each: Entry(each, each, each, LIST, "violence", END, 8) for each in made.held[chain]}

    async def vectors(_: Any, chain: uuid.UUID, _kind: Kind, wanted: list[uuid.UUID]) -> dict[uuid.UUID, np.ndarray]:
        made.fetched.append(len(wanted))
        made.during_fetch()
        return {each: made.held[chain][each] for each in wanted if each in made.held[chain]}

    async def seeds(_: Any, chain: uuid.UUID) -> list[Seed]:
        return [Seed(chain, 1, b"")]

    for function in (revisions, entries, vectors, seeds):
        monkeypatch.setattr(repository, function.__name__, function)
    plain: dict[str, Any] = {"calibrated": {}, "kinds": [KIND], "assignments": [], "thresholds": [], "suspended": frozenset()}
    for name, answer in plain.items():

        async def told(*_: Any, answer: Any = answer) -> Any:
            return answer

        monkeypatch.setattr(repository, name, told)
    for module in (loader, following):
        monkeypatch.setattr(module, "time", made)
    return made


def galleries_of(world: World) -> Galleries:
    anything: Any = world
    return Galleries(anything, anything)


async def until(done: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not done():
            await asyncio.sleep(0.002)


def at(galleries: Galleries, chain: uuid.UUID, revision: int) -> Callable[[], bool]:
    return lambda: (gallery := galleries.of(chain)) is not None and gallery.revision == revision


def failed(galleries: Galleries, chain: uuid.UUID, times: int) -> Callable[[], bool]:
    return lambda: galleries.failed(chain) == times


@pytest.mark.parametrize(
    ("failure", "vector", "held"),
    [
        (None, VECTOR, 1),
        (None, np.full(8, np.nan, np.float32), 0),
        (TimeoutError(), VECTOR, 0),
        (KeyLostError("gone"), VECTOR, 1),  # held, but its rotation opens nothing, so that nothing is found
    ],
)
async def test_rule_20_a_chain_that_cannot_be_loaded_keeps_no_other_one(
    world: World, failure: Exception | None, vector: np.ndarray, held: int
) -> None:
    world.failure, world.held[BAD][BAD] = failure, vector
    galleries = galleries_of(world)
    for attempt in range(1, 3):  # tried again after a while
        await galleries.refresh()
        await until(at(galleries, GOOD, 7))
        good = galleries.of(GOOD)
        assert good is not None
        assert GOOD in good.look("m", "1", VECTOR, [LIST])
        if held:
            await until(at(galleries, BAD, 7))
            bad = galleries.of(BAD)
            assert bad is not None
            assert len(bad) == held
            assert (BAD in bad.look("m", "1", VECTOR, [LIST])) == (failure is None)
        else:
            await until(failed(galleries, BAD, attempt))
            assert galleries.of(BAD) is None
            assert len(galleries) == 1
            world.now += AGAIN.longest_s
    if not held:
        world.failure, world.held[BAD][BAD] = None, VECTOR
        await galleries.refresh()
        await until(at(galleries, BAD, 7))
    await galleries.close()


async def test_rule_20_a_key_provider_that_is_silent_keeps_no_other_chain_and_no_erasure(world: World) -> None:
    second = uuid.UUID(int=4)
    world.held[BAD][second] = VECTOR
    galleries = galleries_of(world)
    async with asyncio.timeout(60):
        await galleries.refresh()
    await until(lambda: at(galleries, BAD, 7)() and at(galleries, GOOD, 7)())
    bad = galleries.of(BAD)
    assert bad is not None
    world.answers.clear()
    world.erase(BAD, second)
    async with asyncio.timeout(60):
        await galleries.refresh()
    await until(lambda: len(bad) == 1)  # gone, whatever the provider does
    await until(lambda: world.asked.count(BAD) == 2)
    world.erase(BAD, BAD)
    await galleries.refresh()
    await until(lambda: len(bad) == 0)
    listed = world.listed.count(BAD)
    for _ in range(3):
        world.now += STALE_S + 1
        world.revisions[GOOD] += 1
        async with asyncio.timeout(60):
            await galleries.refresh()
        await until(at(galleries, GOOD, world.revisions[GOOD]))
        assert galleries.of(BAD) is None, "a chain that stays behind is not matched"
    assert world.connections == 0, "no connection is held while a provider is asked"
    assert (world.listed.count(BAD), world.asked.count(BAD)) == (listed, 2), "nothing is listed or asked anew with each poll"
    world.answers.set()
    await until(at(galleries, BAD, 9))
    assert world.asked.count(BAD) == 3, "an answer to an earlier revision's question is not used"
    world.now += STALE_S + 1
    assert galleries.of(GOOD) is None, "nothing is matched while the database is silent"
    await galleries.close()


async def test_a_revision_that_failed_is_tried_again_after_a_while_and_a_new_one_at_once(world: World) -> None:
    world.failure = UnavailableError("The provider refuses.")
    galleries = galleries_of(world)
    await galleries.refresh()
    await until(failed(galleries, BAD, 1))
    for _ in range(20):
        await galleries.refresh()
        await asyncio.sleep(0)
    assert world.listed.count(BAD) == 1
    world.now += AGAIN.longest_s
    await galleries.refresh()
    await until(failed(galleries, BAD, 2))
    world.answers.clear()
    world.revisions[BAD] = 8
    await galleries.refresh()
    await until(lambda: len(world.asked) == 4)  # the good chain once, this one three times
    world.revisions[BAD] = 9  # while that is asked
    await galleries.refresh()
    world.answers.set()
    await until(failed(galleries, BAD, 3))
    world.failure = None
    await galleries.refresh()
    await until(at(galleries, BAD, 9))
    assert galleries.failed(BAD) == 0
    await galleries.close()


async def test_rule_08_an_erasure_is_in_force_within_a_second_without_a_notice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock moves by what the poll waits, once all that it began is done; the erasure comes right after a poll."""
    galleries, stop = galleries_of(world), asyncio.Event()
    really, erased, took = loader._either, False, -1.0

    async def either(stopped: asyncio.Event, other: asyncio.Event | None, seconds: float | None) -> None:
        nonlocal erased, took
        if other is not galleries._woken:
            return await really(stopped, other, seconds)
        await until(lambda: all(at(galleries, chain, revision)() for chain, revision in known.items()))
        gallery = galleries.of(GOOD)
        assert gallery is not None
        if erased and not len(gallery):
            took = world.now - began
            stop.set()
        elif not erased:
            world.erase(GOOD, GOOD)
            erased = True
        known.update(world.revisions)
        assert seconds is not None
        world.now += seconds
        return None

    known, began = dict(world.revisions), world.now
    monkeypatch.setattr(loader, "_either", either)
    async with asyncio.timeout(60):
        await galleries.run(stop)
    assert 0 <= took <= 1
    assert len(galleries) == 0, "wiped at the end"


async def test_a_large_gallery_is_taken_up_in_parts_outside_the_loop_and_yields_to_an_erasure(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [uuid.UUID(int=number) for number in range(10, 15)]
    world.held = {GOOD: dict.fromkeys(people, VECTOR)}
    world.revisions = {GOOD: 7}
    threads: dict[str, set[int]] = {}
    for name in ("keep_listed", "missing", "put", "forget_moved"):
        whole = getattr(ChainGallery, name)

        def noted(*given: Any, name: str = name, whole: Any = whole) -> Any:
            threads.setdefault(name, set()).add(threading.get_ident())
            return whole(*given)

        monkeypatch.setattr(ChainGallery, name, noted)
    monkeypatch.setattr(repository, "MOST_VECTORS", 2)
    galleries = galleries_of(world)
    sizes = []

    def during_fetch() -> None:
        sizes.append(len(galleries))
        if len(sizes) == 2:  # while the second part is on its way, somebody of the first is erased
            world.erase(GOOD, people[0])
            galleries._chains[GOOD].follow(world.revisions[GOOD], world.now)

    world.during_fetch = during_fetch
    await galleries.refresh()
    await until(at(galleries, GOOD, 8))
    good = galleries.of(GOOD)
    assert good is not None
    assert good.known(KIND) == set(people[1:])
    assert world.fetched == [2, 2, 1]
    assert sizes == [0, 2, 3], "each part is held before the next is fetched, without whom was erased meanwhile"
    assert len(threads) == 4
    assert all(threading.get_ident() not in each for each in threads.values())
    await galleries.close()


async def test_rows_become_entries_and_vectors_outside_the_loop() -> None:
    threads = set()

    class Row(dict[str, Any]):
        def __iter__(self) -> Any:
            return iter(self.values())

        def __getitem__(self, name: str) -> Any:
            threads.add(threading.get_ident())
            return super().__getitem__(name)

    class Rows:
        async def fetch(self, query: str, *given: Any, timeout: float) -> list[Row]:
            assert timeout > 0
            if "gallery_vectors" in query:
                return [Row(profile_id=each, raw=b"\0\1\0\0\x3c\x00") for each in given[-1]]
            return [Row(profile_id=GOOD, enrolment_id=GOOD, person_id=GOOD, watchlist_id=LIST, category="theft",
                        expires_at=END, dimensions=8)]  # fmt: skip

    connection: Any = Rows()
    assert list(await repository.entries(connection, GOOD, KIND)) == [GOOD]
    found = await repository.vectors(connection, GOOD, KIND, [GOOD] * (repository.MOST_VECTORS + 1))
    assert found[GOOD].tolist() == [1.0]
    assert threads
    assert threading.get_ident() not in threads
