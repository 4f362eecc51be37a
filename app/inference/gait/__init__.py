"""Gait of one track: what a sequence of keypoints says about how somebody walks, and the network's input."""
