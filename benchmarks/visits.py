"""`bench visits`: composed stores of many cameras with true visits: how many joins are right and found, and what it costs;
and four real cameras that see one room at once (`visits_views`).

Nobody real is in the stores: people walk a grid of cameras with gaps between the pictures at their own paces, stop in the
pictures and unseen between them, are missed and broken off by the tracker. Tracks are joined as in the pipeline, one look every
ten seconds.
"""

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import numpy as np

from app.pipeline.visit_repository import UNDECIDED, WINDOW
from app.pipeline.visits import LOOK_EVERY_S, joined
from app.visits.models import Key, Passage, Stand, Track
from benchmarks import visits_views
from benchmarks.document import BenchArguments

CAMERAS: Final = 16
CROWDS: Final = (0.1, 0.3, 1.0, 3.0)
"""How busy, as `compose` takes it; how many people are in a picture is measured, and is less."""
SCENE_S: Final = 900.0
FULL: Final = 16.5
SEED: Final = 2611
BEGAN: Final = datetime(2026, 1, 1, tzinfo=UTC)
GAP_M: Final = (2.0, 7.0)
WIDE_S: Final = (5.0, 40.0)
MISSED, BROKEN, STOPS, STAYS = 0.05, 0.12, 0.1, 0.1
"""Shares: tracks that the tracker misses, breaks off; ways with an unseen stop; visits that end unseen, not at a door."""


@dataclass(frozen=True, slots=True)
class Store:
    """Tracks by their end, whose each is, and the drawn ways."""

    tracks: list[Track]
    persons: list[int]
    passages: list[Passage]


def compose(cameras: int, people: float, seconds: float, seed: int, *, zones: bool = True) -> Store:
    """A store with so many visits that about `people` would be in each picture, had nobody come or gone at the scene's edges.

    About a third to half of them are missed, or come or go outside of the scene: see `density`.
    """
    drawn = np.random.default_rng(seed)
    columns = max(1, round(cameras**0.5))
    ids = [uuid.UUID(int=number + 1) for number in range(cameras)]
    passages, metres = _ways(ids, columns, drawn, zones=zones)
    stay_s = sum(WIDE_S) / 2
    arrivals = people * cameras * seconds / (stay_s * 5)
    made: list[tuple[Track, int]] = []
    for person in range(max(1, round(arrivals))):
        made += [(track, person) for track in _walk(drawn, ids, columns, metres, drawn.uniform(-200, seconds), person)]
    made = sorted(
        (each for each in made if each[0].started_s >= 0 and each[0].ended_s <= seconds), key=lambda each: each[0].ended_s
    )
    return Store([track for track, _ in made], [person for _, person in made], passages)


def density(store: Store, cameras: int, seconds: float) -> float:
    """People in each picture at a time, of those that the tracker sees."""
    return sum(track.ended_s - track.started_s for track in store.tracks) / (seconds * cameras)


_SIDES: Final = {
    "right": (0.85, 0.0, 1.0, 1.0),
    "left": (0.0, 0.0, 0.15, 1.0),
    "below": (0.0, 0.8, 1.0, 1.0),
    "above": (0.0, 0.0, 1.0, 0.5),
}


def _ways(
    ids: Sequence[uuid.UUID], columns: int, drawn: np.random.Generator, *, zones: bool
) -> tuple[list[Passage], dict[Any, float]]:
    passages, metres = [], {}
    for place in range(len(ids)):
        for step, leave, enter in ((1, "right", "left"), (columns, "below", "above")):
            other = place + step
            if other >= len(ids) or (step == 1 and other % columns == 0):
                continue
            length = float(drawn.uniform(*GAP_M))
            metres[place, other] = metres[other, place] = length
            areas = (_area(leave), _area(enter)) if zones else (None, None)
            passages.append(Passage(ids[place], ids[other], length, *areas))
    return passages, metres


def _area(side: str) -> list[tuple[float, float]]:
    left, top, right, bottom = _SIDES[side]
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _edge(drawn: np.random.Generator, step: int, *, leaving: bool) -> Stand:
    """Where somebody goes to, or comes from, the next camera: on that side of the picture, a little off."""
    along, off = drawn.uniform(0.15, 0.85), abs(drawn.normal(0, 0.05))
    across = step if leaving else -step
    if abs(step) == 1:
        return Stand(1 - off if across > 0 else off, 0.4 + 0.6 * along, 0.35)
    return Stand(along, 1 - off if across > 0 else 0.35 + off, 0.5 if across > 0 else 0.2)


