"""Sums of what a version answered, and what follows from them: pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from app.contracts.models import LATENCIES, LATENCY_MS


def quantile_ms(counts: Sequence[int], share: float) -> float | None:
    """The latency below which `share` of the answers lie, milliseconds, interpolated within its count; None without any."""
    total = sum(counts)
    if not total:
        return None
    wanted, before = share * total, 0
    edges = (0, *LATENCY_MS)
    for index, count in enumerate(counts):
        if before + count >= wanted and count:
            low = float(edges[index])
            high = float(edges[index + 1]) if index + 1 < len(edges) else low
            return round(low + (high - low) * (wanted - before) / count, 1)
        before += count
    return float(edges[-1])


@dataclass(frozen=True, slots=True)
class Sums:
    """What one version answered, over any cameras and time (`contracts.models.ModelReading`)."""

    frames: int = 0
    failures: int = 0
    persons: int = 0
    score_sum: float = 0.0
    quality_sum: float = 0.0
    norm_sum: float = 0.0
    latency: tuple[int, ...] = (0,) * LATENCIES

    @classmethod
    def of(cls, several: Iterable[Self]) -> Self:
        """All of them together."""
        found = list(several)
        return cls(
            sum(each.frames for each in found),
            sum(each.failures for each in found),
            sum(each.persons for each in found),
            sum(each.score_sum for each in found),
            sum(each.quality_sum for each in found),
            sum(each.norm_sum for each in found),
            tuple(sum(each.latency[i] for each in found) for i in range(LATENCIES)),
        )

    @property
    def asked(self) -> int:
        """Requests, answered or not."""
        return self.frames + self.failures

    @property
    def failure_rate(self) -> float:
        """0..1; 0 where nothing was asked."""
        return self.failures / self.asked if self.asked else 0.0

    @property
    def persons_a_frame(self) -> float | None:
        """None without a frame."""
        return self.persons / self.frames if self.frames else None

    @property
    def score(self) -> float | None:
        """Mean; None without a person. So are the next two."""
        return self.score_sum / self.persons if self.persons else None

    @property
    def quality(self) -> float | None:
        """Mean keypoint score of a person, or quality of a face."""
        return self.quality_sum / self.persons if self.persons else None

    @property
    def norm(self) -> float | None:
        """Mean length of an embedding; None of a pose model."""
        return self.norm_sum / self.persons if self.persons and self.norm_sum else None

    def latency_ms(self, share: float) -> float | None:
        """A quantile."""
        return quantile_ms(self.latency, share)
