"""The quality gate, the weekly figures and assignments as pure decisions."""

import uuid
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from app.identity.enrolment.gate import DUPLICATE_LEAST, Finding, SeenFace, compared, flat_share, judge
from app.identity.enrolment.pictures import keep, read_picture
from app.identity.lists import models as assigning
from app.identity.matches import outcomes
from app.identity.matches.outcomes import Outcome, Subject
from app.identity.models import Assignment, AssignmentState, IdentitySettings, LookAlike, MatchState, Reach, Watchlist
from app.inference.faces.quality import PARTS
from app.kit.errors import BadInputError, ConflictError
from app.tenancy.changes.models import OwnApprovalError
from app.tenancy.sharing.models import Category
from tests.unit.identity.builders import APPROVER, ENROLLER, NOW

NOISE = np.random.default_rng(1).integers(0, 255, (300, 400, 3), dtype=np.uint8)
GOOD = SeenFace((100, 80, 220, 240), ((130, 130), (190, 130), (160, 165), (160, 205)), 0.95, dict.fromkeys(PARTS, 0.95))


def test_rule_06_a_good_picture_has_nothing_against_it() -> None:
    assert judge(NOISE, [GOOD]).findings == ()
    poster = replace(GOOD, score=0.4)
    assert judge(NOISE, [GOOD, poster]).findings == ()


@pytest.mark.parametrize("part", PARTS)
def test_rule_06_each_part_of_the_quality_has_its_finding(part: str) -> None:
    poor = replace(GOOD, quality={**GOOD.quality, part: 0.1})
    judgement = judge(NOISE, [poor])
    assert judgement.findings == (Finding(part),)
    assert not judgement.hopeless
    assert all(text for _, text in judgement.words())


def test_rule_06_what_no_reason_can_help() -> None:
    assert judge(NOISE, []).hopeless
    assert judge(NOISE, [GOOD, GOOD]).hopeless


def test_rule_06_small_cut_off_and_drawn_faces_are_found() -> None:
    assert Finding.SIZE in judge(NOISE, [replace(GOOD, box=(100, 80, 160, 160))]).findings
    assert Finding.CUT_OFF in judge(NOISE, [replace(GOOD, box=(-5, 80, 120, 240))]).findings
    drawing = np.full((300, 400, 3), 200, np.uint8)
    assert Finding.DRAWING in judge(drawing, [GOOD]).findings
    assert flat_share(NOISE, GOOD.box) < 0.1
    assert flat_share(drawing, (5, 5, 5, 5)) == 0.0


def test_rule_06_duplicates_are_of_the_same_list_and_look_alikes_of_any() -> None:
    near = LookAlike(uuid.uuid4(), DUPLICATE_LEAST)
    assert compared(judge(NOISE, [GOOD]), [(near, True)]).findings == (Finding.DUPLICATE,)
    assert compared(judge(NOISE, [GOOD]), [(near, False)]).findings == (Finding.LOOK_ALIKE,)
    far = LookAlike(uuid.uuid4(), 0.5)
    assert compared(judge(NOISE, [GOOD]), [(far, True)]).look_alikes == ()


def test_only_the_face_and_its_surroundings_are_kept_and_the_box_moves_along() -> None:
    large = np.random.default_rng(2).integers(0, 255, (3000, 4000, 3), dtype=np.uint8)
    face = SeenFace((1000, 800, 2200, 2400), ((1300, 1300),) * 4, 0.9, GOOD.quality)
    kept = keep(large, face)
    assert max(kept.width, kept.height) == 800
    scale = kept.width / (1200 + 2 * 960)
    assert kept.box == pytest.approx((960 * scale, 800 * scale, 2160 * scale, 2400 * scale), abs=2)
    assert read_picture(kept.jpeg).shape == (kept.height, kept.width, 3)
    with pytest.raises(BadInputError, match="MB"):
        read_picture(b"\xff\xd8\xff" + b"0" * (50 << 20))


def test_rule_13_the_report_counts_each_store_camera_and_entry_and_the_limit_needs_share_and_number() -> None:
    store, camera, entry = uuid.UUID(int=1), uuid.UUID(int=2), uuid.UUID(int=3)
    states = [MatchState.REJECTED] * 4 + [MatchState.CONFIRMED] * 4 + [MatchState.OPEN, MatchState.WITHDRAWN]
    lines = outcomes.report([Outcome(store, camera, entry, state) for state in states])
    assert {line.subject for line in lines} == set(Subject)
    line = lines[0]
    assert (line.leads, line.false_matches, line.confirmed, line.waiting, line.withdrawn, line.false_share) == (
        10,
        4,
        4,
        1,
        1,
        0.5,
    )
    assert outcomes.over_limit(line, IdentitySettings(false_match_least=4))
    assert not outcomes.over_limit(line, IdentitySettings(false_match_least=5))
    assert not outcomes.over_limit(line, IdentitySettings(false_match_least=4, false_match_share=0.51))
    assert "4 of 8" in outcomes.reason_of(line)
    assert outcomes.report([]) == []


def test_rule_22_a_list_travels_within_its_reach_by_two_people_and_ends() -> None:
    home, other = uuid.UUID(int=5), uuid.UUID(int=6)
    listed = Watchlist(uuid.UUID(int=4), home, "l", Category.WEAPON, Reach.CHAIN, None, "p", ENROLLER, NOW)
    end = NOW + timedelta(days=30)
    assigning.demand_assignable(listed, other, NOW, end, in_reach=True)
    banned = replace(listed, category=Category.EXCLUSION_ORDER)
    for each, store, until, reach in (
        (listed, home, end, True), (banned, other, end, True), (listed, other, end, False), (listed, other, NOW, True),
        (listed, other, NOW + timedelta(days=366), True),
    ):  # fmt: skip
        with pytest.raises(BadInputError):
            assigning.demand_assignable(each, store, NOW, until, in_reach=reach)
    wanted = Assignment(uuid.UUID(int=7), listed.id, home, other, "r", NOW, end, AssignmentState.PROPOSED, ENROLLER, NOW)
    with pytest.raises(OwnApprovalError):
        assigning.decide(wanted, ENROLLER, NOW, approved=True)
    with pytest.raises(ConflictError):
        assigning.decide(wanted, APPROVER, end, approved=True)
    approved = assigning.decide(wanted, APPROVER, NOW, approved=True)
    assert assigning.end(approved, NOW).state is AssignmentState.ENDED
    for gone in (assigning.end(approved, NOW), replace(approved, store_id=home)):
        with pytest.raises(ConflictError):
            assigning.end(gone, NOW)
    assert assigning.decide(wanted, ENROLLER, NOW, approved=False).state is AssignmentState.REJECTED
