"""RTSP clips made from still photographs: somebody walks into the picture, stays a while, and leaves, over and over.

Both photographs come from the package index and are in the public domain: Eileen Collins (NASA, in the wheel of scikit-image) and
Grace Hopper (US Navy, among the sample data of matplotlib, which the locked environment holds). They are two people.
"""

import hashlib
import importlib.util
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

from app.inference.artefacts import fetch
from app.inference.lock import Artefact, WheelSource
from tests.integration.capture.rtsp_server import FPS

CHECKOUT = Path(__file__).resolve().parents[2]
UInt8 = npt.NDArray[np.uint8]
WIDTH, HEIGHT = 960, 720
HERE_S, AWAY_S = 3.0, 3.0
ADMIRAL_SHA256 = "a8ca6d734765703b09728ab47fe59f473d93ae3967fc24c7c0288c3c7adb7130"
ASTRONAUT = Artefact(
    name="astronaut", version="0.26.0", file="astronaut.png", size=791555,
    sha256="88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
    publisher="NASA (Eileen Collins, 1999)", licence="public domain", licence_url="https://www.nasa.gov/nasa-brand-center/images-and-media/",
    licence_notice="",
    sources=(
        WheelSource(
            "scikit-image", "0.26.0", "skimage/data/astronaut.png",
            "74aa5518ccea28121f57a95374581d3b979839adc25bb03f289b1bc9b99c58af",
        ),
    ),
)  # fmt: skip


def astronaut() -> UInt8:
    """(512, 512, 3) RGB."""
    mirror = os.environ.get("PENNYPROTECT_MODEL_MIRROR")
    cache = Path(os.environ.get("PENNYPROTECT_CACHE", CHECKOUT / ".cache"))
    return read(fetch(ASTRONAUT, cache, Path(mirror) if mirror else None))


def read(path: Path) -> UInt8:
    """(h, w, 3) RGB of a file."""
    picture = cv2.imread(os.fspath(path))
    assert picture is not None
    return np.ascontiguousarray(picture[:, :, ::-1])


def admiral() -> UInt8:
    """(600, 512, 3) RGB, of another person than the astronaut."""
    found = importlib.util.find_spec("matplotlib")
    assert found is not None, "the development environment holds matplotlib"
    assert found.origin is not None
    path = Path(found.origin).parent / "mpl-data" / "sample_data" / "grace_hopper.jpg"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == ADMIRAL_SHA256
    return read(path)


def jpeg(picture: UInt8) -> bytes:
    return bytes(cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes())


def clip(picture: UInt8) -> list[bytes]:
    """Access units of `HERE_S` with the person and `AWAY_S` without."""
    height = HEIGHT - 40
    scale = height / picture.shape[0]
    person = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return _encoded(_frames(np.asarray(person[:, : WIDTH - 100], np.uint8)))


def _frames(person: UInt8) -> Iterator[UInt8]:
    random = np.random.default_rng(1)
    room = cv2.GaussianBlur(random.integers(60, 180, (HEIGHT, WIDTH, 3)).astype(np.float32), (0, 0), 25)
    for number in range(round((HERE_S + AWAY_S) * FPS)):
        frame: UInt8 = np.asarray((room + random.normal(0, 3, room.shape)).clip(0, 255), np.uint8)
        if number < HERE_S * FPS:
            left = 20 + number
            frame[40:, left : left + person.shape[1]] = person
        yield frame


def _encoded(frames: Iterator[UInt8]) -> list[bytes]:
    encoder: Any = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FPS), Fraction(FPS)
    settings = "keyint=15:scenecut=0:repeat-headers=1:annexb=1:threads=1"
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "20", "x264-params": settings}
    units = []
    for number, pixels in enumerate(frames):
        picture = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
        picture.pts = number
        units += [bytes(packet) for packet in encoder.encode(picture)]
    return units + [bytes(packet) for packet in encoder.encode(None)]
