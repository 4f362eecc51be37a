"""Bodies for `bench behaviour`: motion capture as COCO-17 points, and acts composed from it.

A body is (frames, 17, 3) metres at 30 frames a second, y up, the ground at 0. Falls, seats, kneeling and bending are
simulated from a captured standing pose, fights are composed of captured strikes: nobody fell or fought in the captures.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.kit.errors import BadInputError

Floats = npt.NDArray[np.float64]
FPS = 30
_CMU = ["HeadEnd", "LeftArm", "RightArm", "LeftForeArm", "RightForeArm", "LeftHand", "RightHand", "LeftUpLeg", "RightUpLeg",
        "LeftLeg", "RightLeg", "LeftFoot", "RightFoot"]  # fmt: skip
_MIMIC = [
    "neck",
    *(f"{side}_{part}" for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for side in ("left", "right")),
]
_MIMIC_LABELS = {"run": "run", "jog": "run", "punch": "strike", "kick": "strike", "spinkick": "strike", "roll": "roll"}
LYING_M = 0.12
SHORTEST_CYCLE = 12
"""Frames of a step and its way back."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One capture."""

    name: str
    subject: str
    label: str
    body: Floats


def load(path: Path) -> list[Trial]:
    """Captures of a `.npz` as `../shared/data/mocap` has them: `pos_<trial>`, `joints`, and where there are `meta`, `label`."""
    try:
        with np.load(path) as file:
            joints = [str(name) for name in file["joints"]]
            found = {key[4:]: file[key].astype(np.float64) for key in file.files if key.startswith("pos_")}
            labels = (
                dict(zip((str(row[0]) for row in file["meta"]), map(str, file["label"]), strict=True)) if "label" in file else {}
            )
            subjects = {str(row[0]): str(row[1]) for row in file["meta"]} if "meta" in file else {}
    except (OSError, KeyError, ValueError) as error:
        raise BadInputError(f"{path} is no motion capture that can be read: {error}.") from error
    names = _CMU if "HeadEnd" in joints else _MIMIC
    if missing := [name for name in names if name not in joints]:
        raise BadInputError(f"{path} lacks the joints {', '.join(missing)}.")
    index = [joints.index(name) for name in names]
    trials = []
    for name, positions in found.items():
        label = labels.get(name, _MIMIC_LABELS.get(name, "walk" if name.endswith("walk") else "other"))
        if len(positions) >= 15 and np.isfinite(positions).all():
            trials.append(Trial(name, subjects.get(name, "deepmimic"), label, _coco(positions[:, index], mimic=names is _MIMIC)))
    if not trials:
        raise BadInputError(f"{path} holds no trial.")
    return trials


def _coco(parts: Floats, *, mimic: bool) -> Floats:
    body = np.empty((len(parts), 17, 3))
    body[:, 5:] = parts[:, 1:]
    body[..., 1] -= np.percentile(body[:, 15:, 1], 2) - 0.08
    head = parts[:, 0].copy()
    head[:, 1] -= np.percentile(parts[:, 11:, 1], 2) - 0.08
    neck = body[:, 5:7].mean(axis=1)
    along = neck - body[:, 11:13].mean(axis=1)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    centre = neck + along * 0.22 if mimic else head - along * 0.08
    across = _unit(body[:, 5] - body[:, 6])
    ahead = np.cross(across, along)
    for joint, (x, y, z) in enumerate(
        [(0, -0.01, 0.1), (0.03, 0.02, 0.08), (-0.03, 0.02, 0.08), (0.07, 0.01, 0), (-0.07, 0.01, 0)]
    ):
        body[:, joint] = centre + across * x + along * y + ahead * z
    return body


def _unit(vectors: Floats) -> Floats:
    unit: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return unit


