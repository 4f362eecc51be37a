"""What a command of ours runs once everything is set up, stage by stage, with a line of progress before and after each."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO

from tools.installer import ROOT, SetupFailedError, say
from tools.once_more import OnceMore

CHARTS = ["tests/charts"]
END_S = 60.0
"""How long tests may take to put their servers away after Ctrl-C."""
Command = list[str]


@dataclass(frozen=True)
class Stage:
    """Commands that belong together.

    Attributes:
        name: what a person calls it.
        lanes: lists of commands; lists run side by side, each one's commands one after the other until one fails.
        once_more: what the stage's failed tests get; None where a failure is final.
    """

    name: str
    lanes: tuple[tuple[Command, ...], ...]
    once_more: OnceMore | None = None


def one(name: str, *commands: Command) -> Stage:
    """A stage of commands one after the other."""
    return Stage(name, (commands,))


def stages(name: str, arguments: list[str]) -> list[Stage]:
    """The stages of a command of ours.

    Raises:
        SetupFailedError: there is no such command.
    """
    tools = ROOT / ".venv" / "bin"
    python, product, verifier = str(tools / "python"), str(tools / "pennyprotect"), str(ROOT / ".venv-verify" / "bin" / "python")
    places = [place for place in ("app", "benchmarks", "tests", "tools") if (ROOT / place).is_dir()]
    benches = ([product, "bench", each, *arguments] for each in ("density", "latency", "pipeline"))
    table = {
        "setup": [],
        "run": [one("product", [product, "run", *arguments])],
        "demo": [one("demonstration", [product, "run", *arguments])],
        # With arguments it is pytest alone, for one test while working on it.
        "test": [one("tests", [python, "-m", "pytest", *arguments])] if arguments else [_lint(web_tests=True), *_tests(python)],
        # Long matrices: every profile and pair of values of the chart, images, infrastructure; roles and faults.
        "verify": [
            one("deployment", [verifier, "-m", "pytest", "-c", "tests/charts/pytest.ini", *(arguments or CHARTS)]),
            *(() if arguments else _tests(python, "matrix")),
        ],
        "bench": [one("benchmarks", *benches)],
        "chaos": [one("chaos", [python, "-m", "tests.chaos", *arguments])],
        "soak": [one("soak", [python, "-m", "tests.soak", *arguments])],
        "fuzz": [one("fuzz", [python, "-m", "tests.fuzz", *arguments])],
        "audit-deps": [one("dependency audit", [sys.executable, str(ROOT / "tools" / "dependency_audit.py"), *arguments])],
        "lint": [_lint(web_tests=False)],
        "fmt": [one("format", [str(tools / "ruff"), "check", "--fix-only", *places], [str(tools / "ruff"), "format", *places])],
    }
    if name not in table:
        raise SetupFailedError(f"Unknown command {name!r}; use one of {', '.join(table)}.")
    return table[name]


def _lint(*, web_tests: bool) -> Stage:
    tools, web = ROOT / ".venv" / "bin", ROOT / "web" / "node_modules"
    node = str(ROOT / ".venv-web" / "node-bin" / "node")
    ours = (
        [str(tools / "ruff"), "check", "."],
        [str(tools / "ruff"), "format", "--check", "."],
        [str(tools / "lint-imports")],
        [str(tools / "python"), "-m", "mypy"],
    )
    dashboard = ([node, str(web / "typescript" / "bin" / "tsc"), "--noEmit", "--project", "web"],)
    # Files share a process: to import everything once more for each of fifty took three quarters of the time.
    together = ["--pool", "threads", "--no-isolate"]
    vitest = ([node, str(web / "vitest" / "vitest.mjs"), "run", "--root", "web", *together],) if web_tests else ()
    return Stage("lint, types, dashboard's tests" if web_tests else "lint and types", (ours, (*dashboard, *vitest)))


def _tests(python: str, mark: str = "not matrix") -> list[Stage]:
    # Most of it waits for servers and clocks: more processes than there are cores, each with servers of its own.
    many = ["-n", str((os.cpu_count() or 1) + 1), "--dist", "loadfile", "--no-loadscope-reorder"]
    places = ["tests/unit", "tests/fuzz", "tests/contract", "tests/integration"]
    suite = _tested("unit, contract and integration tests", python, mark, places, many)
    # Apart from the rest because a browser driver keeps an event loop running in its process.
    return [suite, _tested("end-to-end tests", python, mark, ["tests/e2e"])]


def _tested(name: str, python: str, mark: str, places: list[str], many: Sequence[str] = ()) -> Stage:
    pytest = [python, "-m", "pytest"]
    name = f"matrices of {name}" if mark == "matrix" else name
    again = OnceMore((*pytest,), ROOT / ".pytest_cache" / name.replace(" ", "-"))
    return Stage(name, (([*pytest, *again.noting, "-m", mark, "--durations", "15", *many, *places],),), again)


class Runner:
    """Runs stages one after the other until one fails."""

    def __init__(self) -> None:
        self._children: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._ending = False
        self._orphan = False

    def run(self, todo: list[Stage]) -> int:
        """The exit code of the command that failed, or 0; 130 after Ctrl-C."""
        signal.signal(signal.SIGTERM, self._parent_died)
        try:
            for stage in todo:
                begun = time.monotonic()
                say(f"{stage.name} ...")
                if stage.once_more:
                    stage.once_more.forget()
                code = self._stage(stage)
                if code and stage.once_more:
                    code = stage.once_more.code(code, lambda command: self._lane((command,), None))
                say(f"{stage.name}: {'failed' if code else 'done'} ({time.monotonic() - begun:.0f} s)")
                if code:
                    return code if code > 0 else 128 - code
        except KeyboardInterrupt:
            self._end()
            say("interrupted")
            return 130
        return 0

    def _parent_died(self, _number: int, _frame: object) -> None:
        self._orphan = True
        raise KeyboardInterrupt

    def _stage(self, stage: Stage) -> int:
        if len(stage.lanes) == 1:
            return self._lane(stage.lanes[0], None)
        with contextlib.ExitStack() as open_files, ThreadPoolExecutor(len(stage.lanes)) as pool:
            outputs = [open_files.enter_context(tempfile.TemporaryFile()) for _ in stage.lanes]
            running = [pool.submit(self._lane, lane, out) for lane, out in zip(stage.lanes, outputs, strict=True)]
            try:
                return max(self._shown(lane, out) for lane, out in zip(running, outputs, strict=True))
            except KeyboardInterrupt:
                self._end()  # or leaving the pool would wait for them
                raise

    def _shown(self, lane: "Future[int]", out: IO[bytes]) -> int:
        """A lane's exit code, once all it printed was passed on."""
        code = abs(lane.result())
        out.seek(0)
        sys.stdout.buffer.write(out.read())
        sys.stdout.flush()
        return code

    def _lane(self, commands: tuple[Command, ...], out: IO[bytes] | None) -> int:
        for command in commands:
            with self._lock:
                if self._ending:
                    return 130
                child = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out)
                self._children.add(child)
            code = child.wait()
            with self._lock:
                self._children.discard(child)
            if code:
                return code
        return 0

    def _end(self) -> None:
        """Wait for what still runs, so that tests put their servers away; kill it in the end. Ctrl-C has reached all of us."""
        with self._lock:
            self._ending, left = True, list(self._children)
        for child in left if self._orphan else ():
            child.send_signal(signal.SIGINT)
        for child in left:
            try:
                child.wait(timeout=END_S)
            except subprocess.TimeoutExpired:
                child.kill()
