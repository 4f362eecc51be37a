"""How often a process looks through its objects for cycles."""

import gc
from typing import Final

COLLECT_AFTER: Final = (20_000, 20, 20)
"""Instead of (700, 10, 10)."""


def collect_seldom() -> None:
    """For a process that makes many small objects that go by themselves: the usual pace took a sixth of the pipeline's time.

    What is there already is left out of every later look: call it when the code is imported and before any work.
    """
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
