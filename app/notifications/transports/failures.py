"""What a failed connection tells about whether the message may have arrived. Pure."""

import asyncio

import aiohttp

from app.notifications.outcomes import Outcome, Verdict

MOST_RETRY_AFTER_S = 86_400.0


def of_error(error: BaseException) -> Outcome:
    """The outcome of a request that ended in an exception: before a connection stood nothing can have arrived."""
    name = type(error).__name__
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return Outcome(Verdict.NOT_TAKEN, f"It could not be connected to ({name}).")
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return Outcome(Verdict.UNKNOWN, "It did not answer in time.")
    return Outcome(Verdict.UNKNOWN, f"The connection broke before it answered ({name}).")


def of_status(status: int, retry_after: str | None = None) -> Outcome:
    """The outcome of an HTTP status. After a 5xx the receiver may have done its work all the same."""
    if 200 <= status < 300:
        return Outcome(Verdict.TAKEN)
    reason = f"It answered {status}."
    if status in (408, 425, 429):
        return Outcome(Verdict.NOT_TAKEN, reason, after_s=seconds_of(retry_after))
    if status >= 500:
        return Outcome(Verdict.UNKNOWN, reason, after_s=seconds_of(retry_after))
    if 300 <= status < 400:
        reason = f"It answered {status}; redirects are not followed, enter the final address."
    return Outcome(Verdict.REFUSED, reason)


def seconds_of(retry_after: str | None) -> float | None:
    """Retry-After in seconds; a date, which few send, counts as none."""
    if retry_after is None or not retry_after.strip().isdigit():
        return None
    return min(float(retry_after), MOST_RETRY_AFTER_S)
