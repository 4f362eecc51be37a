"""From joins to visits: which anonymous id each track carries from one look at the window to the next. Pure."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.visits.models import LONGEST_VISIT_S, Before, Track


@dataclass(frozen=True, slots=True)
class Changes:
    """What the store's visits become.

    Attributes:
        put: (place in the tracks, visit, rivals) of tracks that belong to a visit, where that is new or other than before.
        dropped: places of tracks that were put to a visit and belong to none.
    """

    put: tuple[tuple[int, uuid.UUID, int], ...]
    dropped: tuple[int, ...]


def changes(
    tracks: Sequence[Track], before: Sequence[Before | None], decided: Sequence[bool], make: Callable[[], uuid.UUID]
) -> Changes:
    """A visit keeps its id while any of its tracks is known by it, LONGEST_VISIT_S at most; one track alone is no visit.

    Args:
        decided: tracks whose own join stands from earlier looks; they keep their visit.
        make: a fresh id.
    """
    chains = _chains(tracks, before, decided)
    # Those that begin in what is decided first: others of their visit may lie outside of the window.
    chains.sort(key=lambda chain: not decided[chain[0]])
    taken: set[uuid.UUID] = set()
    put: list[tuple[int, uuid.UUID, int]] = []
    dropped: list[int] = []
    for chain in chains:
        head = tracks[chain[0]]
        if len(chain) == 1:
            if head.visit_id is None:
                continue
            if decided[chain[0]]:
                taken.add(head.visit_id)
            else:
                dropped.append(chain[0])
            continue
        known = (tracks[index].visit_id for index in chain)
        visit = next((each for each in known if each is not None and each not in taken), None) or make()
        taken.add(visit)
        for place, index in enumerate(chain):
            track, joined = tracks[index], before[index] if place else None
            rivals = joined.rivals if joined is not None else track.rivals if decided[index] and track.visit_id == visit else 0
            if (track.visit_id, track.rivals) != (visit, rivals):
                put.append((index, visit, rivals))
    return Changes(tuple(put), tuple(dropped))


def _chains(tracks: Sequence[Track], before: Sequence[Before | None], decided: Sequence[bool]) -> list[list[int]]:
    """Tracks in the order of a visit, from each that nothing comes before, and anew where one grows too long."""
    after = {joined.index: index for index, joined in enumerate(before) if joined is not None}
    started = [track.started_s for track in tracks]
    chains = []
    for index in sorted((place for place, joined in enumerate(before) if joined is None), key=started.__getitem__):
        chain = [index]
        if index in after:  # most tracks are alone
            began = _began(tracks[index], known=decided[index])
            while chain[-1] in after:
                following = after[chain[-1]]
                if started[following] > began + LONGEST_VISIT_S:
                    chains.append(chain)
                    chain, began = [], started[following]
                chain.append(following)
        chains.append(chain)
    return chains


def _began(head: Track, *, known: bool) -> float:
    return head.visit_began_s if known and head.visit_began_s is not None else head.started_s
