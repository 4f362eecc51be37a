"""Every error of the HTTP side as an RFC 9457 problem document, and nothing in it that a caller should not see."""

import asyncio
import http
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.kit.errors import PennyError
from app.kit.logs import logger

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = "2"

log = logger(__name__)

UNREACHABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.TooManyConnectionsError,
    RedisError,
    OSError,
    asyncio.TimeoutError,
)
"""What PostgreSQL, Redis or their network raise while they restart: the caller may try again."""


class Problem(BaseModel):
    """RFC 9457. `detail` is one sentence for a person; a problem may carry more members."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Always about:blank: the status says the kind.")
    title: str
    status: int
    detail: str


def problem(status: int, title: str, detail: str, headers: Mapping[str, str] | None = None, **extra: Any) -> JSONResponse:
    """A problem document as a response."""
    body = {**extra, "type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(body, status, dict(headers or {}), media_type=MEDIA_TYPE)


def describe(error: PennyError) -> JSONResponse:
    """The problem document of an expected error."""
    headers = {"Cache-Control": "no-store"}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if error.status in (429, 503):
        headers["Retry-After"] = str(error.extra.get("retry_after_s", RETRY_AFTER_S))
    return problem(error.status, error.title, error.detail, headers, **error.extra)


def sentence_of(errors: Sequence[Mapping[str, Any]]) -> str:
    """One sentence from pydantic's errors: where it is wrong and why, never the value that was sent."""
    parts = []
    for error in errors[:3]:
        where = ".".join(str(step) for step in error.get("loc", ()) if step not in ("body", "query", "path", "header"))
        parts.append(f"{where or 'The request'}: {error.get('msg', 'not valid')}")
    return "; ".join(parts) + "."


async def _expected(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, PennyError)  # noqa: S101 - narrows for the type checker
    return describe(error)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - narrows for the type checker
    errors = [{"loc": [str(step) for step in e.get("loc", ())], "msg": str(e.get("msg", ""))} for e in error.errors()]
    return problem(422, "Cannot use this input", sentence_of(error.errors()), errors=errors)


async def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - narrows for the type checker
    title = http.HTTPStatus(error.status_code).phrase
    return problem(error.status_code, title, str(error.detail or title), error.headers)


async def _unreachable(request: Request, error: Exception) -> JSONResponse:
    log.warning("a dependency does not answer", path=request.url.path, error=repr(error))
    sentence = "The database or the message bus does not answer right now. Try again in a few seconds."
    return problem(503, "Temporarily unavailable", sentence, {"Retry-After": RETRY_AFTER_S, "Cache-Control": "no-store"})


async def _unstorable(_request: Request, _error: Exception) -> JSONResponse:
    return problem(422, "Cannot use this input", "A value holds characters or numbers that cannot be stored; correct it.")


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("a request failed unexpectedly", path=request.url.path, exc_info=error)
    return problem(500, "Something went wrong", "This is a fault of ours; the service's log has the details.")


class PlainRefusals:
    """ASGI middleware: the framework refuses a body whose declared length is too large in plain text; here it is a problem."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and a problem back in place of a plain 413."""
        replaced = False

        async def told(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and message["status"] == 413:
                kind = dict(message["headers"]).get(b"content-type", b"")
                replaced = kind.startswith(b"text/plain")
                if replaced:
                    title = http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE.phrase
                    await problem(413, title, "The body is larger than this address takes; send less.")(scope, receive, send)
            if not replaced:
                await send(message)

        await self._app(scope, receive, told)


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every error of `app` with a problem document."""
    app.add_exception_handler(PennyError, _expected)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    for kind in UNREACHABLE:
        app.add_exception_handler(kind, _unreachable)
    app.add_exception_handler(asyncpg.DataError, _unstorable)
    app.add_exception_handler(Exception, _unexpected)