def lasting(body: Floats, seconds: float) -> Floats:
    """The capture, its best cycle repeated onwards until it lasts that long."""
    if len(body) >= seconds * FPS:
        return body
    local = body - body[:, 11:13].mean(axis=1, keepdims=True) * [1, 0, 1]
    best, start, end = np.inf, 0, len(body) - 1
    for i in range(min(max(1, len(body) // 2), len(body) - SHORTEST_CYCLE)):
        later = local[i + SHORTEST_CYCLE :]
        off = np.abs(later - local[i]).mean(axis=(1, 2)) + 0.002 / np.arange(SHORTEST_CYCLE, SHORTEST_CYCLE + len(later))
        if off.min() < best:
            best, start, end = float(off.min()), i, i + SHORTEST_CYCLE + int(off.argmin())
    if end - start < SHORTEST_CYCLE:
        return body
    cycle, drift = body[start:end], (body[end] - body[start])[11:13].mean(axis=0) * [1, 0, 1]
    parts = [body[:end]]
    while sum(map(len, parts)) < seconds * FPS:
        parts.append(cycle + drift * len(parts))
    return np.concatenate(parts)


def stand(body: Floats) -> Floats:
    """(17, 3) one captured pose, the most upright, at the origin, facing +x."""
    apart = np.abs(body[:, 15] - body[:, 16]) * [1, 3, 1]
    heights = body[:, :5, 1].mean(axis=1) - apart.sum(axis=1) - np.abs(body[:, 13, 1] - body[:, 14, 1]) * 3
    pose = body[int(np.argmax(heights))].copy()
    pose -= pose[11:13].mean(axis=0) * [1, 0, 1]
    across = pose[5] - pose[6]
    facing: Floats = turned(pose, np.arctan2(across[0], across[2]) + np.pi)
    return facing


def turned(body: Floats, angle: float) -> Floats:
    """Turned about the vertical."""
    c, s = np.cos(angle), np.sin(angle)
    out: Floats = body @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    return out


def centred(body: Floats) -> Floats:
    """Without the way it goes."""
    hips = body[:, 11:13].mean(axis=1)
    trend = np.linspace(0, 1, len(body))[:, None] * (hips[-1] - hips[0]) + hips[0]
    out: Floats = body - (trend * [1, 0, 1])[:, None]
    return out


def _lean(pose: Floats, degrees: float) -> Floats:
    out, angle = pose.copy(), np.radians(degrees)
    hip = pose[11:13].mean(axis=0)
    x, y = (pose[:11] - hip)[:, 0], (pose[:11] - hip)[:, 1]
    out[:11, 0] = hip[0] + x * np.cos(angle) + y * np.sin(angle)
    out[:11, 1] = hip[1] - x * np.sin(angle) + y * np.cos(angle)
    return out


def _legs(pose: Floats, ankle_x: float | None = None) -> Floats:
    """Knees where thigh and shin of their length meet, bent forward."""
    for side in (0, 1):
        hip, ankle = pose[11 + side], pose[15 + side]
        if ankle_x is not None:
            ankle[0] = ankle_x
        reach = ankle - hip
        length = min(float(np.linalg.norm(reach)), 0.85)
        out = np.sqrt(max(0.0, 0.43**2 - (length / 2) ** 2))
        normal = np.array([-reach[1], reach[0], 0.0])
        pose[13 + side] = hip + reach / 2 + _unit(normal) * out * (1 if normal[0] >= 0 else -1)
    return pose


def posture(upright: Floats, name: str) -> Floats:
    """(17, 3) somebody who stands (facing +x) in another posture."""
    pose = upright.copy()
    high = float(pose[11:13, 1].mean())
    drop, back, lean = {
        "seat": (high - 0.5, 0.38, 8), "squat": (high - 0.3, 0.12, 35), "bend": (0.06, 0.12, 75),
        "low shelf": (high - 0.4, 0.1, 50),
        "kneel": (high - 0.52, 0.0, 10), "floor seat": (high - 0.13, 0.3, -10), "reach": (0.0, 0.0, 5),
    }[name]  # fmt: skip
    pose[:13] -= [back, drop, 0]
    pose = _lean(pose, lean)
    if name == "kneel":
        for side in (0, 1):
            pose[13 + side] = pose[11 + side] * [1, 0, 1] + [0.08, 0.06, 0]
            pose[15 + side] = pose[13 + side] + [-0.42, 0.02, 0]
    else:
        _legs(pose, 0.55 if name == "floor seat" else None)
    if name in ("bend", "low shelf", "reach"):
        pose[9:11] = pose[5:7] + np.array([0.5, -0.15 if name != "reach" else 0.1, 0])
        pose[7:9] = (pose[9:11] + pose[5:7]) / 2
    return pose


def lying(upright: Floats, chance: np.random.Generator) -> Floats:
    """(17, 3) on the ground: on the back, the belly or a side, limbs bent a little, feet where they stood."""
    tilt = chance.uniform(0, 2 * np.pi)
    pose = turned(upright, tilt)
    flat = np.stack([pose[:, 1], pose[:, 0] * 0.6 + LYING_M, pose[:, 2]], axis=1)
    flat[:, 1] = np.maximum(flat[:, 1] - flat[:, 1].min() + 0.05, 0.05)
    hips = flat[11:13].mean(axis=0)
    curl = chance.uniform(0, 0.45)
    flat[13:17, 2] += curl * np.array([0.6, 0.6, 0.2, 0.2])
    flat[15:17, 0] += (hips[0] - flat[15:17, 0].mean()) * curl * 0.8
    flat[7:11] += chance.normal(0, 0.12, (4, 3)) * [1, 0.1, 1]
    return turned(flat, -tilt if chance.random() < 0.3 else chance.uniform(0, 2 * np.pi))


def topple(upright: Floats, chance: np.random.Generator) -> Floats:
    """(frames, 17, 3) an inverted pendulum about the feet until it lies; knees and hips give way on the way.

    theta'' = 1.5 g / L sin(theta) of a uniform rod, from a lean of 6-15 degrees with a push.
    """
    azimuth, give = chance.uniform(0, 2 * np.pi), chance.uniform(0, 0.5)
    theta, rate, angles = np.radians(chance.uniform(6, 15)), chance.uniform(0.2, 1.0), [0.0]
    while theta < np.pi / 2 and len(angles) < 90:
        for _ in range(10):
            rate += 1.5 * 9.81 / 1.6 * np.sin(theta) / (FPS * 10)
            theta += rate / (FPS * 10)
        angles.append(min(theta, np.pi / 2))
    pose, out = turned(upright, azimuth), []
    end = turned(np.stack([pose[:, 1] * (1 - 0.2 * give), np.abs(pose[:, 0]) * 0.5 + 0.08, pose[:, 2]], axis=1), -azimuth)
    for angle in angles:
        c, s = np.cos(angle), np.sin(angle)
        x, y = pose[:, 0], pose[:, 1]
        sag = 1 - give * 0.35 * np.sin(2 * angle)
        tipped = np.stack([x * c + y * s * sag, np.maximum(y * c * sag - x * s * 0.3, 0.07), pose[:, 2]], axis=1)
        share = (angle / (np.pi / 2)) ** 4
        out.append((1 - share) * turned(tipped, -azimuth) + share * end)
    return np.stack(out)


def moved(start: Floats, end: Floats, seconds: float, *, falling: bool = False) -> Floats:
    """(frames, 17, 3) from one pose to another: smoothly, or accelerating as in a fall."""
    share = np.linspace(0, 1, max(2, round(seconds * FPS)))
    eased = share**2 if falling else share**3 * (10 - 15 * share + 6 * share**2)
    return start + (end - start) * eased[:, None, None]


def held(pose: Floats, seconds: float, chance: np.random.Generator, sway_m: float = 0.012) -> Floats:
    """(frames, 17, 3) a pose kept, with slow sway of the whole and of the limbs."""
    count = max(1, round(seconds * FPS))
    at = np.arange(count)[:, None, None] / FPS
    phase, rate = chance.uniform(0, 2 * np.pi, (1, 17, 3)), chance.uniform(0.15, 0.5, (1, 17, 3))
    sway: Floats = pose + sway_m * np.sin(2 * np.pi * rate * at + phase)
    sway[:, :, 1] = np.maximum(sway[:, :, 1], 0.04)
    return sway
