"""Settings and `.env.example` name the same variables."""

import re
from pathlib import Path

import pytest

from app.kit.errors import BadInputError
from app.settings import Settings, settings

CHECKOUT = Path(__file__).resolve().parents[2]


def test_example_names_every_setting_and_nothing_else() -> None:
    text = (CHECKOUT / ".env.example").read_text("utf-8")
    named = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", text, re.MULTILINE))
    assert named == {field.alias for field in Settings.model_fields.values()}


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_secrets_do_not_show() -> None:
    chosen = Settings(DATABASE_URL="postgresql://a:hunter2@h/d", JWT_SECRET="x" * 40)
    assert "hunter2" not in repr(chosen)
    assert "xxxx" not in repr(chosen)


def test_a_wrong_setting_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENNYPROTECT_PORT", "hunter2")
    settings.cache_clear()
    with pytest.raises(BadInputError, match="PENNYPROTECT_PORT") as raised:
        settings()
    assert "hunter2" not in raised.value.detail


def test_an_empty_variable_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENNYPROTECT_MODEL_MIRROR", "")
    monkeypatch.setenv("PENNYPROTECT_HOME", "")
    assert Settings().model_mirror is None
    assert Settings().home == Path(".pennyprotect")


def test_only_the_documented_names_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """$HOME is everybody's, and hosting platforms set PORT and HOST: none of them is ours."""
    for field in Settings.model_fields:
        monkeypatch.setenv(field.upper(), "9999")
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.alias), raising=False)
    chosen = Settings(_env_file=None)
    assert chosen.home == Path(".pennyprotect")
    assert (chosen.host, chosen.port, chosen.cache) == ("127.0.0.1", 8000, Path(".cache"))


def test_home_may_be_written_with_a_tilde_and_the_log_level_in_any_case() -> None:
    chosen = Settings(PENNYPROTECT_HOME="~/shop", PENNYPROTECT_LOG_LEVEL="debug")
    assert chosen.home == Path.home() / "shop"
    assert chosen.log_level == "DEBUG"


def test_the_user_and_password_are_added_where_the_address_has_none() -> None:
    given = {"DB_USER": "a b", "DB_PASSWORD": "p@ss"}
    assert Settings(DATABASE_URL="postgresql://h/d", **given).database_dsn == "postgresql://a%20b:p%40ss@h/d"
    assert Settings(DATABASE_URL="postgresql://u:v@h/d", **given).database_dsn == "postgresql://u:v@h/d"
    assert Settings(**given).database_dsn == ""


def test_what_a_server_computes_at_once_is_not_guessed_where_nobody_said() -> None:
    assert Settings(_env_file=None).computed_at_once is None
    assert [Settings(PENNYPROTECT_POSE_REQUESTS=most).computed_at_once for most in (1, 2, 3)] == [1, 1, 2]
