"""HTTPS by the service itself: who is trusted, what a browser is told, and how a certificate is renewed in operation."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from app.embedded.certificates import keep_certificates
from app.embedded.service import OwnService
from app.kit import tls
from app.kit.clock import now
from app.kit.tls import trust
from app.main import run
from app.workers.control import ControlLoop
from tests.integration.service.conftest import WORKER_KEY, Product, free_port

NAMES = ["localhost", "127.0.0.1"]


@pytest.fixture
async def secure(product: Product, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[str, Path]]:
    """A second replica of the service, by HTTPS: its address and its folder of certificates."""
    monkeypatch.setattr(tls, "LOOK_EVERY_S", 0.1)
    monkeypatch.setattr(tls.keep_certificate, "__kwdefaults__", {"every_s": 0.1})
    kept = keep_certificates(tmp_path / "tls", NAMES, now())
    port = free_port()
    files = {"port": port, "tls_certificate": kept.certificate, "tls_key": kept.key}
    stop = asyncio.Event()
    serving = asyncio.create_task(run(product.settings.model_copy(update=files), stop))
    own = OwnService(f"https://localhost:{port}", "", kept.authority)
    try:
        async with asyncio.timeout(30):
            while True:
                try:
                    await own.answers("/healthz")()
                    break
                except OSError:
                    await asyncio.sleep(0.1)
        yield own.url, kept.folder
    finally:
        stop.set()
        await asyncio.wait_for(serving, 15)


async def test_only_its_own_authority_is_trusted(secure: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = secure
    stranger = keep_certificates(tmp_path / "stranger", NAMES, now()).authority
    async with aiohttp.ClientSession() as session:
        async with session.get(url + "/healthz", ssl=trust(folder / "ca.pem") or True) as answer:
            assert answer.status == 200
        for context in (trust(stranger), trust(None)):
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await session.get(url + "/healthz", ssl=context or True)
        with pytest.raises(aiohttp.ClientConnectorCertificateError):  # the right authority, but not this name
            await session.get(url + "/healthz", ssl=trust(folder / "ca.pem") or True, server_hostname="other.example")


async def test_cookies_are_for_https_alone_and_sockets_are_secure(secure: tuple[str, Path], product: Product) -> None:
    url, folder = secure
    context = trust(folder / "ca.pem")
    assert context is not None
    known = json.loads((product.settings.home / "credentials.json").read_text("utf-8"))
    form = {"grant_type": "password", "username": known["username"], "password": known["password"]}
    headers = {"Host": "till.local", "Sec-Fetch-Mode": "cors"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        async with session.post(url + "/api/v1/auth/token", data=form, headers=headers) as answer:
            assert answer.status == 200
            token = (await answer.json())["access_token"]
            assert "max-age=" in answer.headers["Strict-Transport-Security"]
            cookies = answer.headers.getall("Set-Cookie", [])
            assert cookies
            assert all(each.startswith("__Secure-pp_refresh=") for each in cookies)
            assert all("; secure" in each.lower() and "; httponly" in each.lower() for each in cookies)
        form = {"grant_type": "refresh_token"}
        sent = cookies[0].partition(";")[0]
        for cookie, status in ((sent, 200), (sent.removeprefix("__Secure-"), 401)):  # plain HTTP could have set the other one
            bare = {**headers, "Cookie": cookie}
            async with (
                aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as fresh,
                fresh.post(url + "/api/v1/auth/token", data=form, headers=bare, ssl=context) as answer,
            ):
                assert answer.status == status
        bearer = {"Authorization": f"Bearer {token}"}
        async with session.post(url + "/api/v1/auth/ws-ticket", json={}, headers=bearer) as answer:
            ticket = (await answer.json())["ticket"]
            assert "Strict-Transport-Security" not in answer.headers  # by the name localhost, other ports would suffer
        async with session.ws_connect(f"{url.replace('https', 'wss')}/ws?ticket={ticket}") as socket:
            assert not socket.closed
    async with product.session.get(product.base + "/healthz", headers={"Host": "till.local"}) as plain:
        assert "Strict-Transport-Security" not in plain.headers


async def test_a_worker_trusts_the_authority_it_is_given_and_no_other(secure: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = secure
    stranger = keep_certificates(tmp_path / "stranger", NAMES, now()).authority
    heard: dict[str, bool] = {}
    for name, authority in (("own", folder / "ca.pem"), ("stranger", stranger)):
        told: list[Any] = []
        loop = ControlLoop(url, WORKER_KEY, uuid.uuid4(), "cpu", 4, list, told.append, trust(authority))
        stop = asyncio.Event()
        beating = asyncio.create_task(loop.run(stop))
        await asyncio.sleep(2)
        stop.set()
        await asyncio.wait_for(beating, 5)
        heard[name] = loop.grant.state.lease_s > 0
    assert heard == {"own": True, "stranger": False}


async def test_a_renewed_certificate_is_shown_without_a_restart(secure: tuple[str, Path]) -> None:
    url, folder = secure
    port = int(url.rpartition(":")[2])
    before = await _shown(port, folder)
    keep_certificates(folder, [*NAMES, "later.example"], now() + timedelta(seconds=1))
    async with asyncio.timeout(10):
        while await _shown(port, folder) == before:
            await asyncio.sleep(0.1)


async def _shown(port: int, folder: Path) -> bytes:
    """The certificate that a new, trusting connection sees."""
    _, writer = await asyncio.open_connection("localhost", port, ssl=trust(folder / "ca.pem"))
    found: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return found
