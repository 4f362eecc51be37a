"""Which match thresholds a store may have: its own may be higher than the measured one, never lower. Pure."""

import math

from app.kit.errors import BadInputError

HIGHEST = 1.0


def check_local_threshold(measured: float, wanted: float) -> float:
    """`wanted`, the store's own match threshold for a model version and list.

    Args:
        measured: the threshold calibrated for this model version at the agreed false positive rate.

    Raises:
        BadInputError: it is no similarity, or lower than the measured one: that would raise more false leads than were agreed to.
    """
    if not (math.isfinite(wanted) and math.isfinite(measured)):
        raise BadInputError("A match threshold is a number.")
    if wanted < measured:
        raise BadInputError(
            f"A store may only raise the threshold: {wanted:g} is lower than the measured {measured:g}.", lowest=measured
        )
    if wanted > HIGHEST:
        raise BadInputError(f"A match threshold is at most {HIGHEST:g}; {wanted:g} would never match.")
    return wanted


def effective_threshold(measured: float, local: float | None) -> float:
    """What decisions use: a local threshold that a new calibration has overtaken from below counts for nothing."""
    return measured if local is None else max(measured, local)
