"""msgspec's decoders, with one error for bytes that are no message."""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

import msgspec

Raw = TypeVar("Raw")
T = TypeVar("T")


def one_error(decode: Callable[[Raw], T]) -> Callable[[Raw], T]:
    """`decode`, raising `msgspec.DecodeError` also for a text that is not UTF-8.

    msgspec itself lets UnicodeDecodeError through, which is a ValueError and no DecodeError: whoever caught only the latter
    was ended by one byte of a stranger.
    """

    @wraps(decode)
    def decoded(raw: Raw) -> T:
        try:
            return decode(raw)
        except UnicodeDecodeError as error:
            raise msgspec.DecodeError("a text that is not UTF-8") from error

    return decoded
