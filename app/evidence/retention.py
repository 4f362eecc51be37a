"""What is due for deletion, as a pure function of the pieces, the rules and a time. Whatever is held, or of an open case, is not.

A piece that somebody whom it shows asked to have erased is due at once. Any other of an alert that no incident took lives by the
rule `alert`; one of an incident by `incident`, counted from the day the last of its incidents was closed; a look-back by
`playback`. A store's own rule stands before its chain's, and that before the default.
"""

import enum
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final


class RetentionClass(enum.StrEnum):
    """What a rule is about."""

    ALERT = "alert"
    INCIDENT = "incident"
    PLAYBACK = "playback"


ERASURE: Final = "erasure"
"""The class of what was deleted because whoever it shows asked for it; no rule is about it."""


class Holder(enum.StrEnum):
    """What keeps a piece from deletion."""

    LEGAL_HOLD = "legal-hold"
    OPEN_CASE = "open-case"
    COMPLAINT = "complaint"
    DATA_REQUEST = "data-request"


DAYS: Final = {RetentionClass.ALERT: 30, RetentionClass.INCIDENT: 365, RetentionClass.PLAYBACK: 1}
"""Where no rule says otherwise."""

HELD_AROUND: Final = timedelta(minutes=30)
"""Evidence so long before and after what somebody complains about is kept while the complaint is open."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `store_id` None: the chain's.

    Attributes:
        most_bytes: of this class in one store, None for no budget.
    """

    store_id: uuid.UUID | None
    kind: RetentionClass
    days: int
    most_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A stored piece as retention sees it.

    Attributes:
        open_cases: incidents it belongs to that are not closed.
        closed_at: when the last of its incidents was closed, None where it belongs to none.
        asked: somebody whom it shows asked for its erasure.
    """

    id: uuid.UUID
    store_id: uuid.UUID
    is_playback: bool
    size: int
    stored_at: datetime
    held: bool
    open_cases: int
    closed_at: datetime | None
    asked: bool = False

    @property
    def kind(self) -> RetentionClass:
        """The class it lives by."""
        if self.closed_at is not None or self.open_cases:
            return RetentionClass.INCIDENT
        return RetentionClass.PLAYBACK if self.is_playback else RetentionClass.ALERT

    @property
    def is_free(self) -> bool:
        """Whether it may be deleted at all."""
        return not self.held and self.open_cases == 0


@dataclass(frozen=True, slots=True)
class Due:
    """A piece to delete, and why. `kind`: the class it lived by, or `ERASURE`."""

    id: uuid.UUID
    kind: str
    reason: str


def due(pieces: Sequence[Held], rules: Sequence[Rule], now: datetime) -> list[Due]:
    """What to delete at `now`, oldest first."""
    found: dict[uuid.UUID, Due] = {}
    for piece in sorted(pieces, key=_age):
        rule = rule_for(rules, piece.store_id, piece.kind)
        began = max(piece.stored_at, piece.closed_at or piece.stored_at)
        if piece.is_free and piece.asked:
            found[piece.id] = Due(piece.id, ERASURE, "Whoever it shows asked for its erasure.")
        elif piece.is_free and now >= began + timedelta(days=rule.days):
            found[piece.id] = Due(piece.id, piece.kind.value, f"Its {rule.days} days were over.")
    left = [piece for piece in pieces if piece.id not in found]
    found |= {each.id: each for each in _over_budget(left, rules)}
    return list(found.values())


def rule_for(rules: Iterable[Rule], store_id: uuid.UUID, kind: RetentionClass) -> Rule:
    """The rule that counts for a store."""
    fitting = [rule for rule in rules if rule.kind is kind and rule.store_id in (store_id, None)]
    return max(fitting, key=lambda rule: rule.store_id is not None, default=Rule(None, kind, DAYS[kind]))


def _over_budget(pieces: Sequence[Held], rules: Sequence[Rule]) -> list[Due]:
    """The oldest that may go, until each store's class fits; what may not go counts all the same."""
    found = []
    places = {(piece.store_id, piece.kind) for piece in pieces}
    for store_id, kind in sorted(places, key=str):
        budget = rule_for(rules, store_id, kind).most_bytes
        if budget is None:
            continue
        there = sorted((each for each in pieces if (each.store_id, each.kind) == (store_id, kind)), key=_age)
        excess = sum(each.size for each in there) - budget
        for piece in there:
            if excess <= 0:
                break
            if piece.is_free:
                excess -= piece.size
                found.append(Due(piece.id, kind.value, f"Its store's budget of {budget} bytes was full, and it was the oldest."))
    return found


def _age(piece: Held) -> tuple[datetime, uuid.UUID]:
    return piece.stored_at, piece.id