def _walk(
    drawn: np.random.Generator, ids: Sequence[uuid.UUID], columns: int, metres: dict[Any, float], at: float, person: int
) -> Iterator[Track]:
    pace = float(np.clip(drawn.normal(1.2, 0.25), 0.5, 2.2))
    place, first = int(drawn.integers(len(ids))), Stand(0.5, 0.7, 0.4)
    for number in range(1 + int(drawn.geometric(0.2))):
        begins, ends = at, at + float(drawn.uniform(*WIDE_S))
        ways = [other for (here, other) in metres if here == place]
        target = ways[int(drawn.integers(len(ways)))] if ways else place
        step = target - place
        last = Stand(0.5, 0.6, 0.4) if drawn.random() < STAYS or not ways else _edge(drawn, step, leaving=True)
        yield from _seen(drawn, Key(ids[place], 1, person * 1000 + number * 10, BEGAN), begins, ends, first, last)
        if last.x == 0.5 or not ways:
            return
        at = ends + metres[place, target] / (pace * float(np.exp(drawn.normal(0, 0.15))))
        at += float(drawn.uniform(2, 20)) if drawn.random() < STOPS else 0.0
        place, first = target, _edge(drawn, step, leaving=False)


def _seen(drawn: np.random.Generator, key: Key, begins: float, ends: float, first: Stand, last: Stand) -> Iterator[Track]:
    """What the tracker makes of one stay: nothing, one track, or two."""
    if drawn.random() < MISSED:
        return
    begins += float(drawn.exponential(0.4))
    breaks = [begins + float(drawn.uniform(0.3, 0.7)) * (ends - begins)] if drawn.random() < BROKEN else []
    middle = Stand(float(drawn.uniform(0.2, 0.8)), float(drawn.uniform(0.5, 0.9)), 0.4)
    for number, (since, until) in enumerate(zip([begins, *breaks], [*breaks, ends], strict=True)):
        start = since if not number else since + float(drawn.uniform(2.5, 5.0))
        if until - start < 0.5:
            continue
        near = Stand(middle.x + float(drawn.normal(0, 0.06)), middle.y + float(drawn.normal(0, 0.04)), 0.4)
        stands = (first if not number else near, last if until == ends else middle)
        track = replace(_blank(key, number, start), ended_s=until, first=stands[0], last=stands[1])
        yield track


def _blank(key: Key, number: int, start: float) -> Track:
    here = Key(key.camera_id, key.epoch, key.track_id + number, BEGAN + timedelta(seconds=start))
    return Track(here, start, start, Stand(0, 0, 0), Stand(0, 0, 0))


def follow(store: Store, until_s: float) -> dict[Key, tuple[uuid.UUID, int]]:
    """Visit and rivals of each track that has one, look after look as in the pipeline."""
    known: dict[Key, tuple[uuid.UUID, int]] = {}
    decided_s, window_s = UNDECIDED.total_seconds(), WINDOW.total_seconds()
    for at in np.arange(LOOK_EVERY_S, until_s + decided_s, LOOK_EVERY_S):
        newest: dict[uuid.UUID, float] = {}
        for track in store.tracks:
            if track.key in known and track.ended_s <= at - decided_s:
                visit = known[track.key][0]
                newest[visit] = max(newest.get(visit, -1.0), track.started_s)
        tracks = [
            replace(track, visit_id=known[track.key][0], rivals=known[track.key][1]) if track.key in known else track
            for track in store.tracks
            if at - window_s < track.ended_s <= at
            and not (track.ended_s <= at - decided_s and track.key in known and newest[known[track.key][0]] > track.started_s)
        ]
        done = joined(tracks, store.passages, {}, at - decided_s)
        for index in done.dropped:
            known.pop(tracks[index].key, None)
        known |= {tracks[index].key: (visit, rivals) for index, visit, rivals in done.put}
        sizes = Counter(visit for visit, _ in known.values())
        known = {key: (visit, rivals) for key, (visit, rivals) in known.items() if sizes[visit] > 1}
    return known


