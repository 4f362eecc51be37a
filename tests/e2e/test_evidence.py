"""An alert's clip plays from 10 s before, leaves blurred, is verified; SMS and webhook arrive; retention deletes what is due.

With files in the browser, and with an S3 server by the API: the same cameras, the same Triton, the same steps.
"""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import evidence_steps as steps
from tests.e2e.evidence_steps import PRE_ROLL_S, Shop
from tests.e2e.outside import Outside, bucket, outside
from tests.e2e.product import Product

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def shops(product: Product, around: Outside, tmp_path: Path) -> Iterator[tuple[Shop, Shop]]:
    """The product with files that all tests share, and one with a bucket that looks at its cameras through its Triton."""
    cameras = json.loads((product.home / "demo-cameras.json").read_text())
    with outside() as others, bucket(tmp_path / "bucket") as storage:
        more = {
            "CAMERAS": " ".join(f"rtsp://127.0.0.1:{port}/stream" for port in list(cameras.values())[:2]),
            "TRITON_URL": _told(product, "TRITON_URL"),
        }
        second = Product(home=tmp_path / "home", extra=others.settings | storage | more)
        try:
            starting = threading.Thread(target=second.start)
            starting.start()
            starting.join(200)
            second.sign_in()
            product.sign_in()
            (tmp_path / "files").mkdir()
            yield Shop(product, around, tmp_path / "files"), Shop(second, others, tmp_path)
        finally:
            second.stop()


def _told(product: Product, name: str) -> str:
    """What the product's service was told by its environment."""
    pid = json.loads((product.home / "run" / "parts.json").read_text())["service"]["pid"]
    told = dict(each.partition("=")[::2] for each in Path(f"/proc/{pid}/environ").read_text().split("\0"))
    return told[name]


def test_from_an_alert_to_a_receipt_with_files_and_with_a_bucket(shops: tuple[Shop, Shop], page: Page) -> None:
    _, s3 = shops
    for shop in shops:
        steps.make_channels(shop)
    alerts = [steps.raise_alert(shop, 90) for shop in shops]
    links = [steps.both_arrive(shop, alert) for shop, alert in zip(shops, alerts, strict=True)]
    clips = [steps.clip_of(shop, alert, 60) for shop, alert in zip(shops, alerts, strict=True)]
    exported = steps.ask_for_export(s3, clips[1])
    page.goto(links[0])
    _plays_from_before(page)
    for shop, clip, link in zip(shops, clips, (_export(page), exported), strict=True):
        steps.fetch_and_verify(shop, clip, link)
    for shop, clip, alert in zip(shops, clips, alerts, strict=True):
        steps.retention_deletes_what_is_due(shop, clip, alert)


def _plays_from_before(page: Page) -> None:
    page.get_by_test_id("evidence-open-clip").click()
    page.get_by_test_id("evidence-player").wait_for(timeout=15_000)
    video = page.locator("[data-testid=evidence-player] video")
    page.wait_for_function("() => document.querySelector('video')?.readyState >= 2", timeout=15_000)
    at = float(video.evaluate("each => each.currentTime"))
    assert PRE_ROLL_S - 0.5 <= at <= PRE_ROLL_S + 4, f"the player opens at the moment, not at {at}"
    video.evaluate("each => { each.currentTime = 0; return each.play(); }")
    page.wait_for_function("() => document.querySelector('video').currentTime > 0.5", timeout=15_000)
    expect(page.get_by_test_id("evidence-moment")).to_be_visible()
    steps.shot(page, "evidence-player")


def _export(page: Page) -> str:
    """The link that the dialog shows once."""
    page.get_by_test_id("evidence-export-clip").click()
    page.get_by_test_id("export-preview").wait_for(timeout=60_000)
    people = page.get_by_test_id("export").locator("fieldset input[type=checkbox]")
    people.first.check()
    for number in range(1, people.count()):
        people.nth(number).uncheck()
    page.get_by_test_id("export-recipient").fill("City police")
    page.get_by_test_id("export-purpose").fill("Report of a theft")
    steps.shot(page, "evidence-export")
    page.get_by_test_id("export-make").click()
    link = page.get_by_test_id("export-link").text_content(timeout=15_000)
    steps.shot(page, "evidence-exported")
    return str(link)
