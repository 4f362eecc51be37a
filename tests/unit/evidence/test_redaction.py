"""Who is blurred: everyone whom tracks or the second look find, but the subject; on pictures, and in a film from end to end."""

import io
from dataclasses import replace

import av
import numpy as np
import pytest

from app.evidence import recoding
from app.evidence.models import Redaction
from app.evidence.recoding import EVERY_MS, look_again, redacted
from app.evidence.redaction import HOLD_MS, Look, Scene, overlap, redact, tracks_of
from app.inference.picture import PixelPicture
from app.kit.backoff import Backoff
from app.kit.errors import UnavailableError
from app.perception.detections import Detections

FRAMES = [
    {"at_ms": at, "persons": [["1", 0.1 + at / 20000, 0.2, 0.3 + at / 20000, 0.9], ["2", 0.6, 0.2, 0.8, 0.9]]}
    for at in range(0, 4001, 200)
]


def noise(height: int = 200, width: int = 320) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 255, (height, width, 3), np.uint8)


def changed(scene: Scene, at_ms: float) -> np.ndarray:
    pixels = noise()
    redact(pixels, scene, at_ms)
    return np.any(pixels != noise(), axis=2)


def test_the_subject_stays_and_the_other_is_gone_between_sightings_too() -> None:
    scene = Scene(tracks_of(FRAMES), subjects=frozenset({1}))
    for at_ms in (0, 100, 2050, 4000):
        gone = changed(scene, at_ms)
        assert gone[60:160, 200:250].mean() > 0.99
        assert not gone[:, :170].any()
    everybody = changed(replace(scene, subjects=frozenset()), 2000)
    assert everybody[60:160, 70:110].mean() > 0.99


def test_a_person_of_the_second_look_only_is_gone_unless_it_is_the_subject() -> None:
    looks = (Look(0, ((0.1, 0.2, 0.3, 0.9), (0.4, 0.5, 0.5, 0.9))), Look(300, ((0.12, 0.2, 0.32, 0.9),)))
    scene = Scene(tracks_of(FRAMES), looks, frozenset({1}))
    gone = changed(scene, 150)
    assert gone[110:170, 130:158].mean() > 0.99  # whom only the look before found
    assert not gone[40:90, 35:90].any()


def test_before_and_after_its_sightings_a_track_is_still_hidden_for_a_while() -> None:
    scene = Scene(tracks_of([{"at_ms": 2000, "persons": [["2", 0.6, 0.2, 0.8, 0.9]]}]))
    for at_ms, hidden in ((2000 - HOLD_MS, True), (2000 + HOLD_MS, True), (2001 + HOLD_MS, False), (1999 - HOLD_MS, False)):
        assert changed(scene, at_ms).any() == hidden


def test_faces_hide_heads_and_all_of_who_lies() -> None:
    scene = Scene(tracks_of(FRAMES), subjects=frozenset({1}), mode=Redaction.FACES)
    gone = changed(scene, 0)
    assert gone[40:80, 200:250].mean() > 0.99
    assert not gone[120:, 200:250].any()
    lying = Scene(tracks_of([{"at_ms": 0, "persons": [["3", 0.2, 0.7, 0.6, 0.9]]}]), mode=Redaction.FACES)
    assert changed(lying, 0)[145:175, 70:190].mean() > 0.99


def test_everyone_hides_all_but_the_subject_and_none_hides_nothing() -> None:
    scene = Scene(tracks_of(FRAMES), subjects=frozenset({2}), mode=Redaction.EVERYONE)
    gone = changed(scene, 0)
    assert gone[:, :180].mean() > 0.99
    assert not gone[45:175, 195:250].any()
    assert not changed(replace(scene, mode=Redaction.NONE), 0).any()


@pytest.mark.parametrize(("one", "other", "expected"), [((0, 0, 1, 1), (0, 0, 1, 1), 1.0), ((0, 0, 1, 1), (2, 2, 3, 3), 0.0)])
def test_overlap(one: tuple[float, ...], other: tuple[float, ...], expected: float) -> None:
    assert overlap(one, other) == pytest.approx(expected)  # type: ignore[arg-type]


def film() -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 320, 200, "yuv420p", 4_000_000
        checks = np.kron(np.indices((25, 40)).sum(axis=0) % 2, np.ones((8, 8), np.uint8)).astype(np.uint8) * 255
        for _ in range(20):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.repeat(checks[:, :, None], 3, 2), format="bgr24")))
        container.mux(stream.encode(None))
    return out.getvalue()


def test_a_film_is_hidden_from_its_first_picture_to_its_last() -> None:
    scene = Scene(tracks_of(FRAMES), subjects=frozenset({1}))
    with av.open(io.BytesIO(redacted(film(), "video/mp4", scene, "Police - ä - 1"))) as container:
        shown = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert len(shown) == 20
    for picture in shown:
        hidden, kept = picture[60:150, 200:250].astype(int), picture[60:150, 5:30].astype(int)
        assert hidden.std() < 25, "the checks are gone where the other one stands"
        assert kept.std() > 90, "and are as they were elsewhere"


class Finder:
    """One person in every picture, where `asked` says how many there were."""

    def __init__(self) -> None:
        self.asked = 0

    async def detect(self, frames: list[PixelPicture]) -> list[Detections]:
        self.asked += len(frames)
        box = np.array([[32, 40, 96, 180]], np.float32)
        return [Detections(box, np.ones(1, np.float32), np.zeros((1, 17, 3), np.float32)) for _ in frames]


class Busy(Finder):
    """Leaves the first questions without an answer."""

    def __init__(self, unanswered: int) -> None:
        super().__init__()
        self.unanswered = unanswered

    async def detect(self, frames: list[PixelPicture]) -> list[Detections]:
        if self.unanswered:
            self.unanswered -= 1
            raise UnavailableError("Busy.")
        return await super().detect(frames)


async def test_a_busy_pose_model_is_asked_again_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recoding, "AGAIN", Backoff(first_s=0.0))
    looks = await look_again(Finder(), film(), "video/mp4")
    assert await look_again(Busy(recoding.MOST_ASKS - 1), film(), "video/mp4") == looks
    with pytest.raises(UnavailableError):
        await look_again(Busy(recoding.MOST_ASKS), film(), "video/mp4")
    monkeypatch.setattr(recoding, "PATIENCE_S", -1.0)
    with pytest.raises(UnavailableError):
        await look_again(Busy(1), film(), "video/mp4")


async def test_a_preview_looks_where_the_whole_export_would_but_near_its_moment_alone() -> None:
    whole, near = Finder(), Finder()
    looks = await look_again(whole, film(), "video/mp4")
    some = await look_again(near, film(), "video/mp4", around_ms=900)
    assert some == tuple(look for look in looks if abs(look.at_ms - 900) <= 2 * EVERY_MS)
    assert (whole.asked, near.asked) == (len(looks), len(some))
    assert 0 < len(some) < len(looks)
