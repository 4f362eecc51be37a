"""A fall and a fight, from the worker's frames to the incident's report, while a process dies at every step.

Simulated workers (drawn figures) send the frames through the real ingest. One run kills another process at each step; with
PENNYPROTECT_E2E_KILLS=all there is a run for every process, which dies at all of them.
"""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.e2e.product import CHECKOUT, Product

Found = TypeVar("Found")
STEPS = ("act", "claim", "escalate", "join", "report")
PARTS = ("postgres", "bus", "memory", "triton", "service", "pipeline", "dispatcher", "sealer", "worker-cpu", "live", "simulated")
EACH_STEP_ANOTHER = dict(zip(STEPS, ("pipeline", "service", "dispatcher", "postgres", "bus"), strict=True))
PLANS = [EACH_STEP_ANOTHER]
if os.environ.get("PENNYPROTECT_E2E_KILLS") == "all":
    PLANS = [dict.fromkeys(STEPS, part) for part in PARTS]

# The same script under three addresses makes three cameras: the product's own worker has room for one of them.
CAMERAS = "simulated://ordinary simulated://ordinary/ simulated://ordinary//"
ACT_S = 7.5
"""After which the fight goes on and the fall is about to begin: no alert is due yet."""
AFTER_S = 10
"""How long an alert waits before it is escalated, the shortest that a rota takes."""
ALERTS_S = 45.0
ANSWER_S = 40.0


class Run:
    """The product and two simulated workers, one that falls and one that fights."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.workers: dict[str, subprocess.Popen[bytes]] = {}

    def play(self, script: str) -> None:
        """Start a worker for one camera."""
        secrets = json.loads((self.product.home / "secrets.json").read_text())
        more = {"PENNYPROTECT_WORKER_KEY": secrets["worker_key"], "PENNYPROTECT_SERVICE_URL": self.product.url}
        with (self.product.home.parent / f"{script}.out").open("ab") as out:
            self.workers[script] = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "worker-simulated", script],
                cwd=CHECKOUT, env=self.product.environment | more, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip

    def kill(self, part: str) -> None:
        """SIGKILL, and for a simulated worker, which nobody restarts, a new one."""
        if part == "simulated":
            for script, worker in list(self.workers.items()):
                worker.kill()
                worker.wait(timeout=5)
                self.play(script)
            return
        os.kill(until(lambda: self.pid_of(part), ANSWER_S, f"{part} runs again"), signal.SIGKILL)

    def pid_of(self, part: str) -> int | None:
        """Its process; None while it is being started anew, after it was killed a moment ago."""
        pid: int | None = json.loads((self.product.home / "run" / "parts.json").read_text())[part]["pid"]
        return pid or None

    def ask(self, path: str, method: str = "GET", body: Any = None, *, ok: tuple[int, ...] = (200, 201, 204)) -> Any:
        """What the API answers, asked again while parts of it are away."""

        headers = {"Idempotency-Key": str(uuid.uuid4())}  # the first try may have counted

        def answered() -> Any:
            status, answer = self.product.call(path, method, body, headers=headers)
            if status in ok:
                return (answer,)
            assert status in (0, 500, 502, 503, 504), (path, status, answer)
            return None

        return until(answered, ANSWER_S, path)[0]

    def alerts(self) -> list[dict[str, Any]]:
        """Every alert there is."""
        items: list[dict[str, Any]] = self.ask("/api/v1/alerts?limit=200")["items"]
        return items

    def alert_in(self, state: str, alert_id: str) -> dict[str, Any]:
        """The alert, once it is in that state."""

        def there() -> dict[str, Any] | None:
            found: dict[str, Any] = self.ask(f"/api/v1/alerts/{alert_id}")
            return found if found["state"] == state else None

        return until(there, AFTER_S + ANSWER_S, state)

    def close(self) -> None:
        """End all of it."""
        for worker in self.workers.values():
            worker.kill()
            worker.wait(timeout=5)
        self.product.stop()


def until(look: Callable[[], Found | None], limit_s: float, what: str) -> Found:
    """What `look` finds within the time."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(0.2)
    raise AssertionError(f"not within {limit_s:.0f} s: {what}")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Ready, signed in, with somebody on duty in the operations centre."""
    extra = {"CAMERAS": CAMERAS, "PENNYPROTECT_WORKER_CAPACITY": "1"}
    started = Run(Product(home=tmp_path / "home", extra=extra))
    try:
        started.product.start()
        started.product.sign_in()
        yield started
    finally:
        started.close()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: "-".join(dict.fromkeys(plan.values())))
def test_a_fall_and_a_fight_are_handled_whatever_dies_on_the_way(run: Run, plan: dict[str, str]) -> None:
    me = run.ask("/api/v1/auth/me")["id"]
    run.ask("/api/v1/notifications/rota", "POST", {"user_id": me, "after_s": AFTER_S})
    for script in ("fall", "fight"):
        run.play(script)
    time.sleep(ACT_S)
    run.kill(plan["act"])
    fall, fight = _raised(run)

    run.kill(plan["claim"])
    claimed = run.ask(f"/api/v1/alerts/{fall['id']}/claim", "POST")
    assert (claimed["state"], claimed["claimed_by"]["id"]) == ("claimed", me)

    run.kill(plan["escalate"])
    escalated = run.alert_in("escalated", fight["id"])
    assert (escalated["escalation_level"], escalated["escalated_by"]) == ("operations-centre", None)
    assert escalated["escalated_to"] == [me]
    assert run.ask(f"/api/v1/alerts/{fall['id']}")["state"] == "claimed"  # somebody is on it

    run.kill(plan["join"])
    draft = {"store_id": fall["store_id"], "kind": "fighting", "title": "A blow and a fall", "alert_ids": [fight["id"]]}
    case = run.ask("/api/v1/incidents", "POST", draft)
    run.ask(f"/api/v1/incidents/{case['id']}/alerts", "POST", {"alert_id": fall["id"]})

    run.kill(plan["report"])
    report = run.ask(f"/api/v1/incidents/{case['id']}/report")
    assert report.startswith(b"%PDF")
    told = run.ask(f"/api/v1/incidents/{case['id']}")
    assert {alert["id"] for alert in told["alerts"]} == {fall["id"], fight["id"]}
    for alert in (fall, fight):
        run.ask(f"/api/v1/alerts/{alert['id']}/resolve", "POST", {"outcome": "correct"})
    # A worker that lost its cameras while the service was away plays its script again: more of the same, and nothing else.
    assert {(alert["camera_id"], alert["kind"]) for alert in run.alerts()} == {
        (fall["camera_id"], "falling"), (fight["camera_id"], "fighting"),
    }  # fmt: skip


def _raised(run: Run) -> tuple[dict[str, Any], dict[str, Any]]:
    """The alert of the fall and the one of the fight; no other is there."""

    def both() -> tuple[dict[str, Any], dict[str, Any]] | None:
        alerts = run.alerts()
        assert Counter(alert["kind"] for alert in alerts) <= Counter(["falling", "fighting"]), alerts
        by_kind = {alert["kind"]: alert for alert in alerts}
        return (by_kind["falling"], by_kind["fighting"]) if len(by_kind) == 2 else None

    fall, fight = until(both, ALERTS_S, "both alerts")
    assert fall["camera_id"] != fight["camera_id"]
    assert {fall["state"], fight["state"]} <= {"raised", "escalated"}
    return fall, fight
