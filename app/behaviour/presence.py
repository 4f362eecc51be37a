"""Who is in something, and since when: short gaps do not end it. Shared by the rules about zones."""

from collections.abc import Iterable

import msgspec

from app.behaviour.acts import Acts
from app.behaviour.sight import US, Sight

GAP_S = 1.0
"""Not found in it for that long means out of it: foot points and hands jitter, and people hide each other for a moment. Where a
camera's frames come farther apart, out of it is who was not in it in the frame before."""


class Held(msgspec.Struct):
    """Since when, and when last (us)."""

    since_us: int
    last_us: int


class Presence(Acts):
    """Acts of one area, and who is in it by person number."""

    held: dict[int, Held] = msgspec.field(default_factory=dict)

    def hold(self, sight: Sight, numbers: Iterable[int], *, over_pauses: bool = True) -> dict[int, float]:
        """Take in who is in it now: seconds that each has been. Times follow a clock that was set.

        Without `over_pauses` a camera's rare frames are gaps as others are: what lasts moments is not the same between two looks.
        """
        if sight.shifted_us:
            for each in self.held.values():
                each.since_us += sight.shifted_us
                each.last_us += sight.shifted_us
        lasted: dict[int, float] = {}
        gap_us = round(max(GAP_S, sight.pause_s if over_pauses else 0.0) * US)
        for number in numbers:
            held = self.held.get(number)
            if held is None or sight.at_us - held.last_us > gap_us:
                held = self.held[number] = Held(sight.at_us, sight.at_us)
            held.last_us = sight.at_us
            lasted[number] = (sight.at_us - held.since_us) / US
        if len(self.held) > len(lasted):
            self.held = {number: held for number, held in self.held.items() if sight.at_us - held.last_us <= gap_us}
        return lasted


def share_of(value: float, needed: float) -> float:
    """A score: half where the value is what is needed, rising towards 1."""
    return value / (value + needed) if value > 0 else float(needed <= 0)
