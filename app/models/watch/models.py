"""Whether a promotion is taken back: pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self

from app.contracts.models import LATENCIES
from app.models.readings.models import Sums, quantile_ms
from app.models.shadows.models import Agreement

LEAST_ASKED: Final = 40
"""Requests of the new version before its failures say anything."""
LEAST_TIMED: Final = 100
"""Answers of either version before their latency is compared."""
LEAST_COMPARED: Final = 40
"""Persons that either version found, before their agreement says anything."""
FAILED_MINUTES: Final = 2
"""With failures and answers both, before those of a version that serves all cameras say anything."""
SILENT_MINUTES: Final = 3
"""With failures, answers or not, that say as much: while the version before it answers."""
SLACK_MS: Final = 50.0
"""By this much the new version may always be slower."""
WATCHED: Final = timedelta(minutes=30)
"""How long a version that serves all cameras is watched; one on a share of them is watched as long as it is there."""
LATE: Final = timedelta(seconds=15)
"""From a failure until its report has come."""
BASELINE: Final = timedelta(hours=2)
"""Before a promotion to all cameras: what the version before it is remembered by."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a promotion may not exceed.

    Attributes:
        failures: 0..1 of the requests without an answer, and twice as many as the version before it had.
        slower: times the 95th percentile of the version before it.
        agreement: 0..1, where the version was or is shadowed; 0 lets it differ as it likes.
    """

    failures: float = 0.02
    slower: float = 2.0
    agreement: float = 0.5

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        """Of a row; what an older release did not know has its default."""
        return cls(**{name: float(stored[name]) for name in cls.__slots__ if name in stored})


@dataclass(frozen=True, slots=True)
class Watch:
    """A pointer's watch.

    Attributes:
        changed_at: when the pointer last moved.
        until: None or past: nothing is watched once all cameras use one version.
        reason: why the last promotion was taken back by itself; "" where none was.
        away_at: when the version before was last seen not to answer; None: never.
    """

    changed_at: datetime
    limits: Limits = Limits()
    until: datetime | None = None
    reason: str = ""
    away_at: datetime | None = None

    @property
    def since(self) -> datetime:
        """From when on what was reported says something of the version."""
        return self.changed_at if self.away_at is None else max(self.changed_at, self.away_at + LATE)


def fault(
    new: Sums, before: Sums, beside: Agreement | None, limits: Limits, *, together: bool = True, lasting: bool = True
) -> str:
    """Why the promotion of a version is to be taken back, in one sentence; "" where nothing speaks against it.

    Args:
        new: what it answered since it was promoted; `before`: what the version before it did, on other cameras or earlier.
        beside: what a shadow run of it showed.
        together: `before` is of the same minutes as `new`; what was earlier says nothing of latency, the machine had other work.
        lasting: its failures are of more than one moment (`lasts`).
    """
    failing = _failing(new, before, limits) if lasting else ""
    times = (new.latency, before.latency) if together else _times(beside)
    return failing or _slow(*times, limits) or _differing(beside, limits)


def lasts(minutes: Iterable[tuple[int, int]]) -> bool:
    """Whether (answers, failures) of single minutes are more than a short outage of the server."""
    failed = [answers for answers, failures in minutes if failures]
    return sum(answers > 0 for answers in failed) >= FAILED_MINUTES or len(failed) >= SILENT_MINUTES


def _times(beside: Agreement | None) -> tuple[Sequence[int], Sequence[int]]:
    """Counts of the new version and of the one before it, on the same frames."""
    return ((0,) * LATENCIES,) * 2 if beside is None else (beside.latency_new, beside.latency_old)


def _failing(new: Sums, before: Sums, limits: Limits) -> str:
    if new.asked < LEAST_ASKED or new.failure_rate <= max(limits.failures, 2 * before.failure_rate):
        return ""
    return (
        f"It gave no answer to {new.failures} of {new.asked} requests ({new.failure_rate:.1%});"
        f" {limits.failures:.1%} are allowed, and the version before it had {before.failure_rate:.1%}."
    )


def _slow(new: Sequence[int], before: Sequence[int], limits: Limits) -> str:
    p95, p95_before = quantile_ms(new, 0.95), quantile_ms(before, 0.95)
    if p95 is None or p95_before is None or min(sum(new), sum(before)) < LEAST_TIMED:
        return ""
    if p95 <= max(limits.slower * p95_before, p95_before + SLACK_MS):
        return ""
    return (
        f"Its slowest twentieth takes {p95:.0f} ms and more, that of the version before it {p95_before:.0f} ms;"
        f" {limits.slower:g} times are allowed."
    )


def _differing(beside: Agreement | None, limits: Limits) -> str:
    if beside is None or (agreement := beside.agreement) is None:
        return ""
    if beside.both + beside.only_old + beside.only_new < LEAST_COMPARED or agreement >= limits.agreement:
        return ""
    return (
        f"It agrees with the version before it to {agreement:.2f} on {beside.frames} frames; {limits.agreement:g} is the least."
    )
