"""Every page of the built dashboard with 0, 1 and 10,000 rows, for every role, and on a network that fails: no page breaks.

The service is played by `benchmarks.dashboard_double`, whose answers are made from the API's document; the same pages on the
running product are those of test_pages.py.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from app.auth.permissions import Role
from benchmarks.dashboard_double import Double
from benchmarks.dashboard_playing import Playing
from tests.e2e.test_pages import PAGES

pytestmark = [pytest.mark.matrix, pytest.mark.timeout(900)]
SHOWN_MS = 60_000
GO = "(path) => { history.pushState({}, '', path); dispatchEvent(new PopStateEvent('popstate')); }"
LOADING = "[role=status]:not([data-testid])"


@contextmanager
def opened(browser: Browser, double: Double, language: str = "en-GB") -> Iterator[tuple[Playing, Page]]:
    """Somebody signed in. A fault of a page's own code fails the test."""
    with Playing(double) as playing:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale=language)
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(playing.url)
        for name in ("username", "password"):
            page.get_by_test_id(f"login-{name}").fill("walker")
        page.get_by_test_id("login-submit").click()
        page.get_by_test_id("connection").wait_for(timeout=SHOWN_MS)
        yield playing, page
        context.close()
        assert faults == []


def go(page: Page, path: str) -> None:
    """Another page, as a link leads there; shown as soon as it has its title and nothing of it loads."""
    page.evaluate(GO, path)
    page.locator("main h1").first.wait_for(timeout=SHOWN_MS, state="attached")
    expect(page.locator(f"main {LOADING}", has_text="Loading")).to_have_count(0, timeout=SHOWN_MS)


def broken(page: Page) -> list[str]:
    """What a page must never show."""
    said = page.locator("main").inner_text()
    wrong = [word for word in ("undefined", "[object Object]", "NaN", "Invalid Date") if word in said]
    return wrong + (["the page has failed"] if page.get_by_test_id("page-failed").count() else [])


@pytest.mark.parametrize("rows", [0, 1, 10_000])
def test_every_page_with_so_many_rows(browser: Browser, rows: int) -> None:
    wrong: dict[str, Any] = {}
    with opened(browser, Double(rows=rows, cameras=min(rows, 40))) as (playing, page):
        for name, path in PAGES.items():
            go(page, path)
            if found := broken(page):
                wrong[name] = found
            # A page of ten thousand rows still answers: the sidebar is one press away.
            page.get_by_test_id("nav-security").click(timeout=SHOWN_MS)
        if rows == 10_000:
            assert any("/users" in each for each in playing.double.asked)
    assert wrong == {}


@pytest.mark.parametrize("role", list(Role))
def test_every_page_for_a_role_opens_or_says_that_it_is_not_for_it(browser: Browser, role: Role) -> None:
    wrong: dict[str, Any] = {}
    with opened(browser, Double(role=role, rows=1, cameras=2)) as (_, page):
        links = page.locator(".sidebar a[data-testid^=nav-]")
        listed = set(links.evaluate_all("(found) => found.map((each) => each.getAttribute('href'))"))
        assert {"/cameras", "/plan", "/security"} <= listed
        for name, path in PAGES.items():
            go(page, path)
            denied = page.get_by_test_id("denied").count() > 0
            refused = page.locator("main .failure", has_text="roles do not allow").count()
            if denied is (path in listed) or refused or broken(page):
                wrong[name] = (denied, path in listed, refused, broken(page))
    assert wrong == {}


def test_a_network_that_is_slow_breaks_off_or_forgets_who_one_is(browser: Browser) -> None:
    double = Double(rows=3, cameras=2)
    with opened(browser, double) as (playing, page):
        double.delay_s = 1.5
        page.evaluate(GO, "/users")
        expect(page.locator("main")).to_contain_text("Loading")
        page.locator("main h1").first.wait_for(timeout=SHOWN_MS)
        double.delay_s = 0.0
        go(page, "/alerts")
        expect(page.get_by_test_id("connection")).to_have_attribute("data-status", "open", timeout=SHOWN_MS)
        asked = double.asked.count("GET /api/v1/alerts")
        playing.call(double.drop())
        expect(page.get_by_test_id("connection")).not_to_have_attribute("data-status", "open", timeout=SHOWN_MS)
        expect(page.get_by_test_id("connection")).to_have_attribute("data-status", "open", timeout=SHOWN_MS)
        playing.tell({"type": "gap", "from": "0-0", "to": "1-0"})
        playing.tell({"type": "alert-raised", "alert": double.alert(1)})
        expect(page.get_by_test_id("alert-row").first).to_contain_text("Camera 2", timeout=SHOWN_MS)
        page.wait_for_timeout(500)
        assert double.asked.count("GET /api/v1/alerts") > asked, "what was missed is asked for"
        double.expired = True
        page.evaluate(GO, "/users")
        page.wait_for_url("**/login?next=%2Fusers", timeout=SHOWN_MS)
        for name in ("username", "password"):
            page.get_by_test_id(f"login-{name}").fill("walker")
        page.get_by_test_id("login-submit").click()
        page.wait_for_url("**/users", timeout=SHOWN_MS)
