"""This process's log as production writes it, for tests that search it."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import structlog

from app.kit.logs import configure


@contextmanager
def production_logs(role: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What a role logs while the block runs; afterwards the tests' own logging is as it was."""
    lines, root = io.StringIO(), logging.getLogger()
    handlers, level, before = root.handlers, root.level, structlog.get_config()
    monkeypatch.setattr("sys.stderr", lines)
    configure(role, as_json=True)
    structlog.configure(cache_logger_on_first_use=False)  # or loggers would keep this for the tests after
    try:
        yield lines
    finally:
        root.handlers = handlers
        root.setLevel(level)
        structlog.configure(**before)
        structlog.contextvars.clear_contextvars()
