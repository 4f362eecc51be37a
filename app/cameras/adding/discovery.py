"""ONVIF WS-Discovery (ONVIF Core 7, WS-Discovery 1.0): ask the network once over UDP, hear who says that it is a camera.

A device's answer is a stranger's: bounded, parsed without entities; an address that the egress rules refuse is not shown.
"""

import asyncio
import ipaddress
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

from app.kit.egress import EgressPolicy, literal_of, refusal_of
from app.kit.errors import BadInputError

MULTICAST: Final = ("239.255.255.250", 3702)
LARGEST_ANSWER: Final = 16 << 10
MOST_DEVICES: Final = 256
_WSD: Final = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
_WSA: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_PROBE: Final = (
    '<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"'
    f' xmlns:w="{_WSA}" xmlns:d="{_WSD}" xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><e:Header>'
    "<w:MessageID>uuid:{id}</w:MessageID><w:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>"
    f"<w:Action>{_WSD}/Probe</w:Action></e:Header><e:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe>"
    "</e:Body></e:Envelope>"
)


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """A device that says it is an ONVIF camera.

    Attributes:
        endpoint: its own id, stable across addresses.
        host: the address that it offers and that may be reached.
        name, hardware: as it says, "" when it does not.
    """

    endpoint: str
    host: str
    name: str
    hardware: str


def probe_message(message_id: uuid.UUID) -> bytes:
    """The question."""
    return _PROBE.replace("{id}", str(message_id)).encode()


def read_answer(datagram: bytes, question: uuid.UUID, policy: EgressPolicy) -> list[FoundDevice]:
    """The devices in an answer to `question`; none for anything else, and none that may not be reached."""
    if len(datagram) > LARGEST_ANSWER or b"<!DOCTYPE" in datagram or b"<!ENTITY" in datagram:
        return []
    try:
        root = ElementTree.fromstring(datagram)  # noqa: S314
    except (ElementTree.ParseError, ValueError):
        return []
    if (root.findtext(f".//{{{_WSA}}}RelatesTo") or "").strip().removeprefix("urn:").removeprefix("uuid:") != str(question):
        return []
    return [found for match in root.iter(f"{{{_WSD}}}ProbeMatch") if (found := _device(match, policy)) is not None]


def _device(match: ElementTree.Element, policy: EgressPolicy) -> FoundDevice | None:
    scopes = (match.findtext(f"{{{_WSD}}}Scopes") or "").split()
    endpoint = (match.findtext(f".//{{{_WSA}}}Address") or "").strip()[:200]
    for address in (match.findtext(f"{{{_WSD}}}XAddrs") or "").split():
        if (host := _reachable(address, policy)) is not None:
            return FoundDevice(endpoint or host, host, _scope(scopes, "name"), _scope(scopes, "hardware"))
    return None


def _reachable(address: str, policy: EgressPolicy) -> str | None:
    """The host of a service address, where it is an IP address that cameras may have."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or 80
        literal = literal_of(host)
    except (ValueError, BadInputError):
        return None
    return host if literal is not None and refusal_of(literal, port, policy) is None else None


def _scope(scopes: list[str], kind: str) -> str:
    """What `onvif://www.onvif.org/KIND/...` says, printable and short."""
    for scope in scopes:
        _, found, value = scope.partition(f"onvif.org/{kind}/")
        if found:
            return "".join(each for each in unquote(value) if each.isprintable())[:100]
    return ""


class _Listener(asyncio.DatagramProtocol):
    def __init__(self, heard: Callable[[bytes], None]) -> None:
        self._heard = heard

    def datagram_received(self, data: bytes, _address: object) -> None:
        self._heard(data)

    def error_received(self, _error: Exception) -> None:
        """A host that refuses: others may answer."""


class Discoverer:
    """Asks the network, one question at a time.

    Args:
        ask: where the question goes: the multicast group, or for a test a responder.
    """

    def __init__(self, policy: EgressPolicy, ask: tuple[str, int] = MULTICAST) -> None:
        self._policy, self._ask = policy, ask
        self._one = asyncio.Lock()

    async def find(self, seconds: float) -> list[FoundDevice]:
        """Who answers within `seconds`, by address."""
        async with self._one:
            question = uuid.uuid4()
            found: dict[str, FoundDevice] = {}

            def heard(datagram: bytes) -> None:
                for device in read_answer(datagram, question, self._policy):
                    if len(found) < MOST_DEVICES:
                        found.setdefault(device.endpoint, device)

            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_datagram_endpoint(lambda: _Listener(heard), local_addr=("0.0.0.0", 0))  # noqa: S104
            try:
                for _ in range(2):  # UDP may lose the first
                    transport.sendto(probe_message(question), self._ask)
                    await asyncio.sleep(seconds / 2)
            finally:
                transport.close()
        return sorted(found.values(), key=lambda device: ipaddress.ip_address(device.host).packed)
