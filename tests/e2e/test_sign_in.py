"""A person turns on a second factor, signs in with it, and ends another session; in a real browser."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from app.auth import totp
from app.kit.clock import now
from tests.e2e.product import Product

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def fresh(browser: Browser, product: Product) -> Iterator[Page]:
    """A page at the log-in, in a browser of its own."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    failures: list[str] = []
    opened.on("pageerror", lambda error: failures.append(str(error)))
    opened.goto(f"{product.url}/login")
    yield opened
    context.close()
    assert failures == []


def enter(page: Page, product: Product) -> None:
    known = product.credentials()
    page.get_by_test_id("login-username").fill(known["username"])
    page.get_by_test_id("login-password").fill(known["password"])
    page.get_by_test_id("login-submit").click()


def fresh_code(secret: bytes, not_before: int) -> tuple[str, int]:
    """A code of a step that was not used yet, waiting for one if need be."""
    while (step := totp.step_of(now()) + 1) <= not_before:
        time.sleep(0.5)
    return totp.code_at(secret, step), step


def test_a_second_factor_is_turned_on_used_and_turned_off(page: Page, fresh: Page, product: Product) -> None:
    page.get_by_test_id("nav-security").click()
    page.get_by_test_id("totp-begin").click()
    page.get_by_test_id("totp-continue-password").fill(product.credentials()["password"])
    page.get_by_test_id("totp-continue").click()
    picture = page.get_by_test_id("totp-picture")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
    secret = totp.from_base32(page.get_by_test_id("totp-secret").get_attribute("data-secret") or "")
    step = totp.step_of(now()) - 1
    page.get_by_test_id("totp-code").fill(totp.code_at(secret, step))
    page.get_by_test_id("totp-confirm").click()
    expect(page.get_by_test_id("recovery-codes").locator("li")).to_have_count(10)
    recovery = page.get_by_test_id("recovery-codes").locator("li").first.text_content() or ""
    page.get_by_test_id("recovery-done").click()
    expect(page.get_by_test_id("factor-state")).to_have_attribute("data-state", "enrolled")
    try:
        enter(fresh, product)
        fresh.get_by_test_id("login-code").fill("000000")
        fresh.get_by_test_id("login-code-submit").click()
        expect(fresh.get_by_test_id("login-error")).to_contain_text("wrong")
        fresh.get_by_test_id("login-code").fill(fresh_code(secret, step)[0])
        fresh.get_by_test_id("login-code-submit").click()
        fresh.get_by_test_id("nav-live").wait_for(timeout=15_000)
        fresh.get_by_test_id("nav-security").click()
        expect(fresh.locator("[data-testid=session][data-current=true]")).to_contain_text("second factor")
        fresh.get_by_test_id("sessions-end-others").click()
        expect(fresh.get_by_test_id("session")).to_have_count(1)
        page.get_by_test_id("login-username").wait_for(timeout=15_000)  # the other page is out, without a reload
        enter(page, product)
        page.get_by_test_id("login-code").fill(recovery)
        page.get_by_test_id("login-code-submit").click()
        page.get_by_test_id("nav-security").click()
        expect(page.get_by_test_id("factor-state")).to_contain_text("9 of 10")
    finally:
        product.token = ""
        code = fresh_code(secret, totp.step_of(now()) + 1)[0]
        known = product.credentials()
        form = {"grant_type": "password", "username": known["username"], "password": known["password"], "totp": code}
        product.token = product.call("/api/v1/auth/token", form=form)[1]["access_token"]
        assert product.call("/api/v1/auth/totp/remove", body={"password": known["password"]})[0] == 204
        product.sign_in()
