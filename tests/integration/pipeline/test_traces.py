"""One trace from camera to socket and SMS: four processes, a real OTLP receiver, and nothing where no collector is named."""

import os
import subprocess
import sys
from typing import Any

import pytest

from tests.integration.notifications.conftest import KEY, Desk
from tests.integration.notifications.provider import providing
from tests.integration.notifications.test_sms_and_mail import PHONE, account
from tests.integration.pipeline.collector import Receiver
from tests.integration.pipeline.conftest import CHECKOUT, Site


def start(site: Site, environment: dict[str, str], *words: str) -> "subprocess.Popen[bytes]":
    with (site.home / f"{words[0]}.log").open("wb") as log:
        command = [sys.executable, "-m", "tests.integration.pipeline.traced_roles", *words]
        return subprocess.Popen(command, cwd=CHECKOUT, env={**os.environ, **site.env, **environment}, stdout=log, stderr=log)


async def run_all(site: Site, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], until: Any) -> str:
    """Run the four roles until `until` holds; what the viewer was sent."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    roles = [site.role("pipeline"), site.role("dispatcher")]
    camera, store = str(site.camera), str(site.store)
    ends = [start(site, environment, "service", camera, store)]

    async def watched() -> bool:
        return "joined" in (site.home / "service.log").read_text()

    try:
        # An alert is raised once: whoever is to tell of it must be there before.
        await site.until(watched, 120)
        await site.until(site.held, 120)
        ends.append(start(site, environment, "worker", camera))
        await site.until(until, 90)
    finally:
        for end in ends:
            end.terminate()
            end.wait(10)
        for role in roles:
            role.stop()
    return (site.home / "service.log").read_text()


@pytest.mark.matrix
@pytest.mark.timeout(400)
async def test_one_trace_goes_from_camera_to_socket_and_sms_and_names_nobody(
    site: Site, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.pool.execute("DELETE FROM tenant_keys")  # of tests with another key; a cascade would take the cameras too
    await Desk(site, site.pool).channel("sms", PHONE)

    async def seen() -> bool:
        return bool(receiver.whole()) and receiver.told_by_sms()

    async with providing() as provider:
        environment = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
            "OTEL_TRACES_SAMPLER": "always_on",
            "OTEL_BSP_SCHEDULE_DELAY": "300",
            "PENNYPROTECT_SECRET_KEY": KEY,
            **account(provider.url),
        }
        viewed = await run_all(site, monkeypatch, environment, seen)
        assert [each["to"] for each in provider.messages] == [PHONE]
    assert '"type":"alert-raised"' in viewed
    assert '"type":"analysis-result"' in viewed
    assert "traceparent" not in viewed, "a viewer needs no trace"
    for secret in (b"s3cret", b"rtsp", b"camera.example", b"Aisle", PHONE.encode(), KEY.encode()):
        assert secret not in receiver.sent
    assert any(not parent for parent in receiver.parents.values()), "the worker begins"


@pytest.mark.matrix
@pytest.mark.timeout(400)
async def test_without_a_collector_nothing_is_traced(site: Site, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    async def raised() -> bool:
        return "alert-raised" in (site.home / "service.log").read_text()

    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    await run_all(site, monkeypatch, {}, raised)
    assert receiver.sent == b""
    entries = await site.memory.xrange(*[(await site.memory.keys("frames:*"))[0]])
    assert entries
    assert not any(b"00-" in fields[b"m"] and b"-01" in fields[b"m"] for _, fields in entries)


def test_a_role_without_a_collector_imports_nothing_of_the_sdk() -> None:
    code = (
        "import sys; from app.kit.tracing import configure_tracing as on; assert on('x', '') is False;"
        " sys.exit(any(name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, timeout=60, check=False).returncode == 0
