"""What a switch needs before it may be on, and what switches off by itself."""

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tenancy.policy.coverage import coverage
from app.tenancy.policy.models import (
    PHOTO_VALID,
    AcceptanceTest,
    Cause,
    Field,
    Papers,
    SignPhoto,
    Site,
    SitePolicy,
    Switch,
    Switches,
    counting_tests,
    gaps,
    lapsed,
    months_after,
    switched_off,
)
from app.tenancy.policy.packs import current_pack

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
WHO = uuid.UUID(int=1)
NOTICE = "Our cameras compare faces with a list of people banned from this store. Ask at the desk."
PAPERS = Papers("Legitimate interest", "DPIA 7", NOTICE)


def passed(switch: Switch = Switch.FACE, on: date = TODAY) -> AcceptanceTest:
    return AcceptanceTest(uuid.UUID(int=5), switch, on, "Tester", 4, 1000, 1, 100, 3, True, "R1", WHO, NOW)


def site(jurisdiction: str = "US-OH", photo_on: date | None = TODAY, *, demo: bool = False) -> Site:
    photo = None if photo_on is None else SignPhoto(uuid.UUID(int=4), photo_on, 800, 600, WHO, NOW)
    tests = {switch: passed(switch) for switch in Switch}
    return Site(uuid.UUID(int=2), "Store", uuid.UUID(int=3), jurisdiction, demo, photo, tests)


def policy(switches: Switches, cause: Cause = Cause.APPROVED) -> SitePolicy:
    return SitePolicy(uuid.UUID(int=2), 3, switches, PAPERS, "US-OH", "2026-11", uuid.UUID(int=4), cause, "", WHO, WHO, NOW)


def lacks(at: Site, papers: Papers = PAPERS) -> set[Field]:
    return {gap.field for gap in gaps(Switch.FACE, at, papers, current_pack(), TODAY)}


def test_rule_01_with_everything_there_nothing_is_missing() -> None:
    assert lacks(site()) == set()


def test_rule_01_without_anything_everything_is_named() -> None:
    bare = replace(site("US-TX", None), tests={})
    assert lacks(bare, Papers()) == set(Field) - {Field.JURISDICTION}
    assert Field.JURISDICTION in lacks(replace(bare, jurisdiction=""), Papers())


def test_rule_11_the_test_of_what_measures_now_counts_whatever_was_tested_since() -> None:
    old, new = replace(passed(on=TODAY - timedelta(days=30)), model="A"), replace(passed(), model="B", passed=False)
    gait = replace(passed(Switch.GAIT), model="")
    for tests in ([old, new, gait], [new, gait, old]):
        assert counting_tests(tests, {Switch.FACE: "A"}) == {Switch.FACE: old, Switch.GAIT: gait}
        assert counting_tests(tests, {Switch.FACE: "B"})[Switch.FACE] == new, "though it was not passed"
        assert counting_tests(tests, {Switch.FACE: "C"})[Switch.FACE] == new, "the newest says why it counts no more"


@pytest.mark.parametrize(
    ("papers", "field"),
    [
        (replace(PAPERS, legal_basis="  "), Field.LEGAL_BASIS),
        (replace(PAPERS, dpia_reference=""), Field.DPIA_REFERENCE),
        (replace(PAPERS, notice_text="Cameras."), Field.NOTICE_TEXT),
    ],
)
def test_rule_01_each_paper_counts(papers: Papers, field: Field) -> None:
    assert lacks(site(), papers) == {field}


def test_rule_02_counsel_signs_where_the_pack_asks_for_it() -> None:
    assert lacks(site("GB")) == {Field.COUNSEL_REFERENCE, Field.COUNSEL_SIGNED_ON}
    assert lacks(site("GB"), replace(PAPERS, counsel_reference="C 1", counsel_signed_on=TODAY)) == set()
    future = replace(PAPERS, counsel_reference="C 1", counsel_signed_on=TODAY + timedelta(days=1))
    assert lacks(site("GB"), future) == {Field.COUNSEL_SIGNED_ON}


def test_rule_02_no_paper_helps_where_the_pack_denies() -> None:
    assert lacks(site("US-IL"), replace(PAPERS, counsel_reference="C 1", counsel_signed_on=TODAY)) == {Field.JURISDICTION}


def test_rule_14_the_photo_of_the_sign_grows_old() -> None:
    assert lacks(site(photo_on=TODAY - PHOTO_VALID + timedelta(days=1))) == set()
    assert lacks(site(photo_on=TODAY - PHOTO_VALID)) == {Field.SIGN_PHOTO}


@pytest.mark.parametrize(
    ("test", "missing"),
    [
        (passed(on=date(2025, 11, 24)), False),
        (passed(on=date(2025, 11, 23)), True),
        (replace(passed(), passed=False), True),
    ],
)
def test_rule_01_an_acceptance_test_is_passed_and_fresh(test: AcceptanceTest, missing: bool) -> None:
    assert lacks(replace(site(), tests={Switch.FACE: test})) == ({Field.ACCEPTANCE_TEST} if missing else set())


