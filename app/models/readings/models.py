"""Sums of what a version answered, and what follows from them: pure."""

from collections.abc import Sequence

from app.contracts.models import LATENCY_MS, ModelSums


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


class Sums(ModelSums):
    """What one version answered, over any cameras and time."""

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
