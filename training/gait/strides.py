"""Walks that nobody walked: motion for identities besides the captured subjects', so that more kinds of walks are learned from.

Angles of thigh, knee, upper arm and elbow over a stride are normal curves (Winter, The Biomechanics and Motor Control of Human
Gait, 1991, to a few degrees). A made walker has amplitudes, offsets, phases and harmonics of its own, left and right a little
apart, and limbs of its own; each of its walks has another pace and small changes of all of these. No captured motion is in it.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.behaviour_bodies import FPS
from benchmarks.gait_people import Loop

Floats = npt.NDArray[np.float64]
MADE: Final = "made "
"""How the names of made walkers begin."""
STRIDES: Final = 3
_CURVES: Final = {
    "thigh": (22, 17, 9, 0, -8, -16, -17, -3, 14, 24),
    "knee": (5, 16, 17, 10, 5, 10, 34, 60, 52, 20),
    "upper_arm": (-22, -21, -15, -5, 5, 12, 14, 10, 0, -13),
    "elbow": (18, 18, 21, 25, 29, 32, 33, 30, 25, 20),
}
"""Degrees at each tenth of a stride of that side, from the foot's contact; positive is ahead, and bent."""
_OFFSET: Final = {"thigh": 3.0, "knee": 3.0, "upper_arm": 8.0, "elbow": 12.0}
_HARMONICS: Final = {"thigh": 2.0, "knee": 3.0, "upper_arm": 4.0, "elbow": 5.0}
"""Standard deviations in degrees between made walkers."""
_AMPLITUDE: Final = {"thigh": 0.12, "knee": 0.12, "upper_arm": 0.5, "elbow": 0.5}
_BY_PACE: Final = {"thigh": 0.7, "knee": 0.3, "upper_arm": 1.2, "elbow": 1.0}
"""How much more each swings in a walk that is faster by one unit."""
_SLOWER_TO_FASTER: Final = 0.16
_WALK: Final = 0.35
"""How much walks of one walker differ, of what walkers differ."""
_SIDES: Final = 0.25
"""How much a walker's sides differ, of what walkers differ."""
_LENGTHS: Final = {
    "thigh": 0.415, "shank": 0.43, "upper_arm": 0.295, "forearm": 0.2, "shoulders": 0.18, "hips": 0.092, "trunk": 0.41,
    "neck": 0.17,
}  # fmt: skip
"""Metres between the joints that captures have: the hand's for the wrist, the ears' middle for the head. Of shoulders and hips
half the width."""
_FACE: Final = ((0, -0.01, 0.1), (0.03, 0.02, 0.08), (-0.03, 0.02, 0.08), (0.07, 0.01, 0), (-0.07, 0.01, 0))
_BODY: Final = {
    "lean": (4.0, 4.0), "lean_swing": (1.5, 1.0), "roll": (2.0, 1.5), "twist": (6.0, 4.0), "pelvis_turn": (5.0, 2.5),
    "pelvis_list": (4.0, 2.0), "sway": (0.02, 0.008), "wide": (1.5, 1.5), "arms_out": (7.0, 4.0), "head": (0.0, 8.0),
    "twist_late": (0.0, 20.0), "pelvis_late": (0.0, 20.0), "out_turn": (0.0, 3.0),
}  # fmt: skip
"""Mean and standard deviation between walkers: degrees, of sway metres."""


class _Walker:
    """What one made walker keeps from walk to walk."""

    def __init__(self, chance: np.random.Generator) -> None:
        self.lengths = {name: size * np.exp(chance.normal(0, 0.06)) for name, size in _LENGTHS.items()}
        self.body = {name: chance.normal(*how) for name, how in _BODY.items()}
        self.curves: dict[tuple[str, int], list[Floats]] = {}
        for name in _CURVES:
            both = _change(name, chance, 1.0)
            for side in (0, 1):
                self.curves[name, side] = [a + b for a, b in zip(both, _change(name, chance, _SIDES), strict=True)]
        self.stride_s = 1.12 * np.exp(chance.normal(0, 0.09))
        self.held = chance.random(2) < 0.12  # an arm that carries, or is in a pocket


