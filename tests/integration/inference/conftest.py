"""The real Triton server with the real model, fetched as `make run` fetches it."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.embedded.state import open_home
from app.embedded.triton import EmbeddedTriton
from app.inference import repository

CHECKOUT = Path(__file__).resolve().parents[3]
READY_S = 120.0


class Server:
    """A Triton that a test may stop, freeze and start again on the same port."""

    def __init__(self, triton: EmbeddedTriton, log: Path) -> None:
        self._triton, self._log = triton, log
        self._process: subprocess.Popen[bytes] | None = None
        self.url = triton.url
        self.models = triton.models

    def start(self) -> None:
        part = self._triton.part()
        asyncio.run(self._triton.prepare())
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(part.command, env=dict(part.env), stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + READY_S
        while True:
            try:
                return asyncio.run(repository.round_trip(self.url))
            except repository.UnavailableError:
                assert self._process.poll() is None, self._log.read_text()[-3000:]
                assert time.monotonic() < end, self._log.read_text()[-3000:]
                time.sleep(0.2)

    def signal(self, number: signal.Signals) -> None:
        """To the server and its model processes."""
        assert self._process is not None
        os.killpg(self._process.pid, number)

    def models_of(self, name: str) -> list[psutil.Process]:
        """The processes of a model's instances."""
        assert self._process is not None
        children = psutil.Process(self._process.pid).children(recursive=True)
        return [each for each in children if any(f"/{name}/" in word or f"{name}_" in word for word in each.cmdline())]

    def kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.signal(signal.SIGKILL)
            self._process.wait(10)
        self._triton.sweep()


@pytest.fixture(scope="session")
def triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that is ready. Models come from the checkout's cache, a mirror, or the sources of the lock file."""
    folder = tmp_path_factory.mktemp("triton")
    with open_home(folder / "home", url="") as home:
        mirror = os.environ.get("PENNYPROTECT_MODEL_MIRROR")
        cache = Path(os.environ.get("PENNYPROTECT_CACHE", CHECKOUT / ".cache"))
        repository.stage(home.root, cache, mirror=Path(mirror) if mirror else None, accept=True)
        server = Server(EmbeddedTriton(home, repository.round_trip), folder / "triton.log")
        try:
            server.start()
            yield server
        finally:
            server.kill()


def options(**changes: Any) -> Any:
    """Call options with a deadline for a loaded test machine."""
    from app.inference.triton import CallOptions

    return CallOptions(**{"deadline_s": 20.0, **changes})
