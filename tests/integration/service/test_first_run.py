"""The first set-up of a deployment: the operator's own password, no demo, and clear refusals."""

import base64
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from app.first_run import first_run
from app.kit.errors import SetupError
from app.settings import Settings
from tests.integration.conftest import Database


def _settings(home: Path, **more: Any) -> Settings:
    given = {
        "PENNYPROTECT_SECRET_KEY": base64.b64encode(b"k" * 32).decode(),
        "PENNYPROTECT_WORKER_KEY": "w" * 40,
        "PENNYPROTECT_HOME": home,
        "PENNYPROTECT_CACHE": home / "cache",
        "PENNYPROTECT_DEMO_CAMERAS": False,
    }
    return Settings(_env_file=None, **(given | more))


async def _rows(url: str, question: str) -> list[Any]:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return [tuple(row) for row in await connection.fetch(question)]
    finally:
        await connection.close(timeout=5)


async def test_a_given_password_is_used_and_never_written_and_no_demo_camera_is_added(database: Database, tmp_path: Path) -> None:
    given = {"PENNYPROTECT_ADMIN_USERNAME": "Head.Office", "PENNYPROTECT_ADMIN_PASSWORD": "a password of our own"}
    await first_run(_settings(tmp_path, **given), database.url("owner"))
    assert await _rows(database.url("owner"), "SELECT username FROM users") == [("head.office",)]
    assert await _rows(database.url("owner"), "SELECT name FROM cameras") == []
    assert not (tmp_path / "credentials.json").exists()


async def test_a_short_password_stops_the_set_up_and_leaves_nothing_behind(database: Database, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="PENNYPROTECT_ADMIN_PASSWORD must have at least 12"):
        await first_run(_settings(tmp_path, PENNYPROTECT_ADMIN_PASSWORD="short"), database.url("owner"))
    assert await _rows(database.url("owner"), "SELECT id FROM chains") == []
