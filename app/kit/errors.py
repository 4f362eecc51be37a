"""Expected errors: classes that carry their HTTP status and tell the user what to do.

Rendered as RFC 9457 problem documents over HTTP and as one sentence on stderr by the command line.
"""

from typing import Any, ClassVar


class PennyError(Exception):
    """Base of every expected error. `str(error)` is one sentence for a person, with what to do."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra


class BadInputError(PennyError):
    """What was given cannot be used."""

    status = 422
    title = "Cannot use this input"


class UnauthenticatedError(PennyError):
    """No valid credential came with the request."""

    status = 401
    title = "Not signed in"


class ForbiddenError(PennyError):
    """The caller is known but may not do this."""

    status = 403
    title = "Not allowed"


class NotFoundError(PennyError):
    """There is no such thing, or the caller may not know of it."""

    status = 404
    title = "Not found"


class ConflictError(PennyError):
    """The thing is in another state than the request assumes."""

    status = 409
    title = "Conflict"


class TooManyRequestsError(PennyError):
    """The caller should slow down."""

    status = 429
    title = "Too many requests"


class UnavailableError(PennyError):
    """A part that this needs does not answer right now."""

    status = 503
    title = "Temporarily unavailable"


class SetupError(PennyError):
    """The machine or the state folder is not as the product needs it; raised before anything is changed."""

    title = "Cannot start"
