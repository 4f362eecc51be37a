"""Whose address counts, behind proxies and without."""

import asyncio
import ipaddress
from typing import Any

import pytest

from app.kit.egress import parse_networks
from app.kit.limits import Doors, Lease, Rate, Share, bucket_of, client_address, following, share
from app.kit.slow import BodyClock

PROXIES = parse_networks("10.0.0.0/8, 127.0.0.1/32")


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.5", None, "203.0.113.5"),
        ("203.0.113.5", "127.0.0.1", "203.0.113.5"),  # a stranger's header says nothing
        ("10.0.0.2", None, "10.0.0.2"),
        ("10.0.0.2", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.2", "127.0.0.1, 198.51.100.7", "198.51.100.7"),  # what the client wrote itself stands left
        ("10.0.0.2", "198.51.100.7, 10.0.0.9", "198.51.100.7"),
        ("10.0.0.2", "nonsense", "10.0.0.2"),
        ("10.0.0.2", "", "10.0.0.2"),
        ("::ffff:10.0.0.2", "2001:db8::7", "2001:db8::7"),
        (None, "127.0.0.1", "None"),
    ],
)
def test_the_client_is_the_last_address_that_no_trusted_proxy_has(peer: str, forwarded: str, expected: str) -> None:
    assert str(client_address(peer, forwarded, PROXIES)) == expected


def test_one_ipv6_customer_is_one_bucket() -> None:
    assert bucket_of(ipaddress.ip_address("2001:db8::1")) == bucket_of(ipaddress.ip_address("2001:db8::ffff:2")) == "2001:db8::"
    assert bucket_of(ipaddress.ip_address("10.0.0.1")) != bucket_of(ipaddress.ip_address("10.0.0.2"))


@pytest.mark.parametrize(
    ("previous", "current", "part", "wanted", "expected"),
    [
        (0, 0, 0.5, 1, Share(1, 0.0)),
        (0, 6, 0.5, 10, Share(4, 0.0)),
        (10, 0, 0.25, 10, Share(2, 0.0)),  # three quarters of the window before still count
        (10, 0, 0.0, 1, Share(0, 1.0)),  # one in ten of it must lapse, and a window is ten seconds
        (10, 4, 0.25, 1, Share(0, 2.5)),
        (0, 10, 0.25, 1, Share(0, 8.5)),  # the rest of this window, and a tenth of the next
    ],
)
def test_what_fits_is_judged_by_two_windows(previous: int, current: int, part: float, wanted: int, expected: Share) -> None:
    found = share(Rate(1.0, 10), previous, current, part, wanted)
    assert (found.granted, round(found.wait_s, 6)) == (expected.granted, expected.wait_s)


@pytest.mark.parametrize(
    ("peer", "forwarded", "operator"),
    [
        ("127.0.0.1", None, True),
        ("::1", None, True),
        ("10.0.0.2", None, False),
        ("127.0.0.1", "198.51.100.7", False),  # a proxy on this machine that was not named carries a stranger
        ("10.0.0.2", "127.0.0.1", False),
    ],
)
async def test_operators_are_known_by_address_and_never_through_an_unknown_proxy(
    peer: str, forwarded: str | None, operator: bool
) -> None:
    seen = {}

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.update(scope["state"])

    headers = [] if forwarded is None else [(b"x-forwarded-for", forwarded.encode())]
    scope = {"type": "http", "method": "GET", "path": "/metrics", "client": (peer, 1), "headers": headers}
    await Doors(app, (), parse_networks("127.0.0.0/8 ::1/128"))(scope, None, None)  # type: ignore[arg-type]
    assert seen == {"is_operator": operator, "client": ipaddress.ip_address(peer)}


@pytest.mark.parametrize(
    ("peer", "proto", "scheme"),
    [("10.0.0.2", "https", "https"), ("10.0.0.2", "http", "http"), ("10.0.0.2", "ftp", "http"), ("203.0.113.5", "https", "http")],
)
async def test_only_a_trusted_proxy_says_that_its_client_came_by_https(peer: str, proto: str, scheme: str) -> None:
    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        pass

    headers = [(b"x-forwarded-proto", proto.encode())]
    asked = {"type": "http", "scheme": "http", "method": "GET", "path": "/", "client": (peer, 1), "headers": headers}
    await Doors(app, PROXIES, ())(asked, None, None)  # type: ignore[arg-type]
    assert asked["scheme"] == scheme


@pytest.mark.parametrize(("pause", "silence_s", "status"), [(0.01, 20.0, 200), (0.5, 0.1, 408)])
async def test_a_body_that_pauses_is_refused(pause: float, silence_s: float, status: int) -> None:
    sent: list[Any] = []

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})

    parts = [{"type": "http.request", "body": b"x", "more_body": more} for more in (True, True, False)]

    async def receive() -> Any:
        await asyncio.sleep(pause)
        return parts.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    await BodyClock(app, silence_s=silence_s)({"type": "http", "method": "POST", "headers": []}, receive, send)
    assert sent[0]["status"] == status


async def test_a_body_that_trickles_is_refused_though_it_never_pauses() -> None:
    sent: list[Any] = []

    async def app(_scope: Any, receive: Any, _send: Any) -> None:
        while (await receive())["more_body"]:
            pass

    async def receive() -> Any:
        await asyncio.sleep(0.05)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    clock = BodyClock(app, silence_s=0.2, bytes_per_s=10_000)
    async with asyncio.timeout(20):
        await clock({"type": "http", "method": "POST", "headers": []}, receive, send)
    assert sent[0]["status"] == 408


def test_who_asks_a_lot_makes_few_questions_and_who_asks_little_is_charged_for_nothing_else() -> None:
    rate, asked, sizes = Rate(200.0, 2000), 0, []
    lease = None
    for _ in range(9):  # all used up within the second
        size = following(lease, 0.5, rate)
        asked, lease = asked + size, Lease(0, 1.0, size)
        sizes.append(size)
    assert sizes == [1, 2, 4, 8, 16, 32, 64, 64, 64]
    assert following(Lease(5, 1.0, 64), 1.5, rate) == 1  # lapsed with some left
    assert following(Lease(0, 1.0, 64), 1.5, rate) == 1  # used up, but not in time
    assert following(Lease(0, 1.0, 4), 0.5, Rate(2.0, 20)) == 2  # never more than a tenth of the burst
    assert following(Lease(0, 1.0, 1), 0.5, Rate(0.1, 1)) == 1
