"""`make soak`: a demonstration of its own in a folder that goes away. MINUTES=60 by default; --every, --keep, --no-models."""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
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


@dataclass
class Seen:
    """What a run has seen, as far as it went.

    Attributes:
        minutes: how long it is to look.
        out: where the figures so far are written every minute; None: nowhere.
        visits, cycles: what visitors did, and what was done to models (None: models are left alone).
        unread: looks at which the list of parts could not be read.
        faults: why it ended before its time.
    """

    minutes: float
    out: Path | None = None
    visits: Counter[str] = field(default_factory=Counter)
    cycles: Counter[str] | None = None
    looks: list[Look] = field(default_factory=list)
    unread: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def lasted(self) -> float:
        """Minutes from the first look to the last one."""
        return self.looks[-1].at_s / 60 if self.looks else 0.0

    def warm(self) -> list[Look]:
        """Looks after the first quarter (ten minutes at most), in which caches fill."""
        return [look for look in self.looks if look.at_s >= min(WARM_UP_MOST_S, WARM_UP_SHARE * self.lasted * 60)]

    def document(self) -> dict[str, Any]:
        """All figures, and each sentence about what should not be."""
        warm, visits = self.warm(), self.visits.copy()  # their threads go on counting
        cycles = None if self.cycles is None else self.cycles.copy()
        found, judged = growths(warm) if warm else [], self.lasted >= LEAST_MINUTES
        broken = self.faults + [each.said() for each in found if each.rises and judged]
        if self.looks:
            broken += [f"{part} was started again" for part in started_again(self.looks)]
            broken += [f"{part} ended" for part in ended(self.looks)]
        broken += visits_broken(visits) + cycles_broken(cycles)
        return {
            "what": "growth of every part of the embedded product while viewers come and go and models change",
            "minutes": self.minutes, "minutes_seen": round(self.lasted, 1),
            "warm_up_left_out_s": round(warm[0].at_s) if warm else None,
            "looks": len(warm), "looks_unread": self.unread, "growth_judged": judged, "growth": [each.row() for each in found],
            "visitors": dict(visits), "models": dict(cycles or {}), "broken": broken,
        }  # fmt: skip

    def keep(self) -> dict[str, Any]:
        """The figures so far, written where they were asked for."""
        document = self.document()
        if self.out is not None:
            part = self.out.with_name(f"{self.out.name}.part")
            part.write_text(json.dumps(document, indent=2) + "\n")
            part.replace(self.out)
        return document


def visits_broken(visits: Counter[str]) -> list[str]:
    """When visitors failed too often, or saw no analysis."""
    failed = sum(count for name, count in visits.items() if name.startswith("failed"))
    done = visits["sockets"] + sum(count for name, count in visits.items() if name.startswith("answers"))
    if failed <= MOST_FAILED * max(done, 1) and visits["messages"]:
        return []
    return [f"visitors failed {failed} times of {done}, and saw {visits['messages']} messages"]


def cycles_broken(cycles: Counter[str] | None) -> list[str]:
    """What failed of models, each once; that none changed."""
    if cycles is None:
        return []
    failed = [f"models: {name[len('failed: ') :]} ({count} times)" for name, count in cycles.items() if name.startswith("failed")]
    return failed if cycles["cycles"] else [*failed, "models: no version came and went"]


def main() -> int:
    """1 when something grows, was started again or failed; figures as JSON on stdout, the table on stderr."""
    given = argparse.ArgumentParser(prog="make soak", description=__doc__)
    given.add_argument("--minutes", type=float, default=float(os.environ.get("MINUTES", "60")), help="how long is looked")
    given.add_argument("--every", type=float, default=10.0, help="seconds between two looks")
    given.add_argument("--keep", type=Path, default=None, help="folder for state and logs, to look at afterwards")
    given.add_argument("--out", type=Path, default=None, help="file for the figures so far, written every minute")
    given.add_argument("--no-models", action="store_true", help="leave the models alone")
    chosen = given.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):  # ends as Ctrl-C does: the product with it, and the figures are told
        signal.signal(number, signal.default_int_handler)
    seen = Seen(chosen.minutes, chosen.out, cycles=None if chosen.no_models else Counter())
    with tempfile.TemporaryDirectory(prefix="pennyprotect-soak-", ignore_cleanup_errors=True) as folder:
        soak(seen, (chosen.keep or Path(folder)).absolute(), chosen.every)
    document = seen.keep()
    _tell(table(growths(warm)) if (warm := seen.warm()) else "nothing was seen")
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
    return 1 if document["broken"] else 0


def soak(seen: Seen, root: Path, every_s: float) -> None:
    """Start a demonstration in `root`, use it and look at it. It is stopped in any case; why it ended early is in `seen`."""
    key = Ed25519PrivateKey.generate()
    extra = {"PENNYPROTECT_DEMO": "1", "PENNYPROTECT_MODEL_KEYS": str(trust(root / "keys", key))}
    product = Product(home=root / "home", extra=extra)
    try:
        _tell(f"ready after {product.start():.0f} s")
        product.sign_in()
        visitors = Visitors(product, seen.visits)
        cycling = None if seen.cycles is None else Cycling(product, key, seen.cycles)
        used = (visitors, cycling) if cycling else (visitors,)
        for each in used:
            each.start()
        look_for(product, seen, every_s)
        for each in reversed(used):
            each.stop()
    except KeyboardInterrupt:
        seen.faults.append("stopped before its time")
    except AssertionError as error:  # it does not start, or nobody can sign in
        seen.faults.append(str(error))
    finally:
        _stop(product)


def look_for(product: Product, seen: Seen, every_s: float) -> None:
    """Looks at all parts until the time or the product is over."""
    began, told = time.monotonic(), 0.0
    while (at_s := time.monotonic() - began) < seen.minutes * 60:
        if product.process is not None and product.process.poll() is not None:
            seen.faults.append(f"the product ended with {product.process.returncode} after {at_s / 60:.1f} minutes")
            return
        try:
            pids = parts_of(product.home)
            seen.looks.append(Look(at_s, figures(pids), pids))
        except (OSError, ValueError, KeyError):
            seen.unread += 1
        if at_s - told >= TELL_EVERY_S and seen.looks:
            told = at_s
            _tell(f"{at_s / 60:5.1f} min: {sum(part['memory_mb'] for part in seen.looks[-1].parts.values()):.0f} MB")
            seen.keep()
        time.sleep(max(0.0, every_s - (time.monotonic() - began - at_s)))


def _stop(product: Product) -> None:
    """Ctrl-C, and SIGKILL for what does not end by it."""
    try:
        product.stop()
    except subprocess.TimeoutExpired:
        for pid in product.processes().keys() - {os.getpid()}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
