"""How the embedded default asks its own service: is it ready, and has it heard from a worker."""

import asyncio
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.embedded.process import Probe
from app.kit.tls import trust

PROBE_LIMIT_S = 3.0


@dataclass(frozen=True, slots=True)
class OwnService:
    """The service of this run.

    Attributes:
        url: where this machine reaches it.
        metrics_key: shows the details of readiness, whatever address the service listens on.
        authority: file of the authority to trust for HTTPS; None over plain HTTP.
    """

    url: str
    metrics_key: str
    authority: Path | None = None

    def answers(self, path: str) -> Probe:
        """Asks for `path`; RuntimeError with the answer unless its status is 200."""

        async def probe() -> None:
            status, body = await asyncio.to_thread(self._ask, path)
            if status != 200:
                raise RuntimeError(f"{status}: {body[:500].decode(errors='replace')}")

        return probe

    async def hears_a_worker(self) -> None:
        """The service has heard from a worker lately, whatever else it is still waiting for."""
        known = {each["name"]: each for each in await self.dependencies()}
        if not known["workers"]["ok"]:
            raise RuntimeError(known["workers"]["detail"])

    async def dependencies(self) -> list[dict[str, Any]]:
        """Each thing the product needs, with its state."""
        _, body = await asyncio.to_thread(self._ask, "/readyz")
        found: list[dict[str, Any]] = json.loads(body)["dependencies"]
        return found

    def _ask(self, path: str) -> tuple[int, bytes]:
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {self.metrics_key}"})  # noqa: S310 - our own address
        try:
            with urllib.request.urlopen(request, timeout=PROBE_LIMIT_S, context=trust(self.authority)) as answer:  # noqa: S310 - the same
                return int(answer.status), bytes(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, error.read()
