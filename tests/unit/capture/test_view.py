"""Blind and moved cameras, told from light, noise and people by pictures alone."""

import numpy as np
import pytest
from av import VideoFrame

from app.capture.view import ACCEPT_LOOKS, COLUMNS, ROWS, SETTLE_LOOKS, Grey, View, Viewing, small_grey

CHANCE = np.random.default_rng(7)


def scene(seed: int = 1) -> Grey:
    """A shop in grey: shelves, a floor, boxes of goods."""
    chance = np.random.default_rng(seed)
    grey = np.full((ROWS, COLUMNS), 120.0, np.float32)
    grey[ROWS // 2 :] = 160
    for _ in range(60):
        x, y = chance.integers(0, COLUMNS - 6), chance.integers(0, ROWS - 5)
        grey[y : y + chance.integers(2, 6), x : x + chance.integers(2, 8)] = chance.uniform(20, 230)
    return grey


def noisy(grey: Grey, sigma: float = 0.8) -> Grey:
    return np.clip(grey + CHANCE.normal(0, sigma, grey.shape), 0, 255).astype(np.float32)


def crowded(grey: Grey) -> Grey:
    """People before a third of it."""
    out = grey.copy()
    for x in CHANCE.integers(0, COLUMNS - 6, 5):
        y = CHANCE.integers(4, ROWS - 20)
        out[y : y + 16, x : x + 5] = CHANCE.uniform(20, 220)
    return out


def watch(viewing: Viewing, pictures: list[Grey], from_s: int) -> list[View]:
    return [viewing.look(noisy(picture), (from_s + number) * 1_000_000) for number, picture in enumerate(pictures)]


@pytest.fixture
def viewing() -> Viewing:
    viewing = Viewing()
    assert set(watch(viewing, [scene()] * (SETTLE_LOOKS + 5), 0)) == {View.FINE}
    return viewing


def test_light_people_and_noise_are_fine(viewing: Viewing) -> None:
    dusk = [scene() * (1 - 0.006 * step) for step in range(100)]
    people = [crowded(scene()) for _ in range(100)]
    lamp = [np.minimum(scene() * 1.4 + 20, 255)] * 20
    assert set(watch(viewing, [*dusk, *people, *lamp], 100)) == {View.FINE}


@pytest.mark.parametrize("picture", [np.zeros((ROWS, COLUMNS), np.float32), np.full((ROWS, COLUMNS), 90, np.float32)])
def test_a_covered_lens_is_blind_until_it_is_uncovered(viewing: Viewing, picture: Grey) -> None:
    assert set(watch(viewing, [picture] * 30, 100)) == {View.BLIND}
    assert set(watch(viewing, [scene()] * 30, 200)) == {View.FINE}


def test_a_turned_camera_has_moved_until_it_is_turned_back(viewing: Viewing) -> None:
    turned = np.roll(scene(), 14, axis=1)
    assert set(watch(viewing, [turned] * 60, 100)) == {View.MOVED}
    assert set(watch(viewing, [scene()] * 10, 200)) == {View.FINE}
    assert set(watch(viewing, [scene(9)] * 20, 300)) == {View.MOVED}


def test_a_new_view_is_accepted_in_the_end(viewing: Viewing) -> None:
    told = watch(viewing, [scene(3)] * (ACCEPT_LOOKS + 50), 100)
    assert told[ACCEPT_LOOKS // 2] is View.MOVED
    assert told[-1] is View.FINE


def test_a_wall_tells_nothing_about_moving() -> None:
    wall, viewing = np.full((ROWS, COLUMNS), 100, np.float32), Viewing()
    wall[10:16, 10:16] = 200
    assert set(watch(viewing, [wall] * 40 + [np.roll(wall, 9, axis=1)] * 40, 0)) <= {View.FINE, View.BLIND}


def test_frames_are_looked_at_once_a_second_and_after_a_clock_set_back() -> None:
    viewing = Viewing()
    assert viewing.is_due(5_000_000)
    viewing.look(None, 5_000_000)
    assert [viewing.is_due(at) for at in (5_200_000, 6_000_000, 1_000_000)] == [False, True, True]


def test_a_decoded_frame_becomes_block_means() -> None:
    picture = VideoFrame(1280, 720, "yuv420p")
    for plane in picture.planes:
        plane.update(bytes([77]) * plane.buffer_size)
    grey = small_grey(picture)
    assert grey is not None
    assert (grey.shape, float(grey.min()), float(grey.max())) == ((ROWS, COLUMNS), 77.0, 77.0)
    assert small_grey(VideoFrame(64, 64, "yuv420p")) is None
