"""What follows soon is counted on the open alert or grouped with it, and a rule's incident takes the follow-ups in."""

import uuid
from datetime import timedelta
from typing import Any

from app.alerts.models import AlertState
from app.behaviour.findings import Finding, Phase, Threat
from app.kit.clock import now, to_us
from app.kit.postgres import connect_pool
from app.pipeline.alert_repository import change_alerts, raise_alerts
from app.pipeline.configuration import CameraRow, RuleRow, set_up
from app.pipeline.occurrences import AlertRow, alert_row
from tests.integration.pipeline.conftest import Site


class Rules:
    """Findings of one camera as the rows of a checkpoint, written by the pipeline's own role."""

    def __init__(self, site: Site, pool: Any) -> None:
        self.site, self.pool, self.began = site, pool, now() - timedelta(hours=1)
        rule = RuleRow(site.store, None, None, "fighting", True, {}, 20.0, True)
        camera = CameraRow(site.camera, site.chain, site.store, True)
        self.setup = set_up([camera], [], [rule], lambda sentence: None)[site.camera]

    def row(self, presence: str, from_s: float, to_s: float, kind: str = "fighting", **more: Any) -> AlertRow:
        start = to_us(self.began)
        given: dict[str, Any] = {"phase": Phase.BEGINS, "score": 0.6, "track_ids": (1,)} | more
        finding = Finding(
            kind, "", presence, given["phase"], given["score"], 0.5, {"blows": 3.0}, start + int(from_s * 1e6),
            start + int(to_s * 1e6), 1, given["track_ids"], Threat.HIGH,
        )  # fmt: skip
        return alert_row(self.setup, finding, now())

    async def write(self, *rows: AlertRow) -> list[uuid.UUID]:
        raised: list[uuid.UUID] = []
        async with self.pool.acquire() as connection, connection.transaction():
            await raise_alerts(connection, [row for row in rows if row.begins], raised)
            await change_alerts(connection, [row for row in rows if not row.begins])
        return raised


async def test_follow_ups_are_counted_grouped_and_joined_to_the_case(site: Site) -> None:
    pool = await connect_pool(site.servers.postgres.url("pennyprotect_pipeline"), role="test", largest=2)
    try:
        await _play(site, Rules(site, pool))
    finally:
        pool.terminate()


async def _play(site: Site, rules: Rules) -> None:
    first, again = rules.row("a", 0, 5), rules.row("b", 12, 14, score=0.9, track_ids=(2, 3))
    assert await rules.write(first) == [first.alert.id]
    assert await rules.write(again) == []
    assert await rules.write(first, again) == []  # a crash between commit and answer repeats them
    await rules.write(rules.row("b", 12, 20, phase=Phase.GOES_ON, score=0.7, track_ids=(3,)))
    (alert,) = await site.alerts()
    assert (alert["id"], alert["occurrences"], round(alert["score"], 2)) == (first.alert.id, 2, 0.9)
    assert {int(each) for each in alert["track_ids"]} == {1, 2, 3}
    assert (alert["ended_at"] - rules.began).total_seconds() == 20
    told = [
        row["payload"]["alert"]
        for row in await site.pool.fetch("SELECT payload FROM outbox WHERE kind LIKE 'alert-%' ORDER BY id")
    ]
    assert {each["id"] for each in told} == {str(first.alert.id)}
    assert [each["occurrences"] for each in told] == [1, 2, 2]

    # Past the cool-down: an alert of its own, in the same group. A fall on the same camera follows into the case.
    late, fall = rules.row("c", 100, 104), rules.row("d", 110, 112, "falling")
    await rules.write(late, fall)
    # Somebody finished the newest alert: what comes within the cool-down is new.
    await site.pool.execute("UPDATE alerts SET state = $2 WHERE id = $1", late.alert.id, AlertState.RESOLVED.value)
    after = rules.row("e", 106, 109)
    assert await rules.write(after) == [after.alert.id]
    groups = {row["id"]: row["group_id"] or row["id"] for row in await site.alerts()}
    assert groups[late.alert.id] == groups[after.alert.id] == first.alert.id
    assert groups[fall.alert.id] == fall.alert.id
    (case,) = await site.pool.fetch("SELECT * FROM incidents")
    assert (case["opened_by"], case["opened_by_rule"], case["kind"]) == (None, "fighting", "fighting")
    joined = {row["alert_id"] for row in await site.pool.fetch("SELECT alert_id FROM incident_alerts")}
    assert joined == set(groups)

    # A closed case takes nothing in; the next alert whose rule says so opens another.
    await site.pool.execute("UPDATE incidents SET state = 'closed', conclusion = 'done'")
    await rules.write(rules.row("f", 300, 302, "falling"))
    assert await site.pool.fetchval("SELECT count(*) FROM incidents") == 1
    await rules.write(rules.row("g", 400, 402))
    assert await site.pool.fetchval("SELECT count(*) FROM incidents") == 2
    acts = await site.pool.fetch(
        "SELECT act, count(*) FROM audit_unsealed WHERE actor_kind = 'system' AND chain_id = $1 GROUP BY act ORDER BY act",
        site.chain,
    )
    assert [(row["act"], row["count"]) for row in acts] == [("incident-alert-joined", 5), ("incident-opened", 2)]
