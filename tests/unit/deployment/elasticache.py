"""Writes infra/terraform/aws/acl.json, the managed Valkeys' access strings: `python -m tests.unit.deployment.elasticache`."""

import json
from pathlib import Path

from app.embedded.valkey import BUS, MEMORY

ACL = Path(__file__).resolve().parents[3] / "infra" / "terraform" / "aws" / "acl.json"


def granted(rule: str) -> str:
    """A user's rules without denials."""
    return " ".join(word for word in rule.split() if not word.startswith("-"))


def document() -> str:
    """Server to user to access string; the administrator is the operator's own affair there."""
    rules = {each.name: {user: rule for user, rule in each.rules.items() if user != "admin"} for each in (BUS, MEMORY)}
    # What is denied twice over here (`-save`) is never granted, and some of it has no name on a managed server.
    told = {
        name: {user: f"on resetchannels -@all {granted(rule)}" for user, rule in users.items()} for name, users in rules.items()
    }
    return json.dumps(told, indent=2) + "\n"


if __name__ == "__main__":
    ACL.write_text(document(), "utf-8")
