"""How a check ends otherwise than well."""


class Skipped(Exception):  # noqa: N818 - no error
    """Something that this check needs is not here, and need not be; the sentence says what."""


class Failed(Exception):  # noqa: N818 - a check's result
    """What was seen is not what must be."""


def demand(holds: object, otherwise: str) -> None:
    """Failed with `otherwise` unless it holds."""
    if not holds:
        raise Failed(otherwise)
