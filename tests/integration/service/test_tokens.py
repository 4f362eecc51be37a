"""Tokens and tickets that are forged, expired, of another kind, of another chain or used: a problem and an audit row for each."""

import asyncio
import uuid
from datetime import timedelta

import aiohttp
import jwt
import pytest

from app.auth.permissions import Role
from app.auth.tokens import AccessClaims, Challenge, TokenSigner, token_hash
from app.kit.clock import now
from tests.integration.service.conftest import Product
from tests.integration.service.principals import make_world

SECRET = "j" * 40


async def test_a_token_that_is_not_right_is_refused_and_audited(product: Product) -> None:
    signer = TokenSigner(SECRET)
    good = signer.read(product.token)
    payload = jwt.decode(product.token, SECRET, algorithms=["HS256"], audience="pennyprotect/api")
    later = now() + timedelta(minutes=5)
    other_chain = AccessClaims(good.user_id, good.session_id, uuid.uuid4(), later)
    other_user = AccessClaims(uuid.uuid4(), good.session_id, good.chain_id, later)
    await asyncio.sleep(2.1)  # what is remembered of the administrator's own session must not answer for these
    cases = {
        "alg none": (jwt.encode(payload, "", algorithm="none"), "forged"),
        "wrong key": (jwt.encode(payload, "x" * 40, algorithm="HS256"), "forged"),
        "other audience": (jwt.encode({**payload, "aud": "x"}, SECRET, algorithm="HS256"), "other-audience"),
        "a challenge": (signer.sign_challenge(Challenge(good.user_id, good.chain_id, "m"), now()), "malformed"),
        "expired": (jwt.encode({**payload, "exp": payload["iat"] - 1}, SECRET, algorithm="HS256"), "expired"),
        "from the future": (signer.sign(good, now() + timedelta(minutes=1)), "from-the-future"),
        "another chain": (signer.sign(other_chain, now()), "session-ended"),
        "another user": (signer.sign(other_user, now()), "session-ended"),
        "unknown key": ("no-such-key", "unknown-key"),
    }
    for name, (token, reason) in cases.items():
        await product.sql("TRUNCATE audit_unsealed")
        for _ in range(3):
            status, problem = await product.ask("GET", "/api/v1/auth/me", token=token)
            assert (status, problem["status"], problem["type"]) == (401, 401, "about:blank"), name
        rows = await product.sql("SELECT details->>'reason' AS reason FROM audit_unsealed WHERE act = 'token-refused'")
        assert {row["reason"] for row in rows} <= {reason}, name
        assert len(rows) <= 1, name  # a flood is counted, not written
        if name != "wrong key":  # told a minute ago under the same name
            assert len(rows) == 1, name


async def test_a_ticket_counts_once(product: Product) -> None:
    _, ticket = await product.ask("POST", "/api/v1/auth/ws-ticket", {})
    address = f"{product.base}/ws?ticket={ticket['ticket']}"
    socket = await product.session.ws_connect(address)
    await socket.close()
    for bad in (address, f"{product.base}/ws?ticket=made-up"):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await product.session.ws_connect(bad)
        assert refused.value.status == 401
    rows = await product.sql("SELECT count(*) FROM audit_unsealed WHERE act = 'ticket-refused'")
    assert rows[0][0] == 1


async def test_a_ticket_that_is_too_old_opens_nothing_and_one_of_another_chain_no_store_of_ours(product: Product) -> None:
    _, old = await product.ask("POST", "/api/v1/auth/ws-ticket", {})
    memory = product.memory
    key = f"ticket:{token_hash(old['ticket']).hex()}"
    assert 0 < await memory.ttl(key) <= 60
    await memory.pexpire(key, 1)
    await asyncio.sleep(0.05)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await product.session.ws_connect(f"{product.base}/ws?ticket={old['ticket']}")
    assert refused.value.status == 401
    world = await make_world(product)
    _, stranger = await world.sign_in(Role.CHAIN_ADMINISTRATOR, "other-chain")
    camera = (await product.camera())["id"]
    _, theirs = await product.ask("POST", "/api/v1/auth/ws-ticket", {}, token=stranger)
    async with product.session.ws_connect(f"{product.base}/ws?ticket={theirs['ticket']}") as socket:
        for message in (
            {"type": "join-store", "store_id": await product.store()},
            {"type": "subscribe-camera", "camera_id": camera},
        ):
            await socket.send_json(message)
            denied = await socket.receive_json(timeout=5)
            assert (denied["type"], denied["for"]) == ("denied", message["type"])
    rows = await product.sql("SELECT act, chain_id FROM audit_unsealed WHERE act IN ('ticket-refused', 'request-refused')")
    assert {row["act"] for row in rows} == {"ticket-refused", "request-refused"}
