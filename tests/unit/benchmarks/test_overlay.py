"""The counter in the picture survives a camera's encoding, and what is drawn too late or too early is called so."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from app.embedded.demo_media import encode
from app.kit.errors import BadInputError, UnavailableError
from benchmarks.counted import BITS, BLOCKS, FPS, HEIGHT, WIDTH, Moments, burnt, number_on, read_counter, write_counted
from benchmarks.overlay import document

FRAME_US = round(1e6 / FPS)
START_US = 1_800_000_000_000_000


def test_the_counter_is_read_after_the_clip_was_encoded_twice_and_shrunk(tmp_path: Path) -> None:
    clip, counted, camera = tmp_path / "clip.mp4", tmp_path / "counted.mp4", tmp_path / "camera.h264"
    noise = np.random.default_rng(1).integers(0, 255, (HEIGHT // 8, WIDTH // 8, 3), dtype=np.uint8)
    with av.open(str(clip), "w") as made:
        stream = made.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH // 8, HEIGHT // 8, "yuv420p"
        for _ in range(5 * FPS):
            made.mux(stream.encode(av.VideoFrame.from_ndarray(noise, format="rgb24")))
        made.mux(stream.encode(None))
    assert write_counted(clip, counted) == 5 * FPS
    encode(counted, camera)  # as a simulated camera sends it
    with av.open(str(camera), format="h264") as container:
        pictures = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert [read_counter(each) for each in pictures] == list(range(5 * FPS))
    assert [read_counter(cv2.resize(each, (640, 360), interpolation=cv2.INTER_AREA)) for each in pictures[60:63]] == [60, 61, 62]


def test_what_is_no_counter_is_none() -> None:
    black = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    assert read_counter(burnt(black, 2**BITS - 1)[:, :, 0]) == 2**BITS - 1
    assert read_counter(black[:, :, 0]) is None
    grey = [255.0, 0.0, *[0.0] * BITS, 0.0]
    assert number_on(grey) == 0
    assert number_on([*grey[:-1], 255.0]) is None, "parity"
    assert number_on([*grey[:5], 130.0, *grey[6:]]) is None, "neither black nor white"
    assert len(grey) == BLOCKS
    with pytest.raises((BadInputError, FileNotFoundError)):
        write_counted(Path("/nowhere.mp4"), Path("/nowhere-else.mp4"))


def test_the_distance_is_signed_and_counts_across_the_clips_end() -> None:
    length = 100
    analysed = [(START_US + each * FRAME_US, each % length) for each in range(0, 250, 3)]
    moments = Moments(analysed, length)
    for at, late_us in ((10, 0), (98, 0), (101, -40_000), (199, 250_000), (200, 0)):
        off_ms = moments.off_ms(at % length, START_US + at * FRAME_US + late_us)
        assert off_ms == pytest.approx(late_us / 1000, abs=0.1), at
    assert moments.off_ms(10, START_US - 1) is None
    assert moments.off_ms(10, START_US + 10**9) is None


def test_the_document_tells_a_drawing_that_lags_from_one_that_does_not() -> None:
    length = 300
    moments = Moments([(START_US + each * FRAME_US, each) for each in range(0, 200, 3)], length)

    def samples(late_us: int) -> list[list[object]]:
        shown = [(number, START_US + number * FRAME_US - late_us) for number in range(20, 180)]
        return [[_grey(number), str(drawn)] for number, drawn in shown] + [[_grey(50), ""], [[0.0] * BLOCKS, "1"]]

    good, bad = document(samples(0), moments, 60, "1")["headline"], document(samples(130_000), moments, 60, "1")["headline"]
    assert good["overlay_apart_p95_ms"] < 1
    assert (bad["overlay_apart_p95_ms"], bad["overlay_after_picture_mean_ms"]) == pytest.approx((130, -130), abs=0.1)
    assert good["frames_without_drawing_share"] == pytest.approx(1 / 161, abs=1e-4)
    with pytest.raises(UnavailableError):
        document([[_grey(50), ""]], moments, 60, "1")


def _grey(number: int) -> list[float]:
    return [float(each) for each in burnt(np.zeros((HEIGHT, WIDTH, 3), np.uint8), number)[16, 16 : BLOCKS * 32 : 32, 0]]
