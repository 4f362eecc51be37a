"""Callers that ask too fast, too slowly or from elsewhere."""

import asyncio
import contextlib
import io
import json
import time
import uuid
from typing import Any

import aiohttp
import pytest

from app.kit.errors import TooManyRequestsError, UnavailableError
from app.kit.limits import KEPT, Limiter, Rate
from app.kit.redis import connect_redis
from app.main import LARGEST_BODY, run
from tests.integration.conftest import Valkey
from tests.integration.service.conftest import WORKER_KEY, Product, free_port, until_up
from tests.integration.service.sign_in import PASSWORD, add_user


@pytest.fixture
def more_settings() -> dict[str, Any]:
    return {"PENNYPROTECT_METRICS_KEY": "metrics-key"}


async def test_sign_in_is_limited_for_each_address(product: Product, memory: Valkey) -> None:
    client = connect_redis(memory.url("service"), role="test")
    drain = Limiter(client, Rate(200.0, 2000), Rate(1.0, 60))
    with contextlib.suppress(TooManyRequestsError):
        for _ in range(200):
            await drain.spend_sign_in("127.0.0.1")
    await client.aclose()
    status, problem = await product.sign_in("admin", "wrong")
    assert (status, problem["title"]) == (429, "Too many requests")
    assert problem["retry_after_s"] >= 1
    form = {"grant_type": "password", "username": "x", "password": "y"}
    async with product.session.post(f"{product.base}/api/v1/auth/token", data=form) as answer:
        assert answer.status == 429
        assert int(answer.headers["Retry-After"]) >= 1
        assert answer.headers["Content-Type"] == "application/problem+json"
    forged = {"X-Forwarded-For": "198.51.100.9"}  # no proxy is trusted: another address is not believed
    async with product.session.post(f"{product.base}/api/v1/auth/token", data=form, headers=forged) as answer:
        assert answer.status == 429
    for method, way in (("POST", "refresh"), ("POST", "logout"), ("GET", "oidc/start"), ("GET", "oidc/callback?state=x&code=y")):
        status, problem = await product.ask(method, f"/api/v1/auth/{way}", token="")
        assert (way, status) == (way, 429)
    assert (await product.ask("GET", "/api/v1/stores"))[0] == 200  # who is signed in goes on


async def test_replicas_share_one_count_that_lapses(memory: Valkey) -> None:
    one, two = (connect_redis(memory.url("service"), role="test") for _ in range(2))
    replicas = [Limiter(each, Rate(20.0, 40), Rate(5.0, 10)) for each in (one, two)]
    try:

        async def spend(number: int) -> bool:
            try:
                await replicas[number % 2].spend_sign_in("198.51.100.7")
            except TooManyRequestsError:
                return False
            return True

        granted = sum([await spend(number) for number in range(30)])
        assert granted == 10
        await asyncio.sleep(2.5)  # of two seconds the window is; by then at most eight of the ten still count
        assert await spend(0)
        counted = 0
        for number in range(100):
            with contextlib.suppress(TooManyRequestsError):
                await replicas[number % 2].spend("somebody")
                counted += 1
        assert 40 <= counted <= 50
    finally:
        await one.aclose()
        await two.aclose()


async def test_messages_of_a_request_are_granted_whole_or_not_at_all(memory: Valkey) -> None:
    client = connect_redis(memory.url("service"), role="test")
    limiter = Limiter(client, Rate(0.001, 10), Rate(5.0, 10))  # 200 messages; hours until more are granted
    try:
        await limiter.spend_messages("somebody", 150)
        for _ in range(3):  # what was not granted is not counted
            with pytest.raises(TooManyRequestsError):
                await limiter.spend_messages("somebody", 100)
        await limiter.spend_messages("somebody", 50)
        with pytest.raises(TooManyRequestsError):
            await limiter.spend_messages("somebody", 1)
        await limiter.spend_messages("somebody", 0)
        await limiter.spend_messages("somebody else", 10_000)  # more than there ever is: a bound, not a wall
        for _ in range(10):  # requests are counted apart
            await limiter.spend("somebody")
    finally:
        await client.aclose()


async def test_of_what_streams_keep_by_number_a_camera_says_so_much_and_holds_no_other_back(memory: Valkey) -> None:
    client, admin = (connect_redis(memory.url(user), role="test") for user in ("service", "admin"))
    limiter = Limiter(client, Rate(20.0, 40), Rate(5.0, 10))
    try:
        said, refused = 0, 0
        began = time.monotonic()
        while not refused:
            try:
                await limiter.spend_kept({"quiet": 1, "loud": 64})
                said += 64
            except TooManyRequestsError:
                refused += 1
        assert said <= KEPT.burst + KEPT.per_s * (time.monotonic() - began)
        for _ in range(20):  # what is refused with another's is given back
            with pytest.raises(TooManyRequestsError):
                await limiter.spend_kept({"quiet": 20, "loud": KEPT.burst})
        await limiter.spend_kept({"quiet": 100})
        keys = await admin.keys("limit:kept:*")
        assert [key for key in keys if await admin.pttl(key) == -1] == []
    finally:
        await client.aclose()
        await admin.aclose()


