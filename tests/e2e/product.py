"""The whole product, started the way a user starts it, with a home and a port of its own."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
READY_S = 300.0


def free_port() -> int:
    """A TCP port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Product:
    """A running `pennyprotect run`."""

    home: Path
    port: int = field(default_factory=free_port)
    extra: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    token: str = ""

    @property
    def url(self) -> str:
        """Where the dashboard is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The process's environment: ours, headless, licences accepted."""
        return {
            **os.environ,
            "PENNYPROTECT_HOME": str(self.home),
            "PENNYPROTECT_PORT": str(self.port),
            "PENNYPROTECT_HEADLESS": "1",
            "PENNYPROTECT_CAMERA_NETWORKS": "private public 127.0.0.0/8",
            "PENNYPROTECT_ACCEPT_LICENSES": "1",
            **self.extra,
        }

    def start(self) -> float:
        """Start it and wait until it is ready; returns the seconds that took."""
        self.home.mkdir(parents=True, exist_ok=True)
        started = time.monotonic()
        with (self.home.parent / f"{self.home.name}.out").open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "run"],
                cwd=CHECKOUT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self.wait_until_ready()
        return time.monotonic() - started

    def wait_until_ready(self, limit_s: float = READY_S) -> float:
        """Wait for /readyz; returns the seconds that took."""
        started = time.monotonic()
        while time.monotonic() - started < limit_s:
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"the product ended with {self.process.returncode}: {self.output()[-2000:]}")
            if self.call("/readyz")[0] == 200:
                return time.monotonic() - started
            time.sleep(0.25)
        raise AssertionError(f"not ready in {limit_s} s: {self.call('/readyz')} {self.output()[-2000:]}")

    def output(self) -> str:
        """What it printed."""
        return (self.home.parent / f"{self.home.name}.out").read_text(errors="replace")

    def stop(self, number: int = signal.SIGINT, limit_s: float = 40) -> int:
        """Stop it like Ctrl-C does; returns its exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)
        return self.process.wait(timeout=limit_s)

    def credentials(self) -> dict[str, str]:
        """The first administrator's."""
        return json.loads((self.home / "credentials.json").read_text())

    def sign_in(self) -> str:
        """A fresh access token of the first administrator."""
        known = self.credentials()
        form = {"grant_type": "password", "username": known["username"], "password": known["password"]}
        status, answer = self.call("/api/v1/auth/token", form=form)
        assert status == 200, answer
        self.token = answer["access_token"]
        return self.token

    def call(
        self,
        path: str,
        method: str | None = None,
        body: Any = None,
        form: dict[str, str] | None = None,
        timeout: float = 20,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        """(status, JSON or bytes); status 0 when nothing answers, or not to the end."""
        content = json.dumps(body).encode() if body is not None else urllib.parse.urlencode(form).encode() if form else None
        request = urllib.request.Request(self.url + path, data=content, method=method, headers=headers or {})
        if content:
            request.add_header("Content-Type", "application/json" if body is not None else "application/x-www-form-urlencoded")
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, _parsed(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _parsed(error.read())
        except (OSError, http.client.HTTPException) as error:
            return 0, str(error)

    def processes(self) -> dict[int, str]:
        """Command lines of live processes whose command line or environment names this home."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if str(self.home) in words or str(self.home).encode() in (folder / "environ").read_bytes():
                    found[int(folder.name)] = words
            except OSError:
                continue
        return found


def _parsed(raw: bytes) -> Any:
    return json.loads(raw) if raw[:1] in (b"{", b"[") else raw
