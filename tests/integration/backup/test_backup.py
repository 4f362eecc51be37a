"""A product's data is backed up while it runs and while it stands still, and comes back whole in an empty folder."""

import asyncio
import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from app.audit.anchors import FileAnchors
from app.audit.ledger_repository import heads_of, open_ledgers, reading, seal_batch
from app.audit.places import FILE
from app.backup import manifest
from app.backup.server import started
from app.embedded import secrets
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.state import STATE_VERSION, Home, open_home
from app.first_run import first_run, open_vault_of
from app.kit.keys.choice import by_pool
from app.kit.keys.models import CAMERA
from app.migrate import migrate
from app.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[3]
PASSWORD = "camera-password-of-this-test"
COUNTED = ("chains", "stores", "cameras", "users", "alerts", "audit_log", "audit_unsealed", "tenant_keys", "schema_migrations")


def command(home: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """`pennyprotect ...` on this home, as an operator would."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *words], cwd=CHECKOUT, env=kept | {"PENNYPROTECT_HOME": str(home)},
        capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip


def chosen(home: Path, passwords: dict[str, str]) -> Settings:
    """The settings of the product on this home."""
    return Settings(
        _env_file=None, PENNYPROTECT_HOME=home, PENNYPROTECT_SECRET_KEY=passwords["storage_key"],
        PENNYPROTECT_WORKER_KEY=passwords["worker_key"], CAMERAS=f"rtsp://user:{PASSWORD}@10.1.2.3/door rtsp://10.1.2.4/till",
    )  # fmt: skip


async def fill(server: EmbeddedPostgres, home: Home, passwords: dict[str, str]) -> None:
    """A chain with two cameras, an alert, and an audit that is sealed and anchored."""
    await migrate(server.url("owner"))
    await first_run(chosen(home.root, passwords), server.url("owner"))
    owner = await asyncpg.connect(server.url("admin"))
    try:
        await owner.execute(
            "INSERT INTO alerts (id, chain_id, store_id, camera_id, kind, threat, score, threshold, explanation, track_ids,"
            " epoch, started_at, ended_at) SELECT $1, chain_id, store_id, id, 'loitering', 'medium', 1, 0.5, '{}', '{5}', 1,"
            " now(), now() FROM cameras ORDER BY id LIMIT 1",
            uuid.uuid4(),
        )
        await owner.execute(
            "INSERT INTO audit_unsealed (id, chain_id, actor_kind, act, details) SELECT gen_random_uuid(), id, 'system',"
            " 'log-in', jsonb_build_object('n', n) FROM chains, generate_series(1, 25) n"
        )
    finally:
        await owner.close()
    sealer = await open_ledgers(server.url("sealer"))
    try:
        while (sealed := await seal_batch(sealer, uuid.UUID(int=1), 1000)) is not None and sealed.rows:
            pass
        async with reading(sealer) as connection:
            await FileAnchors(home.root / FILE).write(await heads_of(connection))
    finally:
        await sealer.close()


async def counts(server: EmbeddedPostgres) -> dict[str, int]:
    """Rows of each table that counts."""
    connection = await asyncpg.connect(server.url("admin"))
    try:
        return {name: await connection.fetchval(f"SELECT count(*) FROM {name}") for name in COUNTED}
    finally:
        await connection.close()


async def first_life(root: Path, kept: Path) -> tuple[dict[str, int], Any]:
    """Make a product's data, back it up while the server runs; (its counts, the back-up's answer)."""
    with open_home(root, url="http://here") as home:
        passwords = secrets.load(root / "secrets.json", database_exists=False)
        server = EmbeddedPostgres(home, passwords)
        async with started(server, home):
            await fill(server, home, passwords)
            had = await counts(server)
            done = await asyncio.to_thread(command, root, "backup", "--to", str(kept), "--json")
    assert done.returncode == 0, done.stderr
    return had, json.loads(done.stdout)


async def second_life(root: Path) -> tuple[dict[str, int], str]:
    """(the restored counts, the password of the first camera), read with the restored secrets."""
    with open_home(root, url="http://here") as home:
        passwords = secrets.load(root / "secrets.json", database_exists=True)
        server = EmbeddedPostgres(home, passwords)
        async with started(server, home):
            return await counts(server), await camera_password(server, chosen(root, passwords))


async def camera_password(server: EmbeddedPostgres, settings: Settings) -> str:
    """What the vault of these settings makes of the one sealed address."""
    connection = await asyncpg.connect(server.url("owner"))
    try:
        row = await connection.fetchrow("SELECT id, credentials FROM cameras WHERE credentials IS NOT NULL")
        assert row is not None
        return await open_vault_of(settings, by_pool(connection)).open(CAMERA, row["id"], row["credentials"])
    finally:
        await connection.close()


@pytest.mark.matrix
@pytest.mark.timeout(240)
def test_dump_restore_into_an_empty_home_and_everything_is_there(tmp_path: Path) -> None:
    root, running, still, home = (tmp_path / name for name in ("a", "kept1", "kept2", "b"))
    had, made = asyncio.run(first_life(root, running))
    assert had["alerts"] == 1
    assert had["cameras"] == 2
    assert had["audit_log"] >= 25
    assert {each["path"] for each in made["files"]} == {"database.dump", FILE}
    stopped = command(root, "backup", "--to", str(still), "--with-secrets", "--json")
    assert stopped.returncode == 0, stopped.stderr
    assert {each["path"] for each in json.loads(stopped.stdout)["files"]} == {"database.dump", FILE, "secrets.json"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in (still, *still.iterdir()))

    refused = command(home, "restore", "--from", str(running))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--secrets-from" in refused.stderr
    for source, more in ((running, ("--secrets-from", str(root / "secrets.json"))), (still, ())):
        target = home / source.name
        done = command(target, "restore", "--from", str(source), *more, "--json")
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert (answer["audit_whole"], answer["audit_rows"], answer["migrated"]) == (True, had["audit_log"], [])
        assert answer["digest"] == json.loads((source / "manifest.json").read_text())["digest"]
        assert (target / "version").read_text() == (root / "version").read_text()
        assert asyncio.run(second_life(target)) == (had, f"user:{PASSWORD}")
        again = command(target, "restore", "--from", str(source), *more)
        assert again.returncode == 2
        assert "is not empty" in again.stderr

    damaged = still / "database.dump"
    body = bytearray(damaged.read_bytes())
    body[len(body) // 2] ^= 1
    damaged.write_bytes(body)
    changed = command(home / "c", "restore", "--from", str(still))
    assert changed.returncode == 2
    assert "database.dump" in changed.stderr
    assert "was changed" in changed.stderr
    assert changed.stderr.count("\n") == 1
    assert not (home / "c").exists()


def test_a_dump_that_postgres_refuses_leaves_the_folder_empty(tmp_path: Path) -> None:
    kept, home = tmp_path / "kept", tmp_path / "home"
    kept.mkdir()
    (kept / "database.dump").write_bytes(b"no dump")
    (kept / "secrets.json").write_text(json.dumps(secrets.complete({})))
    entries = tuple(manifest.entry_of(kept, path) for path in manifest.files_below(kept))
    manifest.write(kept, manifest.Manifest("2026-01-01T00:00:00+00:00", 1, 17, STATE_VERSION, secrets=True, files=entries))
    done = command(home, "restore", "--from", str(kept))
    assert done.returncode == 1
    assert done.stderr.startswith("pennyprotect: pg_restore failed: ")
    assert list(home.iterdir()) == []


def test_what_is_no_place_for_a_back_up_is_said(tmp_path: Path) -> None:
    nothing = command(tmp_path / "home", "backup", "--to", str(tmp_path / "kept"))
    assert nothing.returncode == 1
    assert "holds no database" in nothing.stderr
    assert not (tmp_path / "kept").exists()
