"""A running demonstration, the faults that are done to it, and the questions it is asked meanwhile."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import redis

from app.embedded.state import Home, socket_folder
from app.embedded.valkey import BUS, MEMORY, EmbeddedValkey, Instance
from tests.chaos import disk, leaping
from tests.chaos.faults import LINE, PARTS, Fault, Kind
from tests.chaos.ledger import Ledger
from tests.chaos.line import Line
from tests.chaos.obedience import Policy
from tests.chaos.pieces import Pieces
from tests.e2e.evidence_steps import WHOLE, Shop, until
from tests.e2e.outside import Outside
from tests.e2e.product import CHECKOUT, Product

CAMERAS: Final = 6
"""Of a demonstration: four films of people, and two that play drawn figures."""
LOOK_EVERY_S: Final = 2.0
POISON: Final = (b"", b"\xc1", b"\x93\x01\x02", b"\xdd\xff\xff\xff\xff", os.urandom(64))
SIGN_IN_EVERY_S: Final = 300.0
"""An access token lasts fifteen minutes: without a new one everybody would look away for the second half of an hour."""
SETTLE_S: Final = 240.0
"""In which everything runs again, deliveries go out and an act is alerted: a part may take 30 s, one after the other."""
PASSWORD: Final = "a long enough password for chaos 1"


class Storm:
    """One run. What does not hold is in `ledger.broken`."""

    def __init__(self, home: Path, around: Outside, tell: Callable[[str], None]) -> None:
        more = {"PENNYPROTECT_DEMO": "1", "PENNYPROTECT_WORKER_CAPACITY": str(CAMERAS - 1)}
        self.product = Product(home=home, extra=around.settings | more)
        self.shop = Shop(self.product, around, home.parent)
        self.ledger, self.line, self.policy = Ledger(), Line(self.product.port), Policy(self.product)
        self.pieces, self._clock = Pieces(self.product), home.parent / "clock"
        self.looks = self.unanswered = self.other_answers = 0
        self._tell, self._around = tell, around
        self._timers: list[threading.Timer] = []
        self._other: Product | None = None
        self._signs_in: list[tuple[Product, dict[str, str]]] = []
        self._sign_in_at_s = time.monotonic() + SIGN_IN_EVERY_S

    @contextlib.contextmanager
    def running(self) -> Iterator["Storm"]:
        """Started, with a webhook, another chain and a worker whose line can fail; all of it ends with the block."""
        worker = None
        try:
            with self.line.relaying():
                self.product.start()
                self.product.sign_in()
                hook = self.shop.api("POST", "/webhooks", {"url": self._around.receiver.url, "store_id": self.shop.store})
                self._around.receiver.secret = hook["secret"]
                self._crowds_are_alerted()
                self._other = self._another_chain()
                worker = self._distant_worker()
                yield self
        finally:
            for timer in self._timers:
                timer.cancel()
            self._wake_all()
            if worker is not None:
                worker.kill()
                worker.wait(5)
            self.product.stop()

    def blow(self, faults: list[Fault], seconds: float) -> None:
        """Do each fault at its time, and look between them."""
        began, waiting = time.monotonic(), list(faults)
        while (now := time.monotonic() - began) < seconds:
            while waiting and waiting[0].at_s <= now:
                fault = waiting.pop(0)
                self._tell(str(fault))
                self._do(fault)
            self.look()
            time.sleep(LOOK_EVERY_S)

    def look(self) -> None:
        """What can be asked at any time; no answer is no fault while parts are away."""
        self.looks += 1
        self._sign_in_anew()
        alerts = self._every("alerts")
        if alerts is None:
            self.unanswered += 1
        else:
            self.ledger.see(alerts)
        assert self._other is not None
        for path in ("alerts", "cameras", "evidence", "incidents"):
            status, answer = self._other.call(f"/api/v1/{path}")
            self.other_answers += status == 200
            if status == 200 and answer["items"]:
                self.ledger.say(f"another chain reads {len(answer['items'])} {path}")
        self.ledger.hear(list(self._around.receiver.headers))
        for wrong in (self.policy.look(time.monotonic()), self.pieces.one()):
            if wrong:
                self.ledger.say(wrong)

    def _sign_in_anew(self) -> None:
        """Everybody, now and then; who gets no answer asks again at the next look."""
        if time.monotonic() < self._sign_in_at_s:
            return
        for who, form in self._signs_in:
            status, answer = who.call("/api/v1/auth/token", form=form)
            if status != 200:
                return
            who.token = answer["access_token"]
        self._sign_in_at_s = time.monotonic() + SIGN_IN_EVERY_S

    def settle(self) -> dict[str, Any]:
        """With no more faults: everything comes back, says again what it sees, and nothing is missing. Figures of the run."""
        for timer in self._timers:
            timer.join()
        self._wake_all()
        self.line.fail(None)
        leaping.leap(self._clock, 0.0)
        began = time.monotonic()
        until(lambda: self._all_ready() or None, SETTLE_S, f"every part is ready: {self._parts()}")
        back_s = time.monotonic() - began
        self.product.sign_in()
        self._acts_are_alerted_again()
        self.look()  # first: what is raised after the deliveries were read had no time to be told
        deliveries = self._deliveries_at_rest()
        arrived = frozenset(head.get("webhook-id", "") for head in self._around.receiver.headers)
        self.ledger.settle(deliveries, arrived)
        clips, broken = self.pieces.all(self._every)
        for each in broken:
            self.ledger.say(each)
        code, told = self.shop.command("audit", "verify", "--json")
        if code:
            self.ledger.say(f"the audit does not hold: {told[-300:]}")
        return self.seen() | {
            "deliveries": len(deliveries), "clips_intact": clips, "all_ready_again_s": round(back_s, 1),
        }  # fmt: skip

    def seen(self) -> dict[str, Any]:
        """Figures so far, and what did not hold."""
        return {
            "alerts": len(self.ledger.alerts),
            "repeated_and_said": sum(head.get("webhook-repeated") == "true" for head in self._around.receiver.headers),
            "looks": self.looks, "looks_without_answer": self.unanswered, "answers_to_another_chain": self.other_answers,
            "faces_and_walks_looked_at": round(self.policy.obedience.asked), "looks_while_off": self.policy.obedience.judged,
            "pieces_compared_meanwhile": self.pieces.looked_at, "broken": self.ledger.broken,
        }  # fmt: skip

    def _do(self, fault: Fault) -> None:
        if fault.kind is Kind.POISON:
            self._poison()
        elif fault.kind is Kind.OFF:
            self.policy.off(self.shop.store, time.monotonic(), fault.for_s, time.monotonic)
        elif fault.kind is Kind.CLOCK:
            leaping.leap(self._clock, float(fault.part))
            self._later(fault.for_s, lambda: leaping.leap(self._clock, 0.0))
        elif fault.kind in LINE:
            self.line.fail(fault.kind)
            self._later(fault.for_s, lambda: self.line.fail(None))
        elif (pid := self._parts()[fault.part]["pid"]) is not None:
            with contextlib.suppress(ProcessLookupError):  # it dies of another fault
                if fault.kind is Kind.KILL:
                    os.kill(pid, signal.SIGKILL)
                elif fault.kind is Kind.FULL:
                    disk.fill(pid)
                    self._later(fault.for_s, lambda: disk.free(pid))
                else:
                    os.kill(pid, signal.SIGSTOP)
                    self._later(fault.for_s, lambda: _wake(pid))

    def _later(self, after_s: float, act: Callable[[], None]) -> None:
        timer = threading.Timer(after_s, act)
        timer.start()
        self._timers.append(timer)

    def _poison(self) -> None:
        """Unreadable bytes in the streams of every kind, as a broken worker would write them."""
        home = self.product.home.absolute()
        known = json.loads((home / "secrets.json").read_text())
        streams: tuple[tuple[Instance, tuple[str, ...]], ...] = ((MEMORY, ("frames", "probes")), (BUS, ("tracklets", "health")))
        for instance, kinds in streams:
            server = EmbeddedValkey(instance, Home(home, socket_folder(home)), known)
            with contextlib.suppress(redis.RedisError, OSError), redis.Redis.from_url(server.url("worker")) as client:
                for kind in kinds:
                    for shard in range(0, 64, 7):
                        for raw in POISON:
                            client.xadd(f"{kind}:{shard:02d}", {b"m": raw})

    def _parts(self) -> dict[str, dict[str, Any]]:
        parts: dict[str, dict[str, Any]] = json.loads((self.product.home / "run" / "parts.json").read_text())
        return parts

    def _wake_all(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            for part in self._parts().values():
                if part["pid"]:
                    _wake(part["pid"])

    def _all_ready(self) -> bool:
        parts = self._parts()
        return all(parts[part]["phase"] == "ready" for part in PARTS) and self.product.call("/readyz")[0] == 200

    def _every(self, what: str) -> list[dict[str, Any]] | None:
        """All there are of a noun, page by page; None without an answer."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            status, answer = self.product.call(f"/api/v1/{what}?limit=200{cursor}")
            if status != 200:
                return None
            found += answer["items"]
            if not answer.get("next"):
                return found
            cursor = f"&cursor={answer['next']}"

    def _acts_are_alerted_again(self) -> None:
        """A drawn figure falls every 90 s: an alert that was not there, or one more occurrence of one that was."""

        def falls() -> int:
            alerts = self._every("alerts") or []
            return sum(alert["occurrences"] for alert in alerts if alert["kind"] in ("falling", "fighting"))

        before = falls()
        try:
            until(lambda: falls() > before or None, SETTLE_S, "an act is alerted")
        except AssertionError:
            self.ledger.say(f"no act was alerted in {SETTLE_S:.0f} s although everything runs")

    def _deliveries_at_rest(self) -> list[dict[str, Any]]:
        """Those of the webhook, once none is on its way and every alert known by now has one."""

        def resting() -> list[dict[str, Any]] | None:
            found = self._every("notifications")
            if found is None or any(each["state"] in ("queued", "sending") for each in found):
                return None
            return found if self.ledger.alerts.keys() <= {each["subject_id"] for each in found} else None

        try:
            return until(resting, SETTLE_S, "no delivery is on its way")
        except AssertionError:
            return self._every("notifications") or []

    def _crowds_are_alerted(self) -> None:
        """Two people in view of a film are an alert, so that there are recordings."""
        for camera in self.shop.api("GET", f"/cameras?store_id={self.shop.store}")["items"]:
            zone = {"name": "All", "kind": "crowding", "polygon": WHOLE}
            self.shop.api("POST", f"/cameras/{camera['id']}/zones", zone)
        rule = {"store_id": self.shop.store, "kind": "crowding", "parameters": {"people": 2, "lasts_s": 0}}
        self.shop.api("POST", "/rules", rule)

    def _another_chain(self) -> Product:
        """Signed in as the administrator of a chain that has nothing."""
        code, told = self.shop.command("chains", "create", "Other", "--admin", "other-admin", "--json")
        assert code == 0, told
        made = json.loads(told)
        other = Product(home=self.product.home, port=self.product.port)
        for password in (made["initial_password"], PASSWORD):
            form = {"grant_type": "password", "username": made["username"], "password": password}
            status, answer = other.call("/api/v1/auth/token", form=form)
            assert status == 200, answer
            other.token = answer["access_token"]
            if password != PASSWORD:
                change = {"current_password": password, "new_password": PASSWORD}
                status, answer = other.call("/api/v1/auth/password", "POST", change)
                assert status < 300, answer
        known = self.product.credentials()
        first = {"grant_type": "password", "username": known["username"], "password": known["password"]}
        self._signs_in = [(self.product, first), (other, form)]
        return other

    def _distant_worker(self) -> "subprocess.Popen[bytes]":
        """One that posts what it sees over the line."""
        known = json.loads((self.product.home / "secrets.json").read_text())
        address = {
            "PENNYPROTECT_SERVICE_URL": f"http://127.0.0.1:{self.line.port}",
            "PENNYPROTECT_WORKER_KEY": known["worker_key"],
            leaping.FILE: str(self._clock),
        }
        with (self.product.home.parent / "distant.out").open("ab") as out:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.leaping", "worker-simulated", "fight"],
                cwd=CHECKOUT, env=self.product.environment | address, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip


def _wake(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
