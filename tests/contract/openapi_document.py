"""The OpenAPI document as committed for the dashboard's types: `python -m tests.contract.openapi_document` writes it anew."""

import base64
import json
from pathlib import Path
from typing import Any

from app.main import create_app
from app.settings import Settings

COMMITTED = Path(__file__).resolve().parents[2] / "web" / "openapi.json"


def app_settings(**changes: str) -> Settings:
    """Settings that suffice to build the application, which connects to nothing until it starts."""
    given = {
        "DATABASE_URL": "postgresql://127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1",
        "MEMORY_REDIS_URL": "redis://127.0.0.1:1",
        "TRITON_URL": "127.0.0.1:1",
        "JWT_SECRET": "j" * 32,
        "PENNYPROTECT_SECRET_KEY": base64.b64encode(b"k" * 32).decode(),
    }
    return Settings(_env_file=None, **(given | changes))  # type: ignore[arg-type, call-arg]


def document() -> dict[str, Any]:
    """The document of the application as it is; without the version, which changes with every release."""
    found = create_app(app_settings()).openapi()
    return {**found, "info": {**found["info"], "version": "0"}}


def text() -> str:
    """As committed."""
    return json.dumps(document(), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    COMMITTED.write_text(text(), encoding="utf-8")