async def test_without_the_limiter_nobody_signs_in_and_the_rest_goes_on(memory: Valkey) -> None:
    client = connect_redis(memory.url("dispatcher"), role="test")  # a user that may not count: as good as a server that is away
    limiter = Limiter(client, Rate(20.0, 40), Rate(5.0, 10))
    with pytest.raises(UnavailableError, match="not possible right now"):
        await limiter.spend_sign_in("198.51.100.7")
    for _ in range(100):
        await limiter.spend("somebody")
    await client.aclose()


async def test_metrics_and_readiness_are_for_operators(product: Product) -> None:
    stranger = {"X-Forwarded-For": "198.51.100.9"}
    assert (await product.ask("GET", "/metrics", token=""))[0] == 200
    assert (await product.ask("GET", "/metrics", token="", headers=stranger))[0] == 403
    assert (await product.ask("GET", "/metrics", headers=stranger))[0] == 403  # an administrator of a chain is no operator
    assert (await product.ask("GET", "/metrics", token=WORKER_KEY, headers=stranger))[0] == 403
    assert (await product.ask("GET", "/metrics", token="metrics-keY", headers=stranger))[0] == 403
    assert (await product.ask("GET", "/metrics", token="metrics-key", headers=stranger))[0] == 200
    assert (await product.ask("GET", "/readyz", token="metrics-key", headers=stranger))[1]["dependencies"]
    assert (await product.ask("GET", "/readyz", token=""))[1]["dependencies"]
    assert (await product.ask("GET", "/readyz", token="", headers=stranger))[1]["dependencies"] == []
    assert (await product.ask("GET", "/healthz", token="", headers=stranger))[0] == 200


