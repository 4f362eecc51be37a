"""A whole embedded product of a benchmark's own: a demonstration store on loopback, in a temporary home."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp

from app.embedded.state import free_port
from app.kit.errors import SetupError, UnavailableError
from app.settings import settings
from benchmarks.product import Product, sign_in_as

CHECKOUT: Final = Path(__file__).resolve().parent.parent
READY_S: Final = 300.0
ENDS_WITHIN_S: Final = 40.0
_NEVER: Final = ("DATABASE_URL", "DB_USER", "DB_PASSWORD", "REDIS_URL", "MEMORY_REDIS_URL", "TRITON_URL", "AWS_S3_BUCKET")
"""Empty for it, whatever this shell or a file .env says: a benchmark touches no server of the operator's."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The API of a product, as somebody who signed in."""

    session: aiohttp.ClientSession
    product: Product
    home: Path = Path()

    async def ask(self, method: str, path: str, body: Any = None, form: Any = None, raw: bytes | None = None) -> Any:
        """The answer's JSON, or its bytes. UnavailableError for any refusal, with what it says."""
        given = {"json": body} if body is not None else {"data": form if form is not None else raw}
        headers = {**self.product.headers, **({"Content-Type": "image/jpeg"} if raw is not None else {})}
        async with self.session.request(method, f"{self.product.url}/api/v1{path}", headers=headers, **given) as answer:
            if answer.status >= 300:
                raise UnavailableError(f"{method} {path} answered {answer.status}: {(await answer.text())[:300]}")
            return await (answer.json() if "json" in answer.content_type else answer.read())


@asynccontextmanager
async def own_product(
    session: aiohttp.ClientSession, cameras: list[str], more: dict[str, str] | None = None
) -> AsyncIterator[Desk]:
    """Start it with these cameras and settings, wait until it is ready, sign in as its first administrator.

    Raises:
        UnavailableError: it ended, or was not ready in time; says what it printed last.
    """
    with tempfile.TemporaryDirectory(prefix="pennyprotect-bench-", ignore_cleanup_errors=True) as folder:
        home, port = Path(folder) / "home", free_port()
        url = f"http://127.0.0.1:{port}"
        process, said = await asyncio.to_thread(_start, home, port, cameras, more or {})
        try:
            await _ready(session, url, process, said)
            yield Desk(session, await sign_in_as(session, url, home / "credentials.json"), home)
        finally:
            await asyncio.to_thread(_end, process)


def _start(
    home: Path, port: int, cameras: list[str], more: dict[str, str]
) -> "tuple[subprocess.Popen[bytes], Callable[[], str]]":
    """The process, and what it printed last."""
    home.parent.chmod(0o755)  # PostgreSQL runs as a user of its own where this one is root
    home.mkdir()
    output = home.parent / "output"
    with output.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "run"], cwd=CHECKOUT, env=_environment(home, port, cameras) | more,
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    return process, lambda: output.read_text(errors="replace")[-600:]


def _environment(home: Path, port: int, cameras: list[str]) -> dict[str, str]:
    chosen = settings()
    return {
        **os.environ,
        **dict.fromkeys(_NEVER, ""),
        "PENNYPROTECT_HOME": str(home),
        "PENNYPROTECT_PORT": str(port),
        "PENNYPROTECT_HOST": "127.0.0.1",
        "PENNYPROTECT_TLS": "0",
        "PENNYPROTECT_CACHE": str(chosen.cache.expanduser().absolute()),
        "PENNYPROTECT_DEMO": "1",
        "PENNYPROTECT_HEADLESS": "1",
        "PENNYPROTECT_CAMERA_NETWORKS": "private public 127.0.0.0/8",
        "CAMERAS": " ".join(cameras),
    }


async def _ready(session: aiohttp.ClientSession, url: str, process: "subprocess.Popen[bytes]", said: Callable[[], str]) -> None:
    end = time.monotonic() + READY_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SetupError(f"The product of this benchmark ended; PENNYPROTECT_ACCEPT_LICENSES=1 may be missing. {said()}")
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with session.get(f"{url}/readyz", timeout=aiohttp.ClientTimeout(5)) as answer:
                if answer.status == 200:
                    return
        await asyncio.sleep(0.25)
    raise UnavailableError(f"The product of this benchmark was not ready in {READY_S:g} s: {said()}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """As Ctrl-C does; what does not end then is killed, with all that it started."""
    for number, limit_s in ((signal.SIGINT, ENDS_WITHIN_S), (signal.SIGKILL, 10.0)):
        if process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=limit_s)
