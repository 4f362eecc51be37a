"""A command of ours in a process whose clock leaps: `python -m tests.chaos.leaping WORD...`.

The seconds in the file that CHAOS_CLOCK names are added to `time.time` and `time.time_ns`, by which workers date what they see
(`app.kit.clock.now_us`). `datetime.now` and the database's clock stay as they are: it is one machine's clock that is wrong.
"""

import os
import time
from pathlib import Path

FILE = "CHAOS_CLOCK"


def leap(file: Path, seconds: float) -> None:
    """From now on whoever reads `file` is ahead by so much."""
    part = file.with_name(f"{file.name}.part")
    part.write_text(repr(seconds))
    part.replace(file)


def ahead_s(file: Path) -> float:
    """How far ahead it is now; 0 without a file."""
    try:
        return float(file.read_text())
    except (OSError, ValueError):
        return 0.0


def follow(file: Path) -> None:
    """Have this process's clock leap with the file."""
    seconds, nanoseconds = time.time, time.time_ns
    time.time = lambda: seconds() + ahead_s(file)
    time.time_ns = lambda: nanoseconds() + int(ahead_s(file) * 1e9)


if __name__ == "__main__":
    from app.cli import main

    follow(Path(os.environ[FILE]))
    main()
