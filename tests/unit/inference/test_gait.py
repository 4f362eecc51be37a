"""Features, quality and the network's input of a pose sequence."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.inference.gait.client import PoseSequence, stacked
from app.inference.gait.features import features
from app.inference.gait.quality import Facing, Unfit, facing, quality, unfit
from app.inference.gait.sequence import CHANNELS, SLOTS, network_input
from app.inference.gait.way import speed_on, way_of, with_metres
from app.perception.ground import ground_of
from tests.unit.inference.walker import body, from_the_front, from_the_side, moments


@settings(max_examples=12, deadline=None)
@given(st.floats(0.7, 1.2), st.sampled_from([4.0, 6.0, 12.5, 30.0]), st.booleans())
def test_the_cadence_is_found_at_every_rate_and_from_the_front(stride_hz: float, fps: float, side: bool) -> None:
    assume(fps > 4 * stride_hz)  # steps come at twice the stride's rate; a slower camera cannot tell them (Nyquist)
    times = moments(max(30, int(4 * fps)), fps)
    walk = body(times, stride_hz=stride_hz)
    found = features((from_the_side if side else from_the_front)(walk), times)
    assert found.walking
    assert found.cadence_steps_per_min == pytest.approx(120 * stride_hz, rel=0.06)
    assert found.stride_time_s == pytest.approx(1 / stride_hz, rel=0.06)


def test_metres_come_from_the_floor_and_heights_from_the_body() -> None:
    times = moments(60, 15)
    walk = from_the_side(body(times, speed=1.2, stride_hz=1.0))
    plain, floor = features(walk, times), features(walk, times, np.diag([1 / 150, 1 / 150, 1.0]))
    assert plain.speed_m_per_s is None
    assert plain.stride_length_m is None
    assert floor.speed_m_per_s == pytest.approx(1.2, rel=0.05)
    assert floor.stride_length_m == pytest.approx(1.2, rel=0.06)
    assert plain.speed_heights_per_s == pytest.approx(1.2 / 1.65, rel=0.06)


def test_metres_are_told_later_of_a_few_points_where_a_floor_is_drawn() -> None:
    times = moments(90, 15)
    walk = from_the_side(body(times, speed=1.2, stride_hz=1.0))  # 150 pixels a metre, on a floor seen from straight above
    way = way_of(walk, times, 1500, 1500)
    assert 10 <= len(way) <= 13, "one point for each half second"
    low, high = float(walk[:, 15:17, 1].min()) / 1500 - 0.1, float(walk[:, 15:17, 1].max()) / 1500 + 0.1
    floor = ground_of([(0.0, low), (1.0, low), (1.0, high), (0.0, high)], 10.0, 10.0 * (high - low))
    told = with_metres({"stride_time_s": 1.0, "speed_m_per_s": None, "walking": True}, way, floor)
    assert told["speed_m_per_s"] == pytest.approx(1.2, rel=0.06)
    assert told["stride_length_m"] == pytest.approx(1.2, rel=0.06)
    assert with_metres({"stride_time_s": None}, way, floor)["stride_length_m"] is None, "who does not walk has no stride"
    assert with_metres({"stride_time_s": 1.0}, way, None) == {"stride_time_s": 1.0}, "no floor, no metres"
    assert with_metres({"stride_time_s": 1.0}, way * [1, 30, 1], floor) == {"stride_time_s": 1.0}, "nobody is so fast"
    back = way.copy()
    back[:, 1] = np.minimum(way[:, 1], way[::-1, 1])
    assert with_metres({"stride_time_s": 1.0}, back, floor) == {"stride_time_s": 1.0}, "who turns round does not stand"
    walk[:, 15, 2] = 0.0
    assert len(way_of(walk, times, 1500, 1500)) == 0, "a foot that is not seen tells no place"
    assert speed_on(way[:2], floor) is None


def test_swings_ranges_and_sway_are_degrees() -> None:
    times = moments(120, 30)
    calm, wide = (features(from_the_side(body(times, arm=arm, swing=swing)), times) for arm, swing in ((0.2, 0.3), (0.5, 0.5)))
    assert calm.hip_range_left_deg == pytest.approx(np.degrees(0.6), rel=0.1)
    assert wide.hip_range_left_deg == pytest.approx(np.degrees(1.0), rel=0.1)
    assert wide.arm_swing_right_deg > 1.8 * calm.arm_swing_right_deg
    assert calm.trunk_sway_deg == pytest.approx(0, abs=0.1)
    assert calm.step_asymmetry == pytest.approx(0, abs=0.1)


def test_who_stands_does_not_walk_and_has_no_cadence() -> None:
    times = moments(60, 10)
    chance = np.random.default_rng(1)
    still = from_the_side(np.repeat(body(times)[:1], 60, axis=0))
    still[..., :2] += chance.normal(0, 1.0, (60, 17, 2))
    found = features(still, times)
    assert not found.walking
    assert found.cadence_steps_per_min is None
    assert found.stride_length_heights is None


def test_hidden_joints_leave_the_other_figures() -> None:
    times = moments(60, 10)
    walk = from_the_side(body(times))
    walk[:, [9, 15], 2] = 0.1
    found = features(walk, times)
    assert found.arm_swing_left_deg is None
    assert found.knee_range_left_deg is None
    assert found.knee_range_right_deg is not None
    assert found.walking  # by the knees


def test_what_is_unfit_is_told_with_the_reason() -> None:
    times = moments(40, 10)
    walk = from_the_side(body(times))
    assert unfit(walk, times) is None
    assert unfit(walk[:29], times[:29]) is Unfit.TOO_FEW_FRAMES
    assert unfit(walk, times * 4) is Unfit.TOO_SLOW
    assert unfit(walk, np.concatenate([times[:20], times[20:] + 3])) is Unfit.TOO_LONG_A_GAP
    assert unfit(walk, np.zeros(40)) is Unfit.TOO_LONG_A_GAP
    assert unfit(np.where(np.arange(17)[:, None] > 8, [1, 1, 0.1], walk), times) is Unfit.TOO_MUCH_HIDDEN
    assert unfit(walk * np.nan, times) is Unfit.NOT_FINITE


def test_quality_says_length_view_joints_and_walking() -> None:
    times = moments(40, 10)
    side, front = from_the_side(body(times)), from_the_front(body(times))
    told = quality(side, times, features(side, times))
    assert (told.frames, told.walking, told.facing, told.seen_share) == (40, True, Facing.SIDE, 1.0)
    assert told.seconds == pytest.approx(3.9)
    assert facing(front) is Facing.FRONT
    assert facing(np.concatenate([1000 - front[..., :1], front[..., 1:]], axis=-1)) is Facing.BACK
    hidden = side.copy()
    hidden[:, [15, 16], 2] = 0
    assert quality(hidden, times, features(hidden, times)).overall < told.overall


def test_the_input_forgets_place_size_and_rate() -> None:
    slow, fast = moments(60, 12), moments(150, 30)
    one = stacked([PoseSequence(from_the_side(body(slow)), slow + 7)])
    far = from_the_side(body(slow), 60.0)
    far[..., :2] += [300, -40]
    other = stacked([PoseSequence(far, slow)])
    assert one.shape == (1, SLOTS, CHANNELS)
    np.testing.assert_allclose(one, other, atol=2e-3)
    quick = stacked([PoseSequence(from_the_side(body(fast)), fast)])
    assert np.abs(quick[0, 3:55, :34] - one[0, 3:55, :34]).mean() < 0.05
    assert (one[0, 62:] == 0).all()


def test_gaps_and_hidden_points_are_marked() -> None:
    times = moments(60, 12)
    walk = from_the_side(body(times))
    walk[:, 9, 2] = 0
    kept = np.r_[0:20, 32:60]
    made = stacked([PoseSequence(walk[kept], times[kept])])[0]
    assert made[24:28, -1].max() == 0
    assert made[40:50, -1].min() == 1
    assert np.abs(made[:, [9, 26, 43]]).max() == 0
    assert made[40, 34 + 10] == pytest.approx(1)


def test_what_is_long_is_cut_to_its_last_seconds_and_batches_do_not_mix() -> None:
    long, short = moments(400, 25), moments(40, 10)
    sequences = [PoseSequence(from_the_side(body(long)), long), PoseSequence(from_the_front(body(short)), short)]
    both = stacked(sequences)
    assert both[0, :, -1].min() == 1
    for row, each in enumerate(sequences):
        np.testing.assert_allclose(both[row], stacked([each])[0], atol=1e-5)


def test_nothing_seen_gives_zeros_and_no_numbers_that_are_none() -> None:
    made = network_input(np.zeros((1, 40, 17, 3), np.float32), np.arange(40, dtype=np.float32)[None] / 10, np.ones((1, 40), bool))
    assert np.isfinite(made).all()
    assert np.abs(made[..., :51]).max() == 0
