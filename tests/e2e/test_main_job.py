"""Cameras in, tracked people and a live alert out, seen where a person sees it: in a browser."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.product import Product

pytestmark = pytest.mark.timeout(420)


def test_two_cameras_show_people_with_skeletons(page: Page) -> None:
    page.get_by_test_id("nav-live").click()
    busy = page.locator("[data-testid=tile][data-state=live]:not([data-people='0'])")
    expect(busy.nth(1)).to_be_visible(timeout=120_000)
    frames = busy.first.get_attribute("data-frames")
    assert int(frames or 0) > 0


def test_loitering_alert_appears_live_and_is_acknowledged(page: Page, product: Product) -> None:
    page.get_by_test_id("nav-alerts").click()
    row = page.locator("[data-testid=alert-row][data-kind=loitering]").first  # other rules may speak first
    expect(row).to_be_visible(timeout=240_000)
    alert = row.get_attribute("data-alert-id")
    mine = page.locator(f"[data-testid=alert-row][data-alert-id='{alert}']")
    mine.click()
    page.get_by_test_id("alert-detail").wait_for(timeout=10_000)
    # The page shows the new state before the service has confirmed it: wait for the answer, not for the colour.
    with page.expect_response(lambda answer: answer.url.endswith(f"/alerts/{alert}/acknowledge")) as answered:
        page.keyboard.press("a")
    assert answered.value.status == 200
    expect(mine).to_have_attribute("data-state", "acknowledged", timeout=10_000)
    status, answer = product.call(f"/api/v1/alerts/{alert}")
    assert (status, answer["state"], answer["kind"]) == (200, "acknowledged", "loitering")


def test_camera_that_does_not_answer_is_explained_and_others_go_on(page: Page) -> None:
    page.get_by_test_id("nav-cameras").click()
    if not page.get_by_test_id("camera-add-url").is_visible():
        page.get_by_test_id("camera-add").click()
    page.get_by_test_id("camera-add-url").fill("rtsp://someone:hunter2@127.0.0.1:9/nothing")
    page.get_by_test_id("camera-test").click()
    said = page.get_by_test_id("camera-error")
    expect(said).to_be_visible(timeout=20_000)
    assert "hunter2" not in (said.text_content() or "")
    page.get_by_test_id("nav-live").click()
    expect(page.locator("[data-testid=tile][data-state=live]").nth(1)).to_be_visible(timeout=30_000)


def test_a_newcomer_adds_a_camera_and_is_led_to_its_first_zone(page: Page, product: Product) -> None:
    status, known = product.call("/api/v1/cameras")
    assert status == 200, known
    page.get_by_test_id("nav-cameras").click()
    page.get_by_test_id("camera-add").click()
    page.get_by_test_id("camera-add-name").fill("Side door")
    page.get_by_test_id("camera-add-url").fill(known["items"][0]["url"])
    page.get_by_test_id("camera-test").click()
    expect(page.get_by_test_id("camera-snapshot")).to_be_visible(timeout=30_000)
    page.get_by_test_id("camera-save").click()
    expect(page.get_by_test_id("camera-added")).to_contain_text("Side door", timeout=15_000)
    page.get_by_test_id("camera-added-zone").click()
    camera = page.url.rsplit("/", 1)[-1]
    try:
        draw = page.get_by_test_id("zone-new")
        expect(draw).to_be_enabled(timeout=60_000)  # once its picture is there
        draw.click()
        surface = page.locator(".polygon-frame svg")
        room = surface.bounding_box() or {}
        for x, y in ((0.2, 0.3), (0.8, 0.3), (0.5, 0.8)):
            surface.click(position={"x": x * room["width"], "y": y * room["height"]})
        page.get_by_test_id("zone-name").fill("Doorway")
        page.get_by_test_id("zone-save").click()
        expect(page.get_by_test_id("zone-row")).to_contain_text("Doorway", timeout=15_000)
        status, zones = product.call(f"/api/v1/cameras/{camera}/zones")
        assert [(zone["name"], len(zone["polygon"])) for zone in zones["items"]] == [("Doorway", 3)], (status, zones)
    finally:
        product.call(f"/api/v1/cameras/{camera}", "DELETE")
