"""The secret rotation: scores survive it, it is the same everywhere, and two chains' vectors do not compare."""

import hashlib

import numpy as np
import pytest

from app.identity.templates.rotation import new_seed, rotated, rotation_of
from app.kit.errors import BadInputError

SEED = bytes(range(32))


def test_inner_products_survive_and_two_seeds_share_nothing() -> None:
    random = np.random.default_rng(0)
    for dimensions in (128, 512):
        vectors = random.standard_normal((40, dimensions))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        turned, other = rotated(vectors, SEED), rotated(vectors, new_seed())
        np.testing.assert_allclose(turned.astype(float) @ turned.astype(float).T, vectors @ vectors.T, atol=3e-7)
        # The same faces under two secrets, or under one and none, score as strangers do.
        assert abs(np.diag(turned @ other.T)).max() < 6 / np.sqrt(dimensions)
        assert abs(np.diag(turned @ vectors.T)).max() < 6 / np.sqrt(dimensions)
        matrix = rotation_of(SEED, dimensions)
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(dimensions), atol=1e-12)


def test_a_seed_gives_the_same_matrix_everywhere() -> None:
    rounded = np.round(rotation_of(SEED, 8), 6) + 0.0
    assert hashlib.sha256(rounded.astype("<f8").tobytes()).hexdigest()[:16] == "70941d9751c9993c"


@pytest.mark.parametrize(("seed", "dimensions"), [(b"short", 128), (SEED, 1), (SEED, 5000)])
def test_a_broken_seed_is_refused(seed: bytes, dimensions: int) -> None:
    with pytest.raises(BadInputError):
        rotation_of(seed, dimensions)
