"""Which track came before which in one visit: by time, place and the drawn ways between cameras, for all tracks at once. Pure.

Looks are not compared. A join is as likely as the time it took fits a walk of its length; each track has at most one before and
one after it, and the joins of all recent tracks are chosen together so that they cost least (an assignment problem). Pieces of
one long track follow each other whatever else fits. A track that nothing fits begins a visit.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import chain
from operator import attrgetter
from typing import Final

import numpy as np
import numpy.typing as npt

from app.perception.ground import BODY_M, Ground, Point
from app.tracking.tracklets import LONGEST_US
from app.visits.models import MOST_METRES, Before, Passage, Track

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.intp]
Pairs = tuple[Ints, Ints, Floats]
"""Later tracks, earlier tracks, what each join costs."""

FASTEST_M_PER_S: Final = 3.0
"""A run through a store; nobody is joined who would have been faster."""
SLOWEST_M_PER_S: Final = 0.4
WALK_M_PER_S: Final = 1.2
"""Usual pace in shops (Willis et al., Human Movement in Uncontrolled Environments, 2004: 1.1 to 1.5 m/s)."""
LINGER_S: Final = 15.0
"""Somebody may stop on the way, unseen, for so long."""
PAUSE_S: Final = 1.5
"""What a tracker takes to see a newcomer."""
SPREAD: Final = 0.6
"""Standard deviation of the logarithm of the time that a way takes."""
OVERLAP_S: Final = 4.0
TOUCHING_M: Final = 1.0
"""Where pictures touch, the second camera may see somebody so long before the first one loses them."""
LOST_S: Final = 20.0
"""A track of one camera that breaks off goes on within so long."""
NOBODY: Final = 1.2
"""A join that costs more is none."""
MARGIN: Final = 1.0
"""Another join that costs so little more could be the right one as well."""
SMALLEST: Final = 0.02
"""A box is taken for at least so high, in shares of the picture."""
MOST_EARLIER: Final = 8
"""Of the joins of one track the cheapest may be chosen; as rivals all are counted."""
UNDECIDED_S: Final = 60.0
"""A track that ended longer ago is joined to nothing else any more."""
LONGEST_PIECE_S: Final = LONGEST_US / 1e6 + 20.0
"""Of one piece of a track, and a little more."""
WINDOW_S: Final = UNDECIDED_S + LONGEST_PIECE_S + MOST_METRES / SLOWEST_M_PER_S + LINGER_S
"""How long ago a track may have ended that an undecided one is joined to; one that left sooner would take its join with it."""


def predecessors(
    tracks: Sequence[Track], passages: Sequence[Passage], floors: Mapping[uuid.UUID, Ground], ended_after_s: float
) -> list[Before | None]:
    """The track before each one; None for none, and for those that ended by `ended_after_s`, which are decided already.

    Args:
        tracks: of one store; recent ones, and older ones that nothing came after yet.
        floors: of cameras that know theirs; without one, distances are told in body heights.
    """
    found: list[Before | None] = [None] * len(tracks)
    if not tracks:
        return found
    seen = _seen(tracks, ended_after_s)
    by_camera = _by_camera(tracks)
    goes_on, begun = np.zeros(len(tracks), np.bool_), np.zeros(len(tracks), np.bool_)
    for piece, following in zip(*_pieces(tracks, seen, by_camera), strict=True):
        goes_on[piece] = begun[following] = True
        if seen.undecided[following]:
            found[int(following)] = Before(int(piece), 0)
    parts = [_on_one_camera(here, seen, floors.get(camera)) for camera, here in by_camera.items()]
    for passage in passages:
        parts += _both_ways(by_camera, seen, passage)
    later, earlier, cost = (np.concatenate(each) for each in zip(*parts, strict=True))
    kept = (cost < NOBODY + MARGIN) & ~goes_on[earlier] & ~begun[later]
    later, earlier, cost = _ways_once(later[kept], earlier[kept], cost[kept])
    possible = np.flatnonzero(_cheapest(later) & (cost < NOBODY))
    if not len(possible):
        return found
    chosen = possible[_assign(later[possible], earlier[possible], cost[possible])]
    rivals = _rivals(later, earlier, cost, chosen, len(tracks))
    for place, doubt in zip(chosen.tolist(), rivals.tolist(), strict=True):
        found[int(later[place])] = Before(int(earlier[place]), int(doubt))
    return found


@dataclass(frozen=True, slots=True)
class Seen:
    """Tracks as arrays: (n, 2) begin and end in seconds; (n, 3) first and last stand; whether a track's join is still open.

    `first` and `aspect` are of those alone: what is decided comes after nobody any more.
    """

    times: Floats
    first: Floats
    last: Floats
    aspect: Floats
    undecided: Flags


def _seen(tracks: Sequence[Track], ended_after_s: float) -> Seen:
    times, last = _rows(tracks, attrgetter("started_s", "ended_s"), 2), _rows(tracks, attrgetter("last"), 3)
    undecided = times[:, 1] > ended_after_s
    first, aspect = np.zeros((len(tracks), 3)), np.ones(len(tracks))
    open_ones = [tracks[place] for place in np.flatnonzero(undecided).tolist()]
    first[undecided] = _rows(open_ones, attrgetter("first"), 3)
    aspect[undecided] = np.fromiter(map(attrgetter("aspect"), open_ones), np.float64, len(open_ones))
    return Seen(times, first, last, aspect, undecided)


def _rows(tracks: Sequence[Track], numbers: Callable[[Track], Iterable[float]], width: int) -> Floats:
    """(n, width); several times faster than an array of named tuples."""
    return np.fromiter(chain.from_iterable(map(numbers, tracks)), np.float64, width * len(tracks)).reshape(-1, width)


def _by_camera(tracks: Sequence[Track]) -> dict[uuid.UUID, Ints]:
    """Places of each camera's tracks, rising."""
    cameras = list(map(attrgetter("key.camera_id"), tracks))
    # Their numbers, for an id's own hash is worked out in Python each time.
    numbers = list(map(attrgetter("int"), cameras))
    known = {number: place for place, number in enumerate(dict.fromkeys(numbers))}
    codes = np.fromiter(map(known.__getitem__, numbers), np.intp, len(tracks))
    order = np.argsort(codes, kind="stable")
    parts = np.split(order, np.searchsorted(codes[order], np.arange(1, len(known))))
    return {cameras[int(here[0])]: here for here in parts}


