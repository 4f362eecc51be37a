"""Turns a clip into what a camera sends: H.264, at most 720p, 15 frames a second, a keyframe a second, no B-frames."""

import os
from fractions import Fraction
from pathlib import Path
from typing import Final

import av

from app.inference.artefacts import sha256_of

FPS: Final = 15
LONG_SIDE: Final = 1280
TICKS: Final = 90_000 // FPS
"""RTP timestamp ticks from one frame to the next."""

_RECIPE: Final = 1
"""Raise when the encoding below changes, so that caches are made anew."""

_X264: Final = {
    "preset": "veryfast",
    "tune": "zerolatency",
    "profile": "main",
    "x264-params": f"keyint={FPS}:min-keyint={FPS}:scenecut=0:bframes=0:repeat-headers=1:threads=1:aud=0",
}


def camera_stream(clip: Path, cache: Path) -> list[bytes]:
    """The clip's access units (Annex B, parameter sets before each keyframe), encoded once and cached."""
    encoded = cache / "demo" / "streams" / f"{sha256_of(clip)[:16]}-{_RECIPE}.h264"
    if not encoded.exists():
        encoded.parent.mkdir(parents=True, exist_ok=True)
        part = encoded.with_suffix(f".{os.getpid()}.part")
        encode(clip, part)
        part.replace(encoded)
    with av.open(str(encoded), format="h264") as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def encode(clip: Path, target: Path, long_side: int = LONG_SIDE) -> None:
    """Write `clip` as a raw H.264 stream, frames dropped or repeated to the camera's rate."""
    with av.open(str(clip)) as source, av.open(str(target), "w", format="h264") as sink:
        video = source.streams.video[0]
        scale = min(1.0, long_side / max(video.width, video.height))
        width, height = _even(video.width * scale), _even(video.height * scale)
        stream = sink.add_stream("libx264", rate=FPS, options=_X264)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = width, height, "yuv420p", 2_000_000
        made = 0
        for frame in source.decode(video):
            while made / FPS <= (frame.time or 0.0) + 1e-6:
                picture = frame.reformat(width, height, "yuv420p", interpolation="AREA", threads=1)
                picture.pts, picture.time_base = made, Fraction(1, FPS)
                picture.pict_type = av.video.frame.PictureType.NONE
                sink.mux(stream.encode(picture))
                made += 1
        sink.mux(stream.encode(None))


def _even(pixels: float) -> int:
    return round(pixels / 2) * 2
