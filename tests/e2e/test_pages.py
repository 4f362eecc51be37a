"""Every page of the dashboard on the running product: opened from the sidebar, clean for axe in both themes, with a picture.

`PENNYPROTECT_DASHBOARD_PICTURES=docs/pictures/dashboard` keeps the pictures that docs/dashboard.md shows.
"""

import io
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
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


def _floor() -> bytes:
    """A drawing of a shop floor without a ground, as planning programs save it."""
    drawn = Image.new("RGBA", (1200, 750), (0, 0, 0, 0))
    pen = ImageDraw.Draw(drawn)
    pen.rectangle((20, 20, 1180, 730), outline="black", width=10)
    for left in range(150, 800, 130):
        pen.rectangle((left, 140, left + 50, 520), outline="black", width=4)
    for top in range(120, 620, 120):
        pen.rectangle((930, top, 1080, top + 40), outline="black", width=4)
    pen.line((520, 730, 700, 730), fill="white", width=12)
    raw = io.BytesIO()
    drawn.save(raw, "PNG")
    return raw.getvalue()


def test_cameras_are_put_on_a_floor_plan(page: Page) -> None:
    _open(page, "plan")
    page.get_by_test_id("plan-file").set_input_files({"name": "floor.png", "mimeType": "image/png", "buffer": _floor()})
    page.get_by_test_id("plan-picture").wait_for(timeout=30_000)
    page.get_by_test_id("plan-edit").click()
    page.get_by_test_id("plan-width").fill("40")
    places = [(0.06, 0.08, 135), (0.6, 0.9, 315), (0.95, 0.1, 225), (0.36, 0.5, 90), (0.7, 0.4, 180)]
    for number in range(min(len(places), page.get_by_test_id("plan-place").count())):
        x, y, heading = places[number]
        page.get_by_test_id("plan-place").first.click()
        frame, mark = page.get_by_test_id("plan").bounding_box(), page.locator(".plan-mark[aria-pressed=true]").bounding_box()
        assert frame is not None
        assert mark is not None
        page.mouse.move(mark["x"] + mark["width"] / 2, mark["y"] + mark["height"] / 2)
        page.mouse.down()
        page.mouse.move(frame["x"] + x * frame["width"], frame["y"] + y * frame["height"], steps=4)
        page.mouse.up()
        page.get_by_test_id("plan-heading").fill(str(heading))
        page.locator(".plan-mark[aria-pressed=true]").focus()
        page.keyboard.press("ArrowRight")
    page.get_by_test_id("plan-save").click()
    page.get_by_test_id("plan-edit").wait_for(timeout=30_000)
    page.reload()
    first = page.get_by_test_id("plan-camera").first
    first.wait_for(timeout=30_000)
    lefts = page.get_by_test_id("plan-camera").evaluate_all("(marks) => marks.map((each) => parseFloat(each.style.left))")
    assert any(abs(each - 7) < 0.6 for each in lefts), lefts
    first.click()
    page.get_by_test_id("plan-chosen").wait_for(timeout=10_000)
    assert not _faults(page)
    page.wait_for_timeout(3_000)
    _keep(page, "plan")


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
