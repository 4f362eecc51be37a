"""Who should hold which of the 64 shards: a pure decision from what the lease table says."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.kit.ids import SHARDS

LEASE_S = 6.0
"""A holder that does not renew for this long loses its shards."""
RENEW_S = 1.5


@dataclass(frozen=True, slots=True)
class Share:
    """What a pipeline should change: shards to hand back, and how many free ones to take."""

    release: tuple[int, ...]
    take: int


def fair_share(me: str, live: Collection[str], held: Sequence[int], shards: int = SHARDS) -> Share:
    """An even split of all shards among the live pipelines; the first ones by id take the remainder.

    Every pipeline computes the same targets from the same members, so shares settle without talk: who has too many hands the
    highest-numbered back, who has too few takes free ones.
    """
    members = sorted({*live, me})
    base, remainder = divmod(shards, len(members))
    target = base + (1 if members.index(me) < remainder else 0)
    excess = max(0, len(held) - target)
    return Share(tuple(sorted(held)[len(held) - excess :]), max(0, target - len(held)))
