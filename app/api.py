"""The HTTP surface: every router, the OpenAPI document, health and metrics."""

import secrets
from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from app.alerts.endpoints import router as alerts_router
from app.alerts.reports.camera_endpoints import router as camera_reports_router
from app.alerts.reports.endpoints import router as reports_router
from app.alerts.rota.endpoints import router as rota_router
from app.alerts.rules.endpoints import router as rules_router
from app.audit.models import NO_STORE_DATA, unaudited
from app.auth.account.endpoints import router as account_router
from app.auth.endpoints import open_router
from app.auth.endpoints import router as auth_router
from app.auth.oidc.endpoints import open_router as oidc_open_router
from app.auth.oidc.endpoints import router as oidc_router
from app.auth.sessions.endpoints import router as sessions_router
from app.cameras.adding.endpoints import router as adding_router
from app.cameras.endpoints import router as cameras_router
from app.cameras.ingest import router as ingest_router
from app.cameras.layouts.endpoints import router as layouts_router
from app.cameras.links.endpoints import router as links_router
from app.cameras.masks.endpoints import router as masks_router
from app.cameras.model_reports import router as model_reports_router
from app.cameras.plan.endpoints import router as plan_router
from app.cameras.worker_endpoints import router as workers_router
from app.cameras.zones.endpoints import router as zones_router
from app.compliance.complaints.endpoints import router as complaints_router
from app.compliance.data_requests.endpoints import router as data_requests_router
from app.dashboard.analyze import router as analyze_router
from app.dashboard.detections.endpoints import router as detections_router
from app.dashboard.endpoints import router as live_router
from app.dashboard.readiness import Check, ask_all
from app.dashboard.second_look.endpoints import router as second_look_router
from app.dashboard.trail.endpoints import router as trail_router
from app.dashboard.whep import router as whep_router
from app.evidence.endpoints import router as pieces_router
from app.evidence.exports_endpoints import open_router as exports_open_router
from app.evidence.exports_endpoints import router as exports_router
from app.evidence.retention_endpoints import router as retention_router
from app.evidence.worker_endpoints import open_router as uploads_router
from app.evidence.worker_endpoints import router as recordings_router
from app.identity.calibration.endpoints import router as calibration_router
from app.identity.enrolment.endpoints import router as enrolments_router
from app.identity.enrolment.export_endpoints import router as watchlist_export_router
from app.identity.enrolment.person_endpoints import router as persons_router
from app.identity.gait.endpoints import router as gait_router
from app.identity.importing.endpoints import router as import_router
from app.identity.lists.endpoints import router as watchlists_router
from app.identity.matches.endpoints import router as matches_router
from app.identity.thresholds.endpoints import router as thresholds_router
from app.incidents.endpoints import router as incidents_router
from app.kit.errors import ForbiddenError
from app.kit.metrics import CONTENT_TYPE, exposition
from app.models.drift.endpoints import router as drift_router
from app.models.endpoints import router as models_router
from app.models.evaluation.endpoints import router as outcomes_router
from app.models.shadows.endpoints import router as shadows_router
from app.notifications.endpoints import router as notifications_router
from app.notifications.own_endpoints import router as own_notifications_router
from app.pipeline.replay.endpoints import router as replay_router
from app.tenancy.api_keys.endpoints import router as api_keys_router
from app.tenancy.endpoints import router as stores_router
from app.tenancy.keys.endpoints import router as keys_router
from app.tenancy.notice.endpoints import public_router
from app.tenancy.notice.endpoints import router as sign_router
from app.tenancy.people.endpoints import router as people_router
from app.tenancy.policy.endpoints import router as policy_router
from app.tenancy.policy.evidence_endpoints import router as evidence_router
from app.tenancy.regions.endpoints import router as regions_router
from app.tenancy.training.endpoints import router as training_router
from app.visits.endpoints import router as visits_router
from app.visits.walks_endpoints import router as walks_router

