"""What is looked after now and then beside the frames: one at a time of each, and none of them holds frames up."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable


class Errand:
    """Work of its own that says after how many seconds it is due again. `ended` is called whenever it is over, however.

    Attributes:
        due: when it is next, monotonic seconds; infinite while it is under way.
    """

    def __init__(self, work: Callable[[], Awaitable[float]], ended: Callable[[], None]) -> None:
        self._work, self._ended = work, ended
        self._task: asyncio.Task[float] | None = None
        self.due = 0.0

    def look(self) -> None:
        """Begin it where it is due, and hear what came of one that is over.

        Raises:
            asyncpg.PostgresError, OSError, TimeoutError: why it failed; it is due at once.
        """
        if self._task is not None:
            if not self._task.done():
                return
            task, self._task, self.due = self._task, None, 0.0
            self.due = time.monotonic() + task.result()
        elif time.monotonic() >= self.due:
            self._task, self.due = asyncio.ensure_future(self._work()), math.inf
            self._task.add_done_callback(lambda _task: self._ended())

    def stop(self) -> None:
        """Leave what is under way."""
        if self._task is not None:
            self._task.cancel()
