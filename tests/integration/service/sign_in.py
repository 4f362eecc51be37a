"""People of the service's tests, made where set-up makes them, and the moves of a log-in."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

from app.auth import totp
from app.auth.passwords import hash_password
from app.kit.clock import now
from tests.integration.service.conftest import Product

PASSWORD = "gravel-otter-lantern-mop"


async def add_user(product: Product, name: str, *roles: str, must_change: bool = False) -> str:
    """A user of the first chain with PASSWORD and roles in the whole chain; their id."""
    user = uuid.uuid4()
    await product.sql(
        "INSERT INTO users (id, chain_id, username, password_hash, must_change_password)"
        " SELECT $1, id, $2, $3, $4 FROM chains ORDER BY created_at LIMIT 1",
        user,
        name,
        await asyncio.to_thread(hash_password, PASSWORD),
        must_change,
    )
    for role in roles:
        await product.sql(
            "INSERT INTO memberships (id, chain_id, user_id, role) SELECT gen_random_uuid(), chain_id, id, $2 FROM users"
            " WHERE id = $1",
            user,
            role,
        )
    return str(user)


async def token_of(product: Product, name: str, password: str = PASSWORD, **more: str) -> dict[str, Any]:
    """The tokens of a log-in that must succeed."""
    status, answer = await log_in(product, username=name, password=password, **more)
    assert status == 200, answer
    return dict(answer)


async def log_in(product: Product, **form: str) -> tuple[int, Any]:
    """The answer of `POST /auth/token`."""
    return await product.ask("POST", "/api/v1/auth/token", token="", data={"grant_type": "password", **form})


async def refresh(product: Product, token: str) -> tuple[int, Any]:
    """The answer to a refresh token."""
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return await product.ask("POST", "/api/v1/auth/token", token="", data=form)


async def enrol(product: Product, token: str, password: str = PASSWORD) -> tuple[bytes, list[str]]:
    """Enrol an authenticator app; its secret and the recovery codes. Uses up the code of the step before the current one."""
    status, made = await product.ask("POST", "/api/v1/auth/totp", {"password": password}, token=token)
    assert status == 200, made
    secret = totp.from_base32(made["secret"])
    status, codes = await product.ask("POST", "/api/v1/auth/totp/confirm", {"code": code(secret, -1)}, token=token)
    assert status == 200, codes
    return secret, codes["codes"]


def code(secret: bytes, shift: int = 0) -> str:
    """The code of now, or of some steps from now."""
    return totp.code_at(secret, totp.step_of(now() + timedelta(seconds=totp.STEP_S * shift)))


async def acts(product: Product, *, of: str | None = None) -> list[str]:
    """The acts in the audit, oldest first; of one actor where `of` is given."""
    rows = await product.sql("SELECT act, actor_id FROM audit_unsealed ORDER BY at, id")
    return [row["act"] for row in rows if of is None or str(row["actor_id"]) == of]


async def forgive(product: Product) -> None:
    """No back-off, as if an hour had passed."""
    await product.sql("UPDATE users SET failed_logins = 0, locked_until = NULL")
