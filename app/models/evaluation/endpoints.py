"""`/api/v1/models/outcomes`: what people decided about what versions led to."""

from typing import Annotated

from fastapi import Query, Request
from pydantic import BaseModel, Field

from app.audit.models import SETTINGS_SHOWN, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.kit.backends import backends
from app.models.evaluation.outcomes import LEAST, decided

router = guarded_router("models")


class OutcomeOut(BaseModel):
    """Of one version."""

    model: str = Field(description="yolo_pose: alerts of behaviours; a face model: leads, where the store has faces on now.")
    version: str
    raised: int | None = Field(description="Null for leads while too few were decided.")
    right: int = Field(description="Correct alerts, confirmed leads; 0 while too few were decided.")
    wrong: int
    false_share: float | None = Field(description=f"Wrong ones of all decided; null below {LEAST} decisions.")


class ModelOutcomesOut(BaseModel):
    """By model and version."""

    items: list[OutcomeOut]
    least: int = Field(description="Decisions below which a version's counts are not told.")


@router.get("/models/outcomes", openapi_extra=unaudited(SETTINGS_SHOWN))
async def outcomes(
    request: Request,
    access: Annotated[Access, require(Permission.MODELS_READ)],
    days: Annotated[int, Query(ge=1, le=35, description="Readings that say which version a camera used are kept so long.")] = 28,
) -> ModelOutcomesOut:
    """How often people found what a version led to right or wrong: counts alone, of nobody and of no camera."""
    found = await decided(backends(request).postgres, access, days)
    items = [OutcomeOut(**{name: getattr(each, name) for name in OutcomeOut.model_fields}) for each in found]
    return ModelOutcomesOut(items=items, least=LEAST)
