"""Biometric models that are there only while some camera may use them: brought when the first may, taken away after the last."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Final, Protocol

from prometheus_client import Gauge

from app.kit.backoff import Backoff
from app.kit.errors import PennyError
from app.kit.logs import logger

CHECK_EVERY_S: Final = 0.25

log = logger(__name__)


class Loading(Protocol):
    """Brings models and takes them away."""

    async def load(self) -> None:
        """Return when they serve. PennyError when they cannot."""
        ...

    async def unload(self) -> None:
        """Return when they are gone. PennyError when they cannot be unloaded."""
        ...


class KeptModels:
    """Models of one switch.

    Args:
        what: they measure, for the log: "face".
        needed: whether any camera may use them now.
        unneeded: called at each look while none may: what waits for them is let go.

    Attributes:
        ready: whether they serve.
    """

    def __init__(
        self, what: str, loading: Loading, needed: Callable[[], bool], unneeded: Callable[[], None], loaded: Gauge
    ) -> None:
        self._what, self._loading, self._needed, self._unneeded, self._gauge = what, loading, needed, unneeded, loaded
        self.ready = False
        self._doubted = False

    def doubt(self) -> None:
        """A server said that it holds them not: one that started anew is asked to load them again."""
        self._doubted = True

    async def run(self, stop: asyncio.Event) -> None:
        """Bring and take away until `stop`; then take away."""
        failures, retry = 0, Backoff(first_s=1.0, longest_s=30.0)
        while not stop.is_set():
            need = self._needed()
            if not need:
                self._unneeded()
            if need is self.ready and not (need and self._doubted):
                await pause(stop, CHECK_EVERY_S)
                continue
            self.ready = self._doubted = False
            try:
                await (self._loading.load() if need else self._loading.unload())
                self.ready, failures = need, 0
                self._gauge.set(need)
            except PennyError as error:
                if failures == 0:
                    log.warning(f"the {self._what} models cannot be brought or taken away", problem=str(error))
                self.ready = not need  # what was, is; a failed load is asked again, and a failed unload too
                await self._wait_while(stop, need, retry.delay_s(failures))
                failures += 1
        with contextlib.suppress(PennyError):
            if self.ready:
                await self._loading.unload()

    async def _wait_while(self, stop: asyncio.Event, need: bool, seconds: float) -> None:
        """Pause after a failure, but not beyond a change of what is wanted."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and self._needed() is need and not stop.is_set():
            await pause(stop, CHECK_EVERY_S)


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait so long, or until `stop`."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
