"""Lists of cameras line by line, and answers of devices, which are strangers' words."""

import asyncio
import uuid
from typing import cast

import pytest

from app.cameras.adding.discovery import Discoverer, probe_message, read_answer
from app.cameras.adding.lists import MOST_LINES, read_list
from app.kit.egress import EgressPolicy, parse_policy
from app.kit.errors import BadInputError

LAN = EgressPolicy()


def answer(to: bytes, host: str = "10.9.0.20", more: str = "") -> bytes:
    """What a camera answers to a question (ONVIF Core specification, 7.3)."""
    question = to.split(b"<w:MessageID>")[1].split(b"</w:MessageID>")[0].decode()
    return (
        '<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
        ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery">'
        f"<s:Header><a:RelatesTo>{question}</a:RelatesTo></s:Header><s:Body><d:ProbeMatches><d:ProbeMatch>"
        f"<a:EndpointReference><a:Address>urn:uuid:camera-{host}</a:Address></a:EndpointReference>"
        "<d:Scopes>onvif://www.onvif.org/name/Loading%20bay onvif://www.onvif.org/hardware/X1</d:Scopes>"
        f"<d:XAddrs>http://169.254.3.4/onvif http://{host}/onvif/device_service</d:XAddrs>{more}"
        "</d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"
    ).encode()


def test_a_device_is_read_and_one_that_may_not_be_reached_is_not_shown() -> None:
    question = uuid.uuid4()
    asked = probe_message(question)
    (found,) = read_answer(answer(asked), question, LAN)
    assert (found.host, found.name, found.hardware) == ("10.9.0.20", "Loading bay", "X1")
    for host in ("169.254.169.254", "127.0.0.1", "metadata.google.internal", "010.0.0.1"):
        assert read_answer(answer(asked, host), question, LAN) == []
    assert read_answer(answer(asked), uuid.uuid4(), LAN) == []
    for broken in (b"", b"<a", answer(asked).replace(b"<s:Env", b"<!DOCTYPE x><s:Env"), b"x" * 20_000):
        assert read_answer(broken, question, LAN) == []


class Responder(asyncio.DatagramProtocol):
    """Two cameras behind one socket; one says everything twice."""

    def __init__(self) -> None:
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        assert self.transport is not None
        for host in ("127.0.0.21", "127.0.0.3", "127.0.0.3"):
            self.transport.sendto(answer(data, host), address)


async def test_every_device_that_answers_is_found_once_by_address() -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Responder, local_addr=("127.0.0.1", 0))
    try:
        ask = transport.get_extra_info("sockname")
        found = await Discoverer(parse_policy("127.0.0.0/8"), ask).find(0.4)
        assert [device.host for device in found] == ["127.0.0.3", "127.0.0.21"]
        assert await Discoverer(LAN, ask).find(0.2) == []
    finally:
        transport.close()


def test_every_line_of_a_list_is_judged() -> None:
    text = (
        "\ufeffName;URL;analysis_fps\nDoor;rtsp://u:p@10.0.0.9/x;\nDoor;rtsp://10.0.0.9/y;5\nTill;rtsp://127.0.0.1/x;5\n"
        ";rtsp://10.0.0.9/z;5\nBay;file:///etc/passwd;5\nGate;rtsp://10.0.0.7/x;99\nRear;rtsp://10.0.0.7/x\nOld;rtsp://10.0.0.7/x;4\n"
    )
    lines = read_list(text, LAN, frozenset({"Old"}))
    assert [line.number for line in lines] == list(range(2, 10))
    assert [bool(line.problem) for line in lines] == [False, True, True, True, True, True, True, True]
    assert (lines[0].url, lines[0].analysis_fps) == ("rtsp://u:p@10.0.0.9/x", 5.0)
    assert "p@" not in "".join(line.problem for line in lines)


@pytest.mark.parametrize(
    "text", ["", "a,b\n", "name\nx\n", "name,url,password\n", 'name,url\n"x', "name,url\n" + "a,b\n" * (MOST_LINES + 1)]
)
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(BadInputError):
        read_list(text, LAN, frozenset())
