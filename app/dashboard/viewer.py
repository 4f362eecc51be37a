"""What waits for one viewer: store messages in order and complete, analysis results as many as it can take."""

import asyncio
import uuid
from collections import deque
from collections.abc import Callable

from app.dashboard import counters
from app.dashboard.frames import WriteFrame

MOST_RESULTS = 32
MOST_STORE_MESSAGES = 1000
PATIENCE_S = 10.0


class SlowViewerError(Exception):
    """This viewer does not take its store messages; it must be closed, since none may be left out."""


class Viewer:
    """The queue between the hub and one socket. One event loop only."""

    def __init__(
        self,
        most_results: int = MOST_RESULTS,
        most_store_messages: int = MOST_STORE_MESSAGES,
        write_frame: WriteFrame | None = None,
    ) -> None:
        self._write_frame = write_frame
        self._results: deque[str] = deque()
        self._messages: deque[str] = deque()
        self._most_results = most_results
        self._most_messages = most_store_messages
        self._waiting = asyncio.Event()
        self._taken = asyncio.Event()
        self._slow = False
        self.dropped = 0
        self.may_review: Callable[[uuid.UUID], bool] = lambda _store: False
        """Whether this viewer may hear of leads in a store; asked for each message, since rights change."""
        self.cameras: dict[uuid.UUID, uuid.UUID] = {}
        """Subscribed camera -> its store."""

    def offer_result(self, text: str, frame: bytes | None = None) -> None:
        """Send or queue an analysis result; the oldest goes when there are too many."""
        if self._sent_at_once(frame):
            return
        if len(self._results) >= self._most_results:
            self._results.popleft()
            self.dropped += 1
            counters.results_dropped.inc()
        self._results.append(text)
        self._waiting.set()

    def offer_message(self, text: str, frame: bytes | None = None) -> None:
        """Send or queue a message that must arrive; too many mark the viewer as slow, which ends it.

        Args:
            frame: `text` as a frame, made once for all viewers: written at once where nothing waits before it.
        """
        if self._sent_at_once(frame):
            return
        if len(self._messages) >= self._most_messages:
            self.give_up()
            return
        self._messages.append(text)
        self._waiting.set()

    def _sent_at_once(self, frame: bytes | None) -> bool:
        idle = not self._messages and not self._results and not self._slow
        return frame is not None and idle and self._write_frame is not None and self._write_frame(frame)

    def give_up(self) -> None:
        """A message had to be left out: `take` raises from now on."""
        if not self._slow:
            counters.slow_viewers.inc()
        self._slow = True
        self._waiting.set()
        self._taken.set()

    async def room(self) -> None:
        """Wait until half of the messages' places are free, as long as the viewer takes any within `PATIENCE_S`."""
        while len(self._messages) > self._most_messages // 2 and not self._slow:
            self._taken.clear()
            try:
                await asyncio.wait_for(self._taken.wait(), PATIENCE_S)
            except TimeoutError:
                self.give_up()

    async def take(self) -> str:
        """The next text to send, messages first.

        Raises:
            SlowViewerError: messages were left out.
        """
        while True:
            if self._slow:
                raise SlowViewerError
            if self._messages:
                self._taken.set()
                return self._messages.popleft()
            if self._results:
                return self._results.popleft()
            self._waiting.clear()
            await self._waiting.wait()
