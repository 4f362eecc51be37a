"""Holding parts of the running product while something is measured, so that the figure is the machine's."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from app.embedded.holds import hold, release
from app.settings import settings

HELD_WITHIN_S = 15.0


@asynccontextmanager
async def held(*parts: str) -> AsyncIterator[None]:
    """Keep these parts of the product at PENNYPROTECT_HOME stopped until the block ends; nothing where none runs."""
    run = settings().home.expanduser().absolute() / "run"
    mine = [part for part in parts if _pid(run, part)]
    if mine:
        sys.stderr.write(f"Holding {' and '.join(mine)} of the running product while this measures.\n")
    try:
        for part in mine:
            hold(run / "hold", part)
        async with asyncio.timeout(HELD_WITHIN_S):
            while any(_pid(run, part) for part in mine):
                await asyncio.sleep(0.2)
        yield
    finally:
        for part in mine:
            release(run / "hold", part)


def _pid(run: Path, part: str) -> int:
    """The living process of a part, or 0."""
    try:
        pid = int(json.loads((run / "parts.json").read_text())[part]["pid"] or 0)
    except (OSError, ValueError, KeyError, TypeError):
        return 0
    return pid if pid and Path(f"/proc/{pid}").exists() else 0
