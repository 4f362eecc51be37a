"""Trying a camera address before it is added. The real probe (`app.capture`) is handed in by main."""

import asyncio
from typing import Any, Protocol

from app.cameras.urls import check_camera_url
from app.kit.egress import EgressPolicy, split_address
from app.kit.errors import BadInputError, PennyError, TooManyRequestsError

AT_ONCE = 3
DEADLINE_S = 12.0


class Probed(Protocol):
    """What a stream is: pixels, frames a second, codec name, and one JPEG."""

    @property
    def width(self) -> int:
        """Pixels."""

    @property
    def height(self) -> int:
        """Pixels."""

    @property
    def fps(self) -> float:
        """As announced; 0.0 when not."""

    @property
    def codec(self) -> str:
        """The decoder's name of it."""

    @property
    def snapshot(self) -> bytes:
        """A JPEG."""


class Probe(Protocol):
    """Opens a stream, reads one picture, closes it; blocking, so it is run in a thread.

    Raises a PennyError with one clear sentence (wrong host, 401, codec, time-out) within about `deadline_s`.
    """

    def __call__(self, url: str, deadline_s: float) -> Probed:
        """What the stream at `url` is."""
        ...


class Prober:
    """Runs probes in threads, few at once, each with a deadline.

    Args:
        probe: connects only through a gate of the same `policy`, which looks names up once and pins them.
    """

    def __init__(self, probe: Probe, policy: EgressPolicy) -> None:
        self._probe = probe
        self.policy = policy
        self._running = 0

    async def try_url(self, url: str) -> Probed:
        """What answers at `url`.

        Raises:
            BadInputError: with the reason in one sentence, without credentials.
            TooManyRequestsError: enough probes are under way.
        """
        checked = check_camera_url(url, self.policy)
        if self._running >= AT_ONCE:
            raise TooManyRequestsError("Other cameras are being tested. Try again in a few seconds.", retry_after_s=5)
        self._running += 1
        task = asyncio.ensure_future(asyncio.to_thread(self._probe, checked, DEADLINE_S))
        # A thread cannot be stopped: its place is free again when it really ended, not when we stop waiting.
        task.add_done_callback(self._ended)
        try:
            return await asyncio.wait_for(asyncio.shield(task), DEADLINE_S + 3)
        except TimeoutError as error:
            raise BadInputError(
                f"The camera did not answer within {DEADLINE_S:.0f} s. Check its address, port and network."
            ) from error

    def _ended(self, task: "asyncio.Future[Probed]") -> None:
        self._running -= 1
        if not task.cancelled():
            task.exception()  # retrieved here too, for a caller that stopped waiting


def probe_details(url: str, failed: PennyError | None) -> dict[str, Any]:
    """What the audit keeps of a probe: where it went and how it ended; no credentials, path or query."""
    try:
        parts = split_address(url.strip())
        place = f"{parts.scheme.lower()}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    except BadInputError:
        place = ""
    ended = "answered" if failed is None else str(failed.extra.get("kind", failed.title))
    return {"place": place[:300], "ended": ended}