async def test_a_slow_body_ends_in_a_problem(product: Product) -> None:
    port = product.settings.port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /api/v1/cameras HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {product.token}\r\nContent-Length: 50\r\n\r\n{{"
    writer.write(head.encode())
    async with asyncio.timeout(15):
        answer = await reader.readuntil(b"\r\n")
    assert b" 408 " in answer
    writer.close()


async def test_other_origins_get_no_permission_from_us(product: Product) -> None:
    for origin in ("https://evil.example", "null", product.base.replace("127.0.0.1", "localhost")):
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        async with product.session.options(f"{product.base}/api/v1/auth/token", headers=headers) as answer:
            assert "Access-Control-Allow-Origin" not in answer.headers
            assert "Access-Control-Allow-Credentials" not in answer.headers
    async with aiohttp.ClientSession() as bare, bare.get(product.base + "/") as page:
        policy = page.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy
    for path in ("/", "/api/v1/alerts", "/api/v1/auth/token"):
        async with product.session.request("TRACE", product.base + path) as answer:
            assert answer.status == 405, path


async def _answer(port: int, *parts: bytes, pause_s: float = 0.0) -> bytes:
    """What the service sends to these bytes until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    came = b""

    async def listen() -> None:
        nonlocal came
        with contextlib.suppress(ConnectionError):
            while more := await reader.read(4096):
                came += more

    listening = asyncio.create_task(listen())
    for part in parts:
        if listening.done():
            break
        writer.write(part)
        await asyncio.sleep(pause_s)
    async with asyncio.timeout(15):
        await listening
    writer.close()
    return came


async def test_heads_that_trickle_or_never_end_are_refused(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.kit.heads.PunctualProtocol.head_s", 0.5)
    port, line = product.settings.port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
    trickle = await _answer(port, line, *[b"X-A: 1\r\n"] * 8, pause_s=0.1)
    assert trickle.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in trickle
    assert await _answer(port) == b""  # nobody said anything
    endless = await _answer(port, line, *[b"X-A: " + b"a" * 16_000 + b"\r\n"] * 6)
    assert endless.startswith(b"HTTP/1.1 431 ")
    again = await _answer(port, line + b"\r\n", line, pause_s=0.2)  # the second head of a connection that is kept
    assert again.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in again
    whole = await _answer(port, line + b"Connection: close\r\n", b"\r\n", pause_s=0.1)
    assert whole.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("path", ["/api/v1/cameras", "/api/v1/incidents", "/api/v1/workers/heartbeat"])
async def test_json_that_nests_too_deeply_is_refused_by_everybody(product: Product, path: str) -> None:
    token = WORKER_KEY if "workers" in path else product.token
    for deep in (b'{"a":' * 40 + b"1" + b"}" * 40, b"[" * 300_000):
        headers = {"Content-Type": "application/json"}
        status, problem = await product.ask("POST", path, token=token, data=deep, headers=headers)
        assert (status, "nests deeper" in str(problem)) == (422, True), problem


async def test_other_origins_get_no_permission_from_us_but_the_dashboards_does(product: Product) -> None:
    """CLIENT_URL names one origin; it may send credentials, and nothing like it may."""
    stop = asyncio.Event()
    port, client = free_port(), "https://dash.example:8443"
    serving = asyncio.create_task(run(product.settings.model_copy(update={"port": port, "client_url": client + "/"}), stop))
    url = f"http://127.0.0.1:{port}/api/v1/auth/me"
    try:
        await until_up(product.session, url)
        asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
        async with product.session.options(url, headers={"Origin": client, **asked}) as answer:
            assert answer.headers["Access-Control-Allow-Origin"] == client
            assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        bearer = {"Authorization": f"Bearer {product.token}"}
        async with product.session.get(url, headers={"Origin": client, **bearer}) as answer:
            assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, client)
            assert "Origin" in answer.headers["Vary"]
        near = ("https://dash.example", "http://dash.example:8443", f"{client}.evil.example", "null", "https://evil.example")
        for origin in near:
            for answer in (
                await product.session.options(url, headers={"Origin": origin, **asked}),
                await product.session.get(url, headers={"Origin": origin, **bearer}),
            ):
                assert "Access-Control-Allow-Origin" not in answer.headers, origin
                answer.release()
        socket = url.replace("http:", "ws:").removesuffix("/api/v1/auth/me") + "/ws"
        for origin in (client, f"http://127.0.0.1:{port}"):
            async with product.session.ws_connect(socket, headers=bearer, origin=origin) as opened:
                assert not opened.closed
        for origin in (*near, "http://127.0.0.1", "http://[", ""):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await product.session.ws_connect(socket, headers=bearer | {"Origin": origin})
            assert refused.value.status == 403, origin
    finally:
        stop.set()
        await asyncio.wait_for(serving, 15)


async def test_behind_a_proxy_each_visitor_and_each_session_has_its_own_address(product: Product) -> None:
    await add_user(product, "ann", "viewer")
    stop, port = asyncio.Event(), free_port()
    settings = product.settings.model_copy(update={"port": port, "trusted_proxies": "127.0.0.0/8"})
    serving = asyncio.create_task(run(settings, stop))
    base = f"http://127.0.0.1:{port}"
    try:
        await until_up(product.session, f"{base}/healthz")

        async def visit(address: str) -> int:
            headers = {"X-Forwarded-For": address}
            async with product.session.get(f"{base}/policy/{uuid.UUID(int=1)}", headers=headers) as answer:
                return answer.status

        for _ in range(1000):  # the allowance fills up again while a slow machine asks
            if await visit("203.0.113.9") == 429:
                break
        else:
            raise AssertionError("a visitor may ask without end")
        assert await visit("203.0.113.10") == 404, "another visitor behind the same proxy pays for nobody else"
        form = {"grant_type": "password", "username": "ann", "password": PASSWORD}
        headers = {"X-Forwarded-For": "203.0.113.11"}
        async with product.session.post(f"{base}/api/v1/auth/token", data=form, headers=headers) as answer:
            token = (await answer.json())["access_token"]
        _, sessions = await product.ask("GET", "/api/v1/auth/sessions", token=token)
        assert [each["address"] for each in sessions["items"] if each["current"]] == ["203.0.113.11"]
    finally:
        stop.set()
        await asyncio.wait_for(serving, 15)


async def test_bodies_that_are_too_large_or_no_json_end_in_a_problem_and_one_row(product: Product) -> None:
    path, headers = "/api/v1/cameras", {"Content-Type": "application/json"}
    shapes: dict[int, tuple[bytes, ...]] = {413: (b" " * (LARGEST_BODY + 1),), 422: (b'{"name": ', b"\xff\xfe", b"[]", b"")}
    for wanted, bodies in shapes.items():
        for body in (*bodies, bodies[0]):
            status, problem = await product.ask("POST", path, data=io.BytesIO(body), headers=headers)
            assert (status, problem["status"], problem["type"]) == (wanted, wanted, "about:blank"), body[:20]
    rows = await product.sql("SELECT details, actor_id FROM audit_unsealed WHERE act = 'request-refused'")
    details = [json.loads(row["details"]) for row in rows]
    assert [(each["reason"], each["status"]) for each in details] == [("cameras:write", "413"), ("cameras:write", "422")]
    assert all(row["actor_id"] is not None for row in rows)
