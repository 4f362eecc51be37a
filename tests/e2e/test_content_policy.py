"""The content policy in a real browser: no page of ours breaks it, and a script that was smuggled into a page does not run."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.product import CHECKOUT, Product

pytestmark = pytest.mark.timeout(300)

WATCH = """
window.broken = [];
document.addEventListener("securitypolicyviolation", (event) => window.broken.push(
    `${location.pathname}: ${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""
SMUGGLE = """() => {
    const script = document.createElement("script");
    script.textContent = "window.owned = 'inline'";
    document.body.append(script);
    const picture = document.createElement("div");
    picture.innerHTML = '<img src="/nothing.png" onerror="window.owned = `handler`">';
    document.body.append(picture);
    const frame = document.createElement("iframe");
    frame.srcdoc = "<script>parent.owned = 'frame'</scr" + "ipt>";
    document.body.append(frame);
    const elsewhere = document.createElement("script");
    elsewhere.src = "data:text/javascript,window.owned='data'";
    document.body.append(elsewhere);
    const link = document.createElement("a");
    link.href = "javascript:void(window.owned = 'link')";
    document.body.append(link);
    link.click();
}"""
ADMINISTERED = re.findall(r'path: "(/[a-z-]+)"', (CHECKOUT / "web/src/administration/pages.ts").read_text())
PATHS = ("/live", "/alerts", "/cameras", "/security", *ADMINISTERED)


@pytest.fixture
def watched(page: Page) -> Page:
    """A signed-in page that remembers what its policy stopped."""
    page.context.add_init_script(WATCH)
    page.reload()
    page.get_by_test_id("nav-live").wait_for(timeout=15_000)
    return page


def broken(page: Page) -> Any:
    return page.evaluate("window.broken")


def test_no_page_breaks_the_policy(watched: Page, product: Product) -> None:
    camera = product.call("/api/v1/cameras")[1]["items"][0]["id"]
    store = product.call("/api/v1/stores")[1]["items"][0]["id"]
    public = product.call(f"/api/v1/stores/{store}/policy")[1]["public_id"]
    assert len(PATHS) >= 18
    found = []
    for path in (*PATHS, f"/live/{camera}", f"/cameras/{camera}", "/nowhere"):
        watched.goto(product.url + path)
        watched.locator("main h1, main h2").first.wait_for(timeout=15_000)
        watched.wait_for_load_state("networkidle") if path == "/policy-settings" else watched.wait_for_timeout(250)
        found += broken(watched)
    for path in ("/login", f"/policy/{public}", f"/policy/{public}?language=es", "/docs", "/healthz"):
        watched.goto(product.url + path)
        found += broken(watched)
    assert found == []


def test_a_smuggled_script_does_not_run(watched: Page, browser: Browser, product: Product) -> None:
    store = product.call("/api/v1/stores")[1]["items"][0]["id"]
    public = product.call(f"/api/v1/stores/{store}/policy")[1]["public_id"]
    for path in ("/cameras", f"/policy/{public}"):
        watched.goto(product.url + path)
        watched.evaluate(SMUGGLE)
        watched.wait_for_function("window.broken.length >= 4", timeout=10_000)
        assert watched.evaluate("window.owned") is None, path
    free = browser.new_page()
    try:  # the same in a page without a policy runs: the test can fail
        free.set_content("<p>no policy</p>")
        free.evaluate(SMUGGLE)
        free.wait_for_function("window.owned !== undefined", timeout=10_000)
    finally:
        free.close()
