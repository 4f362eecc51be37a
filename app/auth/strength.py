"""Whether a new password is good enough: long enough, and hard to guess by zxcvbn's estimate. Nothing leaves the machine."""

from collections.abc import Sequence

from app.kit.errors import BadInputError

SHORTEST = 12
LONGEST = 256
ESTIMATED = 72
"""zxcvbn's own limit; what comes after these characters only makes a password stronger."""
WANTED_SCORE = 3
"""zxcvbn's "safely unguessable": more than 10^8 guesses, which argon2id makes expensive (Wheeler, USENIX Security 2016)."""


def demand_strong(password: str, about: Sequence[str]) -> None:
    """BadInputError, with what to do, unless `password` may be used.

    `about` holds words that make it easy to guess, such as the user name. Takes some milliseconds; call it in a thread.
    """
    if len(password) < SHORTEST:
        raise BadInputError(
            f"A password needs at least {SHORTEST} characters; four words that do not belong together are a good one."
        )
    if len(password) > LONGEST:
        raise BadInputError(f"A password has at most {LONGEST} characters.")
    from zxcvbn import zxcvbn  # here: its dictionaries take a while to read, and a password is set seldom

    found = zxcvbn(password[:ESTIMATED], user_inputs=[*about, "pennyprotect"])
    if found["score"] < WANTED_SCORE:
        why = found["feedback"]["warning"].rstrip(".") or "This password is easy to guess"
        raise BadInputError(f"{why}. Use four words that do not belong together, or a password manager.")
