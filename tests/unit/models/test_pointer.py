"""Which camera uses which version, and what a promotion and a roll-back make of it."""

import uuid

import pytest

from app.kit.errors import BadInputError, ConflictError
from app.models.models import Pointer, promoted, rolled_back, version_for, without

CAMERAS = [uuid.uuid4() for _ in range(2000)]
START = Pointer("yolo_pose", 1)


def on(pointer: Pointer, version: int) -> set[uuid.UUID]:
    return {camera for camera in CAMERAS if version_for(pointer, camera) == version}


def test_a_share_is_about_that_many_cameras_and_a_growing_one_keeps_those_it_had() -> None:
    tenth, half = promoted(START, 1001, 0.1), promoted(promoted(START, 1001, 0.1), 1001, 0.5)
    assert 120 < len(on(tenth, 1001)) < 280
    assert 880 < len(on(half, 1001)) < 1120
    assert on(tenth, 1001) < on(half, 1001)
    assert on(half, 1) | on(half, 1001) == set(CAMERAS)
    assert on(promoted(half, 1001, 1), 1001) == set(CAMERAS)


def test_a_roll_back_takes_the_last_promotion_back_and_no_more() -> None:
    tried = promoted(START, 1001, 0.2)
    assert rolled_back(tried) == START
    everywhere = promoted(tried, 1001, 1)
    assert everywhere == Pointer("yolo_pose", 1001, previous=1)
    assert rolled_back(everywhere) == START
    with pytest.raises(ConflictError, match="no earlier version"):
        rolled_back(START)


def test_one_candidate_at_a_time_and_a_share_that_means_something() -> None:
    tried = promoted(START, 1001, 0.2)
    with pytest.raises(ConflictError, match="1001 is being tried"):
        promoted(tried, 1002, 0.1)
    with pytest.raises(ConflictError, match="serves all cameras already"):
        promoted(START, 1, 1)
    for share in (0, -1, 1.1, float("nan")):
        with pytest.raises(BadInputError, match="share"):
            promoted(START, 1001, share)


def test_what_cameras_use_cannot_go_and_what_is_gone_is_no_way_back() -> None:
    everywhere = promoted(START, 1001, 1)
    for pointer, version in ((everywhere, 1001), (promoted(everywhere, 1002, 0.1), 1002)):
        with pytest.raises(ConflictError, match="Cameras use"):
            without(pointer, version)
    assert without(promoted(everywhere, 1002, 1), 1001).previous is None
    assert without(everywhere, 1002) == everywhere
