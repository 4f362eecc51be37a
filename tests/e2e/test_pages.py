"""Every page of the dashboard on the running product: opened from the sidebar, clean for axe in both themes, with a picture.

`PENNYPROTECT_DASHBOARD_PICTURES=docs/pictures/dashboard` keeps the pictures that docs/dashboard.md shows.
"""

import io
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, TimeoutError

from tests.e2e.product import CHECKOUT

pytestmark = [pytest.mark.matrix, pytest.mark.timeout(900)]
AXE = CHECKOUT / "web" / "node_modules" / "axe-core" / "axe.min.js"
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PAGES = {
    "live": "/live",
    "incidents": "/incidents",
    "leads": "/leads",
    "watchlists": "/watchlists",
    "import-people": "/import-people",
    "match-thresholds": "/match-thresholds",
    "complaints": "/complaints",
    "cameras": "/cameras",
    "plan": "/plan",
    "data-requests": "/data-requests",
    "retention": "/retention",
    "users": "/users",
    "stores": "/stores",
    "rules": "/rules",
    "rota": "/rota",
    "notifications": "/notifications",
    "policy-settings": "/policy-settings",
    "training": "/training",
    "api-keys": "/api-keys",
    "sign-in-rules": "/sign-in-rules",
    "models": "/models",
    "system": "/system",
    "audit": "/audit",
    "security": "/security",
    "alerts": "/alerts",  # the last ones show what has happened by then
    "hand-over": "/hand-over",
    "overview": "/overview",
    "reports": "/reports",
}
PHONE = ("alerts", "leads")
FIND = """async (standards) => {
  const found = await axe.run(document, { runOnly: { type: 'tag', values: standards }, resultTypes: ['violations'] });
  return found.violations.map(({ id, help, nodes }) => [id, help, nodes.slice(0, 4).map(({ target, failureSummary }) =>
    target.join(' ') + ': ' + (failureSummary ?? '').split('\\n').slice(1, 2).join(''))]);
}"""


def _open(page: Page, name: str) -> None:
    link = page.get_by_test_id(f"nav{PAGES[name].replace('/', '-')}")
    link.scroll_into_view_if_needed()
    link.click()
    page.locator("main h1").first.wait_for(timeout=30_000)
    page.wait_for_load_state("networkidle") if name not in {"live", "alerts"} else page.wait_for_timeout(1_500)


def _first_alert(page: Page) -> None:
    """Opens the first alert and waits for its still. A busy machine may have none in time: alerts are another test's."""
    try:
        page.get_by_test_id("alert-row").first.wait_for(timeout=120_000)
    except TimeoutError:
        return
    page.keyboard.press("j")
    page.get_by_test_id("alert-detail").wait_for(timeout=10_000)
    page.locator("[data-testid=evidence-still] img").wait_for(timeout=60_000)


def _faults(page: Page) -> list[Any]:
    page.evaluate(AXE.read_text())
    return list(page.evaluate(FIND, STANDARDS))


def _keep(page: Page, name: str) -> None:
    folder = os.environ.get("PENNYPROTECT_DASHBOARD_PICTURES")
    taken = page.screenshot(type="png")
    assert len(taken) > 5_000
    if folder:
        place = Path(folder) / f"{name}.webp"
        place.parent.mkdir(parents=True, exist_ok=True)
        picture = Image.open(io.BytesIO(taken)).convert("RGB")
        picture.thumbnail((960, 960))
        picture.save(place, "WEBP", quality=55, method=6)


def test_every_page_opens_from_the_sidebar_and_axe_finds_nothing(page: Page) -> None:
    listed = page.locator("nav [data-testid^=nav-]").evaluate_all("(links) => links.map((each) => each.getAttribute('href'))")
    assert set(listed) <= set(PAGES.values()), "a new page has to be added to this walk"
    found = {}
    for name in PAGES:
        for theme in ("dark", "light"):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
            if theme == "dark":
                _open(page, name)
                _first_alert(page) if name == "alerts" else None
            if faults := _faults(page):
                found[f"{name}, {theme}"] = faults
        _keep(page, name)
    assert not found, "\n".join(f"{where}: {each}" for where, faults in found.items() for each in faults)


def test_alerts_and_reviews_fit_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    found = {}
    for name in PHONE:
        page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + PAGES[name])
        page.locator("main h1").first.wait_for(timeout=30_000)
        page.wait_for_timeout(1_000)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{name} is {wide} px too wide"
        if faults := _faults(page):
            found[name] = faults
        _keep(page, f"{name}-phone")
    assert not found, found


def test_the_language_changes_every_word_of_the_shell(page: Page) -> None:
    page.get_by_test_id("preferences").click()
    page.get_by_role("menuitemradio", name="Español").click()
    page.get_by_test_id("nav-alerts").click()
    page.get_by_role("heading", level=1, name="Alertas").wait_for(timeout=10_000)
    assert page.locator("html").get_attribute("lang") == "es"
    _keep(page, "alerts-es")
