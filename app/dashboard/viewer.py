"""What waits for one viewer: store messages in order and complete, analysis results as many as it can take."""

import asyncio
import uuid
from collections import deque

from app.dashboard import counters

MOST_RESULTS = 32
MOST_STORE_MESSAGES = 1000


class SlowViewerError(Exception):
    """This viewer does not take its store messages; it must be closed, since none may be left out."""


class Viewer:
    """The queue between the hub and one socket. One event loop only."""

    def __init__(self, most_results: int = MOST_RESULTS, most_store_messages: int = MOST_STORE_MESSAGES) -> None:
        self._results: deque[str] = deque()
        self._messages: deque[str] = deque()
        self._most_results = most_results
        self._most_messages = most_store_messages
        self._waiting = asyncio.Event()
        self._slow = False
        self.dropped = 0
        self.cameras: dict[uuid.UUID, uuid.UUID] = {}
        """Subscribed camera -> its store."""

    def offer_result(self, text: str) -> None:
        """Queue an analysis result; the oldest goes when there are too many."""
        if len(self._results) >= self._most_results:
            self._results.popleft()
            self.dropped += 1
            counters.results_dropped.inc()
        self._results.append(text)
        self._waiting.set()

    def offer_message(self, text: str) -> None:
        """Queue a message that must arrive; too many mark the viewer as slow, which ends it."""
        if len(self._messages) >= self._most_messages:
            if not self._slow:
                counters.slow_viewers.inc()
            self._slow = True
        else:
            self._messages.append(text)
        self._waiting.set()

    async def take(self) -> str:
        """The next text to send, messages first.

        Raises:
            SlowViewerError: messages were left out.
        """
        while True:
            if self._slow:
                raise SlowViewerError
            if self._messages:
                return self._messages.popleft()
            if self._results:
                return self._results.popleft()
            self._waiting.clear()
            await self._waiting.wait()
