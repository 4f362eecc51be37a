"""Logs of pipeline and dispatcher hold nothing of a person and no secret, faults with their traces included.

A lead to an enrolled person is raised, an alert goes to a phone and a webhook; then the database refuses rows in the middle of
that work and damaged messages lie in every stream. What the processes wrote is read, as production writes it.
"""

import base64
import json

from app.contracts.biometrics import probes_stream
from app.contracts.tracked import frames_stream, health_stream, tracklets_stream
from app.contracts.wire import FIELD
from app.kit.ids import shard_of
from tests.integration.notifications.conftest import KEY as CHANNEL_KEY
from tests.integration.notifications.conftest import Desk
from tests.integration.pipeline.conftest import FAST_RULE, Actor, Site
from tests.integration.pipeline.test_matching import KEY, Faces, face, faces, like, matching  # noqa: F401 - a fixture among them

REFUSED = "ADD CONSTRAINT refused CHECK (id IS NULL) NOT VALID"
PHONE, HOOK = "+4915112345678", "https://127.0.0.1:9/hook-with-a-token-in-it"
PRIVATE = ("Nobody Known", "cashier", "Safety of staff", "E-1", "Bottles", "identity card", "s3cret", PHONE, "a-token-in-it")


def told_of(logs: str, secrets: "tuple[str, ...]") -> list[tuple[str, str]]:
    """(what must not be there, the line that holds it)."""
    return [(word, line[:300]) for word in secrets for line in logs.splitlines() if word.lower() in line.lower()]


async def refuse(site: Site, *tables: str) -> None:
    for table in tables:
        await site.pool.execute(f"ALTER TABLE {table} {REFUSED}")


async def test_the_pipelines_log_holds_nothing_of_a_person_whatever_fails(faces: Faces) -> None:  # noqa: F811 - a fixture
    site, known = faces.site, face()
    enrolment = await faces.enrol(known)
    await site.pool.execute("UPDATE cameras SET url = 'rtsp://viewer:s3cret@10.0.0.1/x', name = 'Staff room of Ann'")
    await site.set_rule(FAST_RULE)
    role = await matching(site)
    await faces.see(like(known))
    await site.until(faces.leads, 60)
    try:
        await refuse(site, "matches", "alerts", "stream_sessions")
        await faces.see(like(known))
        shard = shard_of(site.camera)
        for stream, on_bus in ((frames_stream, False), (probes_stream, False), (tracklets_stream, True), (health_stream, True)):
            await (site.bus if on_bus else site.memory).xadd(stream(shard), {FIELD: b"Nobody Known \xff\x00"})

        async def faulted() -> bool:
            return "CheckViolation" in role.log.read_text() or "refused" in role.log.read_text()

        async with Actor(site, [(1, 0.5, 0.8)]):
            await site.until(faulted, 90)
    finally:
        for table in ("matches", "alerts", "stream_sessions"):
            await site.pool.execute(f"ALTER TABLE {table} DROP CONSTRAINT refused")
    role.stop()
    logs = role.log.read_text()
    assert all(json.loads(line) for line in logs.splitlines() if line.startswith("{"))
    numbers = (*(f"{each:.4f}" for each in known[:3]), base64.b64encode(known.tobytes()).decode()[:24])
    assert told_of(logs, (*PRIVATE, *numbers, "Staff room", KEY)) == []
    assert enrolment  # an opaque id may stand there


async def test_the_dispatchers_log_holds_no_address_and_no_words(site: Site) -> None:
    await site.pool.execute("TRUNCATE tenant_keys CASCADE")
    desk = Desk(site, site.pool)
    await desk.channel("sms", PHONE)
    await desk.channel("webhook", HOOK, secret="whsec_" + base64.b64encode(b"s" * 24).decode())
    more = {
        "PENNYPROTECT_SECRET_KEY": CHANNEL_KEY, "TWILIO_ACCOUNT_SID": "AC" + "1" * 32, "TWILIO_AUTH_TOKEN": "token-of-this-test",
        "TWILIO_PHONE_NUMBER": "+15005550006", "TWILIO_BASE_URL": "http://127.0.0.1:9",
        "PENNYPROTECT_WEBHOOK_NETWORKS": "127.0.0.0/8",
    }  # fmt: skip
    role = site.role("dispatcher", more)
    await desk.raised()

    async def tried() -> bool:
        return len([row for row in await desk.rows() if row["attempts"]]) == 2

    await site.until(tried, 90)
    try:
        await refuse(site, "notifications")
        await desk.raised()

        async def faulted() -> bool:
            return "cannot dispatch" in role.log.read_text()

        await site.until(faulted, 90)
    finally:
        await site.pool.execute("ALTER TABLE notifications DROP CONSTRAINT refused")
    role.stop()
    logs = role.log.read_text()
    assert told_of(logs, (*PRIVATE, "token-of-this-test", CHANNEL_KEY, "whsec_", "penny.test")) == []
