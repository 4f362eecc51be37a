"""The edge of `app.kit.egress`: looks a name up once, judges every answer, and pins the address that is connected to.

A name that answers differently a second time (DNS rebinding) gains nothing: nobody asks a second time.
"""

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlunsplit

import psutil

from app.kit.egress import (
    DEFAULT_PORTS,
    Address,
    EgressPolicy,
    literal_of,
    refusal_of,
    refusal_of_name,
    refused_name,
    split_address,
)
from app.kit.errors import BadInputError

Resolver = Callable[[str], tuple[Address, ...]]
"""A name to its addresses (blocking), never none. OSError when it has none."""


class EgressRefusedError(BadInputError):
    """The address may not be connected to."""

    title = "This address is not allowed"


@dataclass(frozen=True, slots=True)
class Pinned:
    """An admitted address.

    Attributes:
        url: as asked for, with the host replaced by the address; holds credentials.
        host, port: as asked for, for a Host header, a TLS server name and for people.
        address: what is connected to.
        scheme: in lower case.
    """

    url: str = field(repr=False)
    host: str
    port: int
    address: Address
    scheme: str

    @property
    def authority(self) -> str:
        """`host:port` for a Host header; the port only where it is not the scheme's own."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return shown if DEFAULT_PORTS.get(self.scheme) == self.port else f"{shown}:{self.port}"


def system_addresses(name: str) -> tuple[Address, ...]:
    """What this machine's resolver says, IPv4 first (blocking)."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    addresses = dict.fromkeys(ipaddress.ip_address(str(sockaddr[0]).partition("%")[0]) for *_, sockaddr in found)
    return tuple(sorted(addresses, key=lambda address: address.version))


def stable_addresses(name: str) -> tuple[Address, ...]:
    """The same in one order, whichever the name server says first (blocking)."""
    return tuple(sorted(system_addresses(name), key=lambda address: (address.version, int(address))))


def local_addresses() -> frozenset[Address]:
    """The addresses of this machine's interfaces."""
    found = set()
    for interface in psutil.net_if_addrs().values():
        for each in interface:
            if each.family in (socket.AF_INET, socket.AF_INET6):
                found.add(ipaddress.ip_address(each.address.partition("%")[0]))
    return frozenset(found)


class Gate:
    """Admits URLs by a policy.

    Args:
        trusts_loopback_literals: a worker's cameras with a written-out loopback address come from the operator's own
            settings, since the service takes none from users. Names never lead there.
        own: (host, port) of servers that the operator's settings name, whatever the policy says of where cameras may be.
    """

    def __init__(
        self,
        policy: EgressPolicy,
        resolver: Resolver = system_addresses,
        *,
        trusts_loopback_literals: bool = False,
        own: frozenset[tuple[str, int]] = frozenset(),
    ) -> None:
        self.policy, self._own = policy, own
        self._literals = policy.with_loopback() if trusts_loopback_literals else policy
        self._resolver = resolver

    def admit(self, url: str) -> Pinned:
        """The pinned form of `url` (blocking: it may ask the name server, once).

        Raises:
            EgressRefusedError: a policy forbids it; says why, never with the credentials.
            BadInputError: it is no URL.
            OSError: the name has no address.
        """
        parts = split_address(url)
        scheme, host = parts.scheme.lower(), parts.hostname or ""
        port = parts.port or DEFAULT_PORTS.get(scheme, 0)
        literal, own = literal_of(host), (host, port) in self._own
        if literal is None:
            addresses, policy = self._look_up(host, own=own), self.policy
        else:
            addresses, policy = (literal,), self._literals
        here = local_addresses()
        for address in () if own else addresses:
            demand(address, port, policy, host, here)
        chosen = addresses[0]
        userinfo, at, _ = parts.netloc.rpartition("@")
        place = f"[{chosen}]" if chosen.version == 6 else str(chosen)
        return Pinned(urlunsplit(parts._replace(netloc=f"{userinfo}{at}{place}:{port}")), host, port, chosen, scheme)

    def _look_up(self, host: str, *, own: bool) -> tuple[Address, ...]:
        if refused_name(host) and not own:
            raise EgressRefusedError(refusal_of_name(host))
        addresses = self._resolver(host)
        if not addresses:
            raise OSError(f"{host} has no address")
        return addresses


def demand(address: Address, port: int, policy: EgressPolicy, host: str, here: frozenset[Address] = frozenset()) -> None:
    """EgressRefusedError, with the reason, where `refusal_of` refuses."""
    why = refusal_of(address, port, policy, here)
    if why is not None:
        leads = host if host == str(address) else f"{host} ({address})"
        raise EgressRefusedError(f"{leads}, port {port}, is {why}; it may not be reached from here.")
