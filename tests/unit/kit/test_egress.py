"""Where a user's address may lead: a table of ways in, each refused, and of cameras, each admitted."""

import ipaddress

import pytest

from app.cameras.probing import probe_details
from app.cameras.urls import check_camera_url
from app.kit.egress import Address, EgressPolicy, embedded_ipv4, parse_policy, refusal_of
from app.kit.errors import BadInputError
from app.kit.gate import EgressRefusedError, Gate

DEFAULT = parse_policy("private public", frozenset({8000, 5432}))
SECRET = "hunter2"

LOOPBACK = [
    "127.0.0.1",
    "127.0.0.2",
    "127.1.2.3",
    "127.255.255.254",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[2002:7f00:0001::1]",
    "[2001:db8::5efe:127.0.0.1]",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "camera.localhost",
    "localhost.localdomain",
    "ip6-localhost",
]
METADATA = [
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "[fd00:ec2::254]",
    "[fd00:ec2::23]",
    "[fd20:ce::254]",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[::169.254.169.254]",
    "[64:ff9b::169.254.169.254]",
    "[2002:a9fe:a9fe::]",
    "[fe80::5efe:169.254.169.254]",
    "[2001:db8::200:5efe:169.254.169.254]",
    "[::ffff:100.100.100.200]",
    "metadata",
    "metadata.google.internal",
    "METADATA.google.internal.",
    "instance-data",
    "instance-data.ec2.internal",
]
SPECIAL = [
    "169.254.0.1",
    "169.254.255.255",
    "[fe80::1]",
    "[febf::1]",
    "0.0.0.0",  # noqa: S104
    "0.1.2.3",
    "[::]",
    "[::ffff:0.0.0.0]",
    "224.0.0.1",
    "239.255.255.250",
    "[ff02::1]",
    "[ff0e::1]",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "100.64.0.1",
    "[2001:db8::1]",
    "[2001::1]",
    "[2001:0:7f00:1::]",
    "[64:ff9b:1::a00:1]",
    "[3fff::1]",
    "[100::1]",
    "[::ffff:224.0.0.1]",
    "kubernetes.default.svc",
    "postgres.shop.svc.cluster.local",
]
AMBIGUOUS = [
    "2130706433",
    "0x7f000001",
    "0X7F.1",
    "017700000001",
    "127.1",
    "127.0.1",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "127.0.0.0x1",
    "127.0.0.1.",
    "010.0.0.1",
    "192.168.001.020",
    "10.1",
    "256.1.1.1",
    "1.2.3.4.5",
    "camera.0x10",
    "127。0。0。1",
    "\uff11\uff12\uff17.0.0.1",
    "ⓛocalhost",
    "%31%32%37.0.0.1",
    "127.0.0.1%2f",
    "[fe80::1%25eth0]",
    "[::1%lo]",
    "[::ffff:0x7f.0.0.1]",
    "a..b",
    "-camera",
    "cam_era-",
    "[v1.x]",
]
TRICKS = [
    f"rtsp://10.0.0.1:{SECRET}@127.0.0.1/x",
    f"rtsp://user:{SECRET}@10.0.0.1@127.0.0.1/x",
    f"rtsp://user:{SECRET}@10.0.0.1\\@127.0.0.1/x",
    f"http://user:{SECRET}@127.0.0.1#@10.0.0.1/",
    f"http://user:{SECRET}@127.0.0.1?@10.0.0.1/",
    f"http://user:{SECRET}@10.0.0.1\\.example/",
    f"http://user:{SECRET}@10.0.0.1:0/",
    f"http://user:{SECRET}@10.0.0.1:99999/",
    f"http://user:{SECRET}@10.0.0.1:8o/",
    f"rtsp://user:{SECRET}@/x",
    f"rtsp://user:{SECRET}@10.0.0.1 .example/",
    f"rtsp://user:{SECRET}@10.0.0.1/\r\nHost: x",
    f"gopher://user:{SECRET}@10.0.0.1/",
    f"file://user:{SECRET}@10.0.0.1/etc/passwd",
    f"tcp://user:{SECRET}@10.0.0.1:22",
    f"rtsp:user:{SECRET}@10.0.0.1",
    f"//user:{SECRET}@10.0.0.1/",
    f"HTTP://user:{SECRET}@LOCALHOST/",
]
CAMERAS = [
    "10.0.0.21",
    "10.255.255.254",
    "172.16.0.1",
    "172.31.255.1",
    "192.168.1.20",
    "[fd12:3456:789a::20]",
    "[::ffff:192.168.1.20]",
    "[64:ff9b::10.0.0.21]",
    "8.8.8.8",
    "[2606:4700::1111]",
    "[2002:0808:0808::1]",
    "camera.example.com",
    "camera-7.shop",
    "cam_7",
    "1.camera.example",
    "0x7f.camera",
]


def _unreachable_resolver(name: str) -> tuple[Address, ...]:
    raise AssertionError(f"{name} was looked up")


