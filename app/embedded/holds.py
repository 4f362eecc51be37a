"""Asking a running supervisor to keep a part stopped for a while, by files in the home's `run/hold` folder.

`run/hold/PART` holds the process id of who asks; the wish ends with the file or with that process, so a killed
measurement cannot leave a shop without its cameras.
"""

import os
from pathlib import Path


def held_parts(folder: Path) -> frozenset[str]:
    """Names of the parts that a living process asks to be held."""
    try:
        wishes = list(folder.iterdir())
    except FileNotFoundError:
        return frozenset()
    return frozenset(wish.name for wish in wishes if _is_alive(wish))


def hold(folder: Path, part: str) -> None:
    """Ask for `part` to be held until `release`, or until this process ends."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / part).write_text(str(os.getpid()))


def release(folder: Path, part: str) -> None:
    """Let `part` start again."""
    (folder / part).unlink(missing_ok=True)


def _is_alive(wish: Path) -> bool:
    try:
        return Path(f"/proc/{int(wish.read_text())}").exists()
    except (OSError, ValueError):
        return False
