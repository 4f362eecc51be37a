"""How much of people's fine detail a film shows, before and after it was blurred."""

from collections import Counter
from io import BytesIO
from typing import Any

import av
import cv2
import numpy as np

BLURRED = 0.4
"""Of a person's fine detail: at most so much is left where they are blurred, more where they are not."""
BLURRED_AROUND_MS = 2500
"""Before and after a box may be where its person is taken to be."""
LEAST_FREE = 0.3
WATERMARK = (0.0, 0.9, 1.0, 1.0)


def best_seen(seen: dict[str, Any], film: bytes) -> int:
    """The place, in the list that the export dialog offers, of who is seen most often without others' boxes over them.

    `seen`: what the API says of a clip's boxes.
    """
    sightings, size = seen["frames"], next(iter(frames_of(film).values())).shape[:2]
    often = Counter(track for each in sightings for track, *_ in each["persons"])
    ranked = sorted(often, key=lambda track: (-often[track], track))
    offered = ([each for each in ranked if each in seen["subjects"]] + [each for each in ranked if each not in seen["subjects"]])[
        :12
    ]
    free = Counter(
        track
        for each in sightings
        for track, *box in each["persons"]
        if _uncovered(box, size, [*map(_padded, _others_near(sightings, each, {track})), WATERMARK])
    )
    return max(range(len(offered)), key=lambda place: free[offered[place]])


def _others_near(sightings: list[dict[str, Any]], one: dict[str, Any], shown: set[str]) -> list[Any]:
    """Where everybody else may be blurred around a sighting."""
    near = [each for each in sightings if abs(each["at_ms"] - one["at_ms"]) <= BLURRED_AROUND_MS]
    return [box for each in near for track, *box in each["persons"] if track not in shown]


def demand_blurred(sightings: list[dict[str, Any]], films: tuple[bytes, bytes], subjects: set[str]) -> None:
    """From one film to the other, others' boxes lost their detail; those of who is shown did not, but for what others' cover."""
    before, after = map(frames_of, films)
    lost: list[float] = []
    kept: list[float] = []
    for sighting in sightings:
        at = min(before, key=lambda each: abs(each - sighting["at_ms"]))
        pair = before[at], after[min(after, key=lambda each: abs(each - at))]
        covered = _others_near(sightings, sighting, subjects)
        for track, *box in sighting["persons"]:
            if track in subjects:
                kept += _detail_left(*pair, box, [*map(_padded, covered), WATERMARK])
            else:
                lost += _detail_left(*pair, box)
    assert len(lost) >= 5, "nobody else was in the picture, so nothing was shown"
    assert float(np.median(lost)) <= BLURRED, (np.median(lost), len(lost))
    assert len(kept) >= 5, "who is shown was never seen beside others, so nothing was shown"
    assert float(np.median(kept)) > max(BLURRED, float(np.median(lost))), (np.median(kept), len(kept), np.median(lost))


def _padded(box: Any) -> Any:
    """What is blurred around a box, and a little more."""
    x1, y1, x2, y2 = box
    wide, high = 0.2 * (x2 - x1), 0.2 * (y2 - y1)
    return max(0.0, x1 - wide), max(0.0, y1 - high), min(1.0, x2 + wide), min(1.0, y2 + high)


def _detail_left(before: Any, after: Any, box: Any, without: Any = ()) -> list[float]:
    """Share of a box's fine detail that is left outside the boxes `without`; none for a box too small or too covered to say."""
    if (found := _uncovered(box, before.shape[:2], without)) is None:
        return []
    part, inside = found
    grey = [cv2.cvtColor(each, cv2.COLOR_RGB2GRAY)[part] for each in (before, after)]
    fine = [float(cv2.Laplacian(each, cv2.CV_64F)[inside].var()) for each in grey]
    return [fine[1] / fine[0]] if fine[0] > 1 else []


def _uncovered(box: Any, size: tuple[int, int], without: Any) -> tuple[tuple[slice, slice], Any] | None:
    """Where a box is, and what of it is left without others; None where that is too small to say anything."""
    free = np.ones(size, bool)
    for each in without:
        free[_part(each, size)] = False
    part = _part(box, size)
    inside = free[part]
    small = min(inside.shape) < 16 or inside.shape[0] < 32 or inside.mean() < LEAST_FREE
    return None if small else (part, inside)


def _part(box: Any, size: tuple[int, int]) -> tuple[slice, slice]:
    height, width = size
    x1, y1, x2, y2 = (int(each * along) for each, along in zip(box, (width, height, width, height), strict=True))
    return slice(y1, y2), slice(x1, x2)


def frames_of(film: bytes) -> dict[float, Any]:
    """(h, w, 3) RGB of every third picture, by its time in ms."""
    with av.open(BytesIO(film), "r") as container:
        pictures = enumerate(container.decode(video=0))
        return {float(each.time or 0) * 1000: each.to_ndarray(format="rgb24") for number, each in pictures if number % 3 == 0}