@pytest.mark.parametrize(
    ("test", "cameras", "listed", "missing"),
    [
        (passed(), 9, 10_000, False),  # of before it was asked
        (replace(passed(), camera_ids=frozenset(), listed=0), 0, 10, False),
        (replace(passed(), camera_ids=frozenset(), listed=0), 0, 11, True),
        (replace(passed(), camera_ids=frozenset(), listed=100), 0, 125, False),
        (replace(passed(), camera_ids=frozenset(), listed=100), 0, 126, True),
        (replace(passed(), camera_ids=frozenset(), listed=100), 0, 1, False),
        (replace(passed(), camera_ids=frozenset(), listed=100), 1, 100, True),
        (replace(passed(), camera_ids=frozenset({uuid.UUID(int=99)}), listed=100), 0, 100, True),
        (replace(passed(), camera_ids=frozenset({uuid.UUID(int=99)}), listed=100), 1, 100, True),  # as many, but others
    ],
)
def test_rule_11_a_test_covers_its_cameras_and_lists_that_hardly_grew(
    test: AcceptanceTest, cameras: int, listed: int, missing: bool
) -> None:
    addresses = {uuid.UUID(int=number): "as it was" for number in range(cameras)}
    here = replace(site(), tests={Switch.FACE: test}, addresses=addresses, listed=listed)
    assert lacks(here) == ({Field.ACCEPTANCE_TEST} if missing else set())
    found = lapsed(policy(Switches(face=True)), here, current_pack(), TODAY)
    assert set(found) == ({Switch.FACE} if missing else set())


def test_rule_11_another_address_of_a_camera_ends_its_test() -> None:
    one, other = uuid.UUID(int=1), uuid.UUID(int=2)
    test = replace(passed(), camera_ids=frozenset({one, other}), listed=0, addresses={one: "a", other: "b"})
    here = replace(site(), tests={Switch.FACE: test}, addresses={one: "a", other: "b"})
    assert lacks(here) == set()
    moved = replace(here, addresses={one: "b", other: "a"})  # two devices that changed places
    assert "2 cameras have another address" in lapsed(policy(Switches(face=True)), moved, current_pack(), TODAY)[Switch.FACE].why
    assert lacks(replace(moved, tests={Switch.FACE: replace(test, addresses=None)})) == set()  # of before it was asked
    assert coverage(here, policy(Switches(face=True)), None).ends_with_addresses == {Switch.FACE}


def test_rule_11_what_else_may_change_is_known_before_it_is_done() -> None:
    bound = {switch: replace(passed(switch), camera_ids=frozenset(), listed=100) for switch in Switch}
    here = replace(site(), tests=bound, listed=120)
    found = coverage(here, policy(Switches(face=True, re_identification=True)), None)
    assert found.ends_with_cameras == found.on == {Switch.FACE, Switch.RE_IDENTIFICATION}
    assert (found.listed, found.most_listed, found.lapse) == (120, 125, None)
    nothing = coverage(here, policy(Switches()), policy(Switches(face=True)))
    assert (nothing.ends_with_cameras, nothing.most_listed, nothing.lapse) == (frozenset(), None, None)
    assert coverage(site(), policy(Switches(face=True)), None).ends_with_cameras == frozenset()  # of before it was asked


def test_rule_11_what_was_switched_off_stays_told_until_somebody_decides() -> None:
    gone = policy(Switches(gait=True), Cause.LAPSED)
    lapse = coverage(site(), gone, policy(Switches(face=True, gait=True))).lapse
    assert lapse is not None
    assert (lapse.switches, lapse.at) == ({Switch.FACE}, NOW)
    assert coverage(site(), policy(Switches(face=True)), gone).lapse is None


def test_rule_11_re_identification_searches_no_list() -> None:
    test = replace(passed(Switch.RE_IDENTIFICATION), camera_ids=frozenset(), listed=0)
    here = replace(site(), tests={Switch.RE_IDENTIFICATION: test}, listed=5000)
    assert gaps(Switch.RE_IDENTIFICATION, here, PAPERS, current_pack(), TODAY) == []


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 60))
def test_months_are_those_of_the_calendar(day: date, months: int) -> None:
    later = months_after(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or later.day >= 28


def test_what_has_lapsed_is_named_with_its_reason() -> None:
    on = policy(Switches(face=True, gait=True))
    old = replace(site(), tests={Switch.FACE: passed(), Switch.GAIT: passed(Switch.GAIT, date(2024, 1, 1))})
    assert set(lapsed(on, old, current_pack(), TODAY)) == {Switch.GAIT}
    assert set(lapsed(on, site("US-IL"), current_pack(), TODAY)) == {Switch.FACE, Switch.GAIT}
    assert lapsed(policy(Switches()), site("US-IL", None), current_pack(), TODAY) == {}


@pytest.mark.parametrize("cause", [Cause.DEMO, Cause.APPROVED])
def test_a_demos_store_needs_its_papers_too_and_the_machine_it_runs_on(cause: Cause) -> None:
    on = policy(Switches(face=True), cause)
    assert lapsed(on, site(demo=True), current_pack(), TODAY, demo_allowed=True) == {}
    assert lapsed(on, site("", None, demo=True), current_pack(), TODAY, demo_allowed=True) != {}
    assert "make demo" in lapsed(on, site(demo=True), current_pack(), TODAY)[Switch.FACE].why


@given(st.builds(Switches, st.booleans(), st.booleans(), st.booleans()), st.frozensets(st.sampled_from(Switch)))
def test_rule_01_switching_off_never_switches_on(before: Switches, off: frozenset[Switch]) -> None:
    after = switched_off(policy(before), off, Cause.SWITCHED_OFF, "", WHO)
    assert after.switches.on() == before.on() - off
    assert after.revision == 4