ROUTERS = (
    open_router,
    auth_router,
    account_router,
    sessions_router,
    oidc_open_router,
    oidc_router,
    stores_router,
    keys_router,
    regions_router,
    people_router,
    api_keys_router,
    adding_router,
    cameras_router,
    zones_router,
    masks_router,
    links_router,
    plan_router,
    layouts_router,
    policy_router,
    evidence_router,
    sign_router,
    public_router,
    training_router,
    rules_router,
    replay_router,
    alerts_router,
    rota_router,
    notifications_router,
    own_notifications_router,
    watchlists_router,
    import_router,
    watchlist_export_router,
    persons_router,
    enrolments_router,
    matches_router,
    gait_router,
    thresholds_router,
    calibration_router,
    incidents_router,
    visits_router,
    walks_router,
    complaints_router,
    data_requests_router,
    reports_router,
    camera_reports_router,
    pieces_router,
    exports_router,
    exports_open_router,
    retention_router,
    recordings_router,
    uploads_router,
    workers_router,
    live_router,
    whep_router,
    detections_router,
    analyze_router,
    ingest_router,
    trail_router,
    second_look_router,
    models_router,
    shadows_router,
    drift_router,
    outcomes_router,
    model_reports_router,
)
SERVICE_ONLY = ("postgres", "bus", "memory")
"""What one replica of the service needs to answer; `/readyz?only=service` asks for these alone."""


_PROBLEM = "#/components/schemas/Problem"
# FastAPI names its own shape where an operation declares no 422; what is sent is a problem all the same.
_PROBLEM_SHAPES = (_PROBLEM, "#/components/schemas/HTTPValidationError")


class DependencyOut(BaseModel):
    """One dependency."""

    name: str
    ok: bool
    took_ms: float
    detail: str = Field(description='One sentence when it is not ok, else "".')


class ReadinessOut(BaseModel):
    """Whether everything the product needs is there."""

    ready: bool
    dependencies: list[DependencyOut]


class HealthOut(BaseModel):
    """The process runs."""

    status: str


def add_api(app: FastAPI) -> None:
    """Mount every router and the operators' addresses on `app`.

    The routers' own routes, not the routers: no two share a prefix or a dependency that `include_router` would add, and it would
    build every route a second time with the first requests (1.5 s of a core).
    """
    for router in ROUTERS:
        app.router.routes.extend(router.routes)
    _add_operations(app)
    app.openapi = lambda: openapi(app)  # type: ignore[method-assign]


def _add_operations(app: FastAPI) -> None:
    @app.get("/healthz", tags=["operations"], openapi_extra=unaudited(NO_STORE_DATA))
    async def healthz() -> HealthOut:
        """The process answers."""
        return HealthOut(status="ok")

    @app.get(
        "/readyz",
        tags=["operations"],
        responses={503: {"model": ReadinessOut}},
        response_model=ReadinessOut,
        openapi_extra=unaudited(NO_STORE_DATA),
    )
    async def readyz(request: Request, only: str = "") -> JSONResponse:
        """503 unless all is fine; to operators each dependency with its state. `only=service`: what this process itself needs."""
        checks: dict[str, Check] = request.app.state.checks
        asked = {name: check for name, check in checks.items() if only != "service" or name in SERVICE_ONLY}
        verdicts = await ask_all(asked)
        found = [DependencyOut(name=v.name, ok=v.ok, took_ms=v.took_ms, detail=v.detail) for v in verdicts]
        shown = found if _is_operator(request) else []
        answer = ReadinessOut(ready=all(v.ok for v in verdicts), dependencies=shown)
        return JSONResponse(answer.model_dump(), 200 if answer.ready else 503, {"Cache-Control": "no-store"})

    @app.get("/metrics", tags=["operations"], response_class=Response, openapi_extra=unaudited(NO_STORE_DATA))
    async def metrics(request: Request) -> Response:
        """Prometheus metrics of this process, for operators' addresses or with the metrics key."""
        if not _is_operator(request):
            raise ForbiddenError("Metrics are for PENNYPROTECT_OPERATOR_NETWORKS, or for the bearer of PENNYPROTECT_METRICS_KEY.")
        return Response(exposition(), media_type=CONTENT_TYPE)


def _is_operator(request: Request) -> bool:
    """By address, or by the metrics key."""
    if getattr(request.state, "is_operator", False):
        return True
    key = request.app.state.metrics_key
    given = request.headers.get("authorization", "").encode("utf-8", "replace")
    return bool(key) and secrets.compare_digest(given, f"Bearer {key}".encode())


def openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made once: problems instead of FastAPI's own error shape, and the bearer scheme."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        document["components"]["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer", "description": "Access token or API key."}
        }
        for operations in document["paths"].values():
            for operation in operations.values():
                _use_problems(operation)
        app.openapi_schema = document
    return app.openapi_schema


def _use_problems(operation: dict[str, Any]) -> None:
    """`application/problem+json` is the one media type of problem answers."""
    for response in operation.get("responses", {}).values():
        content = response.get("content", {})
        if content.get("application/json", {}).get("schema", {}).get("$ref") in _PROBLEM_SHAPES:
            response["content"] = {"application/problem+json": {"schema": {"$ref": _PROBLEM}}}
