"""Loops that go on after every error must not go on after a cancellation that a library turned into an error."""

import asyncio


def heed_cancellation() -> None:
    """CancelledError where the current task was told to end and something it awaited answered that with an error of its own.

    Clients of databases and of Redis do so when it meets them while they hang up; the task then looks as if nobody had asked.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
