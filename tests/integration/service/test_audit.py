"""Rule 19 over HTTP: what people do is recorded with the act or not at all, read by auditors only, and reading is an act."""

import asyncio
import contextlib
import json
import socket
import ssl
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app.audit.anchors import FileAnchors
from app.audit.ledger_repository import open_ledgers
from app.audit.sealer import Sealer, Times
from app.audit.syslog import Sender, export_once, parse_target
from app.embedded.certificates import keep_certificates
from app.kit.clock import now
from app.kit.errors import BadInputError, UnavailableError
from tests.integration.conftest import Database
from tests.integration.service.conftest import Product


@asynccontextmanager
async def sealing(product: Product, database: Database) -> AsyncIterator[Sealer]:
    """A sealer beside the service."""
    pool = await open_ledgers(database.url("sealer"), largest=3)
    sealer = Sealer(pool, FileAnchors(product.settings.home / "objects" / "audit-anchors.jsonl"), Times())
    stop = asyncio.Event()
    running = asyncio.create_task(sealer.run(stop))
    try:
        yield sealer
    finally:
        stop.set()
        await running
        await pool.close()


async def sealed(product: Product, **wanted: str) -> list[dict[str, Any]]:
    """Acts as an auditor reads them, once nothing waits."""
    for _ in range(400):
        if (await product.ask("GET", "/api/v1/audit/state"))[1]["waiting"] == 0:
            break
        await asyncio.sleep(0.05)
    status, page = await product.ask("GET", "/api/v1/audit?" + "&".join(f"{name}={value}" for name, value in wanted.items()))
    assert status == 200, page
    return list(page["items"])


async def as_role(product: Product, role: str) -> None:
    await product.sql("UPDATE memberships SET role = $1", role)
    await asyncio.sleep(2.1)


