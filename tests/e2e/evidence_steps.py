"""From an alert to a receipt, step by step, the same with every store of evidence."""

import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from app.embedded.running import database_address
from app.settings import Settings
from tests.e2e.blurring import demand_blurred, frames_of
from tests.e2e.outside import Outside
from tests.e2e.product import CHECKOUT, Product
from tests.integration.conftest import run_sql

Found = TypeVar("Found")
PRE_ROLL_S, AFTER_S = 10.0, 20.0
NUMBER = "+491700000000"
WHOLE = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]


@dataclass
class Shop:
    """One running product, and those it tells.

    Attributes:
        redaction: what an export is made by: "everyone" where no pose model looks again.
        admin_url: of its database; "": that of the product's own server.
    """

    product: Product
    outside: Outside
    folder: Path
    redaction: str = "bodies"
    admin_url: str = ""

    def api(self, method: str, path: str, body: Any = None, timeout: float = 20) -> Any:
        """The answer; any refusal fails the test."""
        status, answer = self.product.call(f"/api/v1{path}", method, body, timeout=timeout)
        assert status < 300, (method, path, status, answer)
        return answer

    @cached_property
    def store(self) -> str:
        """The first store's id."""
        return str(self.api("GET", "/stores")["items"][0]["id"])

    def command(self, *words: str) -> tuple[int, str]:
        """(exit code, stdout) of `pennyprotect` on this product's machine."""
        done = subprocess.run(
            [sys.executable, "-m", "app.cli", *words],
            cwd=CHECKOUT, env=self.product.environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout

    def sql(self, statement: str) -> str:
        """What the database's administrator gets."""
        given: dict[str, Any] = {"_env_file": None, "PENNYPROTECT_HOME": self.product.home}
        return run_sql(self.admin_url or database_address(Settings(**given), "admin"), statement)


def until(look: Callable[[], Found | None], limit_s: float, what: str) -> Found:
    """What `look` finds within the time."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if (found := look()) is not None:
            return found
        time.sleep(0.2)
    raise AssertionError(f"not within {limit_s:.0f} s: {what}")


def make_channels(shop: Shop) -> None:
    """A telephone and a webhook of the store."""
    phone = {"kind": "sms", "name": "Duty", "address": NUMBER, "store_id": shop.store}
    shop.api("POST", "/notifications/channels", phone)
    hook = shop.api("POST", "/webhooks", {"url": shop.outside.receiver.url, "store_id": shop.store})
    shop.outside.receiver.secret = hook["secret"]  # what is not signed with it is refused


def raise_alert(shop: Shop, limit_s: float) -> dict[str, Any]:
    """An alert with a whole pre-roll: two people in view count as a crowd until there is one."""
    ids = until(lambda: _cameras_on_for(shop, PRE_ROLL_S + 2) or None, limit_s, "cameras that have run for a while")
    ids = ids[:3]  # four alerts at once would be one message
    zones = [
        (each, shop.api("POST", f"/cameras/{each}/zones", {"name": "All", "kind": "crowding", "polygon": WHOLE})) for each in ids
    ]
    body = {"store_id": shop.store, "kind": "crowding", "parameters": {"people": 2, "lasts_s": 0}}
    rule = shop.api("POST", "/rules", body)
    try:
        return until(lambda: next(iter(_alerts(shop, "crowding")), None), limit_s, "a crowd of two")
    finally:
        shop.api("DELETE", f"/rules/{rule['id']}")
        for camera, zone in zones:
            shop.api("DELETE", f"/cameras/{camera}/zones/{zone['id']}")


def _alerts(shop: Shop, kind: str) -> list[dict[str, Any]]:
    return [each for each in shop.api("GET", f"/alerts?store_id={shop.store}&limit=200")["items"] if each["kind"] == kind]


def _cameras_on_for(shop: Shop, seconds: float) -> list[str]:
    now, found = time.time(), []
    for camera in shop.api("GET", f"/cameras?store_id={shop.store}")["items"]:
        sessions = shop.api("GET", f"/cameras/{camera['id']}/sessions?limit=1")["items"]
        if (
            camera["last_frame_at"]
            and sessions
            and sessions[0]["ended_at"] is None
            and now - _at(sessions[0]["started_at"]) > seconds
        ):
            found.append(str(camera["id"]))
    return found


def both_arrive(shop: Shop, alert: dict[str, Any]) -> str:
    """The SMS and the webhook about the alert; the SMS's link. Neither says more than an act, a place and a time."""
    sms = until(
        lambda: next((each["body"] for each in list(shop.outside.provider.messages) if alert["id"] in each["body"]), None),
        30,
        "the SMS",
    )
    hook = until(
        lambda: next((each for each in list(shop.outside.receiver.taken) if each["subject_id"] == alert["id"]), None),
        30,
        "the webhook",
    )
    assert (hook["type"], hook["store"]["id"]) == ("alert-raised", shop.store)
    assert shop.outside.receiver.unsigned == 0
    link = str(sms.split()[-1])
    assert link.startswith(f"{shop.product.url}/alerts/{alert['id']}?n="), sms
    return link


def clip_of(shop: Shop, alert: dict[str, Any], limit_s: float) -> dict[str, Any]:
    """The alert's clip once it is stored: from 10 s before to 20 s after, and it can be decoded."""

    def stored() -> dict[str, Any] | None:
        pieces = shop.api("GET", f"/evidence?alert_id={alert['id']}")["items"]
        assert all(each["state"] != "lost" for each in pieces), pieces
        return next((each for each in pieces if each["type"] == "clip" and each["state"] == "present"), None)

    clip = until(stored, limit_s, "the clip")
    moment, begins, ends = (_at(clip[name]) for name in ("moment", "recorded_from", "recorded_to"))
    assert moment - begins >= PRE_ROLL_S, clip
    assert ends - moment >= AFTER_S - 1, clip
    film = frames_of(shop.api("GET", f"/evidence/{clip['id']}/content"))
    assert max(film) - min(film) >= (PRE_ROLL_S + AFTER_S - 2) * 1000
    return clip


def ask_for_export(shop: Shop, clip: dict[str, Any]) -> str:
    """The link of a package of the clip that shows one person whom the alert is about and blurs everybody else."""
    shown = shop.api("GET", f"/evidence/{clip['id']}/boxes")["subjects"][:1]
    body = {"purpose": "Report of a theft", "recipient": "City police", "subjects": shown}
    made = shop.api("POST", f"/evidence/{clip['id']}/export", body)
    return str(shop.product.url + made["link"])


def fetch_and_verify(shop: Shop, clip: dict[str, Any], link: str) -> None:
    """By the commands, as the recipient does: whole, blurred, and a changed byte is named."""

    def ready() -> bool | None:
        states = {each["state"] for each in shop.api("GET", f"/evidence/{clip['id']}/exports")["items"]}
        assert "failed" not in states
        return True if states == {"ready"} else None

    until(ready, 280, "the package")  # it waits for the pose model, which the cameras keep busy
    path, key = shop.folder / "package.zip", shop.api("GET", "/evidence-key")["fingerprint"]
    code, out = shop.command("evidence", "export", link, "--to", str(path))
    assert code == 0, out
    code, out = shop.command("evidence", "verify", str(path), "--key", key, "--json")
    said = json.loads(out)
    assert (code, said["whole"], said["fingerprint"]) == (0, True, key)
    assert (said["export"]["recipient"], said["export"]["redaction"]) == ("City police", shop.redaction), said
    with zipfile.ZipFile(path) as package:
        sightings = shop.api("GET", f"/evidence/{clip['id']}/boxes")["frames"]
        films = shop.api("GET", f"/evidence/{clip['id']}/content"), package.read("recording.mp4")
        demand_blurred(sightings, films, set(said["export"]["subjects"]))
        offset = package.getinfo("recording.mp4").header_offset + 5000
    raw = bytearray(path.read_bytes())
    raw[offset] ^= 1
    path.write_bytes(raw)
    code, out = shop.command("evidence", "verify", str(path), "--key", key)
    assert (code, "recording.mp4 was changed" in out) == (1, True), out


def retention_deletes_what_is_due(shop: Shop, clip: dict[str, Any], alert: dict[str, Any]) -> None:
    """The alert's still is made old; the clip is as old, but held. The command deletes the one, with a receipt, nothing else."""
    pieces = shop.api("GET", f"/evidence?alert_id={alert['id']}")["items"]
    still = next(each for each in pieces if each["type"] == "still" and each["state"] == "present")
    shop.api("POST", f"/evidence/{clip['id']}/hold", {"held": True, "reason": "The police asked for it"})
    shop.sql(f"UPDATE evidence SET present_at = now() - interval '31 days' WHERE id IN ('{still['id']}', '{clip['id']}')")
    others = {each["id"]: each["state"] for each in _present(shop) if each["id"] != still["id"]}
    code, out = shop.command("retention", "run", "--json")
    assert (code, json.loads(out)["deleted"]) == (0, 1), out
    left = {each["id"]: each["state"] for each in _present(shop)}  # and what another alert's camera has brought meanwhile
    assert {name: left.get(name) for name in others} == others
    assert shop.api("GET", f"/evidence/{still['id']}")["state"] == "deleted"
    (receipt,) = [each for each in shop.api("GET", "/retention/receipts")["items"] if each["evidence_id"] == still["id"]]
    assert (receipt["s3_key"], receipt["sha256"]) == (still["s3_key"], still["sha256"])
    assert shop.api("GET", f"/evidence/{clip['id']}/content")
    assert shop.product.call(f"/api/v1/evidence/{still['id']}/content")[0] == 409


def _present(shop: Shop) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shop.api("GET", f"/evidence?store_id={shop.store}&limit=500")["items"]
    return [each for each in found if each["state"] == "present"]


def _at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def shot(page: Any, name: str) -> None:
    """A picture of the page for whoever looks at it, where a folder is named."""
    if folder := os.environ.get("PENNYPROTECT_SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
