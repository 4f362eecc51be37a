"""Documents stay true: every relative link in them leads somewhere."""

import re
from pathlib import Path

import pytest

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
