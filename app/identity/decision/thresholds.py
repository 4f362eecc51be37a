"""Which threshold a list of a size has for a model version: calibrated where that was measured, else a careful default. Pure."""

import enum
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any, Final

from app.identity.decision.published import PUBLISHED_OF, published
from app.identity.decision.tail import Calibration, Tail, threshold_for
from app.kit.errors import BadInputError

STRICTEST: Final = 0.99
"""For a model nobody knows anything about."""

PUBLISHED: Final[Mapping[tuple[str, str], Calibration]] = {PUBLISHED_OF: published()}
"""Tails of model versions that others wrote about, until somebody measures one."""

Key = tuple[uuid.UUID | None, str, str, bool]
"""Chain (None: everybody), model, version, whether a chain measured it on pictures: a version that it pushed."""
Calibrated = dict[Key, tuple[float, dict[str, Any]]]
"""Stored calibrations: threshold and details."""


class Source(enum.StrEnum):
    """What a threshold rests on."""

    DEFAULT = "default"  # nobody measured yet: what others published of the model, read against it
    PICTURES = "pictures"  # measured on a set of pictures
    STRANGERS = "strangers"  # measured on those the chain's cameras saw


WANTED_FPIR: Final = 1e-3
SMALLEST_LIST: Final = 10
"""Shorter lists are taken for so long before somebody measured: they grow, and published figures are not this site's."""

LEAST: Final = threshold_for(PUBLISHED[PUBLISHED_OF], SMALLEST_LIST, WANTED_FPIR).high
"""No list of the default model has less before somebody measured: 0.951, a distance of 0.444, where its author takes 0.6."""

DRAWN_KEPT: Final = 100
FIRST_PUSHED: Final = 1_001
"""Versions that chains push are numbered from here on; those below came with a release, or are the operator's own."""


def details_of(calibration: Calibration, fpir: float) -> dict[str, Any]:
    """What is stored of a calibration: numbers of curves, no score of anybody."""
    drawn = [[each.start, each.share, each.scale, each.shape] for each in calibration.drawn[:DRAWN_KEPT]]
    return {
        "tail": asdict(calibration.tail),
        "drawn": drawn,
        "scores": calibration.scores,
        "people": calibration.people,
        "fpir": fpir,
    }


def calibration_of(details: Mapping[str, Any]) -> Calibration | None:
    """The stored calibration; None where these details hold none.

    Raises:
        BadInputError: they are damaged.
    """
    if "tail" not in details:
        return None
    try:
        drawn = tuple(Tail(*map(float, each)) for each in details["drawn"])
        tail = Tail(**{name: float(value) for name, value in details["tail"].items()})
        return Calibration(tail, drawn or (tail,), int(details["scores"]), int(details["people"]))
    except (TypeError, ValueError, KeyError) as error:
        raise BadInputError("A stored calibration is damaged; calibrate again.") from error


class Thresholds:
    """A chain's measured thresholds of every model version, by list size.

    Two things may have been measured: on a set of pictures, everybody's or, of a version that the chain pushed, its own; and on
    the strangers that its cameras saw. The second only raises: among the strangers there may be people of the list who were not
    recognised.
    """

    def __init__(self, calibrated: Calibrated, chain_id: uuid.UUID | None = None) -> None:
        self._chain = chain_id
        self._stored: dict[Key, tuple[float, float, Calibration | None]] = {}
        for key, (threshold, details) in calibrated.items():
            try:
                found = calibration_of(details)
            except BadInputError:
                found = None
            self._stored[key] = (threshold, float(details.get("fpir", WANTED_FPIR)), found)
        self._for_size = lru_cache(maxsize=4096)(self._compute)

    def measured(self, model: str, version: str, templates: int) -> float:
        """From which score a template of a list of that size is a lead; never below what the calibration stored."""
        # In steps of two, upwards: a threshold must not move with every enrolment.
        return self._for_size(model, version, 1 << max(0, (max(1, templates) - 1).bit_length()))

    def is_comparable(self, model: str, version: str) -> bool:
        """Whether anybody may be compared by it: a version that a chain pushed only once it was calibrated."""
        pushed = version.isdecimal() and int(version) >= FIRST_PUSHED
        return not pushed or self._on_pictures(model, version) is not None

    def source(self, model: str, version: str, templates: int) -> Source:
        """What that threshold rests on."""
        if self.measured(model, version, templates) > self._of_everybody(model, version, templates):
            return Source.STRANGERS
        return Source.DEFAULT if self._on_pictures(model, version) is None else Source.PICTURES

    def calibration(self, model: str, version: str) -> Calibration | None:
        """The tail to foresee false alerts by: the chain's own where there is one, else everybody's, else what was published."""
        for stored in (self._stored.get((self._chain, model, version, False)), self._on_pictures(model, version)):
            if stored is not None and (found := stored[2]) is not None:
                return found
        return PUBLISHED.get((model, version))

    def _on_pictures(self, model: str, version: str) -> tuple[float, float, Calibration | None] | None:
        everybody = self._stored.get((None, model, version, False))
        return self._stored.get((self._chain, model, version, True)) if everybody is None and self._chain else everybody

    def _compute(self, model: str, version: str, templates: int) -> float:
        everybody = self._of_everybody(model, version, templates)
        stored = self._stored.get((self._chain, model, version, False)) if self._chain else None
        if stored is None or stored[2] is None:
            return everybody
        return max(everybody, min(STRICTEST, threshold_for(stored[2], templates, stored[1]).value))

    def _of_everybody(self, model: str, version: str, templates: int) -> float:
        stored = self._on_pictures(model, version)
        if stored is None:
            return _before_measuring(model, version, templates)
        threshold, fpir, calibration = stored
        if calibration is None:
            return threshold
        return max(threshold, threshold_for(calibration, templates, fpir).high)


def _before_measuring(model: str, version: str, templates: int) -> float:
    """Rises with the list, so that by published figures one search of a stranger in a thousand is a false lead.

    At most `STRICTEST`, which lists of more than 512 people reach: by the same figures two searches in a thousand are false leads
    with 1,000 people, and 18 with 10,000.
    """
    known = PUBLISHED.get((model, version))
    if known is None:
        return STRICTEST
    return min(STRICTEST, threshold_for(known, max(SMALLEST_LIST, templates), WANTED_FPIR).high)
