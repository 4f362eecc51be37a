"""How fast callers may ask: counts on the memory Valkey, shared by every replica of the service.

Sign-in is limited for each address and fails closed: while the limiter cannot be asked, nobody signs in. Everything else is
limited for each principal and goes on without it, since a caller was authenticated before and the database still refuses what
is not theirs.
"""

import ipaddress
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.kit.egress import Address, Network
from app.kit.errors import TooManyRequestsError, UnavailableError
from app.kit.logs import logger
from app.kit.metrics import counter
from app.kit.problems import describe
from app.kit.redis import Redis, RedisError

MOST_LEASED: Final = 64
"""Requests taken at once for a principal that used up its last ones within `LEASE_S`; unused ones lapse then."""
LEASE_S: Final = 1.0
MOST_LEASES: Final = 8192
MESSAGES_A_REQUEST: Final = 20
"""A worker says many things in one request; on average as many as this."""
WAYS_IN: Final = frozenset(
    {
        *(("POST", f"/api/v1/auth/{each}") for each in ("token", "refresh", "logout")),
        *(("GET", f"/api/v1/auth/oidc/{each}") for each in ("start", "callback")),
    }
)
"""What anybody may ask that looks at a secret or makes something be kept: all count as one."""
TOO_FAST = "You ask too fast. Wait a moment, then go on more slowly."

