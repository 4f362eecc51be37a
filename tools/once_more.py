"""A test that failed beside others is tried once more by itself; one that passes only then is named: it is a defect to mend."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tools.installer import say

TESTS_FAILED = 1
"""pytest's exit code when tests ran and some failed; anything else (collection, a crash, Ctrl-C) is final."""
MOST = 3
"""More failures than this are no accident of a busy machine."""


@dataclass(frozen=True)
class OnceMore:
    """The second try of a stage's failed tests.

    Attributes:
        pytest: the command without tests to run.
        memory: folder where pytest notes what failed; the stage's own, so that nothing of other runs counts.
    """

    pytest: tuple[str, ...]
    memory: Path

    @property
    def noting(self) -> list[str]:
        """Arguments by which a run of pytest notes what failed."""
        return ["-o", f"cache_dir={self.memory}"]

    def forget(self) -> None:
        """Drop what earlier runs noted."""
        shutil.rmtree(self.memory, ignore_errors=True)

    def code(self, first: int, run: Callable[[list[str]], int]) -> int:
        """The stage's exit code after its first run ended with `first`; `run` gives a command's exit code."""
        failed = self._failed() if first == TESTS_FAILED else []
        if not 0 < len(failed) <= MOST:
            return first
        say(f"{len(failed)} failed; once more, each by itself")
        if any(run([*self.pytest, test]) for test in failed):
            return first
        for test in failed:
            say(f"UNSTEADY, passed only by itself: {test}")
        return 0

    def _failed(self) -> list[str]:
        """Tests that failed; none where a process died, which another try alone would hide."""
        if (self.memory / "v" / "pennyprotect" / "crashed").exists():
            return []
        try:
            return sorted(json.loads((self.memory / "v" / "cache" / "lastfailed").read_text()))
        except (OSError, ValueError):
            return []
