"""What `bench visits` makes of several views of one room: floors, who is who, and pairs that are known."""

from pathlib import Path

import numpy as np
import pytest

from app.embedded.demo_clips import locked_files
from app.kit.errors import BadInputError
from benchmarks import visits_views
from benchmarks.visits_views import Followed, by_floor, by_product, floors, judged, who_is

# A camera 2 m up that looks straight along y and 45 degrees down, and one that looks back at it from 8 m off.
ALONG = 0.5**0.5
CAMERA = (
    '<camera serial="{name}"><fov_video bottom="999" right="999"/>'
    '<transform r11="{side}" r12="0" r13="0" r21="0" r22="{up}" r23="{c}" r31="0" r32="{back}" r33="{c}" x="0" y="{y}" z="2000"/>'
    '<intrinsic focalLengthU="32000" focalLengthV="32000" centerPointU="32000" centerPointV="32000"/></camera>'
)
CALIBRATION = CAMERA.format(name="near", side=1, up=ALONG, back=-ALONG, c=ALONG, y=0) + CAMERA.format(
    name="far", side=-1, up=-ALONG, back=ALONG, c=ALONG, y=8000
)


def seen(camera: str, x_m: float, y_m: float) -> tuple[float, float]:
    """Where a place on the floor lies in the picture, worked out by hand for these two cameras."""
    ahead, across = (y_m, x_m) if camera == "near" else (8 - y_m, -x_m)
    depth, down = (ahead + 2) * ALONG, (2 - ahead) * ALONG
    return 0.5 + 0.5 * across / depth, 0.5 + 0.5 * down / depth


def walked(camera: str, who: str, x_m: float, moments: int = 6, begin: int = 0) -> Followed:
    times = np.arange(begin, begin + moments) / 5
    spots = np.array([seen(camera, x_m, 3.0 + 0.2 * at) for at in times])
    return Followed(camera, times, np.column_stack([spots, np.full(moments, 0.3)]), who)


def test_places_of_two_cameras_are_on_one_floor() -> None:
    grounds = floors(CALIBRATION)
    for camera in ("near", "far"):
        np.testing.assert_allclose(grounds[camera].metres(*seen(camera, 1.2, 3.5)), [1.2, 3.5], atol=1e-6)
    for wrong in ("", CALIBRATION.replace("focalLengthU", "other")):
        with pytest.raises(BadInputError, match="calibration"):
            floors(wrong)


def test_whom_a_track_shows_is_known_by_the_nearest_label() -> None:
    assert who_is("cam01", 0.0, 0.40, 0.36) == "man"
    assert who_is("cam01", 1.65, 0.66, 0.64) == "woman"
    assert who_is("cam01", 0.3, 0.95, 0.05) == "", "nobody was labelled there"
    assert who_is("another", 0.0, 0.5, 0.5) == ""


def test_people_well_apart_are_paired_by_the_floor_and_strangers_are_not() -> None:
    grounds = floors(CALIBRATION)
    tracks = [walked(camera, who, x) for camera in ("near", "far") for who, x in (("a", -1.0), ("b", 1.0))]
    tracks.append(walked("far", "c", 3.5))
    assert by_floor(tracks, grounds) == {(0, 2), (1, 3)}
    told = judged(tracks, grounds)
    assert (told["true_pairs"], told["median_m_apart_of_one_person"], told["most_m_apart_of_one_person"]) == (2, 0.0, 0.0)
    assert told["least_m_apart_of_two_people"] == 2.0
    nobody = judged([], grounds)
    assert (nobody["most_m_apart_of_one_person"], nobody["least_m_apart_of_two_people"]) == (None, None), "as JSON has no NaN"
    assert told["by_common_floor"] == {"pairs": 2, "right": 2, "found_share": 1.0, "right_share": 1.0}
    # Labels the other way round: the same pairs are wrong, and are counted so.
    turned = [*tracks[:2], walked("far", "b", -1.0), walked("far", "a", 1.0), tracks[4]]
    assert judged(turned, grounds)["by_common_floor"]["right"] == 0


def test_the_product_joins_nobody_who_is_seen_from_two_sides_from_the_same_moment_on() -> None:
    tracks = [walked(camera, "a", 0.0, moments=30) for camera in ("near", "far")]
    assert by_product(tracks, floors(CALIBRATION)) == set()
    # Somebody who goes from one picture to the other is joined.
    later = [walked("near", "a", 0.0), walked("far", "a", 0.0, begin=8)]
    assert by_product(later, floors(CALIBRATION)) == {(0, 1)}


def test_every_view_is_pinned_and_a_folder_that_lacks_one_is_refused(tmp_path: Path) -> None:
    files = locked_files(visits_views.LOCK)
    assert set(files) == {*visits_views.WHO, "calibration"}
    assert all(each.sources for each in files.values())
    (tmp_path / "cam01.mp4").touch()
    with pytest.raises(BadInputError, match=r"cam02\.mp4"):
        visits_views.sources(tmp_path)