@pytest.mark.parametrize("host", [*LOOPBACK, *METADATA, *SPECIAL, *AMBIGUOUS])
@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_ways_into_the_network_are_refused_by_the_form_and_by_the_gate(scheme: str, host: str) -> None:
    url = f"{scheme}://user:{SECRET}@{host}:554/x"
    for check in (lambda: check_camera_url(url, DEFAULT), lambda: Gate(DEFAULT, _unreachable_resolver).admit(url)):
        with pytest.raises(BadInputError) as caught:
            check()
        assert SECRET not in caught.value.detail + repr(caught.value)
        assert caught.value.detail.endswith(".")
        assert caught.value.status == 422


@pytest.mark.parametrize("url", TRICKS)
def test_tricks_with_the_rest_of_the_address_are_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(BadInputError) as caught:
        check_camera_url(url, DEFAULT)
    assert SECRET not in caught.value.detail
    assert SECRET not in str(probe_details(url, caught.value))


@pytest.mark.parametrize("host", CAMERAS)
def test_cameras_are_admitted_and_the_address_that_was_judged_is_the_one_connected_to(host: str) -> None:
    url = f"rtsp://user:p%40ss@{host}:5540/x?y=1"
    assert check_camera_url(url, DEFAULT) == url
    pinned = Gate(DEFAULT, lambda _name: (ipaddress.ip_address("192.168.7.7"),)).admit(url)
    literal = host.strip("[]") if not any(c.isalpha() and c not in "abcdef" for c in host.lower()) else "192.168.7.7"
    assert pinned.address == ipaddress.ip_address(literal)
    assert pinned.host == host.strip("[]").lower()
    shown = f"[{pinned.address}]" if pinned.address.version == 6 else str(pinned.address)
    assert pinned.url == f"rtsp://user:p%40ss@{shown}:5540/x?y=1"
    assert "p%40ss" not in repr(pinned)


def test_the_table_is_long_enough() -> None:
    assert len({*LOOPBACK, *METADATA, *SPECIAL, *AMBIGUOUS, *TRICKS, *CAMERAS}) >= 110


@pytest.mark.parametrize("port", [8000, 5432])
def test_ports_of_the_product_are_refused_on_this_machine_even_where_loopback_is_listed(port: int) -> None:
    here = frozenset({ipaddress.ip_address("192.168.1.5")})
    listed = parse_policy("private 127.0.0.0/8", frozenset({8000, 5432}))
    assert refusal_of(ipaddress.ip_address("127.0.0.1"), 9, listed) is None
    for address in ("127.0.0.1", "192.168.1.5", "::ffff:127.0.0.1"):
        why = refusal_of(ipaddress.ip_address(address), port, listed, here)
        assert why == "a port of PennyProtect itself"
    assert refusal_of(ipaddress.ip_address("192.168.1.6"), port, listed, here) is None


def test_a_policy_says_what_it_allows() -> None:
    strict = parse_policy("10.9.0.0/16, 100.64.0.0/10")
    allowed = {a for a in ("10.9.1.1", "10.8.1.1", "8.8.8.8", "100.64.3.3", "127.0.0.1") if not _refused(a, strict)}
    assert allowed == {"10.9.1.1", "100.64.3.3"}
    assert _refused("169.254.169.254", parse_policy("169.254.0.0/16 0.0.0.0/0"))
    assert _refused("fd00:ec2::254", parse_policy("private ::/0"))
    for word in ("lan", "10.0.0.1/8", "10.0.0.0/99"):
        with pytest.raises(BadInputError, match="network"):
            parse_policy(word)


def _refused(address: str, policy: EgressPolicy) -> bool:
    return refusal_of(ipaddress.ip_address(address), 554, policy) is not None


def test_what_ipv6_addresses_hide_is_found() -> None:
    hidden = {"::ffff:1.2.3.4", "::1.2.3.4", "::ffff:0:1.2.3.4", "64:ff9b::1.2.3.4", "2002:102:304::9", "2a00::5efe:1.2.3.4"}
    assert {str(embedded_ipv4(ipaddress.ip_address(each))) for each in hidden} == {"1.2.3.4"}
    assert embedded_ipv4(ipaddress.ip_address("::1")) is None
    assert embedded_ipv4(ipaddress.ip_address("2a00::1")) is None


def test_a_worker_follows_the_settings_to_loopback_but_no_name_leads_there() -> None:
    here = (ipaddress.ip_address("127.0.0.1"),)
    worker = Gate(DEFAULT, lambda _name: here, trusts_loopback_literals=True)
    assert worker.admit("rtsp://127.0.0.1:8554/demo").address == here[0]
    with pytest.raises(EgressRefusedError, match="loopback"):
        worker.admit("rtsp://camera.example:8554/demo")
    with pytest.raises(EgressRefusedError, match="PennyProtect itself"):
        worker.admit("http://127.0.0.1:8000/metrics")


def test_one_bad_address_among_good_ones_refuses_the_name() -> None:
    both = (ipaddress.ip_address("10.0.0.9"), ipaddress.ip_address("169.254.169.254"))
    with pytest.raises(EgressRefusedError, match="metadata"):
        Gate(DEFAULT, lambda _name: both).admit("http://camera.example/")
