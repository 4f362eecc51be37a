"""`make fuzz`: every reader of strangers' bytes for ten minutes together; --minutes, --only NAME, --engine atheris|hypothesis.

With atheris (the extra `fuzz`, where its wheel is) coverage of Python code leads the search; each reader runs in a process of its
own, since libFuzzer ends it at a crash. Else hypothesis changes the seeds. What crashes is written to tests/fuzz/found/.
"""

import argparse
import importlib.util
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.fuzz.targets import Target

FOUND: Final = Path(__file__).resolve().parent / "found"
LARGEST = 1 << 14


def main() -> int:
    """1 where something crashed."""
    given_ = argparse.ArgumentParser(prog="make fuzz ARGS=...", description=__doc__)
    given_.add_argument("--minutes", type=float, default=10.0, help="for all readers together")
    given_.add_argument("--only", default="", help="one reader")
    given_.add_argument("--engine", choices=("atheris", "hypothesis"), default=_engine(), help="what leads the search")
    given_.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    chosen = given_.parse_args()
    if chosen.inside:
        _with_atheris(chosen.only, chosen.minutes * 60)
        return 0
    from tests.fuzz.targets import targets

    todo = [target for target in targets() if chosen.only in ("", target.name)]
    if not todo:
        sys.stderr.write(f"There is no reader {chosen.only!r}: {', '.join(target.name for target in targets())}\n")
        return 2
    seconds = chosen.minutes * 60 / len(todo)
    crashed = []
    for target in todo:
        began = time.monotonic()
        why = _atheris(target, chosen.minutes / len(todo)) if chosen.engine == "atheris" else _hypothesis(target, seconds)
        sys.stderr.write(f"{target.name:<24} {time.monotonic() - began:6.1f} s  {why or 'reads or refuses'}\n")
        crashed += [target.name] if why else []
    return 1 if crashed else 0


def _engine() -> str:
    return "atheris" if importlib.util.find_spec("atheris") else "hypothesis"


def _hypothesis(target: "Target", seconds: float) -> str:
    """ "" or how it crashed."""
    from hypothesis import HealthCheck, given, settings

    from tests.fuzz.mutations import mutated

    end, last = time.monotonic() + seconds, b""

    @settings(max_examples=500, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(mutated(target.seeds))
    def feed(raw: bytes) -> None:
        nonlocal last
        last = raw
        target.feed(raw)

    while time.monotonic() < end:
        try:
            feed()
        except Exception as error:
            return f"{type(error).__name__}: {error!s:.120} <- {_keep(target, last)}"
    return ""


def _keep(target: "Target", raw: bytes) -> Path:
    FOUND.mkdir(exist_ok=True)
    path = FOUND / f"{target.name.replace(' ', '-')}-{abs(hash(raw)) % (1 << 32):08x}"
    path.write_bytes(raw)
    return path


def _atheris(target: "Target", minutes: float) -> str:
    """ "" or the last lines of its process."""
    command = [sys.executable, "-m", "tests.fuzz", "--inside", "--only", target.name, "--minutes", str(minutes)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, timeout=minutes * 60 + 120)
    if done.returncode == 0:
        return ""
    said = [
        line
        for line in (done.stdout + done.stderr).splitlines()
        if "Error" in line or "written to" in line or "Test unit" in line
    ]
    return " | ".join(said[-3:])[:400] or f"exit code {done.returncode}"


def _with_atheris(name: str, seconds: float) -> None:
    """Does not come back: libFuzzer ends the process. Code of ours is instrumented while it is imported."""
    import tempfile

    import atheris

    with atheris.instrument_imports(include=["app"]):
        from tests.fuzz.targets import targets
    target = next(each for each in targets() if each.name == name)
    FOUND.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(target.seeds):
            (Path(folder) / str(number)).write_bytes(seed)
        prefix = f"-artifact_prefix={FOUND}/{name.replace(' ', '-')}-"
        atheris.Setup(
            [sys.argv[0], folder, f"-max_total_time={max(1, int(seconds))}", f"-max_len={LARGEST}", prefix], target.feed
        )
        atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