_NONE: Final[Pairs] = (np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0))


def prepare() -> None:
    """Import what assigns, which takes a while and memory: only where some store follows visits, before a transaction."""
    import_module("scipy.sparse.csgraph")


def _pairs(starts: Ints, ends: Ints, times: Floats, earliest_s: float, latest_s: float) -> tuple[Ints, Ints, Floats]:
    """Every start with every end that lies between `latest_s` and `earliest_s` before it; and the seconds between."""
    ends = ends[np.argsort(times[ends, 1], kind="stable")]
    ended, began = times[ends, 1], times[starts, 0]
    low, high = np.searchsorted(ended, began - latest_s), np.searchsorted(ended, began - earliest_s, side="right")
    counts = np.maximum(high - low, 0)
    offsets = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    later, earlier = np.repeat(starts, counts), ends[np.repeat(low, counts) + offsets]
    sound = times[earlier, 0] < times[later, 0]
    later, earlier = later[sound], earlier[sound]
    return later, earlier, times[later, 0] - times[earlier, 1]


def _both_ways(by_camera: Mapping[uuid.UUID, Ints], seen: Seen, passage: Passage) -> Iterable[Pairs]:
    sides = ((passage.camera_a, passage.area_a), (passage.camera_b, passage.area_b))
    slack = OVERLAP_S if passage.metres < TOUCHING_M else 0.0
    earliest, latest = passage.metres / FASTEST_M_PER_S - slack, passage.metres / SLOWEST_M_PER_S + LINGER_S
    usual = passage.metres / WALK_M_PER_S + PAUSE_S
    for (source, leave), (target, enter) in (sides, sides[::-1]):
        ends, starts = by_camera.get(source, _NONE[0]), by_camera.get(target, _NONE[0])
        starts = starts[seen.undecided[starts]]
        starts = starts[_within(enter, seen.first[starts])]
        if not len(starts):
            continue
        ends = ends[seen.times[ends, 1] >= seen.times[starts, 0].min() - latest]
        ends = ends[_within(leave, seen.last[ends])]
        later, earlier, gap = _pairs(starts, ends, seen.times, earliest, latest)
        yield later, earlier, 0.5 * (np.log((np.maximum(gap, 0) + PAUSE_S) / usual) / SPREAD) ** 2


def _within(area: Sequence[Point] | None, stands: Floats) -> Flags:
    """Which of (n, 3) stands lie in an area of the picture, by the even-odd rule."""
    if area is None or not len(stands):
        return np.ones(len(stands), np.bool_)
    corners = np.asarray(area, np.float64)
    (x1, y1), (x2, y2) = corners.T, corners[[*range(1, len(corners)), 0]].T
    x, y = stands[:, :1], stands[:, 1:2]
    crosses = (y1 > y) != (y2 > y)
    slope = np.divide(x2 - x1, y2 - y1, out=np.zeros(len(corners)), where=y2 != y1)
    odd: Flags = (crosses & (x < x1 + (y - y1) * slope)).sum(axis=1) % 2 == 1
    return odd


