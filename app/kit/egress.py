"""Where a connection that a user asks for may go: cameras now, webhooks and identity providers likewise.

Pure: addresses and a policy in, a verdict out. Names are looked up by `app.kit.gate`, which also pins what was found.
"""

import ipaddress
import re
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import SplitResult, urlsplit

from app.kit.errors import BadInputError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

DEFAULT_PORTS: Final = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
PRIVATE: Final = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
LOOPBACK: Final = tuple(map(ipaddress.ip_network, ("127.0.0.0/8", "::1/128")))
METADATA: Final = tuple(
    map(
        ipaddress.ip_address,
        (
            "169.254.169.254",  # AWS, Google, Azure, Oracle, DigitalOcean
            "169.254.170.2",  # AWS ECS task credentials
            "100.100.100.200",  # Alibaba
            "168.63.129.16",  # Azure's wire server
            "192.0.0.192",  # Oracle, older
            "fd00:ec2::254",  # AWS
            "fd00:ec2::23",  # AWS EKS pod identity
            "fd20:ce::254",  # Google
            "fd00:42::42",  # Scaleway
        ),
    )
)
"""Addresses where clouds hand out credentials: refused whatever is listed."""
# Names that mean this machine, a cloud's metadata or a cluster's own services, whatever they resolve to.
_NAMES: Final = frozenset({"localhost", "ip6-localhost", "ip6-loopback", "metadata", "instance-data", "broadcasthost"})
_NAME_ENDS: Final = (".localhost", ".localdomain", ".svc", ".cluster.local", "metadata.google.internal", ".ec2.internal")
_HOST: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?\.?")
_NUMBER: Final = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_TRANSLATED: Final = (
    ipaddress.IPv6Network("::/96"),  # IPv4-compatible, long deprecated
    ipaddress.IPv6Network("::ffff:0:0:0/96"),  # SIIT
    _NAT64,
)
_TUNNELS: Final = tuple(map(ipaddress.IPv6Network, ("2001::/32", "64:ff9b:1::/48", "3fff::/20")))
_ISATAP: Final = frozenset({0x0000_5EFE, 0x0200_5EFE})


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """What may be reached.

    Attributes:
        private: the LAN ranges of RFC 1918 and RFC 4193.
        public: everything that is routed on the internet.
        listed: networks allowed besides, loopback among them if it is listed.
        own_ports: ports of the product's own servers, refused on this machine.
        setting: the variable that says so, for the sentence of a refusal.
    """

    private: bool = True
    public: bool = True
    listed: tuple[Network, ...] = ()
    own_ports: frozenset[int] = frozenset()
    setting: str = "PENNYPROTECT_CAMERA_NETWORKS"

    def with_loopback(self) -> "EgressPolicy":
        """The same, for addresses that the operator himself wrote into the settings."""
        return replace(self, listed=(*self.listed, *LOOPBACK))


def parse_networks(text: str) -> tuple[Network, ...]:
    """Networks with blanks or commas between; ValueError for what is none."""
    return tuple(map(ipaddress.ip_network, text.replace(",", " ").split()))


def parse_policy(
    text: str, own_ports: frozenset[int] = frozenset(), setting: str = "PENNYPROTECT_CAMERA_NETWORKS"
) -> EgressPolicy:
    """`private public 10.9.0.0/16 ...` as a policy; BadInputError names the word that is none of these."""
    words = text.replace(",", " ").split()
    listed = []
    for word in words:
        if word in ("private", "public"):
            continue
        try:
            listed.append(ipaddress.ip_network(word))
        except ValueError as error:
            raise BadInputError(
                f"{word!r} is no network; list `private`, `public` and networks like 10.9.0.0/16, with blanks between."
            ) from error
    return EgressPolicy("private" in words, "public" in words, tuple(listed), own_ports, setting)


