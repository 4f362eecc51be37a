"""What spares most frames the dear part of a rule never says no where that part would find something."""

import numpy as np
import numpy.typing as npt
import pytest

from app.behaviour import blows
from app.behaviour.blows import NO_BLOW, blows_of, limbs_of
from app.behaviour.bodies import BOX_BOTTOM, BOX_X, FEATURES, FEET, HEAD, HIPS, SHOULDERS, STATURE, WRISTS, Floats
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


def make_crowd(chance: np.random.Generator, times: npt.NDArray[np.float64]) -> Floats:
    """(w, 5, features) of people who stand about in a row and whose hands go here and there; some points are lost."""
    window = np.zeros((len(times), 5, FEATURES), np.float32)
    for person in range(5):
        tall, x = 0.3 * chance.uniform(0.85, 1.2), chance.uniform(0.3, 0.7)
        for part, aside, high, spread in (
            (HEAD, 0.0, 0.94, 0.01), (SHOULDERS, 0.0, 0.82, 0.01), (HIPS, 0.0, 0.53, 0.01), (slice(10, 12), 0.2, 0.6, 0.15),
            (slice(12, 14), -0.2, 0.6, 0.15), (slice(14, 16), 0.1, 0.3, 0.1), (slice(16, 18), 0.0, 0.0, 0.01),
        ):  # fmt: skip
            window[:, person, part] = chance.normal((x + aside * tall, 0.6 - high * tall), spread * tall, (len(times), 2))
        window[:, person, [STATURE, BOX_X, BOX_BOTTOM]] = tall, x, 0.6
    window[chance.random(window.shape) < 0.05] = np.nan
    window[:, :, STATURE] = np.nan_to_num(window[:, :, STATURE], nan=0.3)
    return window


def test_pairs_looked_at_together_strike_as_each_alone_and_as_if_every_limb_were_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chance = np.random.default_rng(8)
    strike = spared = 0
    for _ in range(60):
        times = -np.cumsum(chance.uniform(0.05, 0.4, 25))[::-1]
        times = times[times >= times[-1] - 4.0] - times[-1]
        window = make_crowd(chance, times)
        stature = mean(window[:, :, STATURE])
        limbs, every = (limbs_of(times, window, stature, least) for least in (NO_BLOW * 1.55, 0.0))
        assert every is not None
        pairs = [(one, other) for one in range(5) for other in range(one + 1, 5)]
        found = blows_of(times, window, stature, limbs, pairs, 0.8, 1.55) if limbs is not None else {}
        with monkeypatch.context() as looked:
            looked.setattr(blows, "_HAIR", 0.0)  # no limb is too slow to be looked at
            alone = [blows_of(times, window, stature, every, [pair], 0.8, 1.55) for pair in pairs]
        assert [found.get(pair) for pair in pairs] == [each.get(pair) for pair, each in zip(pairs, alone, strict=True)]
        assert all(each.weight > 0 and each.moments > 0 and each.fastest >= NO_BLOW * 1.55 * 0.7 for each in found.values())
        strike, spared = strike + len(found), spared + len(pairs) - len(found)
    assert min(strike, spared) > 50


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
