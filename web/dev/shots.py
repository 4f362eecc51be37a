"""Screenshots of the pages against a running service or double: `python dev/shots.py BASE_URL USER PASSWORD OUT_DIR [CHROMIUM]`."""

import pathlib
import sys

from playwright.sync_api import Page, sync_playwright

SIZES = {"wide": (1440, 900), "phone": (390, 844)}


def sign_in(page: Page, base: str, user: str, password: str) -> None:
    page.goto(f"{base}/login")
    page.get_by_test_id("login-username").fill(user)
    page.get_by_test_id("login-password").fill(password)
    page.get_by_test_id("login-submit").click()
    page.get_by_test_id("tile").first.wait_for()


def shoot(page: Page, base: str, out: pathlib.Path, size: str) -> None:
    def save(name: str) -> None:
        page.wait_for_timeout(1500)
        page.screenshot(path=str(out / f"{size}-{name}.png"))

    page.wait_for_timeout(3000)
    save("live")
    page.get_by_test_id("tile").first.locator("a").first.click()
    save("single")
    page.get_by_test_id("nav-alerts").click()
    save("alerts")
    page.locator(".alert-link").first.click()
    save("alert")
    page.keyboard.press("Escape")
    page.get_by_test_id("nav-cameras").click()
    save("cameras")
    if page.get_by_test_id("camera-add").count():
        page.get_by_test_id("camera-add").click()
    page.get_by_test_id("camera-add-url").fill("rtsp://10.20.0.50/stream1")
    page.get_by_test_id("camera-add-name").fill("Loading bay")
    page.get_by_test_id("camera-test").click()
    page.wait_for_timeout(1500)
    save("add")
    page.locator(".camera-name a").first.click()
    save("camera")
    page.get_by_test_id("zone-new").click()
    box = page.locator(".polygon-frame svg").bounding_box()
    assert box
    page.locator(".polygon-frame svg").scroll_into_view_if_needed()
    box = page.locator(".polygon-frame svg").bounding_box()
    assert box
    for x, y in ((0.2, 0.45), (0.6, 0.4), (0.75, 0.75), (0.25, 0.8)):
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    save("zone")


if __name__ == "__main__":
    base_url, user_name, secret, folder, *chromium = sys.argv[1:]
    target = pathlib.Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=(chromium or ["/usr/bin/chromium"])[0],
            args=["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        )
        for label, (width, height) in SIZES.items():
            context = browser.new_context(viewport={"width": width, "height": height}, has_touch=label == "phone")
            tab = context.new_page()
            tab.on(
                "console",
                lambda message: print(label, message.type, message.text) if message.type in ("error", "warning") else None,
            )
            tab.on("pageerror", lambda error: print(label, "page error", error))
            sign_in(tab, base_url, user_name, secret)
            shoot(tab, base_url, target, label)
            context.close()
        browser.close()