async def test_rule_19_an_auditor_reads_who_did_what_and_that_is_an_act_too(product: Product, database: Database) -> None:
    camera = await product.camera("Door")
    await as_role(product, "auditor")
    async with sealing(product, database):
        acts = await sealed(product)
        created = next(act for act in acts if act["act"] == "camera-created")
        assert (created["subject_name"], created["actor_name"], created["subject_id"]) == ("Door", "admin", camera["id"])
        assert [act["sequence"] for act in acts] == sorted((act["sequence"] for act in acts), reverse=True)
        assert {act["act"] for act in await sealed(product, act="audit-read")} == {"audit-read"}
        assert [act["id"] for act in await sealed(product, subject_id=camera["id"])] == [created["id"]]
        assert await sealed(product, actor_id=str(uuid.uuid4())) == []
        assert await sealed(product, until="2020-01-01T00:00:00Z") == []
        first = (await product.ask("GET", "/api/v1/audit?limit=2"))[1]
        second = (await product.ask("GET", f"/api/v1/audit?limit=2&cursor={first['next']}"))[1]
        assert second["items"][0]["sequence"] == first["items"][-1]["sequence"] - 1
        bearer = {"Authorization": f"Bearer {product.token}"}
        async with product.session.get(product.base + "/api/v1/audit/export", headers=bearer) as answer:
            assert answer.status == 200
            lines = await answer.read()
        rows = [json.loads(line) for line in lines.splitlines()]
        assert [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
        assert rows[1]["previous_hash"] == rows[0]["hash"]
        assert len(await sealed(product, act="audit-exported")) == 1


async def test_rule_19_refused_requests_leave_one_row_a_minute_however_many_come(product: Product) -> None:
    camera = await product.camera()
    await as_role(product, "viewer")
    answers = [await product.ask("DELETE", f"/api/v1/cameras/{camera['id']}") for _ in range(30)]
    assert {status for status, _ in answers} == {403}
    assert {(await product.ask("GET", "/api/v1/audit"))[0] for _ in range(5)} == {403}
    rows = await product.sql("SELECT details FROM audit_unsealed WHERE act = 'request-refused'")
    assert sorted(json.loads(row["details"])["reason"] for row in rows) == ["audit:read", "cameras:write"]


async def test_rule_19_an_act_that_fails_leaves_no_row_and_one_without_its_row_does_not_happen(
    product: Product, database: Database
) -> None:  # fmt: skip
    body = {"store_id": await product.store(), "name": "Till", "url": "rtsp://10.0.0.9/x"}
    await product.sql("ALTER TABLE audit_unsealed ADD CONSTRAINT full_disk CHECK (act <> 'camera-created') NOT VALID")
    assert (await product.ask("POST", "/api/v1/cameras", body))[0] >= 500
    assert await product.sql("SELECT 1 FROM cameras WHERE name = 'Till'") == []
    await product.sql("ALTER TABLE audit_unsealed DROP CONSTRAINT full_disk")
    assert (await product.ask("POST", "/api/v1/cameras", body | {"store_id": str(uuid.uuid4())}))[0] == 404
    assert await product.sql("SELECT 1 FROM audit_unsealed WHERE act = 'camera-created'") == []


async def test_syslog_receives_every_row_once_more_after_an_outage_and_in_order(product: Product, database: Database) -> None:
    received: list[bytes] = []

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                received.append(await reader.readexactly(int(await reader.readuntil(b" "))))
        except asyncio.IncompleteReadError:
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(receive, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    target = parse_target(f"tcp://127.0.0.1:{port}")
    await product.camera("A=|\\B")
    async with sealing(product, database) as sealer:
        await product.sql("UPDATE memberships SET role = 'auditor'")
        await asyncio.sleep(2.1)
        await sealed(product)
        sender = Sender(target)
        await sender.open()
        while await export_once(sealer.pool, sender, target.name, "1"):
            pass
        total = len(received)
        await sender.close()
        await asyncio.sleep(0.3)
        await sealed(product)
        again = Sender(target)
        await again.open()
        async with asyncio.timeout(60):
            while len(received) <= total:  # what was sealed meanwhile, the reading of the audit at least
                await export_once(sealer.pool, again, target.name, "1")
                await asyncio.sleep(0.05)
        await again.close()
    server.close()
    await server.wait_closed()
    assert total >= 2
    assert len(received) > total
    numbers = [(text.split("cs1=")[1].split()[0], int(text.split("cn1=")[1].split()[0])) for text in map(bytes.decode, received)]
    assert len(numbers) == len(set(numbers))
    for ledger in {ledger for ledger, _ in numbers}:
        mine = [number for each, number in numbers if each == ledger]
        assert mine == list(range(1, len(mine) + 1))
    assert all(message.startswith(b"<8") and b"CEF:0|PennyProtect|" in message for message in received)


async def test_syslog_goes_by_tls_to_whom_the_authority_vouches_for_and_by_udp_to_anybody(
    product: Product, database: Database, tmp_path: Path
) -> None:
    kept = keep_certificates(tmp_path / "tls", ["localhost"], now())
    stranger = keep_certificates(tmp_path / "stranger", ["localhost"], now())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(kept.certificate, kept.key)
    received: list[bytes] = []
    ended = asyncio.Event()

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                received.append(await reader.readexactly(int(await reader.readuntil(b" "))))
        ended.set()
        writer.close()

    class Datagrams(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, _address: Any) -> None:
            datagrams.append(data)

    datagrams: list[bytes] = []
    server = await asyncio.start_server(receive, "localhost", 0, ssl=context, family=socket.AF_INET)
    listening, _ = await asyncio.get_running_loop().create_datagram_endpoint(Datagrams, ("127.0.0.1", 0))
    tls = parse_target(f"tls://localhost:{server.sockets[0].getsockname()[1]}")
    udp = parse_target(f"udp://127.0.0.1:{listening.get_extra_info('sockname')[1]}")
    await product.camera()
    async with sealing(product, database) as sealer:
        for authority in (str(stranger.authority), None):
            refused = Sender(tls, authority=authority)
            with pytest.raises(UnavailableError, match="cannot be reached"):
                await refused.open()
        await product.sql("UPDATE memberships SET role = 'auditor'")
        await asyncio.sleep(2.1)
        await sealed(product)
        for target, authority in ((tls, str(kept.authority)), (udp, None)):
            sender = Sender(target, authority=authority)
            await sender.open()
            while await export_once(sealer.pool, sender, target.name, "1"):
                pass
            await sender.close()
    async with asyncio.timeout(30):
        await ended.wait()
        while len(datagrams) < len(received):
            await asyncio.sleep(0.02)
    server.close()
    listening.close()
    acts = [[text.split("act=")[1].split()[0] for text in map(bytes.decode, each)] for each in (received, datagrams)]
    assert "camera-created" in acts[0]
    assert acts[1][: len(acts[0])] == acts[0]


@pytest.mark.parametrize("text", ["", "tls://", "http://a:1", "tcp://a:99999", "udp://a/b"])
def test_a_wrong_syslog_address_is_said(text: str) -> None:
    with pytest.raises(BadInputError, match="looks like"):
        parse_target(text)
