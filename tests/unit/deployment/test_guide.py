"""Whoever reads the operators' documents alone types commands that exist, with options that they take."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from app.cli import cli

DOCS = Path(__file__).resolve().parents[3] / "docs"
NAMED = re.compile(r"(?:pennyprotect|as_owner) ([a-z][a-z-]*(?: [a-z][a-z-]*)*)((?: --[a-z][a-z-]*)*)")
NOT_OURS = ("rollout", "helm", "get", "create", "patch", "wait", "test", "exec", "in", "on")


def commands(node: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Every command by its words."""
    found = {path: node}
    for name, each in getattr(node, "commands", {}).items():
        found |= commands(each, (*path, name))
    return found


KNOWN = commands(typer.main.get_command(cli))


@pytest.mark.parametrize("name", ["deploy.md", "backup.md", "gpu.md", "runbooks.md"])
def test_commands_in_the_operators_documents_exist(name: str) -> None:
    text = (DOCS / name).read_text("utf-8")
    typed = [line.strip() for line in text.splitlines() if line.startswith("    ")] + re.findall(r"`([^`\n]+)`", text)
    found = 0
    for words, options in (match.groups() for line in typed for match in NAMED.finditer(line)):
        parts = tuple(words.split())
        if parts[0] in NOT_OURS or "namespace" in parts[0]:
            continue
        known = [parts[:length] for length in (3, 2, 1) if parts[:length] in KNOWN]
        if not known:
            # A release, namespace or Secret is named so too; a command of ours would be the first word.
            assert (parts[0],) not in KNOWN, words
            continue
        command = KNOWN[known[0]]
        assert len(parts) == len(known[0]) or not hasattr(command, "commands"), f"{name}: no command `{words}`"
        taken = {option for parameter in command.params for option in parameter.opts}
        assert set(options.split()) <= taken | {"--help"}, f"{name}: {words}{options}"
        found += 1
    assert found
