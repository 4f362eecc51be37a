"""Jittered exponential back-off, as a pure function of the attempt and a random number."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Full-jitter back-off (AWS Architecture Blog, "Exponential Backoff And Jitter").

    Attributes:
        first_s: upper bound of the first delay, in seconds.
        longest_s: cap on any delay, in seconds.
        floor: share of the bound below which no delay falls, so that a retry is never immediate.
    """

    first_s: float = 0.5
    longest_s: float = 30.0
    floor: float = 0.5

    def delay_s(self, attempt: int, chance: float | None = None) -> float:
        """Seconds to wait before attempt number `attempt` (0-based); `chance` in [0, 1) replaces the random draw."""
        bound = min(self.longest_s, self.first_s * 2 ** min(attempt, 32))
        draw = random.random() if chance is None else chance  # noqa: S311 - jitter, not a secret
        return float(bound * (self.floor + (1 - self.floor) * draw))
