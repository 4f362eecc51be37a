"""`make chaos`: a demonstration of its own in a folder that goes away; --minutes, --seed and --every change the storm."""

import argparse
import json
import random
import signal
import sys
import tempfile
from pathlib import Path

from app.kit.logs import configure
from tests.chaos.faults import schedule
from tests.chaos.storm import Storm
from tests.e2e.outside import outside


def main() -> int:
    """1 when something did not hold, with each sentence; the figures as JSON on stdout, progress on stderr."""
    given = argparse.ArgumentParser(prog="make chaos ARGS=...", description=__doc__)
    given.add_argument("--minutes", type=float, default=30.0, help="how long faults come")
    given.add_argument("--every", type=float, default=12.0, help="seconds between two faults, on average")
    given.add_argument("--seed", type=int, default=None, help="the same number gives the same faults")
    given.add_argument("--keep", type=Path, default=None, help="folder for state and logs, to look at afterwards")
    chosen = given.parse_args()
    seed = random.SystemRandom().randrange(1 << 31) if chosen.seed is None else chosen.seed
    faults = schedule(seed, chosen.minutes * 60, chosen.every)

    def tell(line: str) -> None:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    configure("chaos", level="WARNING")  # stdout is the document's
    tell(f"seed {seed}: {len(faults)} faults in {chosen.minutes:g} minutes")
    with tempfile.TemporaryDirectory(prefix="pennyprotect-chaos-") as folder, outside() as around:
        home = (chosen.keep or Path(folder)) / "home"
        with Storm(home, around, tell).running() as storm:
            try:
                storm.blow(faults, chosen.minutes * 60)
                tell("no more faults; waiting for everything to come back")
                figures = storm.settle()
            except (KeyboardInterrupt, AssertionError) as error:  # what was seen until then is told all the same
                storm.ledger.say(f"it ended before its time: {error or 'stopped'}")
                figures = storm.seen()
    sys.stdout.write(json.dumps({"seed": seed, "minutes": chosen.minutes, "faults": len(faults)} | figures, indent=2) + "\n")
    return 1 if figures["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
