"""Which camera compares which versions, and what the comparison says: pure."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from app.contracts.models import ShadowSums
from app.models.models import Pointer, place_of, version_for
from app.models.readings.models import quantile_ms


@dataclass(frozen=True, slots=True)
class Shadow:
    """A version that runs beside the one in use.

    Attributes:
        share: 0..1 of the chain's cameras; those that a promotion to this share would take first.
        ended_at: None while it runs.
    """

    id: uuid.UUID
    model: str
    version: int
    share: float
    started_at: datetime
    ended_at: datetime | None = None


def shadow_of(pointer: Pointer, version: int, share: float, camera_id: uuid.UUID) -> int | None:
    """The version that a camera asks without effects; None where it asks one only.

    A camera that uses the shadowed version already (it is being promoted) asks the one before it, so the comparison goes on.
    """
    if place_of(camera_id, pointer.model) >= share:
        return None
    if version_for(pointer, camera_id) != version:
        return version
    return pointer.stable if pointer.stable != version else pointer.previous


class Agreement(ShadowSums):
    """Sums over frames that two versions answered."""

    @property
    def persons(self) -> float | None:
        """0..1: of the persons that either found, those that both did; None without any."""
        total = self.both + self.only_old + self.only_new
        return self.both / total if total else None

    @property
    def overlap(self) -> float | None:
        """Mean intersection over union of the boxes of persons in both. So are the next ones."""
        return self.overlap_sum / self.both if self.both else None

    @property
    def likeness(self) -> float | None:
        """Mean object keypoint similarity."""
        return self.likeness_sum / self.likened if self.likened else None

    @property
    def shift(self) -> float | None:
        """Mean of the new score less the old one."""
        return self.shift_sum / self.both if self.both else None

    @property
    def shift_spread(self) -> float | None:
        """Standard deviation of the same."""
        if not self.both:
            return None
        return float(max(0.0, self.shift_squares / self.both - (self.shift_sum / self.both) ** 2) ** 0.5)

    @property
    def agreement(self) -> float | None:
        """0..1: persons that both found, weighed by the likeness of their keypoints; one figure to hold a bar against."""
        if self.persons is None:
            return None
        return self.persons * (1.0 if self.likeness is None else self.likeness)

    def latency_ms(self, share: float) -> tuple[float | None, float | None]:
        """A quantile of the version in use, and of the other."""
        return quantile_ms(self.latency_old, share), quantile_ms(self.latency_new, share)


@dataclass(frozen=True, slots=True)
class Disagreed:
    """A kept frame on which the two disagree, without its picture."""

    id: uuid.UUID
    camera_id: uuid.UUID
    captured_at: datetime
    only_old: int
    only_new: int
    likeness: float


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """What a shadow showed so far; `cameras` are those that compared anything."""

    shadow: Shadow
    total: Agreement
    cameras: dict[uuid.UUID, Agreement]
    disagreements: list[Disagreed]
