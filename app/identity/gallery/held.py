"""One chain's gallery as this process holds it: indexes by list, and what says where and until when they may be used."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

from app.identity.decision.fusion import Candidate
from app.identity.gallery.exact import ExactIndex
from app.identity.gallery.repository import Assignment, Entry, Kind, Local
from app.identity.templates.protection import Rotation
from app.tenancy.changes.thresholds import effective_threshold

Float32 = npt.NDArray[np.float32]
Shelf = tuple[uuid.UUID, Kind, int]
"""A list's templates of one kind and length: a model that was replaced under its old version may give another."""
Listed = Mapping[Kind, Mapping[uuid.UUID, Entry]]
"""What may be searched now, by kind and profile."""

MOST_FOUND = 8


@dataclass(slots=True)
class Rules:
    """What besides templates decides about a chain's searches; replaced as a whole."""

    assignments: tuple[Assignment, ...] = ()
    local: Mapping[tuple[uuid.UUID, uuid.UUID | None, str, str], float] = field(default_factory=dict)
    suspended: frozenset[uuid.UUID] = frozenset()
    rotations: Mapping[int, Rotation] = field(default_factory=dict)

    def lists(self, store_id: uuid.UUID, now: datetime) -> list[uuid.UUID]:
        """Lists that are searched in a store at that time."""
        return [
            each.watchlist_id
            for each in self.assignments
            if each.store_id == store_id and each.starts_at <= now and (each.ends_at is None or now < each.ends_at)
        ]


def local_thresholds(rows: Iterable[Local]) -> dict[tuple[uuid.UUID, uuid.UUID | None, str, str], float]:
    """By store, list, model and version."""
    return {(row.store_id, row.watchlist_id, row.model, row.version): row.threshold for row in rows}


