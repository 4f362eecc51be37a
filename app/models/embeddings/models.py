"""What a version of the face embedding must bring before a camera uses it: pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

SOME: Final = 3
"""Stores that a refusal names."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """How far a chain is with a version.

    Attributes:
        entries: living entries of lists, with a picture, in stores that run faces.
        embedded: those of them that the version has embedded.
        calibrated: whether its threshold was measured on a set of pictures.
        untested: stores that run faces and have no passed acceptance test of the version that a second person recorded.
    """

    entries: int
    embedded: int
    calibrated: bool
    untested: Sequence[str] = ()


def lacks(version: int, found: Readiness, may_miss: int = 0) -> str:
    """What is missing before version `version` may be promoted; "" where nothing is.

    Args:
        may_miss: entries that may be without a template of it: its cameras would not find them.
    """
    if (missing := found.entries - found.embedded) > may_miss:
        return (
            f"{missing} of {found.entries} entries of your lists have no template by version {version} yet, and its cameras would"
            " not find them. Templates are made in the background; a picture that it cannot embed is in the log and the audit."
        )
    if not found.calibrated:
        return (
            f"Version {version} has no calibrated threshold yet; run `pennyprotect models calibrate FOLDER --version {version}`"
            " on pictures of faces."
        )
    if found.untested:
        named = ", ".join(found.untested[:SOME])
        more = f" and {len(found.untested) - SOME} more" if len(found.untested) > SOME else ""
        return (
            f"Faces run in {named}{more} without an acceptance test that was passed with version {version}; somebody else than"
            f" who calibrated it records one with face_version {version} first."
        )
    return ""
