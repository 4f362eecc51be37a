"""A process that ends badly leaves no picture of its memory: faces, keys and pose sequences stand there."""

import resource
from typing import Final

NO_CORE: Final = 1
"""Bytes. Too few for a core file, and what keeps Linux from piping one to a collector, which asks no other limit (core(5))."""


def leave_no_core() -> None:
    """For this process and whatever it starts; cannot be taken back."""
    _, hardest = resource.getrlimit(resource.RLIMIT_CORE)
    limit = 0 if hardest == 0 else NO_CORE  # a limit is never raised
    resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))
