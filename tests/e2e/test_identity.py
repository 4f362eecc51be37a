"""Somebody is enrolled by one person, approved by another, seen by a camera, reviewed, told of, and erased: all in the browser,
over RTSP and the real models. A stranger before another camera leaves no trace."""

import json
import os
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from app.kit.clock import now
from tests.e2e import stills
from tests.e2e.outside import Outside, outside
from tests.e2e.product import Product
from tests.integration.capture.rtsp_server import Behaviour, rtsp_server

pytestmark = pytest.mark.timeout(420)
MANY = 6
PASSWORD = "correct-horse-battery-staple"


@dataclass
class Shop:
    """A demonstration store with two cameras: one sees the enrolled person, the other a stranger."""

    product: Product
    outside: Outside
    store: str
    picture: Path

    def api(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = self.product.call(f"/api/v1{path}", method=method, body=body)
        assert status < 300, answer
        return answer

    def leads(self) -> list[dict[str, Any]]:
        return list(self.api("GET", f"/matches?store_id={self.store}&limit=100")["items"])

    def until(self, what: Any, limit_s: float = 90) -> Any:
        end = time.monotonic() + limit_s
        while not (found := what()):
            assert time.monotonic() < end, f"not within {limit_s} s: {self.product.output()[-3000:]}"
            time.sleep(0.2)
        return found


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    enrolled = stills.astronaut()
    picture = tmp_path / "enrolled.jpg"
    picture.write_bytes(stills.jpeg(enrolled))
    known, stranger = (Behaviour(stills.clip(each)) for each in (enrolled, stills.admiral()))
    with rtsp_server(known) as first, rtsp_server(stranger) as second, outside() as around:
        cameras = {"PENNYPROTECT_DEMO": "1", "CAMERAS": f"{first.url()} {second.url()}"}
        running = Product(home=tmp_path / "home", extra={**cameras, **around.settings})
        try:
            running.start()
            running.sign_in()
            made = Shop(running, around, running.call("/api/v1/stores")[1]["items"][0]["id"], picture)
            made.until(lambda: _checked(made, picture.read_bytes()))
            other = _checked(made, stills.jpeg(stills.admiral()))
            assert other is not None
            assert len(other["faces"]) == 1, "the stranger's face can be seen, so that finding nobody means something"
            made.api("POST", "/incidents", {"store_id": made.store, "kind": "violence", "title": "A blow at the till"})
            yield made
        finally:
            running.stop()


def _checked(shop: Shop, picture: bytes) -> dict[str, Any] | None:
    """What the gate says; None before the models answer: a switched-on store's worker brings them a moment after the start."""
    request = urllib.request.Request(f"{shop.product.url}/api/v1/stores/{shop.store}/faces/check", picture)
    request.add_header("Authorization", f"Bearer {shop.product.token}")
    request.add_header("Content-Type", "image/jpeg")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return dict(json.load(answer))
    except OSError:
        return None


def _second_person(shop: Shop) -> str:
    """Another administrator, who trains the first; the user name. Nobody records an own training or approves an own enrolment."""
    me = shop.api("GET", "/auth/me")["id"]
    made = shop.api("POST", "/users", {"username": "second-person", "roles": [{"role": "chain-administrator"}]})
    own, shop.product.token = shop.product.token, ""
    form = {"grant_type": "password", "username": "second-person", "password": made["initial_password"]}
    shop.product.token = shop.product.call("/api/v1/auth/token", form=form)[1]["access_token"]
    shop.api("POST", "/auth/password", {"current_password": made["initial_password"], "new_password": PASSWORD})
    shop.product.token = shop.product.call("/api/v1/auth/token", form=form | {"password": PASSWORD})[1]["access_token"]
    course = shop.api("POST", "/training/courses", {"name": "Leads", "gate": "match-review", "valid_months": 12})
    body = {"course_id": course["id"], "user_id": me, "trainer": "T", "trained_on": now().date().isoformat()}
    shop.api("POST", "/training/records", body)
    shop.product.token = own
    return "second-person"


def _signed_in(browser: Browser, shop: Shop, username: str, password: str) -> Page:
    page = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
    page.goto(shop.product.url)
    page.get_by_test_id("login-username").fill(username)
    page.get_by_test_id("login-password").fill(password)
    page.get_by_test_id("login-submit").click()
    page.get_by_test_id("nav-live").wait_for(timeout=20_000)
    return page


def _enrol(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.product.url}/watchlists")
    page.get_by_test_id("list-name").fill("Violence")
    page.get_by_test_id("list-purpose").fill("Keep staff safe")
    page.get_by_test_id("list-add").click()
    page.get_by_test_id("watchlist").wait_for(timeout=15_000)
    page.get_by_test_id("enrol-open").click()
    page.get_by_test_id("enrol-file").set_input_files(shop.picture)
    expect(page.get_by_test_id("enrol-usable")).to_be_visible(timeout=60_000)
    for asked, answer in (("under-18", "false"), ("vulnerable", "false"), ("notice", "given")):
        assert page.get_by_test_id(f"enrol-{asked}").input_value() == "", "nobody answers for the enroller"
        page.get_by_test_id(f"enrol-{asked}").select_option(answer)
    said = {"name": "Eileen Example", "reason": "Hit a guard", "evidence": "Clip 7", "age": "Identity card", "told": "Letter"}
    for field, text in said.items():
        page.get_by_test_id(f"enrol-{field}").fill(text)
    _shot(page, "enrol")
    page.get_by_test_id("enrol-submit").click()
    page.get_by_test_id("entry-waiting").wait_for(timeout=30_000)


def _tell_the_duty_telephone(page: Page, shop: Shop) -> None:
    """An SMS channel of the store that wants leads and their confirmation, and no alerts."""
    page.goto(f"{shop.product.url}/notifications")
    page.get_by_test_id("channel-new").click()
    page.get_by_test_id("channel-kind").select_option("sms")
    page.get_by_test_id("channel-name").fill("Duty")
    page.get_by_test_id("channel-address").fill("+491700000000")
    for occasion in ("lead-raised", "match-confirmed"):
        page.get_by_test_id(f"channel-told-{occasion}").check()
    page.get_by_test_id("channel-told-alert-raised").uncheck()
    _shot(page, "channel")
    page.get_by_test_id("channel-save").click()
    expect(page.get_by_test_id("channel")).to_contain_text("leads to review, confirmed leads", timeout=15_000)


def _messages(shop: Shop, beginning: str) -> list[str]:
    said = [each["body"] for each in list(shop.outside.provider.messages)]
    return [each for each in said if each.startswith(f"PennyProtect: {beginning}")]


def test_enrol_approve_match_review_notify_erase_in_the_browser(shop: Shop, browser: Browser) -> None:
    mine = shop.product.credentials()
    page = _signed_in(browser, shop, mine["username"], mine["password"])
    _tell_the_duty_telephone(page, shop)
    _enrol(page, shop)
    _shot(page, "watchlist")
    assert page.get_by_test_id("entry-approve").count() == 0, "nobody approves an own enrolment"
    second = _signed_in(browser, shop, _second_person(shop), PASSWORD)
    second.goto(f"{shop.product.url}/watchlists")
    expect(second.get_by_test_id("entry-name")).to_have_text("Eileen Example", timeout=15_000)
    _shot(second, "approve")
    second.get_by_test_id("entry-approve").click()
    expect(second.get_by_test_id("entry-standing")).to_be_visible(timeout=15_000)
    second.goto(f"{shop.product.url}/live")

    page.goto(f"{shop.product.url}/live")
    toast = page.locator("[data-testid=toast]", has_text="Lead to review").first
    expect(toast).to_be_visible(timeout=90_000)
    assert "Eileen" not in (toast.text_content() or ""), "no message names anyone before a person confirms"
    toast.locator("a").click()
    lead = page.get_by_test_id("lead").first
    for side in ("lead-seen", "lead-enrolled"):
        expect(lead.get_by_test_id(side)).to_be_visible(timeout=15_000)
    assert page.get_by_text("Eileen").count() == 0
    _shot(page, "lead")
    lead.get_by_test_id("review-reason").fill("Same brow and ears")
    assert shop.until(lambda: _messages(shop, "Two pictures wait to be compared"), 30)
    assert not _messages(shop, "A lead was confirmed")
    lead.get_by_test_id("review-match").click()
    decided = page.locator("[data-testid=lead-decided][data-state=confirmed]").first
    expect(decided).to_contain_text("Eileen Example", timeout=15_000)
    named = second.locator("[data-testid=toast]", has_text="Eileen Example").first
    expect(named).to_be_visible(timeout=15_000)
    _shot(second, "confirmed")
    assert shop.until(lambda: _messages(shop, "A lead was confirmed by a person"), 30)
    assert not any("Eileen" in str(each) for each in list(shop.outside.provider.messages)), "an SMS names nobody"
    _shot(page, "decided")

    cameras = {each["id"]: each["name"] for each in shop.api("GET", f"/cameras?store_id={shop.store}")["items"]}
    leads = shop.until(lambda: found if len(found := shop.leads()) >= MANY else None)
    assert len({each["camera_id"] for each in leads}) == 1, f"the stranger became a lead, too: {cameras}"
    waited = sorted(_seconds(each) for each in leads)
    if folder := os.environ.get("PENNYPROTECT_SHOTS"):
        (Path(folder) / "face_to_review.json").write_text(json.dumps({"seconds": waited}))
    # The bar of 2 s is for a quiet machine (face_to_review.json); here only that they come.
    assert waited[-1] <= 30.0, f"face seen to review opened: {waited}"
    page.goto(f"{shop.product.url}/match-thresholds")
    expect(page.get_by_test_id("threshold-expected")).to_contain_text("strangers", timeout=15_000)
    _shot(page, "thresholds")

    page.goto(f"{shop.product.url}/watchlists")
    page.get_by_test_id("entry-erase").click()
    page.get_by_test_id("entry-erase-reason").fill("Complaint upheld")
    _shot(page, "erase")
    page.get_by_test_id("entry-erase-do").click()
    expect(page.get_by_test_id("erase-proof")).to_contain_text("Left: nothing.", timeout=15_000)
    _shot(page, "erased")
    expect(page.get_by_test_id("entry-standing")).to_have_count(0, timeout=15_000)
    time.sleep(1.0)
    count = len(shop.leads())
    time.sleep(2 * (stills.HERE_S + stills.AWAY_S))
    assert len(shop.leads()) == count, "who was erased is not found any more"
    assert all(each["person_name"] in (None, "") and not each["has_picture"] for each in shop.leads())


def _seconds(lead: dict[str, Any]) -> float:
    """From the capture of the best shot to the lead that people can open."""
    seen, raised = (datetime.fromisoformat(lead[name].replace("Z", "+00:00")) for name in ("captured_at", "raised_at"))
    return (raised - seen).total_seconds()


def _shot(page: Page, name: str) -> None:
    """A picture of the page for whoever looks at it, where a folder is named."""
    if folder := os.environ.get("PENNYPROTECT_SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
