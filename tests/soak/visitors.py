"""People and programs that come to a running product, look, and go again, all the time."""

import asyncio
import itertools
import threading
import time
from collections import Counter
from typing import Any

import aiohttp

from tests.e2e.product import Product

VIEWERS, CLIENTS = 6, 2
WATCH_S, ASK_EVERY_S, PATIENCE_S = 12.0, 0.5, 20.0
LISTS = (
    "alerts?limit=50", "cameras", "stores", "incidents", "notifications", "evidence", "auth/me", "auth/sessions", "rules",
)  # fmt: skip


class Visitors:
    """`VIEWERS` that open a socket, watch a camera and leave, and `CLIENTS` that read lists; each signs in anew now and then.

    Attributes:
        counts: sockets opened, messages seen, answers by status, and what failed.
    """

    def __init__(self, product: Product, counts: Counter[str]) -> None:
        self._product, self.counts = product, counts
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()), daemon=True)

    def start(self) -> None:
        """Until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """They leave."""
        self._over.set()
        self._thread.join(2 * PATIENCE_S + WATCH_S)

    async def _all(self) -> None:
        timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
        async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as http:
            cameras = await self._cameras(http)
            watch = [self._again(http, self._watch, cameras, number) for number in range(VIEWERS)]
            read = [self._again(http, self._read, cameras, number) for number in range(CLIENTS)]
            await asyncio.gather(*watch, *read)

    async def _cameras(self, http: aiohttp.ClientSession) -> list[str]:
        token = await self._sign_in(http)
        async with http.get(f"{self._product.url}/api/v1/cameras", headers=_bearer(token)) as answer:
            return [each["id"] for each in (await answer.json())["items"]]

    async def _again(self, http: aiohttp.ClientSession, act: Any, cameras: list[str], number: int) -> None:
        turns = itertools.count(number)
        while not self._over.is_set():
            try:
                token = await self._sign_in(http)
                for _ in range(20):
                    if self._over.is_set():
                        return
                    await act(http, token, cameras[next(turns) % len(cameras)])
            except (aiohttp.ClientError, TimeoutError, OSError, KeyError) as error:
                self.counts[f"failed: {type(error).__name__}"] += 1
                await asyncio.sleep(2)

    async def _sign_in(self, http: aiohttp.ClientSession) -> str:
        known = self._product.credentials()
        form = {"grant_type": "password", "username": known["username"], "password": known["password"]}
        async with http.post(f"{self._product.url}/api/v1/auth/token", data=form) as answer:
            answer.raise_for_status()
            self.counts["sign-ins"] += 1
            return str((await answer.json())["access_token"])

    async def _watch(self, http: aiohttp.ClientSession, token: str, camera: str) -> None:
        async with http.ws_connect(f"{self._product.url}/ws", headers=_bearer(token)) as socket:
            self.counts["sockets"] += 1
            await socket.send_json({"type": "subscribe-camera", "camera_id": camera})
            end = time.monotonic() + WATCH_S
            while (left := end - time.monotonic()) > 0 and not self._over.is_set():
                try:
                    message = await socket.receive(timeout=min(left, 2.0))
                except TimeoutError:
                    continue
                if message.type is not aiohttp.WSMsgType.TEXT:
                    self.counts[f"failed: socket closed by {socket.close_code}"] += 1
                    return
                self.counts["messages"] += 1

    async def _read(self, http: aiohttp.ClientSession, token: str, camera: str) -> None:
        for path in (*LISTS, f"cameras/{camera}/snapshot"):
            async with http.get(f"{self._product.url}/api/v1/{path}", headers=_bearer(token)) as answer:
                await answer.read()
                self.counts[f"answers {answer.status}"] += 1
            await asyncio.sleep(ASK_EVERY_S)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
