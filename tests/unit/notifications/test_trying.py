"""What a try that broke off is known to have done: nothing before it was sent, and nobody can know afterwards."""

import uuid
from typing import Any

import pytest

from app.notifications import sender as sending
from app.notifications.outcomes import Outcome, Verdict


class Sends:
    """Transports whose sending breaks off."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def send(self, *_given: Any) -> Outcome:
        raise self.error


class Opens:
    """A vault; `error` breaks the look-up of the key."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    async def open(self, *_given: Any) -> str:
        if self.error is not None:
            raise self.error
        return "+15005550006"


class Delivery:
    """As much of a claimed delivery as opening it needs."""

    channel_id, address, secret, previous_secret = uuid.UUID(int=1), b"sealed", None, None


@pytest.mark.parametrize("error", [TimeoutError(), ConnectionResetError()])
async def test_what_breaks_off_while_it_is_sent_may_have_arrived_and_before_that_has_not(error: Exception) -> None:
    late = sending.Sender(None, Opens(), Sends(error))  # type: ignore[arg-type]
    early = sending.Sender(None, Opens(error), Sends(AssertionError("it was sent")))  # type: ignore[arg-type]
    assert (await late._try(Delivery())).verdict is Verdict.UNKNOWN  # type: ignore[arg-type]
    assert (await early._try(Delivery())).verdict is Verdict.NOT_TAKEN  # type: ignore[arg-type]
