"""Typed identifiers. Every id is a UUIDv7 made by the application, so rows sort by creation time."""

import uuid
from typing import NewType

import uuid_utils.compat as uuid_v7

ChainId = NewType("ChainId", uuid.UUID)
StoreId = NewType("StoreId", uuid.UUID)
UserId = NewType("UserId", uuid.UUID)
CameraId = NewType("CameraId", uuid.UUID)
ZoneId = NewType("ZoneId", uuid.UUID)
AlertId = NewType("AlertId", uuid.UUID)
WorkerId = NewType("WorkerId", uuid.UUID)

SHARDS = 64


def new_id() -> uuid.UUID:
    """A fresh UUIDv7."""
    return uuid_v7.uuid7()


def shard_of(camera: uuid.UUID) -> int:
    """The virtual shard (0..63) a camera's messages travel in.

    The last byte of a UUIDv7 is random, so cameras created together still spread.
    """
    return camera.bytes[-1] % SHARDS
