"""`make soak`: a demonstration of its own in a folder that goes away. MINUTES=60 by default; --every, --keep, --no-models."""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.e2e.product import Product
from tests.soak.cycling import Cycling, trust
from tests.soak.growth import Look, ended, growths, started_again, table
from tests.soak.processes import figures, parts_of
from tests.soak.visitors import Visitors

WARM_UP_MOST_S, WARM_UP_SHARE = 600.0, 0.25
TELL_EVERY_S = 60.0
LEAST_MINUTES = 20.0
"""A shorter run says that it runs, and tells slopes of caches that fill: it judges none of them."""
MOST_FAILED = 0.02
"""Of what visitors did: the product is asked while it works, and a loaded machine may be late now and then."""


def main() -> int:
    """1 when something grows, was started again or failed; figures as JSON on stdout, the table on stderr."""
    given = argparse.ArgumentParser(prog="make soak", description=__doc__)
    given.add_argument("--minutes", type=float, default=float(os.environ.get("MINUTES", "60")), help="how long is looked")
    given.add_argument("--every", type=float, default=10.0, help="seconds between two looks")
    given.add_argument("--keep", type=Path, default=None, help="folder for state and logs, to look at afterwards")
    given.add_argument("--no-models", action="store_true", help="leave the models alone")
    chosen = given.parse_args()
    with tempfile.TemporaryDirectory(prefix="pennyprotect-soak-") as folder:
        root = (chosen.keep or Path(folder)).absolute()
        key = Ed25519PrivateKey.generate()
        extra = {"PENNYPROTECT_DEMO": "1", "PENNYPROTECT_MODEL_KEYS": str(trust(root / "keys", key))}
        product = Product(home=root / "home", extra=extra)
        try:
            _tell(f"ready after {product.start():.0f} s")
            product.sign_in()
            visitors, cycling = Visitors(product), Cycling(product, key)
            visitors.start()
            if not chosen.no_models:
                cycling.start()
            looks = look_for(product.home, chosen.minutes * 60, chosen.every, _tell)
            cycling.stop() if not chosen.no_models else None
            visitors.stop()
        finally:
            product.stop()
    document = verdict(looks, dict(visitors.counts), dict(cycling.counts), chosen.minutes)
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
    return 1 if document["broken"] else 0


def look_for(home: Path, seconds: float, every_s: float, tell: Callable[[str], None]) -> list[Look]:
    """Looks at all parts; the first quarter (ten minutes at most), in which caches fill, is left out."""
    began, told = time.monotonic(), 0.0
    looks: list[Look] = []
    while (at_s := time.monotonic() - began) < seconds:
        pids = parts_of(home)
        looks.append(Look(at_s, figures(pids), pids))
        if at_s - told >= TELL_EVERY_S:
            told = at_s
            tell(f"{at_s / 60:5.1f} min: {sum(part['memory_mb'] for part in looks[-1].parts.values()):.0f} MB")
        time.sleep(max(0.0, every_s - (time.monotonic() - began - at_s)))
    return looks


def verdict(looks: list[Look], visits: dict[str, int], cycles: dict[str, int], minutes: float) -> dict[str, Any]:
    """All figures, and each sentence about what should not be."""
    warm_up_s = min(WARM_UP_MOST_S, WARM_UP_SHARE * minutes * 60)
    warm = [look for look in looks if look.at_s >= warm_up_s]
    found = growths(warm)
    _tell(table(found))
    broken = [
        f"{each.figure} of {each.part} rises by {each.an_hour:.1f} +- {each.half_width:.1f} an hour ({each.allowed:g} allowed)"
        for each in found
        if each.rises and minutes >= LEAST_MINUTES
    ]
    broken += [f"{part} was started again" for part in started_again(looks)]
    broken += [f"{part} ended" for part in ended(looks)]
    failed = sum(count for name, count in visits.items() if name.startswith("failed"))
    done = visits.get("sockets", 0) + sum(count for name, count in visits.items() if name.startswith("answers"))
    if failed > MOST_FAILED * max(done, 1) or not visits.get("messages"):
        broken.append(f"visitors failed {failed} times of {done}, and saw {visits.get('messages', 0)} messages")
    broken += [
        f"models: {name[len('failed: ') :]} ({count} times)" for name, count in cycles.items() if name.startswith("failed")
    ]
    return {
        "what": "growth of every part of the embedded product while viewers come and go and models change",
        "minutes": minutes, "warm_up_left_out_s": round(warm_up_s), "looks": len(warm),
        "growth_judged": minutes >= LEAST_MINUTES, "growth": [each.row() for each in found],
        "visitors": visits, "models": cycles, "broken": broken,
    }  # fmt: skip


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
