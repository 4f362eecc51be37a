"""docs/dashboard.md shows every page of the dashboard."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LARGEST = 80_000


def test_every_page_is_shown_with_a_small_picture() -> None:
    text = (ROOT / "docs/dashboard.md").read_text()
    pages = set(re.findall(r'path: "/([a-z-]+)"', (ROOT / "web/src/administration/pages.ts").read_text())) | {
        "live",
        "alerts",
        "cameras",
    }
    shown = {Path(found).stem: ROOT / "docs" / found for found in re.findall(r"\((pictures/dashboard/[a-z-]+\.webp)\)", text)}
    assert pages <= shown.keys(), pages - shown.keys()
    assert all(0 < picture.stat().st_size < LARGEST for picture in shown.values())
    walked = set(re.findall(r'^    "([a-z-]+)": "/', (ROOT / "tests/e2e/test_pages.py").read_text(), re.MULTILINE))
    assert pages <= walked, pages - walked
