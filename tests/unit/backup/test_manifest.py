"""A back-up is read only when every byte of it is as it was, and only by a version that understands it."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.backup import manifest
from app.backup.manifest import Manifest
from app.backup.restore import check_readable, restore
from app.embedded.postgres import installed_major
from app.embedded.state import STATE_VERSION
from app.kit.errors import BadInputError
from app.migrate import read_migrations
from app.settings import Settings

KNOWN = len(read_migrations())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "kept"
    (made / "objects" / "a").mkdir(parents=True)
    (made / "database.dump").write_bytes(bytes(range(256)) * 40)
    (made / "objects" / "a" / "clip").write_bytes(b"clip")
    entries = tuple(manifest.entry_of(made, path) for path in manifest.files_below(made))
    manifest.write(
        made, Manifest("2026-01-02T03:04:05+00:00", KNOWN, installed_major(), STATE_VERSION, secrets=False, files=entries)
    )
    return made


def test_what_was_written_is_read_and_holds(folder: Path) -> None:
    known = manifest.read(folder)
    manifest.check(folder, known)
    assert [each.path for each in known.files] == ["database.dump", "objects/a/clip"]
    check_readable(known)


@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(choice=st.integers(0, 2), at=st.integers(0, 1 << 30), flip=st.integers(1, 255))
def test_any_changed_byte_is_refused(folder: Path, choice: int, at: int, flip: int) -> None:
    path = [folder / "database.dump", folder / "objects" / "a" / "clip", folder / manifest.NAME][choice]
    whole = path.read_bytes()
    changed = bytearray(whole)
    changed[at % len(whole)] ^= flip
    path.write_bytes(changed)
    try:
        with pytest.raises(BadInputError):
            manifest.check(folder, manifest.read(folder))
    finally:
        path.write_bytes(whole)


def test_a_missing_and_a_strange_file_are_named(folder: Path) -> None:
    known = manifest.read(folder)
    (folder / "extra").write_text("x")
    with pytest.raises(BadInputError, match="extra is not of the back-up"):
        manifest.check(folder, known)
    (folder / "extra").unlink()
    (folder / "database.dump").unlink()
    with pytest.raises(BadInputError, match=r"database\.dump is missing from"):
        manifest.check(folder, known)


def test_a_link_is_refused(folder: Path) -> None:
    (folder / "link").symlink_to("/etc/passwd")
    with pytest.raises(BadInputError, match="neither a file nor a folder"):
        manifest.check(folder, manifest.read(folder))


def test_a_newer_schema_server_or_format_is_refused_in_one_sentence(folder: Path) -> None:
    known = manifest.read(folder)
    with pytest.raises(BadInputError, match=f"migration {KNOWN + 1}, this version knows {KNOWN}; restore it with the newer"):
        check_readable(replace(known, migration=KNOWN + 1))
    with pytest.raises(BadInputError, match="restore it with the release that made it"):
        check_readable(replace(known, postgres=99))
    text = (folder / manifest.NAME).read_text()
    (folder / manifest.NAME).write_text(text.replace('"format": 1', '"format": 2'))
    with pytest.raises(BadInputError, match="format 2, this version reads 1"):
        manifest.read(folder)


def test_a_folder_with_something_in_it_is_not_restored_into(folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "note").write_text("mine")
    with pytest.raises(BadInputError, match="is not empty"):
        restore(Settings(_env_file=None, PENNYPROTECT_HOME=home), folder, secrets_from=None)
    assert [path.name for path in home.iterdir()] == ["note"]


def test_no_secrets_no_restore(folder: Path, tmp_path: Path) -> None:
    chosen = Settings(_env_file=None, PENNYPROTECT_HOME=tmp_path / "new")
    with pytest.raises(BadInputError, match="--secrets-from"):
        restore(chosen, folder, secrets_from=None)
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(BadInputError, match=r"is no secrets\.json"):
        restore(chosen, folder, secrets_from=tmp_path / "other.json")
    assert not (tmp_path / "new").exists()


def test_a_server_of_the_operators_is_left_to_its_own_tools(folder: Path, tmp_path: Path) -> None:
    chosen = Settings(_env_file=None, PENNYPROTECT_HOME=tmp_path / "new", DATABASE_URL="postgresql://a:b@c/d")
    with pytest.raises(BadInputError, match="its own tools"):
        restore(chosen, folder, secrets_from=None)
