"""Settings and `.env.example` name the same variables."""

import re
from pathlib import Path

from app.settings import Settings

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
