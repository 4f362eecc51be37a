"""Frames for `bench density`: decoded ones in memory, and the same as a 720p stream to decode."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av

from app.inference.picture import DecodedPicture, Picture
from app.kit.errors import SetupError

WIDTH, HEIGHT = 1280, 720
FPS = 15

Source = Callable[[int], AsyncGenerator[Picture, None]]
"""Endless frames of a camera by its number."""


def given(pictures: Sequence[Picture]) -> Source:
    """Frames that lie decoded in memory."""

    async def frames(camera: int) -> AsyncGenerator[Picture, None]:
        for index in itertools.count(camera * 7):
            yield pictures[index % len(pictures)]

    return frames


def decoding(stream: Path) -> Source:
    """Frames decoded as they are asked for, outside the event loop, by one decoder thread a camera."""

    def endless() -> Iterator[Picture]:
        while True:
            with av.open(str(stream)) as container:
                container.streams.video[0].thread_type = "NONE"
                for frame in container.decode(video=0):
                    yield DecodedPicture(frame)

    async def frames(_camera: int) -> AsyncGenerator[Picture, None]:
        decoded = endless()
        while True:
            yield await asyncio.to_thread(next, decoded)

    return frames


def write_stream(pictures: Sequence[DecodedPicture], target: Path) -> Path:
    """The pictures as 720p H.264 without B-frames, as cameras send it."""
    with av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "tune": "zerolatency"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number, picture in enumerate(pictures):
            picture.frame.pts, picture.frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(picture.frame))
        container.mux(stream.encode(None))
    return target


def read_pictures(clip: Path, count: int) -> list[DecodedPicture]:
    """The first frames of a clip as a 720p camera's decoder would give them."""
    try:
        with av.open(str(clip)) as container:
            frames = (frame for _, frame in zip(range(count), container.decode(video=0), strict=False))
            return [DecodedPicture(frame.reformat(width=WIDTH, height=HEIGHT, format="yuv420p")) for frame in frames]
    except (OSError, av.FFmpegError) as error:
        raise SetupError(f"{clip} cannot be read ({error}); give a video of people with --clip.") from error
