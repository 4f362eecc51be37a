"""Whether face and gait stop when the site policy says so: `Obedience` judges, `Policy` switches a product and asks a worker."""

import asyncio
import contextlib
import re
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import asyncpg

from app.cameras.setup import repository as setup
from app.embedded.running import database_address
from app.first_run import switch_demo_on
from app.kit.errors import PennyError
from app.kit.operations import metrics_at, socket_path
from app.settings import Settings
from tests.e2e.product import Product

OBEYS_S: Final = 5.0
ROLE: Final = "worker-cpu"
SWITCHES: Final = ("face", "gait", "re_identification")
Answer = TypeVar("Answer")
ASKED: Final = re.compile(r"^pennyprotect_worker_(?:faces|gaits)_asked_total (\S+)$", re.MULTILINE)


@dataclass(slots=True)
class Obedience:
    """What a worker's counter of heads and walks sent to models may do.

    Attributes:
        asked: how many were sent while the switches were on: without any, nothing was shown.
        judged: readings while it had to be still.
        off_at_s: when switching off was answered; None while it is on.
    """

    asked: float = 0.0
    judged: int = 0
    off_at_s: float | None = None
    _last: float = 0.0
    _still: float | None = None

    def read(self, at_s: float, count: float | None) -> str:
        """The counter now (None: nobody answers; a lower one is a new process's); what is wrong, or ""."""
        if count is None:
            return ""
        last, self._last = (0.0 if count < self._last else self._last), count
        if self.off_at_s is None:
            self._still, self.asked = None, self.asked + count - last
            return ""
        if at_s < self.off_at_s + OBEYS_S:
            return ""
        still, self._still = self._still if self._still is None or count >= self._still else 0.0, count
        if still is None:
            return ""
        self.judged += 1
        late = f"{at_s - self.off_at_s:.1f} s after the policy was switched off"
        return f"{count - still:.0f} faces or walks were looked at {late}" if count > still else ""


def asked_in(metrics: str) -> float | None:
    """Heads and walks sent to models, by a worker's metrics; None where it does not say."""
    found = ASKED.findall(metrics)
    return sum(map(float, found)) if found else None


def apart(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Run it in a thread of its own: a browser driver of this process keeps an event loop running in the main one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


class Policy:
    """The demonstration's switches, and its worker's obedience."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self.obedience = Obedience()
        self._on_again_s: float | None = None

    def off(self, store: str, at_s: float, for_s: float, clock: Any) -> bool:
        """Switch all off; whether that was answered. `clock` tells when it was, on the same count as `at_s`."""
        body = {"switches": list(SWITCHES), "reason": "chaos"}
        status, _ = self._product.call(f"/api/v1/stores/{store}/policy/off", "POST", body)
        self._on_again_s = at_s + for_s  # even without an answer: it may have been done
        if status == 200:
            self.obedience.off_at_s = clock()
        return status == 200

    def look(self, at_s: float) -> str:
        """Read the worker's counter, and switch on again when it is time; what is wrong, or ""."""
        wrong = self.obedience.read(at_s, self._count())
        if self._on_again_s is not None and at_s >= self._on_again_s:
            self.obedience.off_at_s = None  # from here on it may be on, whether or not we hear that it is
            with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError, PennyError):
                apart(self._on())
                self._on_again_s = None
        return wrong

    async def _on(self) -> None:
        given: dict[str, Any] = {"_env_file": None, "PENNYPROTECT_HOME": self._product.home}
        owner = await setup.connect_owner(database_address(Settings(**given), "owner"))
        try:
            place = await setup.first_store(owner)
            assert place is not None
            async with owner.transaction():
                await switch_demo_on(owner, place)
        finally:
            await owner.close(timeout=5)

    def _count(self) -> float | None:
        """None while the worker does not answer."""
        try:
            return asked_in(apart(metrics_at(socket_path(self._product.home, ROLE), 1.5)))
        except (OSError, ValueError):
            return None
