"""A double of Twilio's messages API with a memory, faults, and Prism before it that holds it to Twilio's public description."""

import asyncio
import contextlib
import fcntl
import os
import subprocess
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any

from aiohttp import encode_basic_auth, web

from tests.integration.service.conftest import free_port
from tests.integration.service.oidc_provider import node

FOLDER = Path(__file__).resolve().parents[2] / "twilio"
SID, TOKEN, SENDER = "AC" + "0" * 32, "token-of-these-tests", "+15005550006"
READY_S, INSTALL_S = 40, 240
LOSE, BREAK, HANG = "lose", "break", "hang"
"""Close before the message is taken; take it and close; take it and never answer."""


@dataclass
class Provider:
    """What was sent, and what to do with the next requests."""

    url: str = ""
    plan: list[int | str] = field(default_factory=list)
    records_away: bool = False
    messages: list[dict[str, Any]] = field(default_factory=list)
    fate: str = "queued"
    asked: list[str] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/2010-04-01/Accounts/{sid}/Messages.json", self.create)
        app.router.add_get("/2010-04-01/Accounts/{sid}/Messages.json", self.list)
        app.router.add_get("/2010-04-01/Accounts/{sid}/Messages/{message}.json", self.fetch)
        return app

    def _refused(self, request: web.Request) -> web.Response | None:
        self.asked.append(f"{request.method} {request.path_qs}")
        if request.headers.get("Authorization") != encode_basic_auth(SID, TOKEN):
            return web.json_response({"code": 20003, "message": "Authenticate", "status": 401}, status=401)
        return None

    async def create(self, request: web.Request) -> web.StreamResponse:
        if (refused := self._refused(request)) is not None:
            return refused
        form = await request.post()
        fault = self.plan.pop(0) if self.plan else 201
        if isinstance(fault, int) and fault >= 400:
            return web.json_response({"code": 20000 + fault, "message": "No", "status": fault}, status=fault)
        if fault == LOSE:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        message = self._message(str(form["To"]), str(form["From"]), str(form["Body"]))
        self.messages.append(message)
        if fault == BREAK:
            assert request.transport is not None
            request.transport.abort()
        if fault == HANG:
            await asyncio.sleep(60)
        return web.json_response(message, status=201)

    async def list(self, request: web.Request) -> web.Response:
        if (refused := self._refused(request)) is not None:
            return refused
        if self.records_away:
            return web.json_response({"code": 20500, "message": "No", "status": 503}, status=503)
        found = [each | {"status": self.fate} for each in self.messages if each["to"] == request.query.get("To", each["to"])]
        here = f"https://api.twilio.com{request.path}"
        page = {"first_page_uri": here, "end": 0, "previous_page_uri": None, "uri": here, "page_size": 50, "start": 0}
        return web.json_response(page | {"next_page_uri": None, "page": 0, "messages": found})

    async def fetch(self, request: web.Request) -> web.Response:
        if (refused := self._refused(request)) is not None:
            return refused
        for each in self.messages:
            if each["sid"] == request.match_info["message"]:
                code = 30003 if self.fate == "undelivered" else None
                return web.json_response(each | {"status": self.fate, "error_code": code})
        return web.json_response({"code": 20404, "message": "None", "status": 404}, status=404)

    def _message(self, to: str, sender: str, body: str) -> dict[str, Any]:
        at, sid = formatdate(usegmt=True).replace("GMT", "+0000"), "SM" + uuid.uuid4().hex
        return {
            "account_sid": SID, "api_version": "2010-04-01", "body": body, "date_created": at, "date_sent": at,
            "date_updated": at,
            "direction": "outbound-api", "error_code": None, "error_message": None, "from": sender, "messaging_service_sid": None,
            "num_media": "0", "num_segments": "1", "price": None, "price_unit": "USD", "sid": sid, "status": "queued",
            "subresource_uris": {"media": f"/2010-04-01/Accounts/{SID}/Messages/{sid}/Media.json"}, "to": to,
            "uri": f"/2010-04-01/Accounts/{SID}/Messages/{sid}.json",
        }  # fmt: skip


@contextlib.asynccontextmanager
async def providing() -> AsyncIterator[Provider]:
    provider = Provider()
    runner = web.AppRunner(provider.app(), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    provider.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield provider
    finally:
        await runner.cleanup()


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


@contextlib.asynccontextmanager
async def prism(before: str) -> AsyncIterator[str]:
    """Prism as a proxy before the double: what Twilio's description does not allow, on either side, becomes an error."""
    await asyncio.to_thread(install)
    port = free_port()
    cli = FOLDER / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
    command = [
        str(node()),
        str(cli),
        "proxy",
        str(FOLDER / "messages.json"),
        before,
        "--errors",
        "-p",
        str(port),
        "-h",
        "127.0.0.1",
    ]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env={**os.environ, "NO_COLOR": "1"}
    )
    assert process.stdout is not None
    said = b""
    try:
        async with asyncio.timeout(READY_S):
            while b"Prism is listening" not in said:
                line = await process.stdout.readline()
                assert line, said.decode()
                said += line
        drained = asyncio.create_task(process.stdout.read())
        yield f"http://127.0.0.1:{port}"
        process.terminate()
        await drained
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