refused = counter("requests_limited", "Requests refused because their caller asks too fast.", ("of",))
log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `burst` in any window of `burst / per_s` seconds."""

    per_s: float
    burst: int

    @property
    def window_s(self) -> float:
        """Length of a window."""
        return self.burst / self.per_s


@dataclass(frozen=True, slots=True)
class Share:
    """How many of those wanted are granted, and where that is none, the seconds until one would be."""

    granted: int
    wait_s: float


KEPT: Final = Rate(20.0, 200)
"""Of one camera, of what streams keep by number: it says a few a second, and more where its line was down before."""


def share(rate: Rate, previous: int, current: int, part: float, wanted: int) -> Share:
    """What fits, by an estimate of the last whole window's length.

    Args:
        previous: count of the window before this one; its share that still counts is `1 - part`.
        current: count of this window so far.
        part: how much of this window has gone, 0 to 1.
        wanted: at least 1.
    """
    room = int(rate.burst - current - previous * (1 - part))
    if room >= 1:
        return Share(min(wanted, room), 0.0)
    if current < rate.burst:  # room comes once enough of the window before has gone
        until = 1 - (rate.burst - current - 1) / previous
        return Share(0, (until - part) * rate.window_s)
    until = 1 - (rate.burst - 1) / current
    return Share(0, (1 - part + until) * rate.window_s)


@dataclass(slots=True)
class Lease:
    """Requests that were counted already. `size` is how many were asked for."""

    left: int
    until_s: float
    size: int


def following(lease: Lease | None, moment_s: float, rate: Rate) -> int:
    """How many to take next: twice as many where the last ones were used up in time, one where they were not.

    So whoever asks now and then is not charged for what he never asked, and whoever asks a lot makes few questions.
    """
    if lease is None or lease.left > 0 or lease.until_s <= moment_s:
        return 1
    return max(1, min(lease.size * 2, MOST_LEASED, rate.burst // 10))


class Limiter:
    """Counts requests in adjacent windows; raises TooManyRequestsError where there are too many.

    Without a script on the server: its users run none, since a script is one more way to a disk. What was counted too much is
    given back, so whoever goes on asking is granted what others are.
    """

    def __init__(self, memory: Redis, principals: Rate, sign_ins: Rate) -> None:
        self._memory = memory
        self._principals = principals
        self._sign_ins = sign_ins
        self._messages = Rate(principals.per_s * MESSAGES_A_REQUEST, principals.burst * MESSAGES_A_REQUEST)
        self._leases: dict[str, Lease] = {}

    async def spend(self, principal: str) -> None:
        """One request of a principal; nothing is refused while the server is away."""
        lease, moment = self._leases.get(principal), time.monotonic()
        if lease is not None and lease.left > 0 and lease.until_s > moment:
            lease.left -= 1
            return
        wanted = following(lease, moment, self._principals)
        try:
            found = await self._take(f"limit:principal:{principal}", self._principals, wanted)
        except (RedisError, OSError) as error:
            log.warning("request limits are off", error=type(error).__name__)
            return
        _demand(found, "principal")
        if len(self._leases) >= MOST_LEASES:
            self._leases.clear()
        self._leases[principal] = Lease(found.granted - 1, time.monotonic() + LEASE_S, wanted)

    async def spend_messages(self, principal: str, count: int) -> None:
        """What one request of a principal carries, all of it or none; nothing is refused while the server is away."""
        wanted = min(count, self._messages.burst)
        if wanted <= 0:
            return
        try:
            found = await self._take(f"limit:messages:{principal}", self._messages, wanted, whole=True)
        except (RedisError, OSError) as error:
            log.warning("limits of messages are off", error=type(error).__name__)
            return
        _demand(found, "messages")

    async def spend_kept(self, counts: Mapping[str, int]) -> None:
        """Messages of each of these cameras that streams keep by number; of all of them or of none.

        Raises:
            TooManyRequestsError: one of them said too much lately.
        """
        spent: list[tuple[str, int]] = []
        try:
            for camera, count in counts.items():
                key, wanted = f"limit:kept:{camera}", min(count, KEPT.burst)
                found = await self._take(key, KEPT, wanted, whole=True)
                if found.granted <= 0:
                    for other, number in spent:
                        await self._give_back(other, KEPT, number)
                    _demand(found, "messages")
                spent.append((key, wanted))
        except (RedisError, OSError) as error:
            log.warning("limits of messages are off", error=type(error).__name__)

    async def spend_sign_in(self, address: str) -> None:
        """One attempt to sign in or out from an address; UnavailableError while the server is away."""
        try:
            found = await self._take(f"limit:sign-in:{address}", self._sign_ins, 1)
        except (RedisError, OSError) as error:
            raise UnavailableError("Signing in is not possible right now. Try again in a few seconds.") from error
        _demand(found, "sign-in")

    async def _take(self, key: str, rate: Rate, wanted: int, *, whole: bool = False) -> Share:
        window, part = divmod(time.time() / rate.window_s, 1.0)
        mine, before = f"{key}:{int(window)}", f"{key}:{int(window) - 1}"
        async with self._memory.pipeline(transaction=True) as commands:
            commands.incrby(mine, wanted)
            commands.pexpire(mine, int(2000 * rate.window_s) + 1000, nx=True)
            commands.get(before)
            counted, _, previous = await commands.execute()
        found = share(rate, int(previous or 0), int(counted) - wanted, part, wanted)
        if whole and 0 < found.granted < wanted:
            found = Share(0, (wanted - found.granted) / rate.per_s)
        if found.granted < wanted:
            await self._memory.incrby(mine, found.granted - wanted)
        return found

    async def _give_back(self, key: str, rate: Rate, count: int) -> None:
        mine = f"{key}:{int(time.time() / rate.window_s)}"
        async with self._memory.pipeline(transaction=True) as commands:
            commands.incrby(mine, -count)
            commands.pexpire(mine, int(2000 * rate.window_s) + 1000, nx=True)
            await commands.execute()


def _demand(found: Share, of: str) -> None:
    if found.granted <= 0:
        refused.labels(of).inc()
        raise TooManyRequestsError(TOO_FAST, retry_after_s=max(1, math.ceil(found.wait_s)))


def client_address(peer: str | None, forwarded: str | None, proxies: tuple[Network, ...]) -> Address | None:
    """Who asks: the peer, or where it is a trusted proxy, the last address of X-Forwarded-For that no such proxy has.

    What stands further left was written by the client and proves nothing.
    """
    found = _address(peer)
    for each in reversed((forwarded or "").split(",")):
        if found is None or not _within(found, proxies):
            return found
        following = _address(each.strip())
        if following is None:
            return found
        found = following
    return found


def bucket_of(address: Address | None) -> str:
    """The bucket of an address; a /64 of IPv6, which one customer has, counts as one."""
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((address, 64), strict=False).network_address)
    return str(address)


def _address(text: str | None) -> Address | None:
    try:
        found = ipaddress.ip_address(text or "")
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def client_of(request: Request) -> Address | None:
    """Who asks, as `Doors` found; None for what has no address."""
    found: Address | None = request.state.client
    return found


class Doors:
    """ASGI middleware: knows who asks, behind a trusted proxy too; counts sign-in for each address, and knows operators by it.

    Args:
        proxies: whose X-Forwarded-For is believed.
        operators: addresses that see metrics and the details of readiness without a key.
    """

    def __init__(self, app: ASGIApp, proxies: tuple[Network, ...], operators: tuple[Network, ...]) -> None:
        self._app = app
        self._proxies = proxies
        self._operators = operators

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may pass."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        peer, headers = scope.get("client"), dict(scope["headers"])
        own = _address(None if peer is None else str(peer[0]))
        if headers.get(b"x-forwarded-proto") == b"https" and own is not None and _within(own, self._proxies):
            scope["scheme"] = "https"  # cookies are for HTTPS alone then, and browsers are told to stay there
        forwarded = headers.get(b"x-forwarded-for")
        text = None if forwarded is None else forwarded.decode("latin-1")
        address = client_address(None if peer is None else str(peer[0]), text, self._proxies)
        # A proxy that is not known may carry anybody's request: its own address proves nothing then.
        hidden = forwarded is not None and (peer is None or address == _address(str(peer[0])))
        state = scope.setdefault("state", {})
        state["client"] = address
        state["is_operator"] = address is not None and not hidden and _within(address, self._operators)
        if (scope["method"], scope["path"]) in WAYS_IN:
            try:
                await scope["app"].state.limiter.spend_sign_in(bucket_of(address))
            except (TooManyRequestsError, UnavailableError) as error:
                await describe(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)
