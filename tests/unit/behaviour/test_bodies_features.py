"""Features of many frames at once are those of each frame alone, whatever their sizes and however many people are in them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.behaviour.bodies import FEATURES, features_of
from app.contracts.wire import WireError
from tests.builders import make_tracked_frame

FRAME = st.tuples(
    st.lists(st.tuples(st.just(1), st.floats(0, 1), st.floats(0, 1)), max_size=4),
    st.sampled_from([(1280, 720), (640, 480), (1080, 1920)]),
    st.sampled_from([0.0, 0.9]),
)


@settings(max_examples=30)
@given(st.lists(FRAME, max_size=5))
def test_together_is_as_alone(drawn: list[tuple[list[tuple[int, float, float]], tuple[int, int], float]]) -> None:
    frames = [make_tracked_frame(people, size=size, ankles=ankles) for people, size, ankles in drawn]
    together = features_of(frames)
    assert [each.shape for each in together] == [(len(frame.track_ids), FEATURES) for frame in frames]
    for frame, bodies in zip(frames, together, strict=True):
        np.testing.assert_array_equal(bodies, features_of([frame])[0])


def test_arrays_that_do_not_fit_are_refused() -> None:
    frame = make_tracked_frame([(1, 0.5, 0.5)])
    broken = type(frame)(*[getattr(frame, name) for name in frame.__struct_fields__[:-2]], frame.keypoints[:-4])
    with pytest.raises(WireError):
        features_of([frame, broken])
