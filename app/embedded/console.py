"""What `pennyprotect run` shows: one line a change, and a box when everything is ready."""

import sys
import time
from pathlib import Path
from typing import IO

from app.embedded.lifecycle import Phase, Status
from app.embedded.process import Part

REMOVED_NOTE = Path("run") / "removed-cameras.txt"
"""In the state folder: what is said once about cameras that set-up removed."""

_SHOWN = {
    Phase.READY: "ready",
    Phase.DONE: "done",
    Phase.BACKING_OFF: "restarting",
    Phase.FAILED: "failed",
    Phase.ABSENT: "missing",
}


class Console:
    """Progress on a terminal or in a log file: plain lines, no cursor movement."""

    def __init__(self, out: IO[str] | None = None) -> None:
        self._out = out or sys.stderr
        self._start = time.monotonic()
        self._stopping = False

    def say(self, text: str) -> None:
        """One line."""
        self._out.write(f"{text}\n")
        self._out.flush()

    def report(self, part: Part, status: Status) -> None:
        """A part changed its phase."""
        shown = _SHOWN.get(status.phase)
        if shown is None or self._stopping:
            return
        reason = f"  ({status.reason})" if status.reason else ""
        self.say(f"  {part.name:<14} {shown:<11}{time.monotonic() - self._start:6.1f} s{reason}")

    def stopping(self) -> None:
        """The operator asked to stop."""
        if not self._stopping:
            self._stopping = True
            self.say("\nStopping ...")

    def ready(self, *, url: str, credentials: Path, username: str | None, logs: Path) -> None:
        """Everything is ready: where to go and how to sign in (the password stays in its file)."""
        lines = [f"PennyProtect is ready after {time.monotonic() - self._start:.1f} s", "", f"open       {url}"]
        if username:
            lines += [f"username   {username}", f"password   in {credentials}"]
        lines += [f"logs       {logs}", "stop       Ctrl-C"]
        width = max(map(len, lines))
        rule = "─" * (width + 2)
        self.say("\n".join([f"┌{rule}┐", *(f"│ {line:<{width}} │" for line in lines), f"└{rule}┘"]))
