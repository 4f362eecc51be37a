"""Fixtures of the inference tests."""

from pathlib import Path

import pytest

from app.inference import artefacts
from app.inference.lock import read_lock

CACHE = Path(__file__).resolve().parents[3] / ".cache"


@pytest.fixture(scope="session")
def yolo_checkpoint() -> Path:
    """The published checkpoint, from the cache that `make run` fills; skipped without it (unit tests fetch nothing)."""
    artefact = read_lock()[0].artefact
    path = artefacts.path_of(artefact, CACHE)
    if not artefacts.is_intact(path, artefact):
        pytest.skip("needs the fetched checkpoint: run `pennyprotect models pull`")
    return path