def _on_one_camera(here: Ints, seen: Seen, floor: Ground | None) -> Pairs:
    """A track that broke off and goes on nearby: the farther off, the dearer."""
    later, earlier, gap = _pairs(here[seen.undecided[here]], here, seen.times, 0.0, LOST_S)
    metres = _apart(seen, later, earlier, floor)
    cost = 0.5 * (metres / (0.8 + 0.6 * gap)) ** 2 + gap / LOST_S
    cost[metres > 1.0 + FASTEST_M_PER_S * gap] = np.inf
    return later, earlier, cost


def _apart(seen: Seen, later: Ints, earlier: Ints, floor: Ground | None) -> Floats:
    """Metres between where the earlier tracks ended and the later ones began; by the height of a body where no floor is known."""
    x1, y1, tall1 = seen.last[earlier].T
    x2, y2, tall2 = seen.first[later].T
    tall = np.maximum(np.maximum(tall1, tall2), SMALLEST)
    bodies: Floats = np.hypot((x2 - x1) * seen.aspect[later], y2 - y1) / tall * BODY_M
    if floor is None:
        return bodies
    known = np.hypot(*(floor.metres(x2, y2) - floor.metres(x1, y1)).T)
    return np.where(np.isfinite(known), known, bodies)


def _pieces(tracks: Sequence[Track], seen: Seen, by_camera: Mapping[uuid.UUID, Ints]) -> tuple[Ints, Ints]:
    """(pieces, the next piece of the same track as each): nobody has to guess who that was."""
    camera = np.empty(len(tracks), np.intp)
    for number, here in enumerate(by_camera.values()):
        camera[here] = number
    epoch = np.fromiter(map(attrgetter("key.epoch"), tracks), np.int64, len(tracks))
    track = np.fromiter(map(attrgetter("key.track_id"), tracks), np.uint64, len(tracks))
    order = np.lexsort((seen.times[:, 0], track, epoch, camera))
    earlier, later = order[:-1], order[1:]
    same = (camera[earlier] == camera[later]) & (epoch[earlier] == epoch[later]) & (track[earlier] == track[later])
    gap = seen.times[later, 0] - seen.times[earlier, 1]
    same &= (gap >= 0) & (gap <= LOST_S)
    return earlier[same], later[same]


def _ways_once(later: Ints, earlier: Ints, cost: Floats) -> Pairs:
    """Of two ways between the same tracks the cheaper; by the later track, the cheapest first."""
    order = np.lexsort((cost, earlier, later))
    later, earlier, cost = later[order], earlier[order], cost[order]
    first = np.ones(len(later), np.bool_)
    first[1:] = (later[1:] != later[:-1]) | (earlier[1:] != earlier[:-1])
    later, earlier, cost = later[first], earlier[first], cost[first]
    order = np.lexsort((cost, later))
    return later[order], earlier[order], cost[order]


def _cheapest(later: Ints) -> Flags:
    """Which are among the MOST_EARLIER first of each later track; sorted."""
    flags: Flags = np.arange(len(later)) - np.searchsorted(later, later) < MOST_EARLIER
    return flags


def _assign(later: Ints, earlier: Ints, cost: Floats) -> Ints:
    """Which joins hold: together they cost least, when a track without one costs NOBODY. Places in the arrays given.

    Each later track has a column of its own that stands for nobody, so that every row finds a place.
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    rows, row = np.unique(later, return_inverse=True)
    # Only tracks that somebody may come after: each search for a place goes over all columns.
    found, column = np.unique(earlier, return_inverse=True)
    count = len(found)
    columns = np.concatenate([column, count + np.arange(len(rows))])
    weights = np.concatenate([cost, np.full(len(rows), NOBODY)]) + 1.0  # zeros would be taken for no edge
    shape = (len(rows), count + len(rows))
    graph = csr_matrix((weights, (np.concatenate([row, np.arange(len(rows))]), columns)), shape=shape)
    matched, to = min_weight_full_bipartite_matching(graph)
    partner = np.empty(len(rows), np.intp)
    partner[matched] = to
    chosen: Ints = np.flatnonzero(partner[row] == column)
    return chosen


def _rivals(later: Ints, earlier: Ints, cost: Floats, chosen: Ints, count: int) -> Ints:
    """How many other joins of either track cost at most MARGIN more than the chosen one."""
    bound_later, bound_earlier = np.full(count, -np.inf), np.full(count, -np.inf)
    bound_later[later[chosen]] = bound_earlier[earlier[chosen]] = cost[chosen] + MARGIN
    near = np.bincount(later[cost <= bound_later[later]], minlength=count)
    near_earlier = np.bincount(earlier[cost <= bound_earlier[earlier]], minlength=count)
    rivals: Ints = near[later[chosen]] + near_earlier[earlier[chosen]] - 2  # itself, twice
    return rivals
