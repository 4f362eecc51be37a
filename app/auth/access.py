"""The gate: every endpoint declares a permission, and is asked for it before anything of the request is read.

`GuardedRoute` refuses to exist without a `require(...)` among its dependencies, and without naming the act it leaves in the audit
(`audited`, or `unaudited` with a reason), so neither can be forgotten. It checks before FastAPI parses or validates the body: a
stranger learns 401 and nothing about the shape of requests.
"""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.websockets import WebSocket

from app.audit.models import Act
from app.auth.identify import Identifier
from app.auth.models import Access, Principal
from app.auth.permissions import Permission
from app.auth.refusals import Refusal, Refusals
from app.kit.errors import ForbiddenError
from app.kit.problems import Problem
from app.kit.shape import TooDeepError, demand_shallow

SECURITY: list[dict[str, list[str]]] = [{"bearer": []}]
_PROBLEM = {"model": Problem, "content": {"application/problem+json": {}}}
REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {**_PROBLEM, "description": "Not signed in"},
    403: {**_PROBLEM, "description": "Not allowed"},
    422: {**_PROBLEM, "description": "Cannot use this input"},
    "default": {**_PROBLEM, "description": "Any other problem"},
}


def identifier_of(connection: Any) -> Identifier:
    """The identifier of the application that serves this request or socket."""
    found = connection.app.state.identifier
    assert isinstance(found, Identifier)  # noqa: S101 - set once by main
    return found


class Requirement:
    """Demands one permission; as a dependency it yields the `Access`."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, request: Request) -> Access:
        """The caller's access.

        Raises:
            UnauthenticatedError: nobody is signed in.
            ForbiddenError: the caller holds the permission nowhere.
            TooManyRequestsError: the caller asks too fast.
        """
        known = getattr(request.state, "access", None)
        if isinstance(known, Access) and known.permission is self.permission:
            return known
        principal = await identifier_of(request).identify(request.headers.get("authorization"))
        if not principal.may(self.permission):
            raise ForbiddenError("Your roles do not allow this.", permission=self.permission.value)
        if principal.chain_id is not None:  # workers of the platform have their own bounds
            await request.app.state.limiter.spend(str(principal.id))
        access = Access(principal, self.permission)
        request.state.access = access
        return access


def require(permission: Permission) -> Any:
    """The dependency to put on an endpoint: `access: Annotated[Access, require(Permission.CAMERAS_READ)]`."""
    return Depends(Requirement(permission))


def requirement_of(dependant: Dependant) -> Requirement | None:
    """The requirement an endpoint declares, if any."""
    if isinstance(dependant.call, Requirement):
        return dependant.call
    return next((found for child in dependant.dependencies if (found := requirement_of(child))), None)


class BoundedRoute(APIRoute):
    """A route that refuses bodies of a shape that nothing of ours has. For what is open to anybody."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, once the body's shape was looked at."""
        handle = super().get_route_handler()

        async def bounded(request: Request) -> Response:
            await demand_shallow(request)
            return await handle(request)

        return bounded


class GuardedRoute(BoundedRoute):
    """A route that checks its declared permission first of all."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **rest: Any) -> None:
        rest["responses"] = {**REFUSALS, **(rest.get("responses") or {})}
        super().__init__(path, endpoint, **rest)
        requirement = requirement_of(self.dependant)
        if requirement is None:
            raise TypeError(f"{path} declares no permission; add require(Permission....) to it")
        if not {"x-audit", "x-unaudited"} & set(self.openapi_extra or {}):
            raise TypeError(f"{path} declares no act; add openapi_extra=audited(Act....) to it, or unaudited(reason)")
        self.openapi_extra = {**(self.openapi_extra or {}), "security": SECURITY, "x-permission": requirement.permission.value}

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler behind the gate."""
        handle = super().get_route_handler()
        requirement = requirement_of(self.dependant)

        async def guarded(request: Request) -> Response:
            if requirement is None:
                raise ForbiddenError("This address declares no permission, so nobody may use it.")
            try:
                await requirement(request)
                return await handle(request)
            except (ForbiddenError, RequestValidationError, TooDeepError, HTTPException) as error:
                if (status := _status_to_note(error)) is not None:
                    who = await identifier_of(request).identify(request.headers.get("authorization"))  # remembered a moment ago
                    await note_refused(request, who, requirement.permission.value, status)
                raise

        return guarded


def _status_to_note(error: Exception) -> int | None:
    """The status of a refusal that leaves a row: of what the framework refuses, a body that is too large or not what it says."""
    if isinstance(error, HTTPException):
        return error.status_code if error.status_code in (400, 413) else None
    return 403 if isinstance(error, ForbiddenError) else 422


async def note_refused(connection: Request | WebSocket, who: Principal, what: str, status: int = 403) -> None:
    """An audit row of a 403, or of a request of a wrong shape: at most one a minute for a principal and a permission, the rest
    are counted in the next one. Each of the two has its own bound, so that a flood of nonsense hides no 403."""
    refusals = getattr(connection.app.state, "denials" if status == 403 else "malformed", None)
    if isinstance(refusals, Refusals):
        details = () if status == 403 else (("status", str(status)),)
        await refusals.note(Refusal(Act.REQUEST_REFUSED, what, who.id, who.chain_id, details, actor_kind=who.kind))


def guarded_router(tag: str) -> APIRouter:
    """A router of guarded endpoints under `/api/v1`."""
    return APIRouter(prefix="/api/v1", tags=[tag], route_class=GuardedRoute)


SelfAccess = Annotated[Access, require(Permission.SELF)]
