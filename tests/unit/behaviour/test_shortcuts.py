"""What spares most frames the dear part of a rule never says no where that part would find something."""

import numpy as np
import pytest

from app.behaviour.bodies import BOX_BOTTOM, FEATURES, FEET, STATURE, WRISTS, Floats
from app.behaviour.fighting import limbs_of
from app.behaviour.motion import Motion
from app.behaviour.posture import mean


def make_window(chance: np.random.Generator, columns: int, people: int, spread: float) -> Floats:
    """(columns, people, features) of points that wander; one in ten is not seen."""
    window = chance.normal(0.5, spread, (columns, people, FEATURES)).astype(np.float32)
    window[chance.random(window.shape) < 0.1] = np.nan
    window[:, :, STATURE] = 0.5
    return window


@pytest.mark.parametrize("spread", [0.01, 0.05, 0.12])
@pytest.mark.parametrize("fps", [4, 10, 12.5])
def test_nobody_who_strikes_is_passed_over(spread: float, fps: float) -> None:
    chance = np.random.default_rng(5)
    seen = {True: 0, False: 0}
    passed_over = 0
    for _ in range(40):
        times = np.arange(-19, 1) / fps
        window = make_window(chance, 20, 3, spread)[:, :, : BOX_BOTTOM + 1]
        stature = mean(window[:, :, STATURE])
        limbs = limbs_of(times, window, stature, 0.0)
        assert limbs is not None
        strikes = bool((limbs.speed >= 1.3 * limbs.share.min()).any())
        looked = limbs_of(times, window, stature, 1.3) is not None
        assert looked or not strikes
        passed_over += not looked
        seen[strikes] += 1
    assert seen[spread > 0.01] > 0
    assert passed_over > 0 or spread > 0.01  # else it spares nothing


def test_limbs_are_continued_by_the_shorter_way() -> None:
    chance = np.random.default_rng(6)
    crossed = 0
    for _ in range(200):
        motion = Motion()
        before, after = (make_window(chance, 1, 2, 0.1)[0] for _ in range(2))
        motion.take(1_000_000, before.copy(), [0, 1])
        motion.take(1_200_000, after.copy(), [0, 1])
        old, new = (
            limbs.reshape(2, 2, 2, 2) for limbs in (before[:, WRISTS.start : FEET.stop], after[:, WRISTS.start : FEET.stop])
        )
        for person in range(2):
            for pair in range(2):
                if np.isnan(old[person, pair]).any() or np.isnan(new[person, pair]).any():
                    continue
                straight, swapped = (
                    ((way - old[person, pair]) ** 2).sum() for way in (new[person, pair], new[person, pair][::-1])
                )
                kept = motion.now()[person, WRISTS.start : FEET.stop].reshape(2, 2, 2)[pair]
                wanted = new[person, pair][::-1] if swapped < straight else new[person, pair]
                np.testing.assert_array_equal(kept, wanted)
                crossed += bool(swapped < straight)
    assert crossed > 20
