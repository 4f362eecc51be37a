"""The 17 keypoints of COCO (Lin et al., 2014), in the order every pose model here emits them."""

from typing import Final

KEYPOINT_NAMES: Final = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)
KEYPOINT_COUNT: Final = len(KEYPOINT_NAMES)
LEFT_ANKLE: Final = KEYPOINT_NAMES.index("left_ankle")
RIGHT_ANKLE: Final = KEYPOINT_NAMES.index("right_ankle")

SKELETON: Final = (
    (5, 7), (7, 9), (6, 8), (8, 10), (5, 6), (5, 11), (6, 12), (11, 12),
    (11, 13), (13, 15), (12, 14), (14, 16), (0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6),
)  # fmt: skip
"""Pairs of keypoint indices that a skeleton overlay joins."""
