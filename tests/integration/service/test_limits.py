"""Callers that ask too fast, too slowly or from elsewhere."""

import asyncio
import contextlib
from typing import Any

import aiohttp
import pytest

from app.kit.errors import TooManyRequestsError, UnavailableError
from app.kit.limits import Limiter, Rate
from app.kit.redis import connect_redis
from tests.integration.conftest import Valkey
from tests.integration.service.conftest import WORKER_KEY, Product


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
