"""People with a role, signed in."""

import uuid

from app.auth.passwords import hash_password
from app.kit.ids import new_id
from tests.integration.service.conftest import Product

PASSWORD = "correct-horse-battery-staple"


async def person(product: Product, role: str, store: str | None = None) -> str:
    """A new user of the first chain with one role; the access token."""
    user, name = new_id(), f"{role}-{uuid.uuid4().hex[:8]}"
    await product.sql(
        "INSERT INTO users (id, chain_id, username, password_hash) SELECT $1, chain_id, $2, $3 FROM stores LIMIT 1",
        user,
        name,
        hash_password(PASSWORD),
    )
    await product.sql(
        "INSERT INTO memberships (id, chain_id, user_id, role, store_id) SELECT $1, chain_id, $2, $3, $4 FROM stores LIMIT 1",
        new_id(),
        user,
        role,
        None if store is None else uuid.UUID(store),
    )
    status, answer = await product.sign_in(name, PASSWORD)
    assert status == 200, answer
    return str(answer["access_token"])


async def user_id(product: Product, token: str) -> str:
    """Whose token this is."""
    return str((await product.ask("GET", "/api/v1/auth/me", token=token))[1]["id"])
