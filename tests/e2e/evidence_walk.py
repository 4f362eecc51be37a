"""From an alert to a receipt in the browser, whatever store the evidence lies in."""

import zipfile
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e import evidence_steps as steps
from tests.e2e.blurring import best_seen
from tests.e2e.evidence_steps import PRE_ROLL_S, Shop
from tests.e2e.outside import Outside
from tests.e2e.product import Product

PACKAGE_MS = 280_000
"""It waits for the pose model, which the cameras keep busy."""


def from_an_alert_to_a_receipt(product: Product, around: Outside, page: Page, folder: Path) -> None:
    """SMS and webhook arrive, the clip plays from 10 s before, leaves blurred, is verified; retention deletes what is due."""
    product.sign_in()
    shop = Shop(product, around, folder)
    steps.make_channels(shop)
    alert = steps.raise_alert(shop, 120)
    page.goto(steps.both_arrive(shop, alert))
    clip = steps.clip_of(shop, alert, 90)
    _plays_from_before(page)
    seen, film = (shop.api("GET", f"/evidence/{clip['id']}/{part}") for part in ("boxes", "content"))
    steps.fetch_and_verify(shop, clip, _export(page, best_seen(seen, film)))
    steps.retention_deletes_what_is_due(shop, clip, alert)


def _plays_from_before(page: Page) -> None:
    page.get_by_test_id("evidence-open-clip").click(timeout=30_000)
    page.get_by_test_id("evidence-player").wait_for(timeout=30_000)
    video = page.locator("[data-testid=evidence-player] video")
    page.wait_for_function("() => document.querySelector('.evidence-player video')?.readyState >= 2", timeout=120_000)
    at = float(video.evaluate("each => each.currentTime"))
    assert PRE_ROLL_S - 0.5 <= at <= PRE_ROLL_S + 4, f"the player opens at the moment, not at {at}"
    video.evaluate("each => { each.currentTime = 0; }")
    page.get_by_test_id("evidence-play").click()
    page.wait_for_function("() => document.querySelector('.evidence-player video').currentTime > 0.5", timeout=30_000)
    expect(page.get_by_test_id("evidence-moment")).to_be_visible()
    steps.shot(page, "evidence-player")


def _export(page: Page, who: int) -> str:
    """The link that the dialog shows once, of a package that shows one person of those it offers."""
    page.get_by_test_id("evidence-export-clip").click()
    page.get_by_test_id("export-preview").wait_for(timeout=60_000)
    people = page.get_by_test_id("export").locator("fieldset input[type=checkbox]")
    for number in range(people.count()):
        people.nth(number).set_checked(number == who)
    page.get_by_test_id("export-recipient").fill("City police")
    page.get_by_test_id("export-purpose").fill("Report of a theft")
    steps.shot(page, "evidence-export")
    page.get_by_test_id("export-make").click()
    link = str(page.get_by_test_id("export-link").text_content(timeout=30_000))
    take_along = page.get_by_test_id("export-download")
    take_along.wait_for(timeout=PACKAGE_MS)
    steps.shot(page, "evidence-exported")
    with page.expect_download() as taken:
        take_along.click()
    assert zipfile.is_zipfile(taken.value.path()), "who asked for the package takes it along from the dialog"
    return link
