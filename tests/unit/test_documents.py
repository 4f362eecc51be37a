"""Documents stay true: links lead somewhere; commands and flags of ours, and values of the chart, exist."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer

from app.cli import cli

CHECKOUT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "triton_models/**/*.md", "k8s/**/*.md", "helm/**/*.md")
    for path in CHECKOUT.glob(pattern)
    if "node_modules" not in path.parts
)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_links_lead_somewhere(document: Path) -> None:
    broken = [link for link in LINK.findall(document.read_text("utf-8")) if not (document.parent / link).exists()]
    assert broken == []


def test_every_decision_is_numbered_and_titled() -> None:
    decisions = sorted((CHECKOUT / "docs" / "adr").glob("*.md"))
    assert [int(path.name[:4]) for path in decisions] == list(range(1, len(decisions) + 1))
    for path in decisions:
        assert re.match(rf"# {int(path.name[:4])}\. \S", path.read_text("utf-8")), path.name


COMMAND = re.compile(r"(?:^ {4}(?:[A-Z_]+=\S+ )*|`)(?:\$ )?pennyprotect ((?:[a-z<{\[-][^`\n]*)?)", re.MULTILINE)
SET = re.compile(r"--set[= ]'?([A-Za-z0-9.]+)=")
VALUES = json.loads((CHECKOUT / "helm" / "pennyprotect" / "values.schema.json").read_text("utf-8"))


def wrong_command(words: str) -> str:
    """What of `pennyprotect WORDS` does not exist, or "". Words in braces, brackets and capitals are places for others."""
    at: Any = typer.main.get_command(cli)
    for word in re.split(r"[\s|]+", words.split(" #")[0].split(" > ")[0].strip()):
        if word in ("kubectl", "&&", ";", "("):
            break
        if not re.fullmatch(r"-{0,2}[a-z][a-z-]*", word):
            continue
        if word.startswith("--"):
            options = {name for each in at.params for name in (*each.opts, *each.secondary_opts)} | {"--help"}
            if word not in options:
                return word
        elif hasattr(at, "commands"):
            if word not in at.commands:
                return word
            at = at.commands[word]
    return ""


@pytest.mark.parametrize("name", ["deploy", "gpu", "models", "backup", "evidence", "audit", "capacity"])
def test_commands_in_documents_exist(name: str) -> None:
    text = (CHECKOUT / "docs" / f"{name}.md").read_text("utf-8")
    found = [words for words in COMMAND.findall(text) if words and "|" not in words.split()[0]]
    assert {words: wrong for words in found if (wrong := wrong_command(words))} == {}
    assert wrong_command("evidence verify --no-such-flag") == "--no-such-flag"
    assert wrong_command("no-such-command") == "no-such-command"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_values_that_documents_set_exist(document: Path) -> None:
    for path in SET.findall(document.read_text("utf-8").replace("runtimeClassName=nvidia", "")):
        node = VALUES
        for key in path.split("."):
            assert key in node.get("properties", {}), f"{path} is no value of the chart"
            node = node["properties"][key]
