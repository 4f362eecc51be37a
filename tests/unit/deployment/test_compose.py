"""compose.yaml asks for nothing that `pennyprotect secrets compose` does not make."""

import re
from pathlib import Path

from app.deployment.manifests import environment, make_values
from app.embedded.postgres import ROLES

COMPOSE = (Path(__file__).resolve().parents[3] / "compose.yaml").read_text("utf-8")


def test_every_variable_that_compose_demands_is_made() -> None:
    made = {line.split("=", 1)[0] for line in environment(make_values()).splitlines() if "=" in line and not line.startswith("#")}
    assert set(re.findall(r"\$\{([A-Z0-9_]+):\?", COMPOSE)) <= made


def test_every_database_role_gets_its_login() -> None:
    (line,) = re.findall(r"ROLE_PASSWORDS: (.*)", COMPOSE)
    assert set(re.findall(r"(\w+)=\$\{", line)) == set(ROLES)
