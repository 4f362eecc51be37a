"""How the embedded default asks its own service: is it ready, and has it heard from a worker."""

import asyncio
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from app.embedded.process import Probe

PROBE_LIMIT_S = 3.0


@dataclass(frozen=True, slots=True)
class OwnService:
    """The service of this run.

    Attributes:
        url: where this machine reaches it.
        metrics_key: shows the details of readiness, whatever address the service listens on.
    """

    url: str
    metrics_key: str

    def answers(self, path: str) -> Probe:
        """Asks for `path`; RuntimeError with the answer unless its status is 200."""

        async def probe() -> None:
            status, body = await asyncio.to_thread(self._ask, path)
            if status != 200:
                raise RuntimeError(f"{status}: {body[:500].decode(errors='replace')}")

        return probe

    async def hears_a_worker(self) -> None:
        """The service has heard from a worker lately, whatever else it is still waiting for."""
        _, body = await asyncio.to_thread(self._ask, "/readyz")
        known: dict[str, Any] = {each["name"]: each for each in json.loads(body)["dependencies"]}
        if not known["workers"]["ok"]:
            raise RuntimeError(known["workers"]["detail"])

    def _ask(self, path: str) -> tuple[int, bytes]:
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {self.metrics_key}"})  # noqa: S310 - our own address
        try:
            with urllib.request.urlopen(request, timeout=PROBE_LIMIT_S) as answer:  # noqa: S310 - the same
                return int(answer.status), bytes(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, error.read()
