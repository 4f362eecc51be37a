"""Structured logs: one JSON object a line (or colours on a terminal), credentials in URLs always redacted."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

_CREDENTIALS = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^/\s'\"]*@", re.IGNORECASE)
_SECRET_KEYS = re.compile(r"password|secret|token|authorization|api_key", re.IGNORECASE)
DEEPEST = 4
"""What is nested deeper is left out."""


def redact(text: str) -> str:
    """`text` with user and password removed from every URL in it: `rtsp://a:b@host/x` becomes `rtsp://***@host/x`."""
    return _CREDENTIALS.sub(r"\g<scheme>***@", text)


def _redact_entry(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in entry.items():
        if not key.startswith("_"):  # what the logging machinery keeps for itself, and takes out again
            entry[key] = "***" if _SECRET_KEYS.search(key) else _redacted(value, DEEPEST)
    return entry


def _redacted(value: Any, deeper: int) -> Any:
    """A value without credentials, also inside of what it holds."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, BaseException):
        return redact(str(value))
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        if deeper == 0:
            return "..."
        if isinstance(value, Mapping):
            return {
                redact(str(key)): "***" if isinstance(key, str) and _SECRET_KEYS.search(key) else _redacted(each, deeper - 1)
                for key, each in value.items()
            }
        return [_redacted(each, deeper - 1) for each in value]
    return value if value is None or isinstance(value, bool | int | float) else redact(repr(value))


def configure(role: str, *, as_json: bool | None = None, level: str = "INFO") -> None:
    """Send this process's logs (structlog and the standard library's) to stderr, tagged with its role."""
    as_json = not sys.stderr.isatty() if as_json is None else as_json
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact_entry,
    ]
    renderer: Any = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    structlog.contextvars.bind_contextvars(role=role)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger; call with a short constant sentence and key-value pairs."""
    return structlog.stdlib.get_logger(name)
