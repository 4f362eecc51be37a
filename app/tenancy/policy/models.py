"""Site policy as values: three switches, the papers they stand on, and what is missing. Pure."""

import enum
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from app.tenancy.policy.packs import Pack, Verdict

PHOTO_VALID = timedelta(days=365)
ACCEPTANCE_VALID_MONTHS = 12
LEAST_GROWTH, GROWTH = 10, 4
"""A test covers lists that grow by ten people or a quarter, whichever is more: false matches grow with the list."""
SHORTEST_NOTICE = 40
"""Characters: a notice that says who, what and why does not fit in fewer."""


class Switch(enum.StrEnum):
    """What measures a body. Each is off unless the newest revision says otherwise."""

    FACE = "face"
    GAIT = "gait"
    RE_IDENTIFICATION = "re_identification"


class Cause(enum.StrEnum):
    """Why there is a revision."""

    INSTALL = "install"
    APPROVED = "approved"
    SWITCHED_OFF = "switched-off"
    JURISDICTION = "jurisdiction"
    LAPSED = "lapsed"
    DEMO = "demo"  # of demonstrations made before these took the same way as a store


class Field(enum.StrEnum):
    """What a switch needs."""

    JURISDICTION = "jurisdiction"
    COUNSEL_REFERENCE = "counsel_reference"
    COUNSEL_SIGNED_ON = "counsel_signed_on"
    LEGAL_BASIS = "legal_basis"
    DPIA_REFERENCE = "dpia_reference"
    NOTICE_TEXT = "notice_text"
    SIGN_PHOTO = "sign_photo"
    ACCEPTANCE_TEST = "acceptance_test"


@dataclass(frozen=True, slots=True)
class Switches:
    """What runs."""

    face: bool = False
    gait: bool = False
    re_identification: bool = False

    def on(self) -> frozenset[Switch]:
        """Those that are on."""
        return frozenset(switch for switch in Switch if getattr(self, switch.value))

    def without(self, off: frozenset[Switch]) -> "Switches":
        """The same with some off."""
        return replace(self, **{switch.value: False for switch in off})


@dataclass(frozen=True, slots=True)
class Papers:
    """What the people who sign say in writing."""

    legal_basis: str = ""
    dpia_reference: str = ""
    notice_text: str = ""
    counsel_reference: str = ""
    counsel_signed_on: date | None = None


@dataclass(frozen=True, slots=True)
class SitePolicy:
    """One revision. Never changed; the next one follows.

    Attributes:
        jurisdiction, pack: what it was made under.
        made_by: who approved or switched off; None for the product itself.
    """

    store_id: uuid.UUID
    revision: int
    switches: Switches
    papers: Papers
    jurisdiction: str
    pack: str
    sign_photo_id: uuid.UUID | None
    cause: Cause
    reason: str
    proposed_by: uuid.UUID | None
    made_by: uuid.UUID | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SignPhoto:
    """A photo of the sign, without its pixels."""

    id: uuid.UUID
    taken_on: date
    width: int
    height: int
    uploaded_by: uuid.UUID
    uploaded_at: datetime


