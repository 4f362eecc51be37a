"""Runs every check in a process of its own and prints a line for each: PASS, FAIL or SKIP, its name, and what was seen.

    python -m app.workers.gpu.check [NAME ...]

In the worker-gpu image on a machine with a GPU; with TRITON_URL the model's part too. It builds nothing, opens no camera, writes
to a temporary folder alone, and ends with 0 where nothing failed. A library that crashes costs its own line.
"""

import subprocess
import sys
import time
from typing import Final, NamedTuple

from app.workers.gpu.check.result import Skipped

MARK: Final = "<<check>>"
"""Before what a check says: libraries print what they please."""


class Check(NamedTuple):
    """Where a check is, and how long it may take."""

    module: str
    seconds: int


CHECKS: Final = {
    "driver": Check("device", 20),
    "masks-8-bit": Check("device", 30),
    "masks-10-bit": Check("device", 30),
    "heads": Check("device", 30),
    "surface-library": Check("device", 40),
    "pyds": Check("bindings", 30),
    "elements": Check("bindings", 60),
    "configuration": Check("bindings", 20),
    "graph": Check("graph", 110),
    "decoding-rate": Check("graph", 80),
    "triton": Check("graph", 120),
}
"""In all at most 570 s."""


def main(arguments: list[str]) -> int:
    """Run the named checks, or all."""
    if arguments[:1] == ["--inside"]:
        return _inside(arguments[1])
    unknown = [name for name in arguments if name not in CHECKS]
    if unknown:
        _say(f"There is no check {unknown[0]!r}; there are {', '.join(CHECKS)}.")
        return 2
    failed = 0
    for name in arguments or CHECKS:
        began = time.monotonic()
        said = _outside(name, CHECKS[name].seconds)
        failed += said.startswith("FAIL")
        word, _, rest = said.partition(" ")
        _say(f"{word} {name} ({time.monotonic() - began:.1f} s): {rest}")
    _say(f"{'FAIL' if failed else 'PASS'} all: {failed} failed.")
    return 1 if failed else 0


def _outside(name: str, seconds: int) -> str:
    command = [sys.executable, "-m", "app.workers.gpu.check", "--inside", name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return f"FAIL It did not end within {seconds} s."
    said = [line.partition(MARK)[2] for line in done.stdout.splitlines() if MARK in line]
    if said:
        return said[-1]
    last = (done.stderr.strip().splitlines() or ["nothing was printed"])[-1][:200]
    return f"FAIL Its process ended with {done.returncode}: {last}"


def _inside(name: str) -> int:
    try:
        module = __import__(f"app.workers.gpu.check.{CHECKS[name].module}", fromlist=["CHECKS"])
        said = f"PASS {module.CHECKS[name]()}"
    except Skipped as skipped:
        said = f"SKIP {skipped}"
    except BaseException as error:  # whatever it is, it is this check's result
        said = f"FAIL {type(error).__name__}: {error}"
    _say("\n" + MARK + " ".join(said.split())[:600])
    return 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
