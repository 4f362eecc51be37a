"""What the shadow endpoints take and answer."""

import uuid
from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from app.models.models import POSE_MODEL
from app.models.shadows.models import Agreement, Shadow, ShadowReport


class ShadowIn(BaseModel):
    """On which share of the cameras; 1: all."""

    model_config = ConfigDict(extra="forbid")

    share: float = Field(default=0.25, gt=0, le=1)


class ShadowEndIn(BaseModel):
    """Of which model."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(default=POSE_MODEL, max_length=100)


class ShadowOut(BaseModel):
    """A shadow run."""

    id: uuid.UUID
    model: str
    version: int
    share: float = Field(description="0..1 of the cameras: those that a promotion to this share takes first.")
    started_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, shadow: Shadow) -> Self:
        """Of the value."""
        return cls(**{name: getattr(shadow, name) for name in cls.model_fields})


class AgreementOut(BaseModel):
    """How far two versions agree on the same frames; null where nobody was there to compare."""

    frames: int
    failures: int = Field(description="Frames that the shadowed version did not answer.")
    skipped: int = Field(description="Frames due that were not compared: the shadowed version was busy.")
    frames_agreeing: int = Field(description="Everybody found by both, no skeleton unlike.")
    persons_both: int
    persons_only_in_use: int
    persons_only_new: int
    persons: float | None = Field(description="0..1: of the persons that either found, those that both did.")
    box_overlap: float | None = Field(description="Mean intersection over union.")
    keypoint_likeness: float | None = Field(description="Mean object keypoint similarity (OKS), 0..1.")
    score_shift: float | None = Field(description="Mean of the new score less the one in use.")
    score_shift_spread: float | None = Field(description="Standard deviation of the same.")
    agreement: float | None = Field(description="0..1: persons times keypoint_likeness.")
    p50_ms_in_use: float | None
    p50_ms_new: float | None
    p95_ms_in_use: float | None
    p95_ms_new: float | None

    @classmethod
    def of(cls, found: Agreement) -> Self:
        """Of the sums."""
        (p50_old, p50_new), (p95_old, p95_new) = found.latency_ms(0.5), found.latency_ms(0.95)
        return cls(
            frames=found.frames,
            failures=found.failures,
            skipped=found.skipped,
            frames_agreeing=found.agreeing,
            persons_both=found.both,
            persons_only_in_use=found.only_old,
            persons_only_new=found.only_new,
            persons=_short(found.persons),
            box_overlap=_short(found.overlap),
            keypoint_likeness=_short(found.likeness),
            score_shift=_short(found.shift),
            score_shift_spread=_short(found.shift_spread),
            agreement=_short(found.agreement),
            p50_ms_in_use=p50_old,
            p50_ms_new=p50_new,
            p95_ms_in_use=p95_old,
            p95_ms_new=p95_new,
        )


class CameraAgreementOut(BaseModel):
    """One camera's."""

    camera_id: uuid.UUID
    agreement: AgreementOut


class DisagreementOut(BaseModel):
    """A kept frame on which the two disagree; its picture has blurred heads and goes after seven days."""

    id: uuid.UUID
    camera_id: uuid.UUID
    captured_at: datetime
    persons_only_in_use: int
    persons_only_new: int
    least_likeness: float


class ShadowReportOut(BaseModel):
    """What a shadow run showed so far; the cameras that agree least come first."""

    shadow: ShadowOut
    total: AgreementOut
    cameras: list[CameraAgreementOut]
    disagreements: list[DisagreementOut]

    @classmethod
    def of(cls, report: ShadowReport) -> Self:
        """Of the value."""
        worst = sorted(
            report.cameras.items(), key=lambda each: (1.0 if each[1].agreement is None else each[1].agreement, each[0])
        )
        return cls(
            shadow=ShadowOut.of(report.shadow),
            total=AgreementOut.of(report.total),
            cameras=[CameraAgreementOut(camera_id=camera_id, agreement=AgreementOut.of(each)) for camera_id, each in worst],
            disagreements=[
                DisagreementOut(
                    id=each.id,
                    camera_id=each.camera_id,
                    captured_at=each.captured_at,
                    persons_only_in_use=each.only_old,
                    persons_only_new=each.only_new,
                    least_likeness=round(each.likeness, 3),
                )
                for each in report.disagreements
            ],
        )


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