def score(store: Store, known: dict[Key, tuple[uuid.UUID, int]]) -> dict[str, float]:
    """Joins of consecutive sightings: the share that is true, and of the true ones the share that was found.

    True are two tracks of one person with none of hers between; a join that leaves one out is wrong.
    """
    by_person: dict[int, list[Track]] = {}
    owner = {}
    for track, person in zip(store.tracks, store.persons, strict=True):
        by_person.setdefault(person, []).append(track)
        owner[track.key] = person
    true = set()
    for tracks in by_person.values():
        tracks.sort(key=lambda each: each.started_s)
        true |= {(one.key, other.key) for one, other in pairwise(tracks)}
    visits: dict[uuid.UUID, list[Key]] = {}
    for key, (visit, _) in known.items():
        visits.setdefault(visit, []).append(key)
    made, sure = [], []
    for keys in visits.values():
        keys.sort(key=lambda key: key.started_at)
        for pair in pairwise(keys):
            made.append(pair in true)
            if known[pair[1]][1] == 0:
                sure.append(made[-1])
    whole = [len({owner[key] for key in keys}) == 1 for keys in visits.values()]
    return {
        "tracks": len(store.tracks),
        "true_joins": len(true),
        "joins_right_share": round(float(np.mean(made)), 4) if made else 0.0,
        "joins_found_share": round(sum(made) / max(1, len(true)), 4),
        "undoubted_share": round(len(sure) / max(1, len(made)), 4),
        "undoubted_right_share": round(float(np.mean(sure)), 4) if sure else 0.0,
        "visits_of_one_person_share": round(float(np.mean(whole)), 4) if whole else 0.0,
    }


def steady_look(store: Store, at: float) -> tuple[list[Track], float]:
    """(tracks that a look at `at` sees when all joins before were made right, the moment before which they are decided)."""
    decided = at - UNDECIDED.total_seconds()
    newest: dict[int, float] = {}
    for track, person in zip(store.tracks, store.persons, strict=True):
        if track.ended_s <= decided:
            newest[person] = max(newest.get(person, -1.0), track.started_s)
    seen = [
        track
        for track, person in zip(store.tracks, store.persons, strict=True)
        if at - WINDOW.total_seconds() < track.ended_s <= at and (track.ended_s > decided or track.started_s >= newest[person])
    ]
    return seen, decided


def cost(cameras: int, people: float) -> dict[str, float]:
    """Of one look at a full store, its window full: CPU time a second of video, the median of five."""
    at = WINDOW.total_seconds() + UNDECIDED.total_seconds()
    seconds = at + 2 * LOOK_EVERY_S
    store = compose(cameras, people, seconds, SEED)
    tracks, decided = steady_look(store, at)
    spent = []
    for _ in range(5):
        began = time.process_time()
        joined(tracks, store.passages, {}, decided)
        spent.append(time.process_time() - began)
    return {
        "cameras": cameras,
        "people_a_picture": round(density(store, cameras, seconds), 2),
        "tracks_in_window": len(tracks),
        "tracks_per_s": round(len(store.tracks) / seconds, 1),
        "ms_per_s_of_video": round(float(np.median(spent)) * 1e3 / LOOK_EVERY_S, 2),
    }


async def run(arguments: BenchArguments) -> dict[str, Any]:
    """Scenes from empty to crowded, with and without zones drawn, the cost of a full store, and four real views.

    `arguments.data`: a folder with those four films and their calibration.
    """
    seen = await visits_views.measure(arguments.data)
    return await asyncio.to_thread(_measure, seen)


def _measure(views: dict[str, Any]) -> dict[str, Any]:
    scenes: dict[str, dict[str, float]] = {}
    for people in CROWDS:
        for zones in (True, False):
            store = compose(CAMERAS, people, SCENE_S, SEED, zones=zones)
            name = f"crowd_{people:g}" + ("" if zones else "_no_zones_drawn")
            present = {"people_a_picture": round(density(store, CAMERAS, SCENE_S), 2)}
            scenes[name] = present | score(store, follow(store, SCENE_S))
    full = cost(64, FULL)
    usual = scenes[f"crowd_{CROWDS[1]:g}"]
    return {
        "what": "tracks of several cameras joined to visits by time, place and drawn ways; no looks compared",
        "headline": {
            "joins_right_share": usual["joins_right_share"],
            "joins_found_share": usual["joins_found_share"],
            "ms_per_s_of_video": full["ms_per_s_of_video"],
        },
        "data_set": f"composed: {CAMERAS} cameras in a grid, {GAP_M[0]:g}-{GAP_M[1]:g} m between, {SCENE_S:g} s, nobody real; "
        "four views of one room (Pose2Sim)",
        "samples": {name: each["true_joins"] for name, each in scenes.items()},
        "scenes": scenes,
        "full_store": full,
        "four_views": views,
    }
