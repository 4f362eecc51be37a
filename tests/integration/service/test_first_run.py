"""The first set-up of a deployment: the operator's own password, no demo, and clear refusals."""

import base64
import uuid
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from app.alerts.rules.repository import list_rules
from app.embedded.console import REMOVED_NOTE
from app.first_run import first_run
from app.kit.errors import SetupError
from app.kit.keys.choice import by_pool, open_vault
from app.kit.keys.ring import FileRing
from app.kit.postgres import TenantScope, connect_pool, tenant_transaction
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


@pytest.mark.parametrize(
    ("more", "owed"),
    [
        ({"PENNYPROTECT_ADMIN_PASSWORD": "a password of our own", "PENNYPROTECT_ADMIN_MUST_CHANGE": True}, True),
        ({"PENNYPROTECT_ADMIN_PASSWORD": "a password of our own"}, False),
        ({"PENNYPROTECT_ADMIN_MUST_CHANGE": True}, False),  # nobody but this home knows a made one
    ],
)
async def test_a_password_that_lies_in_a_secret_can_be_made_to_open_only_the_choice_of_another(
    database: Database, tmp_path: Path, more: dict[str, Any], owed: bool
) -> None:
    await first_run(_settings(tmp_path, **more), database.url("owner"))
    assert await _rows(database.url("owner"), "SELECT must_change_password FROM users") == [(owed,)]


async def test_a_short_password_stops_the_set_up_and_leaves_nothing_behind(database: Database, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="PENNYPROTECT_ADMIN_PASSWORD must have at least 12"):
        await first_run(_settings(tmp_path, PENNYPROTECT_ADMIN_PASSWORD="short"), database.url("owner"))
    assert await _rows(database.url("owner"), "SELECT id FROM chains") == []


async def test_cameras_that_the_settings_no_longer_name_go_with_a_word_and_their_rules_are_listed_no_more(
    database: Database, tmp_path: Path
) -> None:
    clips = [tmp_path / f"{name}.mp4" for name in ("old", "new")]
    for clip in clips:
        clip.write_bytes(b"")
    await first_run(_settings(tmp_path, CAMERAS=str(clips[0])), database.url("owner"))
    assert not (tmp_path / REMOVED_NOTE).exists()
    chain, store, camera = (await _rows(database.url("owner"), "SELECT chain_id, store_id, id FROM cameras"))[0]
    connection = await asyncpg.connect(database.url("owner"), timeout=10)
    await connection.execute(
        "INSERT INTO rules (id, chain_id, store_id, camera_id, kind, parameters) VALUES ($1, $2, $3, $4, 'loitering', '{}')",
        uuid.uuid4(), chain, store, camera,
    )  # fmt: skip
    await connection.close(timeout=5)
    pool = await connect_pool(database.url("app"), role="test")
    scope = TenantScope(chain, None)
    async with tenant_transaction(pool, scope) as tenant:
        assert len(await list_rules(tenant, None, None, None, 10)) == 1
    await first_run(_settings(tmp_path, CAMERAS=str(clips[1])), database.url("owner"))
    said = (tmp_path / REMOVED_NOTE).read_text()
    assert "old" in said
    assert "new" not in said
    async with tenant_transaction(pool, scope) as tenant:
        assert await list_rules(tenant, None, None, None, 10) == []
    await pool.close()


async def test_secrets_sealed_by_a_key_that_was_left_behind_are_told_once_and_the_rest_starts(
    database: Database, tmp_path: Path
) -> None:
    """A ring that stayed in another volume: the keys that it got by a rotation are missing, and nothing else."""
    chosen = _settings(tmp_path)
    await first_run(chosen, database.url("owner"))
    pool = await asyncpg.connect(database.url("owner"), timeout=10)
    ((chain,),) = await _rows(database.url("owner"), "SELECT id FROM chains")
    ring = FileRing(chosen.key_ring_file, chosen.secret_key.get_secret_value())
    vault = open_vault(chosen.secret_key.get_secret_value(), chosen.key_ring_file, "", by_pool(pool))
    key_id = ring.add_key()
    await vault.add_version(pool, chain, 2)
    await pool.close(timeout=5)
    with capture_logs() as said:
        await first_run(chosen, database.url("owner"))
    assert [each for each in said if each["log_level"] == "error"] == []
    chosen.key_ring_file.unlink()
    with capture_logs() as said:
        await first_run(chosen, database.url("owner"))
    (told,) = (each for each in said if each["log_level"] == "error")
    assert told["event"].startswith("stored secrets are sealed by keys that the key ring does not hold: bring its keys.json back")
    assert (told["absent"], told["key_ring"]) == ([key_id], str(chosen.key_ring_file))
