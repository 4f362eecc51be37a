"""Camera streams composed from one clip: its people for a share of the time, its own background for the rest, all with noise.

The background is the clip's median picture, the noise is drawn anew for each frame, and the stream is encoded as a camera
would: no two pictures are alike, and the encoder moves still blocks as cameras do.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from app.kit.errors import SetupError

UInt8 = npt.NDArray[np.uint8]

WIDTH, HEIGHT, FPS = 1280, 720, 15
SECONDS = 20
VISIT_S = 10
NOISE = 4.0
"""Grey levels of spread: an indoor camera with some gain."""

GRAINS = 8
"""Noise pictures, shifted at random for each frame: drawing a million normal numbers a frame would take minutes."""

MEDIAN_OF = 41


@dataclass(frozen=True, slots=True)
class Scene:
    """What a camera sees.

    Attributes:
        occupancy: share of the time in which people are in the picture.
        moves: whether they move; else one picture of them stands.
        scale: of the whole picture: below 1 people are far away, on a plain surround.
    """

    name: str
    occupancy: float
    moves: bool = True
    scale: float = 1.0


SCENES = (
    Scene("empty", 0.0),
    Scene("people 10 %", 0.1),
    Scene("people 50 %", 0.5),
    Scene("people 50 %, far", 0.5, scale=0.4),
    Scene("people 100 %", 1.0),
    Scene("people 100 %, standing still", 1.0, moves=False),
)


def read_clip(clip: Path) -> tuple[list[UInt8], UInt8]:
    """The clip at `FPS` as BGR 720p, and its background.

    Raises:
        SetupError: it cannot be read.
    """
    try:
        frames: list[UInt8] = []
        with av.open(str(clip)) as container:
            for frame in container.decode(video=0):
                if (frame.time or 0.0) * FPS + 1e-6 >= len(frames):
                    frames.append(np.asarray(frame.reformat(WIDTH, HEIGHT, "bgr24").to_ndarray(), np.uint8))
                if len(frames) >= FPS * SECONDS:
                    break
    except (OSError, av.FFmpegError) as error:
        raise SetupError(f"{clip} cannot be read ({error}).") from error
    every = max(1, len(frames) // MEDIAN_OF)
    return frames, np.median(np.stack(frames[::every]), axis=0).astype(np.uint8)


def shows_people(scene: Scene, number: int) -> bool:
    """Whether frame `number` shows the clip's people: visits are spread over the time, and long where there is room."""
    period = min(SECONDS, VISIT_S / max(scene.occupancy, 1e-9) if scene.occupancy < 0.5 else 2 * VISIT_S)
    empty_first = period * (1.0 - scene.occupancy)
    return scene.occupancy > 0 and (number / FPS) % period >= empty_first


def write_scene(scene: Scene, frames: list[UInt8], background: UInt8, target: Path) -> None:
    """Encode `SECONDS` of the scene as 720p H.264 without B-frames."""
    random, shown = np.random.default_rng(5), 0
    grains = [random.normal(0.0, NOISE, (HEIGHT, WIDTH, 1)).astype(np.int16) for _ in range(GRAINS)]
    with av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "tune": "zerolatency"})
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = WIDTH, HEIGHT, "yuv420p", 2_000_000
        for number in range(SECONDS * FPS):
            picture = background
            if shows_people(scene, number):
                # To and fro, so that nobody jumps when the clip ends.
                turn = shown % (2 * len(frames) - 2)
                picture = frames[min(turn, 2 * len(frames) - 2 - turn) if scene.moves else len(frames) // 2]
                shown += 1
            grain = np.roll(grains[random.integers(GRAINS)], tuple(random.integers(1, 700, 2)), axis=(0, 1))
            noisy = np.clip(_far(picture, scene.scale) + grain, 0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(noisy, format="bgr24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _far(picture: UInt8, scale: float) -> UInt8:
    if scale >= 1.0:
        return picture
    width, height = round(WIDTH * scale), round(HEIGHT * scale)
    surround = np.full_like(picture, 96)
    left, top = (WIDTH - width) // 2, (HEIGHT - height) // 2
    surround[top : top + height, left : left + width] = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return surround
