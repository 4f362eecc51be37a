"""What is wrong with one chain's templates or key stops its own matching, and nobody else's; nothing ends the process."""

import contextlib
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from app.identity.gallery import loader, repository
from app.identity.gallery.loader import Galleries
from app.identity.gallery.repository import Entry, Kind, Seed
from app.kit.keys.provider import KeyLostError

GOOD, BAD, LIST = (uuid.UUID(int=number) for number in (1, 2, 3))
END = datetime.max.replace(tzinfo=UTC)
VECTOR = np.eye(1, 8, dtype=np.float32)[0]


class Pool:
    """Hands out nothing: the queries are replaced below."""

    @contextlib.asynccontextmanager
    async def acquire(self, **_: Any) -> AsyncIterator[None]:
        yield None


class Vault:
    """Opens the good chain's seed; the other's provider fails as told."""

    def __init__(self, failure: Exception | None) -> None:
        self.failure = failure

    async def open(self, _context: bytes, subject: uuid.UUID, _sealed: bytes) -> str:
        if subject == BAD and self.failure is not None:
            raise self.failure
        return "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


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
    monkeypatch: pytest.MonkeyPatch, failure: Exception | None, vector: np.ndarray, held: int
) -> None:
    kind, revision = Kind("m", "1", 1), 7
    answers: dict[str, Any] = {
        "revisions": {BAD: revision, GOOD: revision}, "calibrated": {}, "kinds": [kind], "assignments": [], "thresholds": [],
        "suspended": frozenset(),
    }  # fmt: skip
    for name, answer in answers.items():

        async def told(*_: Any, answer: Any = answer) -> Any:
            return answer

        monkeypatch.setattr(repository, name, told)

    async def entries(_connection: None, chain: uuid.UUID, _kind: Kind) -> list[Entry]:
        return [Entry(chain, chain, chain, LIST, "violence", END, 8)]

    async def vectors(_connection: None, chain: uuid.UUID, *_: Any) -> dict[uuid.UUID, np.ndarray]:
        return {chain: vector if chain == BAD else VECTOR}

    async def seeds(_connection: None, chain: uuid.UUID) -> list[Seed]:
        return [Seed(chain, 1, b"")]

    for function in (entries, vectors, seeds):
        monkeypatch.setattr(repository, function.__name__, function)
    vault: Any = Vault(failure)
    galleries = Galleries(Pool(), vault)  # type: ignore[arg-type]
    for _ in range(2):  # tried again with every poll
        await galleries.refresh()
        good, bad = galleries.of(GOOD), galleries.of(BAD)
        assert good is not None
        assert bad is not None
        assert GOOD in good.look("m", "1", VECTOR, [LIST])
        assert len(bad) == held
        assert (BAD in bad.look("m", "1", VECTOR, [LIST])) == (failure is None and held == 1)
    assert (good.revision, bad.revision) == (revision, revision if held else -1)
    if not held:
        vault.failure, vector = None, VECTOR
        await galleries.refresh()
        assert bad.revision == revision
    assert loader.POLL_S <= 1, "an erasure is in force within a second"
