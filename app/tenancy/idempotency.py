"""Idempotency-Key: a creating POST that is sent twice creates once and answers the same both times, for 24 hours."""

import hashlib
import uuid
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Header
from pydantic import BaseModel

from app.kit.errors import BadInputError
from app.kit.postgres import TenantConnection
from app.tenancy import repository

Made = TypeVar("Made", bound=BaseModel)

IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", min_length=1, max_length=200, description="A second request with it creates nothing more."),
]


async def once(
    connection: TenantConnection,
    principal: uuid.UUID,
    key: str | None,
    address: str,
    asked: BaseModel,
    make: Callable[[], Awaitable[Made]],
    kind: type[Made],
) -> Made:
    """What `make` creates, or what it created when this key came before. Runs inside the creating transaction.

    Raises:
        BadInputError: the key was used for another request.
    """
    if key is None:
        return await make()
    request_hash = hashlib.sha256(f"{address}\n{asked.model_dump_json()}".encode()).digest()
    earlier = await repository.begin_once(connection, principal, key, request_hash)
    if earlier is not None:
        known_hash, answer = earlier
        if known_hash != request_hash:
            raise BadInputError("This Idempotency-Key was used for another request; make a new key for each thing to create.")
        return kind.model_validate(answer)
    made = await make()
    await repository.finish_once(connection, principal, key, 201, made.model_dump(mode="json"))
    return made
