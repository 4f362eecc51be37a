"""Protects templates on their way into the database, and turns a chain's templates anew when its rotation is to be revoked."""

import base64
import binascii
import uuid
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from app.identity.templates import repository
from app.identity.templates.repository import Connection, SealedSeed
from app.identity.templates.rotation import SEED_BYTES, Float32, new_seed, rotated
from app.kit.errors import UnavailableError
from app.kit.ids import new_id
from app.kit.keys.models import ROTATION, TEMPLATE
from app.kit.keys.provider import KeyLostError
from app.kit.keys.vault import Vault

ROWS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Rotation:
    """A chain's open rotation."""

    version: int
    seed: bytes = field(repr=False)

    def turn(self, vectors: Float32) -> Float32:
        """(n, d) or (d,), as they are stored and searched."""
        return rotated(vectors, self.seed)


async def open_seed(vault: Vault, rotation_id: uuid.UUID, version: int, sealed: bytes) -> Rotation:
    """The rotation of a sealed seed; KeyLostError when its key is gone."""
    text = await vault.open(ROTATION, rotation_id, sealed)
    try:
        seed = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise KeyLostError("A rotation's seed is damaged; restore the database.") from error
    if len(seed) != SEED_BYTES:
        raise KeyLostError("A rotation's seed is damaged; restore the database.")
    return Rotation(version, seed)


async def current_rotation(connection: Connection, vault: Vault, chain_id: uuid.UUID) -> Rotation:
    """The rotation new templates of a chain are stored under; the first one is made here.

    Raises:
        ConflictError: the chain's key was destroyed.
        KeyLostError: the key that sealed it is not at hand.
    """
    stored = await repository.newest_seed(connection, chain_id)
    if stored is None:
        await _add(connection, vault, chain_id, 1)
        stored = await repository.newest_seed(connection, chain_id)
    if stored is None:
        raise UnavailableError("The rotation of this chain's templates could not be made; try again.")
    return await open_seed(vault, stored.rotation_id, stored.version, stored.sealed)


async def rotations_in_use(connection: Connection, vault: Vault, vector: Float32) -> list[tuple[int, Float32]]:
    """Versions of the rotations that the scope's templates have, each with (d,) `vector` turned by it; 0 is none.

    A rotation that cannot be opened any more is left out: nothing can be compared with its templates.
    """
    found: list[tuple[int, Float32]] = []
    for version, stored in await repository.seeds_in_use(connection):
        if stored is None:
            found.append((0, vector))
            continue
        with suppress(KeyLostError):
            opened = await open_seed(vault, stored.rotation_id, version, stored.sealed)
            found.append((version, opened.turn(vector)))
    return found


async def new_rotation(connection: Connection, vault: Vault, chain_id: uuid.UUID) -> Rotation:
    """A fresh rotation for a chain: what is enrolled from now on uses it, and `turn_anew` moves the rest."""
    stored = await repository.newest_seed(connection, chain_id)
    await _add(connection, vault, chain_id, 1 if stored is None else stored.version + 1)
    return await current_rotation(connection, vault, chain_id)


async def turn_anew(connection: Connection, vault: Vault, chain_id: uuid.UUID, rotation: Rotation) -> int:
    """Move some templates to `rotation`, from their sealed originals; how many. 0: all have moved, and older rotations are gone.

    Call it in a transaction of its own until it says 0: a search meanwhile uses each rotation that has templates.
    """
    rows = await repository.templates_to_turn(connection, chain_id, rotation.version, ROWS_AT_ONCE)
    for row in rows:
        plain = await vault.open_bytes(TEMPLATE, row.profile_id, row.sealed)
        vector = rotation.turn(np.frombuffer(plain, "<f4"))
        await repository.put_turned(connection, row, rotation.version, vector)
    if not rows:
        await repository.drop_older_seeds(connection, chain_id, rotation.version)
    return len(rows)


async def _add(connection: Connection, vault: Vault, chain_id: uuid.UUID, version: int) -> None:
    identity = new_id()
    text = base64.b64encode(new_seed()).decode()
    sealed = await vault.seal(connection, chain_id, ROTATION, identity, text)
    await repository.add_seed(connection, chain_id, SealedSeed(identity, version, sealed))