def _change(name: str, chance: np.random.Generator, share: float) -> list[Floats]:
    """[offset in degrees, log of the amplitude, share of a stride late, sines and cosines of three harmonics in degrees]."""
    harmonics = chance.normal(0, 1, (2, 3)) * _HARMONICS[name] / np.arange(1, 4)
    spreads = (_OFFSET[name], _AMPLITUDE[name], 0.025)
    return [*(np.array(share * chance.normal(0, spread)) for spread in spreads), share * harmonics]


def loops(name: str, walks: int, chance: np.random.Generator) -> list[Loop]:
    """Walks of one made walker, `MADE` and its name as subject."""
    walker = _Walker(chance)
    return [_walk(walker, f"{MADE}{name}", number, chance) for number in range(walks)]


def _walk(walker: _Walker, subject: str, number: int, chance: np.random.Generator) -> Loop:
    pace = float(np.clip(chance.normal(0, _SLOWER_TO_FASTER), -0.4, 0.4))
    stride = walker.stride_s * np.exp(-0.6 * pace)
    frames = max(24, round(STRIDES * stride * FPS))
    at = np.arange(frames) / frames
    phase = STRIDES * at + sum(chance.normal(0, 0.012) * np.sin(2 * np.pi * (turn * at + chance.random())) for turn in (1, 2))
    body = {key: value + _WALK * chance.normal(0, _BODY[key][1]) for key, value in walker.body.items()}
    angles = {}
    for key in _CURVES:
        today = _change(key, chance, _WALK)
        for side in (0, 1):
            held = bool(walker.held[side]) and key in ("upper_arm", "elbow")
            angle = _angle(key, [a + b for a, b in zip(walker.curves[key, side], today, strict=True)], phase + side / 2, pace)
            if held:
                angle = angle.mean() + 0.25 * (angle - angle.mean()) + (45 if key == "elbow" else 5)
            uneven = 1 + 0.04 * np.sin(2 * np.pi * (at + chance.random()))
            angles[key, side] = np.radians(angle.mean() + (angle - angle.mean()) * uneven)
    made = _placed(
        walker.lengths, angles, {key: value if key == "sway" else np.radians(value) for key, value in body.items()}, phase
    )
    ahead = _ahead(made)
    steps = np.stack([ahead, np.zeros(frames)], axis=1)
    return Loop(f"{subject} {number}", subject, "walk", made.astype(np.float32), steps.astype(np.float32))


def _angle(name: str, change: list[Floats], phase: Floats, pace: float) -> Floats:
    """Degrees at each phase (in strides)."""
    offset, amplitude, late, harmonics = change
    curve = np.array(_CURVES[name], np.float64)
    mean = curve.mean()
    swing = _periodic(curve - mean, phase - late) * np.exp(np.clip(amplitude, -1.2, 0.9)) * (1 + _BY_PACE[name] * pace)
    turn = 2 * np.pi * phase[:, None] * np.arange(1, 4)
    swing = swing + np.sin(turn) @ harmonics[0] + np.cos(turn) @ harmonics[1]
    whole: Floats = mean + offset + swing
    return np.maximum(whole, 0.0) if name in ("knee", "elbow") else whole


def _periodic(curve: Floats, phase: Floats) -> Floats:
    """A curve of ten points, by its Fourier series."""
    parts = np.fft.rfft(curve) / len(curve)
    turns = np.arange(len(parts))
    parts[1:5] *= 2
    made: Floats = (parts * np.exp(2j * np.pi * turns * phase[:, None])).real.sum(axis=1)
    return made