def split_address(url: str) -> SplitResult:
    """The parts of an absolute URL whose host means the same to every parser.

    Raises:
        BadInputError: it is no such URL; the sentence never repeats it, since it may hold a password.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise BadInputError("The address is not a URL; it looks like rtsp://user:password@192.168.1.20:554/stream1.") from error
    if not host:
        raise BadInputError("The address names no host; it looks like rtsp://user:password@192.168.1.20:554/stream1.")
    if "[" in parts.netloc and ":" not in host:  # IPvFuture, which nobody speaks
        raise BadInputError("The host of the address is no IPv6 address.")
    if port == 0 or "\\" in url or any(ord(c) <= 32 or ord(c) == 127 for c in url):
        raise BadInputError("The address must be one URL without spaces, backslashes or port 0.")
    return parts


def literal_of(host: str) -> Address | None:
    """The address a host is written as, None for a name.

    Raises:
        BadInputError: it is written in a way that programs read differently (octal, hexadecimal, short, with a trailing
            dot, percent-encoded, not ASCII), or is no host at all.
    """
    if ":" in host:
        try:
            if "%" not in host:
                return ipaddress.IPv6Address(host)
        except ValueError:
            pass
        raise BadInputError("The host of the address is no IPv6 address without a zone.")
    if not _HOST.fullmatch(host) or len(host) > 253 or ".." in host:
        raise BadInputError("The host of the address must be a name of letters, digits, dots and hyphens, or an IP address.")
    if not _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        return None
    try:
        return ipaddress.IPv4Address(host)  # strict: four decimal numbers without leading zeros
    except ValueError as error:
        raise BadInputError("An IPv4 address must be four decimal numbers, like 192.168.1.20.") from error


def refused_name(host: str) -> bool:
    """Whether a name is refused before it is looked up."""
    name = host.lower().rstrip(".")
    return name in _NAMES or f".{name}".endswith(_NAME_ENDS)


def refusal_of_name(host: str) -> str:
    """The sentence for such a name."""
    return f"{host} is a name of this machine, its cluster or its cloud, which may not be reached from here; write an IP address."


def embedded_ipv4(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address leads to by mapping, NAT64, 6to4, ISATAP or compatibility."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    low = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if int(address) > 1 and any(address in network for network in _TRANSLATED):
        return low
    return low if (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP else None


def refusal_of(address: Address, port: int, policy: EgressPolicy, here: frozenset[Address] = frozenset()) -> str | None:
    """Why this address may not be connected to, as the end of a sentence ("is ..."), or None when it may.

    Args:
        here: addresses of this machine and of the product's servers, where its own ports are refused.
    """
    inner = embedded_ipv4(address)
    if inner is not None and (why := refusal_of(inner, port, policy, here)) is not None:
        return why
    # A translated address is judged by the IPv4 address it leads to, and by no range of its own.
    return _never(address, port, policy, here) or (None if inner is not None else _outside(address, policy))


def _never(address: Address, port: int, policy: EgressPolicy, here: frozenset[Address]) -> str | None:
    if address in METADATA:
        return "a cloud's metadata address, where credentials are handed out"
    if address.is_link_local:
        return "a link-local address"
    if address.is_multicast or address.is_unspecified or address == ipaddress.IPv4Address("255.255.255.255"):
        return "a multicast, broadcast or unspecified address"
    if isinstance(address, ipaddress.IPv6Address) and any(address in network for network in _TUNNELS):
        return "a tunnel whose end cannot be checked"
    if isinstance(address, ipaddress.IPv4Address) and int(address) >> 24 in (0, *range(240, 256)):
        return "a reserved address"
    if port in policy.own_ports and (address.is_loopback or address in here):
        return "a port of PennyProtect itself"
    return None


def _outside(address: Address, policy: EgressPolicy) -> str | None:
    if _in(address, policy.listed):
        return None
    if _in(address, LOOPBACK):
        return "a loopback address, which is this machine itself"
    if _in(address, PRIVATE):
        return None if policy.private else f"a private address, which {policy.setting} does not allow"
    if address.is_global:
        return None if policy.public else f"a public address, which {policy.setting} does not allow"
    return f"a special-purpose address, which {policy.setting} does not list"


def _in(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
