"""What may still change in a store before the tests that its live switches stand on no longer speak for it. Pure."""

from dataclasses import dataclass
from datetime import datetime

from app.tenancy.policy.models import Cause, Site, SitePolicy, Switch


@dataclass(frozen=True, slots=True)
class Lapse:
    """What the product itself switched off, and why."""

    switches: frozenset[Switch]
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far the acceptance tests of a store reach.

    Attributes:
        ends_with_cameras: of what is on, what a camera added or removed switches off.
        ends_with_addresses: of what is on, what another address of a camera switches off.
        most_listed: with more people on the lists something is switched off; None: with any number.
        lapse: what was switched off last because a paper ran out, while nobody has decided since.
    """

    on: frozenset[Switch]
    ends_with_cameras: frozenset[Switch]
    ends_with_addresses: frozenset[Switch]
    listed: int
    most_listed: int | None
    lapse: Lapse | None


def coverage(site: Site, policy: SitePolicy, before: SitePolicy | None) -> Coverage:
    """The coverage of a site under its newest revision; `before` is the one before that."""
    on = policy.switches.on()
    tests = [test for switch, test in site.tests.items() if switch in on]
    limits = [test.most_listed for test in tests if test.most_listed is not None]
    return Coverage(
        on=on,
        ends_with_cameras=frozenset(test.switch for test in tests if test.camera_ids is not None),
        ends_with_addresses=frozenset(test.switch for test in tests if test.addresses is not None),
        listed=site.listed,
        most_listed=min(limits, default=None),
        lapse=_lapse(policy, before),
    )


def _lapse(policy: SitePolicy, before: SitePolicy | None) -> Lapse | None:
    if policy.cause is not Cause.LAPSED or before is None:
        return None
    return Lapse(before.switches.on() - policy.switches.on(), policy.reason, policy.created_at)
