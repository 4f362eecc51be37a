"""A secret rotation of templates: inner products survive it, and vectors of two chains no longer lie in one space. Pure.

The matrix follows from a seed of 32 bytes alone, on every machine and with every version of the libraries: AES-256 in counter
mode gives uniform numbers, Box and Muller make them normal, and the orthogonal factor of such a matrix, the other factor having a
positive diagonal, is uniform over all rotations and reflections (Mezzadri 2007).
"""

import os
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from app.kit.errors import BadInputError

SEED_BYTES: Final = 32
LARGEST: Final = 2048
Float32 = npt.NDArray[np.float32]


def new_seed() -> bytes:
    """A secret to make and to seal."""
    return os.urandom(SEED_BYTES)


@lru_cache(maxsize=32)
def rotation_of(seed: bytes, dimensions: int) -> npt.NDArray[np.float64]:
    """The (d, d) orthogonal matrix of a seed; read-only.

    Raises:
        BadInputError: no seed, or no such dimensions.
    """
    if len(seed) != SEED_BYTES or not 2 <= dimensions <= LARGEST:
        raise BadInputError("A rotation needs a seed of 32 bytes and 2 to 2048 dimensions.")
    orthogonal, upper = np.linalg.qr(_normal(seed, dimensions * dimensions).reshape(dimensions, dimensions))
    matrix = np.ascontiguousarray(orthogonal * np.sign(np.diag(upper)))
    matrix.setflags(write=False)
    return matrix


def rotated(vectors: npt.NDArray[np.floating], seed: bytes) -> Float32:
    """(n, d) or (d,) vectors of length 1, turned."""
    given = np.asarray(vectors, np.float64)
    return np.asarray(given @ rotation_of(seed, given.shape[-1]).T, np.float32)


def forget_rotations() -> None:
    """Drop the matrices kept in memory: a key was destroyed."""
    rotation_of.cache_clear()


def _normal(seed: bytes, count: int) -> npt.NDArray[np.float64]:
    pairs = (count + 1) // 2
    stream = Cipher(AES(seed), CTR(bytes(16))).encryptor().update(bytes(16 * pairs))
    uniform = (np.frombuffer(stream, "<u8").reshape(2, pairs) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    radius, angle = np.sqrt(-2 * np.log1p(-uniform[0])), 2 * np.pi * uniform[1]
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:count]
