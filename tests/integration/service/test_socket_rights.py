"""What is open closes within five seconds of an administrator's act, or as soon as a busy machine can."""

import asyncio
import uuid

import aiohttp
import pytest

from app.auth.identify import REMEMBER
from app.auth.permissions import Role
from app.dashboard.socket import RECHECK_S
from tests.integration.service.conftest import Product
from tests.integration.service.principals import make_world

WITHIN_S = 5.0
BUSY_S = 30.0
"""On a machine that has other tests to run; without a look of its own a socket would go on for the token's quarter of an hour."""


def test_a_socket_looks_often_enough_to_keep_to_five_seconds() -> None:
    assert RECHECK_S + REMEMBER.total_seconds() < WITHIN_S


async def test_a_revoked_role_and_a_disabled_user_stop_receiving_within_five_seconds(product: Product) -> None:
    world = await make_world(product)
    user, token = await world.sign_in(Role.VIEWER, "store")
    store, camera = str(world.stores["store"]), str(world.things["store"]["camera_id"])
    socket = await product.open_socket(token)
    for place in ("other-store", "other-chain"):
        await socket.send_json({"type": "join-store", "store_id": str(world.stores[place])})
        assert (await socket.receive_json(timeout=BUSY_S))["for"] == "join-store"
        await socket.send_json({"type": "subscribe-camera", "camera_id": str(world.things[place]["camera_id"])})
        assert (await socket.receive_json(timeout=BUSY_S))["for"] == "subscribe-camera"
    await socket.send_json({"type": "join-store", "store_id": store})
    await socket.send_json({"type": "subscribe-camera", "camera_id": camera})
    await socket.send_json({"type": "ping"})
    assert (await socket.receive_json(timeout=BUSY_S))["type"] == "pong"  # nothing was denied

    (membership,) = (await product.ask("GET", f"/api/v1/memberships?user_id={user}"))[1]["items"]
    assert (await product.ask("DELETE", f"/api/v1/memberships/{membership['id']}"))[0] == 204
    denied = {(await socket.receive_json(timeout=BUSY_S))["for"] for _ in range(2)}
    assert denied == {"join-store", "subscribe-camera"}

    assert (await product.ask("POST", f"/api/v1/users/{uuid.UUID(str(user))}/disable", {}))[0] == 200
    async with asyncio.timeout(BUSY_S):
        closed = await socket.receive()
    assert closed.type is aiohttp.WSMsgType.CLOSE
    assert socket.close_code == 1008


async def test_a_socket_that_watches_nothing_and_says_nothing_is_closed_and_their_number_has_an_end(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.dashboard.socket.IDLE_S", 1.0)
    monkeypatch.setattr("app.dashboard.socket.MOST_SOCKETS", 2)
    store = await product.store()
    watching, idle = await product.open_socket(), await product.open_socket()
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await product.open_socket()
    assert refused.value.status == 429
    await watching.send_json({"type": "join-store", "store_id": store})
    async with asyncio.timeout(BUSY_S):
        assert (await idle.receive()).type is aiohttp.WSMsgType.CLOSE
    assert idle.close_code == 1008
    await watching.send_str('{"type": "ping", "more": ' + "[" * 15_000)
    assert (await watching.receive_json(timeout=BUSY_S))["for"] == "message"  # nested too deeply: said, not fatal
    await watching.send_json({"type": "ping"})
    assert (await watching.receive_json(timeout=BUSY_S))["type"] == "pong"
    await (await product.open_socket()).close()  # the idle one's place is free again
    await watching.close()
