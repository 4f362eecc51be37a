"""Passing frames over: only where nothing changed, never for longer than promised, never while somebody is unaccounted for."""

from dataclasses import replace

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.behaviour.people import Continuity
from app.behaviour.sight import US
from app.tracking.limits import LOST_S
from app.workers.cpu.stillness import (
    EMPTY_GAP_US,
    MOST_SHIFT,
    PEOPLE_GAP_US,
    Grey,
    Looked,
    Scene,
    differs,
    grey_of,
    may_rest,
    scene_of,
)

STALE_US = 3 * US
"""The dashboard's, web/src/live/tileState.ts."""
PERIOD_US = 0.2 * US


def room(seed: int = 1) -> Grey:
    """An aisle of shelves: any grey levels, 72 x 128 blocks."""
    return np.random.default_rng(seed).integers(20, 230, (72, 128)).astype(np.int16)


def frame_of(luma: np.ndarray, pixel_format: str = "yuv420p") -> av.VideoFrame:
    grey = av.VideoFrame.from_ndarray(np.ascontiguousarray(luma), format="gray")
    return grey if pixel_format == "gray" else grey.reformat(format=pixel_format)


def looked(scene: Scene = Scene.EMPTY, grey: Grey | None = None) -> Looked:
    return Looked(room() if grey is None else grey, 10 * US, scene)


@pytest.mark.parametrize("pixel_format", ["gray", "yuv420p", "yuvj420p", "nv12"])
@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080), (1088, 1920), (642, 362), (64, 48)])
def test_a_grey_picture_is_block_means_of_any_decoder_format(width: int, height: int, pixel_format: str) -> None:
    luma = np.full((height, width), 60, np.uint8)
    luma[:, width // 2 :] = 180
    grey = grey_of(frame_of(luma, pixel_format))
    assert grey is not None
    assert max(grey.shape) <= 150
    assert grey[0, 0] < 100 < grey[0, -1]


def test_a_format_without_luma_is_never_passed_over() -> None:
    assert grey_of(frame_of(np.zeros((48, 64), np.uint8), "gray").reformat(format="rgb24")) is None
    assert not may_rest(replace(looked(), grey=None), room(), 10 * US + 1, PERIOD_US, watched=False)
    assert not may_rest(looked(), None, 10 * US + 1, PERIOD_US, watched=False)


@settings(deadline=None, max_examples=30)  # each draws two whole pictures
@given(seed=st.integers(0, 2**32 - 1), sigma=st.floats(0, 12), shift=st.floats(-6, 6), sign=st.sampled_from([1.0, 1.01, 0.99]))
def test_sensor_noise_and_slow_light_are_no_change(seed: int, sigma: float, shift: float, sign: float) -> None:
    random = np.random.default_rng(seed)
    picture = np.kron(room(seed % 7), np.ones((10, 10)))
    noise = lambda: random.normal(0, sigma, picture.shape)  # noqa: E731
    before, after = picture + noise(), picture * sign + shift + noise()
    frames = [grey_of(frame_of(np.clip(each, 0, 255).astype(np.uint8))) for each in (before, after)]
    assert frames[0] is not None
    assert frames[1] is not None
    assert not differs(frames[0], frames[1])


@given(
    row=st.integers(0, 66),
    column=st.integers(0, 124),
    contrast=st.sampled_from([-40, -15, 15, 40]),
    sigma=st.floats(0, 1.0),
    seed=st.integers(0, 1000),
)
def test_somebody_six_blocks_tall_is_a_change_wherever_they_stand(
    row: int, column: int, contrast: int, sigma: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    before = (room(seed) + random.normal(0, sigma, (72, 128))).astype(np.int16)
    after = (room(seed) + random.normal(0, sigma, (72, 128))).astype(np.int16)
    after[row : row + 6, column : column + 3] += contrast
    assert differs(before, after)


def test_a_lamp_a_moved_camera_and_another_size_are_changes() -> None:
    before = room()
    assert differs(before, before + np.int16(MOST_SHIFT + 1))
    assert differs(before, np.roll(before, 5, axis=1))
    assert differs(before, room()[:60])


@pytest.mark.parametrize(
    ("found", "tracked", "open_tracks", "scene"),
    [
        (0, 0, 0, Scene.EMPTY),
        (2, 2, 2, Scene.CALM),
        (1, 1, 2, Scene.UNSETTLED),  # one track was not seen: hidden, or missed by the model
        (0, 0, 1, Scene.UNSETTLED),
        (3, 2, 2, Scene.UNSETTLED),  # a faint detection that belongs to no track yet
        (1, 0, 0, Scene.UNSETTLED),
    ],
)
def test_a_scene_is_calm_only_when_everybody_is_accounted_for(found: int, tracked: int, open_tracks: int, scene: Scene) -> None:
    assert scene_of(found, tracked, open_tracks) is scene


@given(
    scenes=st.lists(st.sampled_from(list(Scene)), min_size=1, max_size=40),
    period_us=st.floats(US / 30, 5 * US),
    jitter=st.lists(st.floats(-0.3, 0.3), min_size=1, max_size=40),
    watched=st.booleans(),
)
def test_the_gap_between_analysed_frames_keeps_its_promise_in_a_scene_that_never_changes(
    scenes: list[Scene], period_us: float, jitter: list[float], *, watched: bool
) -> None:
    grey, last, at_us = room(), looked(scenes[0]), 10 * US
    for number in range(120):
        at_us += int(period_us * (1 + jitter[number % len(jitter)]))
        if may_rest(last, grey, at_us, period_us, watched=watched):
            assert last.scene is not Scene.UNSETTLED
            continue
        longest = EMPTY_GAP_US if last.scene is Scene.EMPTY and not watched else PEOPLE_GAP_US
        assert at_us - last.at_us <= max(longest, period_us) + 0.3 * period_us + 1
        last = Looked(grey, at_us, scenes[number % len(scenes)])


@given(since_us=st.integers(1, 3 * US), scene=st.sampled_from(list(Scene)), watched=st.booleans())
def test_a_change_is_looked_at_at_once(since_us: int, scene: Scene, *, watched: bool) -> None:
    changed = room()
    changed[10:16, 10:13] += 40
    assert not may_rest(looked(scene), changed, 10 * US + since_us, PERIOD_US, watched=watched)


def test_a_clock_set_back_is_looked_at() -> None:
    assert not may_rest(looked(), room(), 9 * US, PERIOD_US, watched=False)


def test_rests_are_shorter_than_what_later_stages_forgive() -> None:
    jitter_us = 0.3 * PERIOD_US
    assert PEOPLE_GAP_US + jitter_us < Continuity().counted_gap_s * US  # dwell goes on adding up
    assert 2 * PEOPLE_GAP_US < LOST_S * US  # one missed detection loses no track
    assert EMPTY_GAP_US + PERIOD_US < STALE_US  # no banner over a still aisle
