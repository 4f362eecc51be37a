"""The pipeline's gate for biometric messages, and how it learns the policy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.configuration import CameraRow, set_up
from app.pipeline.policy import Biometric, StorePolicy
from tests.builders import CAMERA
from tests.unit.pipeline.test_camera import CHAIN, STORE


@given(st.integers(0, 9), st.integers(0, 9), st.booleans(), st.sampled_from(["face", "gait", "re_identification"]))
def test_rule_01_a_biometric_message_counts_under_the_present_revision_only(
    known: int, told: int, on: bool, switch: Biometric
) -> None:
    policy = StorePolicy(known, **{switch: on})
    assert policy.takes(switch, told) is (on and known == told)


@pytest.mark.parametrize("switch", ["face", "gait", "re_identification"])
def test_rule_01_without_a_policy_nothing_counts(switch: Biometric) -> None:
    assert StorePolicy().takes(switch, 0) is False


def test_a_camera_is_set_up_with_its_stores_policy() -> None:
    policy = StorePolicy(4, face=True)
    setups = set_up([CameraRow(CAMERA, CHAIN, STORE, True, policy)], [], [], lambda _sentence: None)
    assert setups[CAMERA].policy is policy
