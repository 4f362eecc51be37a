"""Which version runs where, and reconnection pauses: pure."""

import uuid

from app.workers.gpu.graph import LONGEST_PAUSE_S, pause_s, plain
from app.workers.gpu.versions import Version, promotions

A, B, C = (uuid.UUID(int=number) for number in (1, 2, 3))
ONE, TWO, THREE = (Version("yolo_pose", each) for each in "123")


def test_a_version_for_all_is_promoted_in_place_a_canary_is_not() -> None:
    assert promotions({ONE: {A, B}}, {A: TWO, B: TWO}) == {ONE: TWO}
    assert promotions({ONE: {A, B}}, {A: TWO, B: ONE}) == {}, "a share of cameras gets a pipeline beside the old one"
    assert promotions({ONE: {A}, TWO: {B}}, {A: TWO, B: TWO}) == {}, "the other pipeline runs it already"
    assert promotions({ONE: {A}, TWO: {B}}, {A: THREE, B: THREE}) in ({ONE: THREE}, {TWO: THREE})
    assert promotions({ONE: {A, B}}, {B: TWO, C: TWO}) == {ONE: TWO}, "who leaves does not count"
    assert promotions({ONE: {A}}, {A: Version("rtmo", "1")}) == {}, "another family has another decoder"
    assert promotions({ONE: {A}}, {}) == {}


def test_pauses_double_and_end() -> None:
    pauses = [pause_s(failures, draw=lambda: 0.5) for failures in range(12)]
    assert pauses[:3] == [0.5, 1.0, 2.0]
    assert max(pauses) == LONGEST_PAUSE_S
    assert pause_s(10_000, draw=lambda: 1.0) <= LONGEST_PAUSE_S * 1.25


def test_errors_lose_addresses() -> None:
    assert plain("Could not open rtsp://user:s3cret@10.0.0.1/x now") == "Could not open now"
    assert plain("rtsp://a:b@c") == "The stream failed."