def _down(angle: Floats | float, out: Floats | float) -> Floats:
    """Unit vectors of hanging limbs: `angle` ahead of the vertical, `out` to the right."""
    angle, out = np.broadcast_arrays(angle, out)
    down: Floats = np.stack([np.sin(angle) * np.cos(out), -np.cos(angle) * np.cos(out), np.sin(out)], axis=-1)
    return down


def _placed(lengths: dict[str, float], angles: dict[tuple[str, int], Floats], body: dict[str, float], phase: Floats) -> Floats:
    """(frames, 17, 3) in the walker's frame, the ankles' lowest at 0.08 m."""
    out = np.zeros((len(phase), 17, 3))
    turn = 2 * np.pi * phase
    yaw, tilt = body["pelvis_turn"] * np.cos(turn + body["pelvis_late"]), body["pelvis_list"] * np.sin(turn)
    # The left leg is ahead at phase 0, so the left hip is; its side is carried while the right leg swings.
    across = np.stack([-np.sin(yaw) * np.cos(tilt), np.sin(tilt), np.cos(yaw) * np.cos(tilt)], axis=1)
    shift = np.stack([np.zeros(len(turn)), np.zeros(len(turn)), -body["sway"] * np.sin(turn)], axis=1)
    for side, sign in ((0, -1.0), (1, 1.0)):
        hip = shift + across * sign * lengths["hips"]
        thigh = _down(angles["thigh", side], sign * (body["wide"] + 0.02))
        shank = _down(angles["thigh", side] - angles["knee", side], sign * (body["wide"] + body["out_turn"]))
        out[:, 11 + side], out[:, 13 + side] = hip, hip + thigh * lengths["thigh"]
        out[:, 15 + side] = out[:, 13 + side] + shank * lengths["shank"]
    lean, roll = body["lean"] + body["lean_swing"] * np.cos(2 * turn), body["roll"] * np.sin(turn)
    along = -_down(-lean, -roll)
    neck = shift + along * lengths["trunk"]
    twist = -body["twist"] * np.cos(turn + body["twist_late"])
    wide = np.stack([-np.sin(twist), 0.3 * np.sin(roll), np.cos(twist)], axis=1)
    for side, sign in ((0, -1.0), (1, 1.0)):
        shoulder = neck + wide * sign * lengths["shoulders"]
        upper = _down(angles["upper_arm", side], sign * body["arms_out"])
        fore = _down(angles["upper_arm", side] + angles["elbow", side], sign * body["arms_out"] * 0.5)
        out[:, 5 + side], out[:, 7 + side] = shoulder, shoulder + upper * lengths["upper_arm"]
        out[:, 9 + side] = out[:, 7 + side] + fore * lengths["forearm"]
    pitch = 0.5 * lean + body["head"]
    up, ahead = -_down(-pitch, 0.0), np.stack([np.cos(pitch), -np.sin(pitch), np.zeros(len(pitch))], axis=1)
    left = np.array([0.0, 0.0, -1.0])
    centre = neck + up * lengths["neck"]
    for point, (aside, above, before) in enumerate(_FACE):
        out[:, point] = centre + left * aside + up * above + ahead * before
    low = out[:, 15:17, 1].min(axis=1)
    out[..., 1] += (0.08 - _rounded(low))[:, None]
    return out


def _rounded(values: Floats) -> Floats:
    """Smoothed over a tenth of a second, going round."""
    padded = np.concatenate([values[-2:], values, values[:2]])
    smooth: Floats = np.convolve(padded, np.array([1, 2, 3, 2, 1]) / 9, "valid")
    return smooth


def _ahead(body: Floats) -> Floats:
    """(frames,) metres a frame that the foot which stands goes back below the hips."""
    feet = body[:, 15:17]
    back = -np.diff(feet[..., 0], axis=0, append=feet[:1, :, 0])
    stands = feet[..., 1].argmin(axis=1)
    steps = back[np.arange(len(back)), stands]
    steady: Floats = _rounded(np.clip(steps, 0.0, 0.1))
    return steady
