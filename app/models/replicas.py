"""All Tritons behind one name: what is loaded or unloaded is so on each of them, and one that started late is brought level."""

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from app.kit.errors import UnavailableError
from app.kit.logs import logger
from app.models.models import RELEASED_VERSION
from app.models.packages import Contract
from app.models.trial import Serving

log = logger(__name__)

RESOLVE_S: Final = 5.0
T = TypeVar("T")

Resolve = Callable[[str], Awaitable[list[str]]]
"""A host to its addresses. OSError where it has none."""


async def system_resolve(host: str) -> list[str]:
    """What this machine's resolver says, in a stable order; a headless Service names every ready pod."""
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return sorted({str(sockaddr[0]) for *_, sockaddr in found})


class Replicas:
    """Like one `Serving`. Use from one event loop; `close` when done.

    Args:
        url: host:port; several addresses of the host are several servers, which read the same folder.
        at_once: frames that a server computes at once at most, whatever instances it has; None: as many as instances.
    """

    def __init__(self, url: str, resolve: Resolve = system_resolve, at_once: int | None = None) -> None:
        self._host, _, self._port = url.rpartition(":")
        self._url, self._resolve, self._at_once = url, resolve, at_once
        self._servings: dict[str, Serving] = {}
        self._tried: dict[tuple[Serving, str], tuple[tuple[list[int], list[int]], int]] = {}

    async def load(self, model: str) -> None:
        """`Serving.load` on each; the first failure counts once all have answered."""
        await _all(each.load(model) for each in await self.servings())

    async def unload(self, model: str) -> None:
        """`Serving.unload` on each that can be found."""
        with contextlib.suppress(UnavailableError):
            await _all(each.unload(model) for each in await self.servings())

    async def ready(self, model: str, version: int) -> bool:
        """Whether this version answers on every one of them."""
        try:
            return all(await _all(each.ready(model, version) for each in await self.servings()))
        except UnavailableError:
            return False

    async def sees(self, model: str) -> bool:
        """Whether it lies in the folder of every one of them."""
        try:
            return all(await _all(each.sees(model) for each in await self.servings()))
        except UnavailableError:
            return False

    async def busy(self, model: str, seconds: float) -> float | None:
        """`Serving.busy` of the busiest."""
        try:
            said = await _all(each.busy(model, seconds) for each in await self.servings())
        except UnavailableError:
            return None
        return max((each for each in said if each is not None), default=None)

    async def ask(self, model: str, version: int, contract: Contract, image: npt.NDArray[np.uint8]) -> list[npt.NDArray[Any]]:
        """`Serving.ask` at the first of them."""
        return await (await self.servings())[0].ask(model, version, contract, image)

    async def level(self, model: str, versions: Iterable[int], most: int | None = None, *, beside: str = "") -> int:
        """Have those that serve the model but not all of `versions` load it again; how many did.

        Args:
            most: so often in a row at most where a load changes nothing; the log then names the server.
            beside: those, too, that serve none of it while another does, and serve version 1 of this model: they have started.
        """
        wanted = list(versions)
        found = [(each, [one for one in wanted if await each.ready(model, one)]) for each in await self.servings()]
        used, behind = bool(beside) and any(served for _, served in found), []
        for each, served in found:
            if served == wanted:
                self._tried.pop((each, model), None)
            elif (served or (used and await each.ready(beside, RELEASED_VERSION))) and self._may_try(
                each, model, wanted, served, most
            ):
                behind.append(each)
        await _all(each.load(model) for each in behind)
        return len(behind)

    def _may_try(self, one: Serving, model: str, wanted: list[int], served: list[int], most: int | None) -> bool:
        if most is None:
            return True
        before, times = self._tried.get((one, model), (([], []), 0))
        times = times + 1 if before == (wanted, served) else 1
        self._tried[one, model] = ((wanted, served), times)
        if times <= most:
            return True
        if times == most + 1:
            lacks = sorted(set(wanted) - set(served))
            log.error(
                "a Triton lacks versions whenever it loads; look at its folder and log", url=one.url, model=model, lacks=lacks
            )
        return False

    async def servings(self) -> list[Serving]:
        """One client a server of this moment. UnavailableError where the name has no address."""
        try:
            async with asyncio.timeout(RESOLVE_S):
                addresses = await self._resolve(self._host.strip("[]"))
        except (OSError, TimeoutError) as error:
            raise UnavailableError(f"Triton's name {self._host} has no address now; nothing was changed, try again.") from error
        urls = {self._url} if len(addresses) == 1 else {_joined(address, self._port) for address in addresses}
        gone = [self._servings.pop(url) for url in self._servings.keys() - urls]  # before any await: others call this, too
        for url in sorted(urls - self._servings.keys()):
            self._servings[url] = Serving(url, self._at_once)
        self._tried = {key: tried for key, tried in self._tried.items() if key[0] not in gone}
        found = [self._servings[url] for url in sorted(urls)]
        await _all(each.close() for each in gone)
        return found

    async def close(self) -> None:
        """Hang up."""
        gone = list(self._servings.values())
        self._servings.clear()
        await _all(each.close() for each in gone)


async def _all(work: Iterable[Awaitable[T]]) -> list[T]:
    """All side by side; raises the first failure after every one has ended, so that none goes on unseen."""
    done = await asyncio.gather(*work, return_exceptions=True)
    for each in done:
        if isinstance(each, BaseException):
            raise each
    return [each for each in done if not isinstance(each, BaseException)]


def _joined(address: str, port: str) -> str:
    return f"[{address}]:{port}" if ipaddress.ip_address(address).version == 6 else f"{address}:{port}"
