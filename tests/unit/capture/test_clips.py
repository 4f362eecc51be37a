"""The packet ring, and what is cut from it: the same pictures without encoding, and never a masked pixel."""

import io
import random

import av
import numpy as np
import pytest

from app.capture.clips import NothingRecordedError, make_clip, make_still
from app.capture.polygons import covered
from app.capture.ring import PacketRing, Sample, StreamShape
from tests.integration.capture.rtsp_server import FPS, h264

START_US = 1_700_000_000_000_000
STEP_US = 1_000_000 // FPS
WIDTH, HEIGHT = 320, 240
SHAPE = StreamShape(1, "h264", WIDTH, HEIGHT, 90_000.0, b"")
MASK = (((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)),)


def units(seconds: int) -> list[Sample]:
    """`seconds` of a moving pattern, a keyframe each second."""
    bodies = h264(WIDTH, HEIGHT, frames=seconds * FPS)
    return [Sample(START_US + n * STEP_US, 0, n % FPS == 0, body, SHAPE) for n, body in enumerate(bodies)]


def filled(samples: list[Sample], budget: int = 1 << 30, longest_us: int = 600_000_000) -> PacketRing:
    ring = PacketRing(budget, longest_us)
    for sample in samples:
        ring.add(sample)
    return ring


def pictures(mp4: bytes) -> list[tuple[float, np.ndarray]]:
    with av.open(io.BytesIO(mp4)) as container:
        return [(float(frame.time or 0), frame.to_ndarray(format="yuv420p")) for frame in container.decode(video=0)]


def decoded(samples: list[Sample]) -> list[np.ndarray]:
    decoder = av.CodecContext.create("h264", "r")
    found = [frame for sample in samples for frame in decoder.decode(av.Packet(sample.body))]
    return [frame.to_ndarray(format="yuv420p") for frame in (*found, *decoder.decode(None))]


def test_a_clip_is_the_same_pictures_at_their_times_from_the_keyframe_before() -> None:
    samples = units(4)
    cut = filled(samples).cut(START_US + 1_500_000, START_US + 3_000_000)
    assert cut[0] == samples[FPS]  # the keyframe at one second
    piece = make_clip(cut, ())
    shown = pictures(piece.body)
    assert (piece.media_type, piece.masked) == ("video/mp4", False)
    assert (piece.from_us, piece.to_us) == (cut[0].at_us, cut[-1].at_us)
    assert len(shown) == len(cut)
    for (at_s, picture), original, sample in zip(shown, decoded(cut), cut, strict=True):
        assert np.array_equal(picture, original), "it was encoded again"
        assert abs(at_s - (sample.at_us - cut[0].at_us) / 1e6) < 0.001


def test_packets_of_files_hold_lengths_and_play_all_the_same() -> None:
    """A file's packets (ISO 14496-15) have parameter sets beside them; the clip's pictures are those of the file."""
    made = make_clip(units(2), ()).body
    with av.open(io.BytesIO(made)) as container:
        stream = container.streams.video[0]
        shape = StreamShape(1, "h264", WIDTH, HEIGHT, 90_000.0, bytes(stream.codec_context.extradata or b""))
        packets = [(bytes(packet), packet.is_keyframe) for packet in container.demux(stream) if packet.size]
    assert shape.extradata[0] == 1
    samples = [Sample(START_US + n * STEP_US, 0, key, body, shape) for n, (body, key) in enumerate(packets)]
    again = [picture for _, picture in pictures(make_clip(samples, ()).body)]
    assert all(np.array_equal(a, b) for a, b in zip(again, decoded(units(2)), strict=True))
    assert make_still(samples, START_US, (), ()).body.startswith(b"\xff\xd8")


def test_nothing_that_was_ever_masked_in_that_time_leaves_unmasked() -> None:
    samples = units(3)
    ring = PacketRing(1 << 30)
    ring.set_masks(START_US, MASK)
    for sample in samples[: 2 * FPS]:
        ring.add(sample)
    ring.set_masks(START_US + 2_000_000, ())  # taken away while the clip runs
    for sample in samples[2 * FPS :]:
        ring.add(sample)
    cut = ring.cut(START_US, START_US + 3_000_000)
    masks = ring.masks_of(cut[0].at_us, cut[-1].at_us)
    assert masks
    hidden = covered(MASK, WIDTH, HEIGHT)
    inner = np.zeros_like(hidden)
    inner[HEIGHT // 4 + 8 : 3 * HEIGHT // 4 - 8, WIDTH // 4 + 8 : 3 * WIDTH // 4 - 8] = True  # coding smears the edge
    piece = make_clip(cut, masks)
    shown = pictures(piece.body)
    assert piece.masked
    assert len(shown) == len(cut)
    for _, picture in shown:
        assert np.abs(picture[:HEIGHT][inner].astype(int) - 16).max() <= 6
    still = make_still(cut, START_US + 1_000_000, masks, [("7", 0.1, 0.1, 0.2, 0.2)])
    with av.open(io.BytesIO(still.body)) as container:
        pixels = next(container.decode(video=0)).to_ndarray(format="gray")
    assert pixels[inner].max() < 12
    assert not ring.masks_of(START_US + 2_500_000, START_US + 3_000_000)
    ring.set_masks(START_US + 9_000_000, MASK)  # one that is drawn later hides what was recorded before it
    assert ring.masks_of(START_US + 2_500_000, START_US + 3_000_000)


@pytest.mark.parametrize("seed", range(20))
def test_the_ring_keeps_whole_groups_within_its_budget_and_its_ten_minutes(seed: int) -> None:
    chance = random.Random(seed)
    ring, at, added = PacketRing(5_000, 60_000_000), START_US, 0
    for number in range(400):
        at += chance.randrange(1, 3_000_000)
        ring.add(Sample(at, 0, number % 7 == 0 or chance.random() < 0.1, bytes(chance.randrange(1, 400)), SHAPE))
        added += 1
        held = ring.cut(0, at)
        assert ring.held_bytes <= 5_000
        assert ring.held_us <= 60_000_000
        assert not held or held[0].is_key
    assert 0 < ring.dropped < added


def test_what_is_not_there_is_said_and_a_change_of_shape_is_no_clip_of_both() -> None:
    samples = units(3)
    ring = filled(samples)
    assert ring.cut(START_US + 60_000_000, START_US + 61_000_000) == []
    assert PacketRing(1).cut(0, 1) == []
    with pytest.raises(NothingRecordedError):
        make_clip([], ())
    other = StreamShape(2, "h264", 64, 48, 90_000.0, b"")
    for number, sample in enumerate(units(1)):
        ring.add(Sample(START_US + 3_000_000 + number * STEP_US, 0, sample.is_key, sample.body, other))
    cut = ring.cut(START_US, START_US + 4_000_000)
    assert {sample.shape for sample in cut} == {SHAPE}
    assert len(cut) == len(samples)
