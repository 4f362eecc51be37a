"""How far two versions agree about one frame."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.models.comparison import compare, likeness, overlaps
from app.perception.detections import Detections
from tests.unit.models.test_agreement import people


def test_the_same_answer_agrees_in_everything() -> None:
    found = compare(people(100, 400), people(100, 400))
    assert (found.both, found.only_old, found.only_new) == (2, 0, 0)
    assert found.overlaps == pytest.approx((1, 1))
    assert found.likenesses == pytest.approx((1, 1))
    assert found.shifts == pytest.approx((0, 0))
    assert found.agrees


def test_who_is_found_by_one_alone_is_counted_on_that_side() -> None:
    found = compare(people(100, 400), people(100, 700, 900))
    assert (found.both, found.only_old, found.only_new) == (1, 1, 2)
    assert not found.agrees


def test_a_faint_person_may_come_and_go_but_counts_as_found_where_the_other_is_certain() -> None:
    assert compare(people(100, score=0.3), Detections.empty()).agrees
    faint = compare(people(100, score=0.9), people(100, score=0.3))
    assert (faint.both, faint.only_old) == (1, 0)
    assert faint.shifts == pytest.approx((-0.6,))


def test_moved_keypoints_lower_the_likeness_as_coco_counts_it() -> None:
    moved = people(100)
    moved.keypoints[:, :, 0] += 20
    found = compare(people(100), moved)
    of_kinds = [.026, .025, .025, .035, .035, .079, .079, .072, .072, .062, .062, .107, .107, .087, .087, .089, .089]  # fmt: skip
    wanted = np.exp(-400 / (2 * 60 * 160 * (2 * np.array(of_kinds)) ** 2)).mean()
    assert found.likenesses == pytest.approx((float(wanted),), rel=1e-4)
    far = people(100)
    far.keypoints[:, :, 0] += 300
    assert not compare(people(100), far).agrees


def test_unseen_keypoints_and_numbers_that_are_none_say_nothing_of_likeness() -> None:
    unseen = people(100)
    unseen.keypoints[:, :, 2] = 0.1
    assert compare(unseen, people(100)).likenesses == ()
    assert likeness(people(100).keypoints[0], people(100).keypoints[0], 0.0) is None


@settings(max_examples=30)
@given(st.lists(st.integers(0, 1800), max_size=6), st.lists(st.integers(0, 1800), max_size=6))
def test_every_certain_person_is_counted_once(old: list[int], new: list[int]) -> None:
    found = compare(people(*old), people(*new))
    assert found.both + found.only_old == len(old)
    assert found.both + found.only_new == len(new)
    mirrored = compare(people(*new), people(*old))
    assert (mirrored.only_old, mirrored.only_new) == (found.only_new, found.only_old)


def test_boxes_without_an_area_overlap_with_nothing() -> None:
    flat = replace(people(100), boxes=np.array([[5, 5, 5, 5]], np.float32))
    assert overlaps(flat.boxes, flat.boxes).tolist() == [[0.0]]
