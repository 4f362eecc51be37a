"""One running product for the tests that share one, after those that start one for themselves; and a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.chromium import ARGUMENTS, find_or_install
from tests.e2e.outside import Outside, outside
from tests.e2e.product import Product


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The shared product last: it would compete for two cores with those that other tests start, and runs to the end."""
    ours = [item for item in items if Path(__file__).parent in item.path.parents]
    if len(ours) == len(items):
        items.sort(key=lambda item: "product" in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def around() -> Iterator[Outside]:
    """The SMS provider and the receiver of webhooks that the product knows."""
    with outside() as made:
        yield made


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory, around: Outside) -> Iterator[Product]:
    """The product with its demo cameras, ready and signed in."""
    running = Product(home=tmp_path_factory.mktemp("e2e") / "home", extra=around.settings)
    try:
        running.start()
        running.sign_in()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_or_install(playwright), args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, product: Product, tmp_path: Path) -> Iterator[Page]:
    """A page that is signed in. Errors of the page's own code fail the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    failures: list[str] = []
    opened.on("pageerror", lambda error: failures.append(str(error)))
    known = product.credentials()
    opened.goto(product.url)
    opened.get_by_test_id("login-username").fill(known["username"])
    opened.get_by_test_id("login-password").fill(known["password"])
    opened.get_by_test_id("login-submit").click()
    opened.get_by_test_id("nav-live").wait_for(timeout=15_000)
    yield opened
    context.close()
    assert failures == []
