"""A store manager prepares a switch unaided, a second person approves it, and visitors read it."""

import os
from datetime import date
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pytest
from playwright.async_api import Page, async_playwright

from app.dashboard.pages import BUILT
from tests.e2e.chromium import ARGUMENTS, find_or_install
from tests.integration.service.conftest import Product
from tests.integration.service.people import PASSWORD, person

NOTICE = "Our cameras compare faces with a list of people banned from this store. Ask at the desk."
SHOTS = os.environ.get("PENNYPROTECT_TEST_SHOTS", "")


async def sign_in(page: Page, base: str, username: str) -> None:
    await page.goto(f"{base}/login")
    await page.fill("[data-testid=login-username]", username)
    await page.fill("[data-testid=login-password]", PASSWORD)
    await page.click("[data-testid=login-submit]")
    await page.wait_for_selector("[data-testid=nav-policy-settings]", timeout=20_000)


async def shoot(page: Page, name: str) -> None:
    if SHOTS:
        await page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


@pytest.mark.skipif(not (BUILT / "index.html").is_file(), reason="the dashboard is not built")
async def test_a_manager_prepares_and_a_second_person_approves(product: Product, tmp_path: Path) -> None:
    photo = tmp_path / "sign.jpg"
    cv2.imwrite(str(photo), np.random.default_rng(1).integers(0, 255, (600, 800, 3), dtype=np.uint8))
    store = await product.store()
    for role, scope in (("store-manager", store), ("chain-administrator", None)):
        await person(product, role, scope)
    rows = await product.sql("SELECT username FROM users WHERE username <> 'admin' ORDER BY created_at")
    names = [row["username"] for row in rows]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_or_install(cast(Any, playwright)), args=ARGUMENTS)
        try:
            page = await browser.new_page(viewport={"width": 1440, "height": 900})
            await sign_in(page, product.base, names[0])
            await page.click("[data-testid=nav-policy-settings]")
            await page.wait_for_selector("[data-testid=policy-place] option[value=US-OH]", state="attached")
            await shoot(page, "policy-fresh")
            await page.select_option("[data-testid=policy-place]", "US-OH")
            await page.wait_for_selector("[data-testid=policy-verdict][data-verdict=allow]")
            await page.wait_for_selector("[data-testid=sign-preview]")
            await page.set_input_files("[data-testid=sign-photo]", str(photo))
            await page.wait_for_selector("text=Photo of")
            await page.click("[data-testid=test-new]")
            await page.fill("[data-testid=test-by]", "Test team")
            assert await page.is_disabled("[data-testid=test-save]"), "nobody passed yet"
            for count, number in (("strangers", "100"), ("enrolled", "20")):
                await page.locator(f"[data-testid=acceptance-{count}]").first.fill(number)
            assert "between 0.0 % and 3.7 %" in await page.inner_text("[data-testid=acceptance-proves]")
            await page.check("[data-testid=test-passed]")
            await shoot(page, "policy-test")
            await page.click("[data-testid=test-save]")
            await page.wait_for_selector("text=Counts until")
            await page.check("[data-testid=want-face]")
            await page.click("[data-testid=policy-propose]")
            assert "legal basis" in await page.inner_text("[data-testid=policy-error]")
            await page.fill("[data-testid=paper-basis]", "Legitimate interest in safety")
            await page.fill("[data-testid=paper-dpia]", "DPIA 2026-7")
            await page.fill("[data-testid=paper-notice]", NOTICE)
            await page.click("[data-testid=policy-propose]")
            await page.wait_for_selector("[data-testid=proposal]")
            assert await page.locator("[data-testid=policy-approve]").count() == 0
            await shoot(page, "policy-proposed")
            second = await browser.new_page(viewport={"width": 390, "height": 844})
            await sign_in(second, product.base, names[1])
            await second.goto(f"{product.base}/policy-settings")
            await second.click("[data-testid=policy-approve]")
            await second.wait_for_selector("[data-testid=switch-face][data-on=true]")
            await shoot(second, "policy-on-phone")
            await second.goto(f"{product.base}/training")
            await second.fill("[data-testid=course-name]", "Reviewing matches")
            await second.click("[data-testid=course-add]")
            await second.select_option("[data-testid=record-person]", label=names[0])
            await second.fill("[data-testid=record-trainer]", "T. Rainer")
            await second.click("[data-testid=record-add]")
            await second.wait_for_selector("[data-testid=training-record]")
            await shoot(second, "training-phone")
            await page.reload()
            await page.wait_for_selector("[data-testid=switch-face][data-on=true]")
            await shoot(page, "policy-on")
            public = await page.get_attribute("[data-testid=public-page]", "href")
            await page.goto(f"{product.base}{public}?language=fr")
            assert "Comparaison de visages" in await page.inner_text("body")
            await shoot(page, "public")
            assert str(date.today().year) in await page.inner_text("footer")  # noqa: DTZ011
        finally:
            await browser.close()
