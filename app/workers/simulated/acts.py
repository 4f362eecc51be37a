"""What a simulated camera shows at a second of its script, and how a fixed camera sees it. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from app.perception.detections import Detections, TrackedDetections
from app.workers.simulated import figure
from app.workers.simulated.figure import Points

WIDTH: Final = 1280
HEIGHT: Final = 720
FPS: Final = 10.0
"""Frames a second that a simulated camera tells: a blow of 0.2 s still shows."""

CAMERA_HEIGHT, CAMERA_BACK, PITCH, FOCAL = 2.8, 6.0, 0.3, 1.1
JITTER: Final = 0.003
"""Of the body height: what the pose model errs by on a good day."""


@dataclass(frozen=True, slots=True)
class Script:
    """A scene that is played over and over.

    Attributes:
        lasts_s: how long one playing takes, quiet included.
        act: the kind of alert it must raise; "" for none. `act_s`: when the act begins.
        people: at a second: track number -> (17, 3) metres. Numbers rise from playing to playing by `each_playing`.
    """

    name: str
    says: str
    lasts_s: float
    act: str
    act_s: float
    people: Callable[[float], dict[int, Points]]


EACH_PLAYING: Final = 10
"""Track numbers that a playing may use."""


def _walks(at_s: float, start: tuple[float, float], end: tuple[float, float], begin_s: float) -> Points | None:
    """Somebody who walks from one point of the floor to another at 1.1 m/s, from `begin_s` on; None before and after."""
    way = np.array([end[0] - start[0], 0.0, end[1] - start[1]])
    length = float(np.linalg.norm(way))
    gone = (at_s - begin_s) * 1.1
    if not 0 <= gone <= length:
        return None
    body = figure.turned(figure.walking(at_s), -np.arctan2(way[2], way[0]))
    out: Points = body + np.array([start[0], 0.0, start[1]]) + way * (gone / length)
    return out


def _passers(at_s: float) -> dict[int, Points]:
    walks = {1: _walks(at_s, (0.8, -4.0), (0.8, 4.0), 1.0), 2: _walks(at_s, (2.2, 4.5), (1.6, -4.5), 4.0)}
    return {number: body for number, body in walks.items() if body is not None}


HERE: Final = np.array([0.2, 0.0, -0.4])
"""Where somebody stops: metres from the middle of what the camera sees."""
THERE: Final = np.array([0.2, 0.0, 0.4])


def _fall(at_s: float) -> dict[int, Points]:
    """One walks in, stands, falls at 8 s and lies until 40 s."""
    if at_s < 1.0 or at_s >= 40.0:
        return {}
    coming = _walks(at_s, (0.2, -3.6), (0.2, -0.4), 1.0)
    if coming is not None:
        return {3: coming}
    return {3: figure.falling(at_s - 8.0, figure.standing(min(at_s, 8.0))) + HERE}


BLOWS: Final = (6.0, 6.5, 7.2, 7.7, 8.6, 9.1, 9.5, 10.3, 10.8, 11.6, 12.0, 12.7, 13.3, 13.9)


def _fight(at_s: float) -> dict[int, Points]:
    """Two walk up to each other, stand close from 4 s on, strike from 6 to 14 s, and are gone at 20 s."""
    if at_s < 1.0 or at_s >= 20.0:
        return {}
    left = _walks(at_s, (0.2, -3.7), (0.2, -0.4), 1.0)
    right = _walks(at_s, (0.2, 3.7), (0.2, 0.4), 1.0)
    if left is None or right is None:
        one = figure.striking(at_s, BLOWS[::2]) if at_s > 5.0 else figure.standing(at_s)
        other = figure.striking(at_s, BLOWS[1::2]) if at_s > 5.0 else figure.standing(at_s + 3)
        left = figure.turned(one, -np.pi / 2) + HERE
        right = figure.turned(other, np.pi / 2) + THERE
    return {4: left, 5: right}


def _with_passers(scene: Callable[[float], dict[int, Points]], begin_s: float) -> Callable[[float], dict[int, Points]]:
    return lambda at_s: scene(at_s) | _passers(at_s - begin_s)


SCRIPTS: Final = {
    script.name: script
    for script in (
        Script("fall", "A drawn figure falls and stays down; others walk by later.", 90.0, "falling", 8.0,
               _with_passers(_fall, 55.0)),
        Script("fight", "Two drawn figures strike each other; others walk by later.", 60.0, "fighting", 6.0,
               _with_passers(_fight, 28.0)),
        Script("ordinary", "Drawn figures walk by.", 30.0, "", 0.0, _passers),
    )
}  # fmt: skip


def project(points: Points) -> Points:
    """(..., 3) metres to (..., 3): x, y pixels and depth in metres, of a camera that looks down a little along +x."""
    x, y, z = points[..., 2], points[..., 1] - CAMERA_HEIGHT, points[..., 0] + CAMERA_BACK
    c, s = np.cos(PITCH), np.sin(PITCH)
    y, z = y * c + z * s, -y * s + z * c
    out: Points = np.stack([WIDTH / 2 + HEIGHT * FOCAL * x / z, HEIGHT / 2 - HEIGHT * FOCAL * y / z, z], axis=-1)
    return out


def seen_at(script: Script, at_s: float, chance: np.random.Generator) -> TrackedDetections:
    """What a pose model and tracker would tell of a script at that second since its first playing began."""
    playing, second = divmod(at_s, script.lasts_s)
    boxes, points, tracks = [], [], []
    for number, body in sorted(script.people(second).items()):
        seen = project(body)
        inside = (seen[:, 0] > 0) & (seen[:, 0] < WIDTH) & (seen[:, 1] > 0) & (seen[:, 1] < HEIGHT)
        if inside.sum() < 12:
            continue
        tall = HEIGHT * FOCAL * figure.TALL / float(seen[:, 2].mean())
        xy = seen[:, :2] + chance.normal(0, JITTER * tall, (17, 2))
        score = np.where(inside, chance.uniform(0.75, 0.97, 17), 0.1)
        margin = 0.04 * tall
        (left, top), (right, bottom) = xy[inside].min(axis=0), xy[inside].max(axis=0)
        box = np.clip([left - margin, top - 1.5 * margin, right + margin, bottom + margin], 0, [WIDTH, HEIGHT, WIDTH, HEIGHT])
        boxes.append(box)
        points.append(np.column_stack([xy, score]))
        tracks.append(int(playing) * EACH_PLAYING + number)
    if not tracks:
        return TrackedDetections(Detections.empty(), np.zeros(0, np.uint64))
    scores: npt.NDArray[np.float32] = np.full(len(tracks), 0.88, np.float32)
    found = Detections(np.array(boxes, np.float32), scores, np.array(points, np.float32))
    return TrackedDetections(found, np.array(tracks, np.uint64))
