"""Which threshold each list of a store has now, why, and how many false alerts a day that means. Pure."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.identity.decision.tail import Measured, false_alerts_a_day
from app.identity.decision.thresholds import Source, Thresholds
from app.identity.thresholds.repository import Footfall, SearchedList
from app.tenancy.changes.thresholds import effective_threshold

THOUSAND = 1000.0


@dataclass(frozen=True, slots=True)
class InUse:
    """A list's threshold in a store.

    Attributes:
        raised: the store's own threshold is the one that counts.
        false_alerts: strangers a day who are taken for somebody on this list; None where nothing is known of the model, or nobody
            was counted here yet.
        of_thousand: the same of a thousand strangers, which needs no count.
    """

    listed: SearchedList
    threshold: float
    source: Source
    raised: bool
    false_alerts: Measured | None
    of_thousand: Measured | None


def in_use(
    lists: Sequence[SearchedList], thresholds: Thresholds, local: Mapping[uuid.UUID | None, float], footfall: Footfall,
    model: str, version: str,
) -> list[InUse]:  # fmt: skip
    """Of each list, as the pipeline decides. `local`: the store's own thresholds by list, None for all."""
    found = []
    for listed in lists:
        size = max(1, listed.templates)
        measured = thresholds.measured(model, version, size)
        own = max((local[each] for each in (listed.watchlist_id, None) if each in local), default=None)
        threshold = effective_threshold(measured, own)
        calibration, visitors = thresholds.calibration(model, version), footfall.a_day
        alerts = of_thousand = None
        if calibration is not None:
            of_thousand = false_alerts_a_day(calibration, threshold, listed.templates, THOUSAND)
            if visitors is not None:
                alerts = false_alerts_a_day(calibration, threshold, listed.templates, visitors)
        source = thresholds.source(model, version, size)
        found.append(InUse(listed, threshold, source, threshold > measured, alerts, of_thousand))
    return found