class ChainGallery:
    """Templates of a chain in memory. Changed by the loader, searched by the matcher, in whatever threads.

    What is iterated is copied first (`list(...)`): the loader puts and takes shelves while a search looks at them.
    """

    def __init__(self) -> None:
        self.revision = -1
        self.rules = Rules()
        self.entries: dict[uuid.UUID, Entry] = {}
        self._shelves: dict[Shelf, ExactIndex] = {}
        self._known: dict[Kind, set[uuid.UUID]] = {}
        self._profiles: dict[uuid.UUID, set[uuid.UUID]] = {}

    def known(self, kind: Kind) -> set[uuid.UUID]:
        """Templates of a kind that are held."""
        return set(self._known.get(kind, ()))

    def profiles_of(self, enrolments: Iterable[uuid.UUID]) -> list[uuid.UUID]:
        """The templates of some enrolments."""
        return [profile for each in enrolments for profile in tuple(self._profiles.get(each, ()))]

    def kinds(self) -> set[Kind]:
        """Kinds that are held."""
        return {kind for _, kind, _ in list(self._shelves)}

    def size(self, watchlist_id: uuid.UUID, model: str, version: str) -> int:
        """Templates of a list that a probe of this model version is compared with."""
        wanted = (watchlist_id, (model, version))
        return sum(len(index) for (shelf, kind, _), index in list(self._shelves.items()) if (shelf, kind[:2]) == wanted)

    def __len__(self) -> int:
        return sum(len(index) for index in list(self._shelves.values()))

    def bytes(self) -> int:
        """Memory held."""
        return sum(index.bytes() for index in list(self._shelves.values()))

    def missing(self, kind: Kind, entries: Mapping[uuid.UUID, Entry]) -> list[uuid.UUID]:
        """Listed templates of a kind that are not held yet, in an order that stays."""
        return sorted(entries.keys() - self._known.get(kind, set()))

    def keep_listed(self, listed: Listed) -> None:
        """Forget what may not be searched any more, and take over what is said now of the rest."""
        searched = {each for entries in listed.values() for each in entries}
        for kind in self.kinds():
            self.forget(self.known(kind) - searched)
        for entries in listed.values():
            self.entries.update({each: entry for each, entry in entries.items() if each in self.entries})

    def forget_moved(self, listed: Listed) -> None:
        """Forget templates under kinds that they have left; call it once they are held under their new ones."""
        for kind in self.kinds():
            self.forget(self.known(kind) - listed.get(kind, {}).keys(), kind)

    def forget(self, profiles: set[uuid.UUID], kind: Kind | None = None) -> None:
        """Take templates out and wipe them; decisions on the way no longer find their entries.

        With a `kind` only those of it go: a template that moves to another rotation is held under both for a moment.
        """
        kept = [known for each, known in self._known.items() if kind not in (None, each)]
        for profile in profiles.difference(*kept):
            entry = self.entries.pop(profile, None)
            if entry is not None and (templates := self._profiles.get(entry.enrolment_id)) is not None:
                templates.discard(profile)
                if not templates:
                    del self._profiles[entry.enrolment_id]
        for shelf, index in list(self._shelves.items()):
            if kind not in (None, shelf[1]):
                continue
            if gone := profiles & self._known[shelf[1]]:
                index.remove(list(gone))
            if not len(index):
                self._shelves.pop(shelf).close()
        for each, known in self._known.items():
            if kind in (None, each):
                known -= profiles

    def clear(self) -> None:
        """Wipe everything, also what was loaded half: nothing is found until it is loaded anew."""
        self.revision, self.rules = -1, Rules()
        self.entries.clear()
        self._profiles.clear()
        self._known.clear()
        for shelf in list(self._shelves):
            self._shelves.pop(shelf).close()

    def put(self, kind: Kind, entries: Mapping[uuid.UUID, Entry], vectors: Mapping[uuid.UUID, Float32]) -> None:
        """Take new templates up."""
        shelves: dict[Shelf, list[uuid.UUID]] = {}
        for profile, vector in vectors.items():
            shelves.setdefault((entries[profile].watchlist_id, kind, len(vector)), []).append(profile)
        for shelf, profiles in shelves.items():
            index = self._shelves.get(shelf)
            if index is None:
                index = self._shelves[shelf] = ExactIndex(shelf[2])
            index.add(profiles, np.stack([vectors[each] for each in profiles]))
            self._known.setdefault(kind, set()).update(profiles)
            for each in profiles:
                self.entries[each] = entries[each]
                self._profiles.setdefault(entries[each].enrolment_id, set()).add(each)

    def look(self, model: str, version: str, vector: Float32, lists: Iterable[uuid.UUID]) -> dict[uuid.UUID, float]:
        """The best templates of some lists for a vector as the model gave it: score by template."""
        found: dict[uuid.UUID, float] = {}
        for index, turned in self._for(model, version, vector, lists):
            for each in index.search(turned[None], MOST_FOUND):
                found.update(zip(each.ids, each.scores, strict=True))
        return found

    def score(
        self, model: str, version: str, vector: Float32, lists: Iterable[uuid.UUID], profiles: list[uuid.UUID]
    ) -> dict[uuid.UUID, float]:
        """Scores of given templates; those that have gone are absent."""
        found: dict[uuid.UUID, float] = {}
        for index, turned in self._for(model, version, vector, lists):
            found.update(index.scores(profiles, turned))
        return found

    def by_enrolment(self, scores: Mapping[uuid.UUID, float], now: datetime) -> dict[uuid.UUID, float]:
        """The best score of each enrolment that still stands at that time."""
        best: dict[uuid.UUID, float] = {}
        for profile, score in scores.items():
            entry = self.entries.get(profile)
            if entry is not None and now < entry.expires_at:
                best[entry.enrolment_id] = max(score, best.get(entry.enrolment_id, -1.0))
        return best

    def candidates(
        self,
        profiles: Iterable[uuid.UUID],
        store_id: uuid.UUID,
        model: str,
        version: str,
        measured: Mapping[uuid.UUID, float],
    ) -> list[Candidate]:
        """Enrolments of these templates, with the threshold that holds in a store. `measured`: by list."""
        made = {}
        for profile in profiles:
            entry = self.entries.get(profile)
            if entry is None or entry.watchlist_id not in measured:
                continue
            local = [self.rules.local.get((store_id, each, model, version)) for each in (entry.watchlist_id, None)]
            threshold = effective_threshold(measured[entry.watchlist_id], max((x for x in local if x is not None), default=None))
            made[entry.enrolment_id] = Candidate(entry.enrolment_id, entry.person_id, threshold)
        return list(made.values())

    def _for(self, model: str, version: str, vector: Float32, lists: Iterable[uuid.UUID]) -> list[tuple[ExactIndex, Float32]]:
        wanted, searched = set(lists), []
        for (watchlist, kind, dimensions), index in list(self._shelves.items()):
            if watchlist not in wanted or kind[:2] != (model, version) or dimensions != len(vector):
                continue
            if kind.rotation == 0:
                searched.append((index, vector))
            elif (rotation := self.rules.rotations.get(kind.rotation)) is not None:
                searched.append((index, rotation.turn(vector)))
        return searched
