"""A drawn figure of 17 points that stands, walks, strikes and falls: metres, y up, the ground at 0. No captured person.

Proportions are Drillis and Contini's (1966) of a body 1.72 m tall. The figure faces +x; whoever plays it turns it.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
TALL: Final = 1.72
ANKLE, KNEE, HIP, SHOULDER = 0.08, 0.49, 0.91, 1.41
UPPER_ARM, FOREARM = 0.32, 0.27
STEPS_PER_S: Final = 0.9
"""Whole strides, left and right."""


def standing(at_s: float = 0.0) -> Points:
    """(17, 3) somebody who stands, arms down, swaying a little."""
    return walking(at_s, swing=0.0) + _sway(at_s)


def walking(at_s: float, swing: float = 1.0) -> Points:
    """(17, 3) a walk on the spot at that second; `swing` 0 is standing."""
    phase = 2 * np.pi * STEPS_PER_S * at_s
    body = np.zeros((17, 3))
    for side, sign in ((0, 1.0), (1, -1.0)):
        across = sign * 0.19
        angle = 0.42 * swing * np.sin(phase + side * np.pi)
        knee_bend = 0.5 * swing * max(0.0, np.cos(phase + side * np.pi))
        thigh, shin = HIP - KNEE, KNEE - ANKLE
        knee = np.array([thigh * np.sin(angle), HIP - thigh * np.cos(angle), sign * 0.1])
        low = angle - knee_bend
        body[11 + side] = [0.0, HIP, sign * 0.12]
        body[13 + side] = knee
        body[15 + side] = knee + np.array([shin * np.sin(low), -shin * np.cos(low), 0.0])
        arm = -0.5 * angle
        body[5 + side] = [0.0, SHOULDER, across]
        body[7 + side] = body[5 + side] + [UPPER_ARM * np.sin(arm), -UPPER_ARM * np.cos(arm), sign * 0.04]
        body[9 + side] = body[7 + side] + [FOREARM * np.sin(arm + 0.25), -FOREARM * np.cos(arm + 0.25), 0.0]
    body[:5] = [[0.11, 1.58, 0], [0.09, 1.62, 0.03], [0.09, 1.62, -0.03], [0.01, 1.6, 0.075], [0.01, 1.6, -0.075]]
    body[:, 1] -= min(float(body[15:, 1].min()) - ANKLE, 0.0)
    return body


def striking(at_s: float, blows_s: tuple[float, ...]) -> Points:
    """(17, 3) arms drawn back; a fist swings out at each of `blows_s`, in turn left and right, and comes back."""
    body = standing(at_s)
    body[[15, 13]] += [[0.18, 0.0, 0.0], [0.12, 0.0, 0.0]]
    body[16] -= [0.15, 0.0, 0.0]
    for side in (0, 1):
        out = max((_blow(at_s - begin) for begin in blows_s[side::2]), default=0.0)
        guard, hit = body[5 + side] + [-0.1, -0.05, 0.0], body[5 + side] + [0.58, 0.06, 0.0]
        body[9 + side] = guard + (hit - guard) * out
        body[7 + side] = (body[9 + side] + body[5 + side]) / 2 - [0.0, 0.12 * (1 - out), 0.0]
        body[:11, 0] += 0.08 * out
    return body


def _blow(since_s: float) -> float:
    """How far out a fist is: 0.12 s out, a moment there, 0.25 s back."""
    if since_s < 0.12:
        return max(0.0, since_s / 0.12)
    return max(0.0, min(1.0, (0.43 - since_s) / 0.25))


def falling(at_s: float, pose: Points) -> Points:
    """(17, 3) `pose` topples over sideways as a rod about its feet from 0 on, and lies; it takes about 1.1 s.

    Angle of a uniform rod that starts at 8 degrees: cosh growth, cut at lying.
    """
    rate = np.sqrt(1.5 * 9.81 / 1.6)
    angle = min(np.pi / 2, 0.14 * float(np.cosh(rate * max(0.0, at_s)))) if at_s > 0 else 0.0
    share = (angle / (np.pi / 2)) ** 3
    c, s = np.cos(angle), np.sin(angle)
    y, z = pose[:, 1] - ANKLE, pose[:, 2]
    tipped = np.stack([pose[:, 0], ANKLE + y * c - z * s, y * s + z * c], axis=1)
    flat = np.stack([pose[:, 0] * 0.8, np.full(17, 0.12), y * 0.97], axis=1)
    flat[9:11] += [[0.18, 0.0, 0.05], [-0.15, 0.0, -0.1]]
    flat[13] += [0.12, 0.05, -0.05]
    lain: Points = (1 - share) * tipped + share * flat
    lain[:, 1] = np.maximum(lain[:, 1], 0.06)
    return lain


def turned(body: Points, angle: float) -> Points:
    """Turned about the vertical."""
    c, s = np.cos(angle), np.sin(angle)
    out: Points = body @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    return out


def _sway(at_s: float) -> Points:
    rates, phases = np.linspace(0.17, 0.43, 17), np.linspace(0.0, 6.0, 17)
    move = 0.008 * np.sin(2 * np.pi * rates * at_s + phases)
    out: Points = np.stack([move, np.zeros(17), move[::-1]], axis=1)
    return out