@dataclass(frozen=True, slots=True)
class AcceptanceTest:
    """How a switch's model did in this store: of `strangers` tried `false_matches` matched, of `enrolled` `misses` did not."""

    id: uuid.UUID
    switch: Switch
    performed_on: date
    performed_by: str
    cameras: int
    strangers: int
    false_matches: int
    enrolled: int
    misses: int
    passed: bool
    report_reference: str
    recorded_by: uuid.UUID
    recorded_at: datetime
    model: str = ""
    """What measured when it was recorded (`models_in_use`); "" where that was not asked yet."""
    camera_ids: frozenset[uuid.UUID] | None = None
    """The store's cameras when it was recorded; None where that was not asked yet."""
    listed: int | None = None
    """People on the lists searched in the store when it was recorded; None where that was not asked yet."""
    addresses: Mapping[uuid.UUID, str] | None = None
    """A mark of each camera's address when it was recorded; None where that was not asked yet."""

    @property
    def valid_until(self) -> date:
        """The first day it no longer counts."""
        return months_after(self.performed_on, ACCEPTANCE_VALID_MONTHS)

    @property
    def most_listed(self) -> int | None:
        """With how many people on the lists it still counts; None: with any number."""
        if self.listed is None or self.switch is Switch.RE_IDENTIFICATION:  # which searches no list
            return None
        return self.listed + max(LEAST_GROWTH, self.listed // GROWTH)


@dataclass(frozen=True, slots=True)
class Site:
    """A store with the evidence there is for it: the newest photo, the newest test of each switch.

    Attributes:
        models: what each switch measures with at present; a switch without a model is not in it.
        addresses: its cameras, each with a mark of its address: behind another one stands another device.
        listed: people on the lists that are searched in it.
    """

    store_id: uuid.UUID
    name: str
    public_id: uuid.UUID
    jurisdiction: str
    demo: bool
    photo: SignPhoto | None
    tests: Mapping[Switch, AcceptanceTest]
    models: Mapping[Switch, str] = field(default_factory=dict)
    addresses: Mapping[uuid.UUID, str] = field(default_factory=dict)
    listed: int = 0

    @property
    def camera_ids(self) -> frozenset[uuid.UUID]:
        """Its cameras."""
        return frozenset(self.addresses)


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that a switch lacks. `why` says what to do."""

    switch: Switch
    field: Field
    why: str


def months_after(day: date, months: int) -> date:
    """The same day of the month, or the month's last one."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def gaps(switch: Switch, site: Site, papers: Papers, pack: Pack, today: date) -> list[Gap]:
    """What `switch` lacks at this site under these papers; empty when it may be on."""
    found = [*_legal_gaps(site, papers, pack, today), *_paper_gaps(papers), *_evidence_gaps(switch, site, today)]
    return [Gap(switch, field, why) for field, why in found]


def _legal_gaps(site: Site, papers: Papers, pack: Pack, today: date) -> list[tuple[Field, str]]:
    place = pack.find(site.jurisdiction)
    if place.verdict is Verdict.DENY:
        return [(Field.JURISDICTION, place.why)]
    if place.verdict is Verdict.ALLOW:
        return []
    found = []
    if not papers.counsel_reference.strip():
        found.append((Field.COUNSEL_REFERENCE, f"{place.why} Name the sign-off."))
    if papers.counsel_signed_on is None:
        found.append((Field.COUNSEL_SIGNED_ON, "Say when counsel signed."))
    elif papers.counsel_signed_on > today:
        found.append((Field.COUNSEL_SIGNED_ON, "Counsel's date lies in the future."))
    return found


def _paper_gaps(papers: Papers) -> list[tuple[Field, str]]:
    found = []
    if not papers.legal_basis.strip():
        found.append((Field.LEGAL_BASIS, "Say on which legal ground people are measured."))
    if not papers.dpia_reference.strip():
        found.append((Field.DPIA_REFERENCE, "Name the impact assessment that was made for this store."))
    if len(papers.notice_text.strip()) < SHORTEST_NOTICE:
        found.append((Field.NOTICE_TEXT, "Write what the sign and the public page tell visitors: who, what, why, whom to ask."))
    return found


def _evidence_gaps(switch: Switch, site: Site, today: date) -> list[tuple[Field, str]]:
    found = []
    if site.photo is None:
        found.append((Field.SIGN_PHOTO, "Upload a photo of the sign as it hangs at the entrance."))
    elif site.photo.taken_on + PHOTO_VALID <= today:
        found.append((Field.SIGN_PHOTO, f"The photo of the sign is older than {PHOTO_VALID.days} days; take a new one."))
    test = site.tests.get(switch)
    why = "Record an acceptance test in this store." if test is None else _outdated(test, site, today)
    return [*found, (Field.ACCEPTANCE_TEST, why)] if why else found


def counting_tests(tests: Iterable[AcceptanceTest], models: Mapping[Switch, str]) -> dict[Switch, AcceptanceTest]:
    """Of each switch the test of what measures now, else the newest. `tests`: the newest of each switch and model."""
    found: dict[Switch, AcceptanceTest] = {}
    for test in tests:
        before = found.get(test.switch)
        if before is None or _counts_more(test, models) > _counts_more(before, models):
            found[test.switch] = test
    return found


def _counts_more(test: AcceptanceTest, models: Mapping[Switch, str]) -> tuple[bool, date, uuid.UUID]:
    return test.model == models.get(test.switch), test.performed_on, test.id


def _outdated(test: AcceptanceTest, site: Site, today: date) -> str:
    """Why a test no longer speaks for the store as it is; "" while it does."""
    begun = f"The acceptance test of {test.performed_on}"
    if not test.passed:
        return f"{begun} was not passed."
    if test.valid_until <= today:
        return f"{begun} is older than 12 months; repeat it."
    if test.model and (now := site.models.get(test.switch)) is not None and test.model != now:
        return f"{begun} was made with another model ({test.model}); repeat it with {now}."
    if test.camera_ids is not None and test.camera_ids != site.camera_ids:
        more, gone = len(site.camera_ids - test.camera_ids), len(test.camera_ids - site.camera_ids)
        return f"{begun} was made with other cameras ({more} added since, {gone} removed); repeat it."
    if test.addresses is not None and (moved := _moved(test.addresses, site.addresses)):
        cameras = "a camera has another address" if moved == 1 else f"{moved} cameras have another address"
        return f"Since {begun[0].lower()}{begun[1:]} {cameras}, so that another device may stand there; repeat it."
    if test.most_listed is not None and site.listed > test.most_listed:
        return f"{begun} covers lists of up to {test.most_listed} people, and they hold {site.listed} now; repeat it."
    return ""


def _moved(tested: Mapping[uuid.UUID, str], present: Mapping[uuid.UUID, str]) -> int:
    """How many of the cameras tested have another address at present."""
    return sum(camera in present and present[camera] != mark for camera, mark in tested.items())


def lapsed(policy: SitePolicy, site: Site, pack: Pack, today: date, *, demo_allowed: bool = False) -> dict[Switch, Gap]:
    """The switches that are on and may no longer be, each with one reason."""
    if site.demo and not demo_allowed:
        why = "This is a demonstration's store; its switches are on only while `make demo` runs on this machine."
        return {switch: Gap(switch, Field.JURISDICTION, why) for switch in sorted(policy.switches.on())}
    return {
        switch: missing[0]
        for switch in sorted(policy.switches.on())
        if (missing := gaps(switch, site, policy.papers, pack, today))
    }


def switched_off(policy: SitePolicy, off: frozenset[Switch], cause: Cause, reason: str, by: uuid.UUID | None) -> SitePolicy:
    """The next revision with switches off; what stays on keeps its papers and who proposed it."""
    left = policy.switches.without(off)
    return replace(policy, revision=policy.revision + 1, switches=left, cause=cause, reason=reason, made_by=by)
