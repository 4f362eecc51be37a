"""Whoever enrols takes the picture from the recording of the incident, or imports a file of people, in the browser."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from app.kit.clock import now
from tests.e2e import stills
from tests.e2e.test_identity import Shop, _shot, _signed_in, shop  # noqa: F401 - a fixture

pytestmark = [pytest.mark.matrix, pytest.mark.timeout(600)]
WHOLE = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]


def test_a_picture_from_the_incidents_recording_and_a_file_of_people(shop: Shop, browser: Browser, tmp_path: Path) -> None:  # noqa: F811
    camera = shop.api("GET", f"/cameras?store_id={shop.store}")["items"][0]["id"]
    shop.api("POST", f"/cameras/{camera}/zones", {"name": "All", "kind": "loitering", "polygon": WHOLE})
    body = {"store_id": shop.store, "kind": "loitering", "parameters": {"zone_dwell_s": 1}}
    shop.api("POST", "/rules", body)

    def recorded() -> dict[str, Any] | None:
        for alert in shop.api("GET", f"/alerts?store_id={shop.store}&camera_id={camera}")["items"]:
            pieces = shop.api("GET", f"/evidence?alert_id={alert['id']}")["items"]
            if any(each["media_type"] != "image/jpeg" and each["state"] == "present" for each in pieces):
                return dict(alert)
        return None

    alert = shop.until(recorded, 180)
    seen = {"store_id": shop.store, "kind": "violence", "title": "A blow on film", "alert_ids": [alert["id"]]}
    incident = shop.api("POST", "/incidents", seen)
    shop.api(
        "POST", "/watchlists", {"store_id": shop.store, "name": "Violence", "category": "violence", "purpose": "Keep staff safe"}
    )
    mine = shop.product.credentials()
    page = _signed_in(browser, shop, mine["username"], mine["password"])
    page.goto(f"{shop.product.url}/watchlists")
    page.get_by_test_id("enrol-open").click()
    page.get_by_test_id("enrol-incident").select_option(incident["id"])
    pieces = page.get_by_test_id("enrol-evidence-piece")
    expect(pieces).to_be_visible(timeout=20_000)
    film = pieces.locator("option", has_text="Recording,").first.get_attribute("value")
    pieces.select_option(film)
    video = page.get_by_test_id("enrol-evidence-video")
    expect(video).to_be_visible(timeout=30_000)
    page.wait_for_function("() => document.querySelector('[data-testid=enrol-evidence-video]').readyState >= 2", timeout=30_000)
    for second in range(12):  # somebody is in the picture three seconds of six
        video.evaluate(
            "(film, at) => new Promise((done) => { film.onseeked = () => done(true); film.currentTime = at; })", second + 0.5
        )
        page.get_by_test_id("enrol-evidence-take").click()
        expect(page.get_by_test_id("enrol-usable").or_(page.get_by_test_id("enrol-findings"))).to_be_visible(timeout=30_000)
        if page.get_by_test_id("enrol-usable").is_visible():
            break
    _shot(page, "from-evidence")
    expect(page.get_by_test_id("enrol-usable")).to_be_visible()
    assert str(film) in page.get_by_test_id("enrol-evidence").input_value(), "the reference names the piece"
    _imports(page, shop, incident["id"], tmp_path)


def _imports(page: Page, shop: Shop, incident: str, folder: Path) -> None:  # noqa: F811
    """Two rows of a file, one without a face: trying stores nothing, proposing takes the one that will do."""
    (folder / "good.jpg").write_bytes(shop.picture.read_bytes())
    (folder / "empty.jpg").write_bytes(stills.jpeg(np.full((300, 300, 3), 128, np.uint8)))
    head = "picture,name,reason,incident_id,source,evidence,review_on,expires_at,under_18,vulnerable,age_basis,notice_withheld"
    ahead = [(now() + timedelta(days=days)).date().isoformat() for days in (30, 60)]
    rest = f"Hit a guard,{incident},police,Case 4,{ahead[0]},{ahead[1]}T00:00:00Z,no,no,Identity card,The police asked us not to"
    (folder / "people.csv").write_text("\n".join([head, f"good.jpg,Eileen Example,{rest}", f"empty.jpg,,{rest}"]))
    page.goto(f"{shop.product.url}/import-people")
    page.get_by_test_id("import-csv").set_input_files(folder / "people.csv")
    page.get_by_test_id("import-pictures").set_input_files([folder / "good.jpg", folder / "empty.jpg"])
    expect(page.get_by_test_id("import-read")).to_contain_text("2", timeout=15_000)
    page.get_by_test_id("import-try").click()
    expect(page.get_by_test_id("import-refused")).to_contain_text("no face", timeout=60_000)
    _shot(page, "import-tried")
    assert shop.api("GET", f"/enrolments?store_id={shop.store}")["items"] == [], "trying stores nothing"
    page.get_by_test_id("import-propose").click()
    shop.until(lambda: shop.api("GET", f"/enrolments?store_id={shop.store}&state=proposed")["items"], 60)
    expect(page.get_by_test_id("import-outcome")).to_be_visible(timeout=60_000)
    _shot(page, "import-proposed")
    page.goto(f"{shop.product.url}/policy-settings")
    page.get_by_test_id("test-new").click(timeout=15_000)
    expect(page.get_by_test_id("acceptance-form")).to_be_visible()
    _shot(page, "acceptance")
