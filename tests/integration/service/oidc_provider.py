"""The provider of tests/oidc, installed from its lock and run by the dashboard's Node; and a browser's way through it."""

import asyncio
import contextlib
import fcntl
import os
import shutil
import subprocess
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp

from tests.integration.service.conftest import Product

CHECKOUT = Path(__file__).resolve().parents[3]
FOLDER = CHECKOUT / "tests" / "oidc"
PUBLIC = "http://penny.test"
CALLBACK = f"{PUBLIC}/api/v1/auth/oidc/callback"
CLIENT, SECRET = "pennyprotect", "a secret of these tests & more"
READY_S, INSTALL_S = 20, 180


def node() -> Path:
    """The Node of this checkout, or the one on PATH."""
    own = CHECKOUT / ".venv-web" / "node-bin" / "node"
    found = str(own) if own.exists() else shutil.which("node")
    assert found, "the OIDC tests need Node; `make setup` brings one"
    return Path(found)


def install() -> None:
    """`npm ci` where the lock is newer than what is installed; one process at a time."""
    done, lock = FOLDER / "node_modules" / ".package-lock.json", FOLDER / "package-lock.json"
    with (FOLDER / "package.json").open() as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if done.exists() and done.stat().st_mtime >= lock.stat().st_mtime:
            return
        env = {**os.environ, "PATH": f"{node().parent}{os.pathsep}{os.environ['PATH']}"}
        command = [str(node().parent / "npm"), "ci", "--no-audit", "--no-fund"]
        made = subprocess.run(command, cwd=FOLDER, env=env, capture_output=True, text=True, timeout=INSTALL_S, check=False)
        assert made.returncode == 0, made.stderr[-2000:]
        os.utime(done)


@dataclass
class RealProvider:
    """A running provider."""

    port: int
    process: asyncio.subprocess.Process | None = None

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def settings(self) -> dict[str, Any]:
        """What the operator sets."""
        return {
            "PENNYPROTECT_PUBLIC_URL": PUBLIC,
            "PENNYPROTECT_OIDC_ISSUER": self.issuer,
            "PENNYPROTECT_OIDC_CLIENT_ID": CLIENT,
            "PENNYPROTECT_OIDC_CLIENT_SECRET": SECRET,
            "PENNYPROTECT_OIDC_SCOPES": "openid profile groups",
            "PENNYPROTECT_OIDC_NAME": "Example ID",
        }

    async def tell(self, path: str, body: str = "{}") -> None:
        """Something only a test tells its provider."""
        request = urllib.request.Request(f"{self.issuer}/test/{path}", data=body.encode(), method="POST")
        await asyncio.to_thread(lambda: urllib.request.urlopen(request, timeout=5).close())


@contextlib.asynccontextmanager
async def running(provider: RealProvider) -> AsyncIterator[RealProvider]:
    """The provider, ended afterwards (it ends by itself when its standard input is closed)."""
    await asyncio.to_thread(install)
    command = [str(node()), "provider.mjs", str(provider.port), CLIENT, SECRET, CALLBACK]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, cwd=FOLDER, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL
    )
    assert process.stdout is not None
    assert process.stdin is not None
    provider.process = process
    try:
        assert await asyncio.wait_for(process.stdout.readline(), READY_S), "the provider did not start"
        yield provider
    finally:
        process.stdin.close()
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await asyncio.wait_for(process.wait(), 10)


@dataclass
class Visit:
    """A browser that began to sign in and has the provider's answer in its address bar."""

    callback: str
    cookie: str


async def begin(product: Product, following: str = "/alerts") -> tuple[str, str]:
    """(the provider's address, our cookie)."""
    address = f"{product.base}/api/v1/auth/oidc/start?next={following}"
    async with product.session.get(address, allow_redirects=False) as answer:
        assert answer.status == 303, await answer.text()
        return answer.headers["location"], answer.cookies["pp_oidc"].value


async def visit(product: Product, following: str = "/alerts") -> Visit:
    """Through the provider's pages up to where it sends the browser back."""
    address, cookie = await begin(product, following)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        for _ in range(10):
            async with browser.get(address, allow_redirects=False) as answer:
                assert answer.status in (302, 303), await answer.text()
                address = urljoin(address, answer.headers["location"])
            if address.startswith(PUBLIC):
                return Visit(address, cookie)
    raise AssertionError(f"the provider leads nowhere: {address}")


async def come_back(
    product: Product, callback: str, cookie: str, accept: str = "application/json"
) -> tuple[int, str, str | None, Any]:
    """(status, where it leads, refresh token, problem) of the provider's answer at our callback."""
    parts = urlsplit(callback)
    headers = {"Accept": accept, "Cookie": f"pp_oidc={cookie}"}
    async with product.session.get(f"{product.base}{parts.path}?{parts.query}", headers=headers, allow_redirects=False) as answer:
        kept = answer.cookies.get("pp_refresh")
        problem = await answer.json(content_type=None) if "problem" in answer.headers.get("content-type", "") else None
        return answer.status, answer.headers.get("location", ""), kept.value if kept else None, problem
